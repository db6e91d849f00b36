import { Injectable } from '@nestjs/common';
import { v7 } from 'uuid';

/** The only source of ids: UUIDv7, ascending within a process, so that new rows land at the end of every index. */
@Injectable()
export class Ids {
  next(): string {
    return v7();
  }
}
