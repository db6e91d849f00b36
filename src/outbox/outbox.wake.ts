import { Injectable } from '@nestjs/common';

/** Rings when there is something to send, so that the worker of this process need not wait for its next look. */
@Injectable()
export class OutboxWake {
  private listener: () => void = () => undefined;

  /** @param listener called for every ring; there is one worker a process. */
  listen(listener: () => void): void {
    this.listener = listener;
  }

  readonly now = (): void => this.listener();
}
