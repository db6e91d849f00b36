import { Injectable } from '@nestjs/common';

/** The only source of time, so that tests can hold it. */
@Injectable()
export class Clock {
  now(): Date {
    return new Date();
  }

  /** Milliseconds since some moment; never steps back, whatever happens to the time of day. */
  elapsed(): number {
    return performance.now();
  }
}
