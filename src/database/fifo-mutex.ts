import { setImmediate as nextTurn } from 'node:timers/promises';

/** Runs functions one after the other, in the order in which they came. */
export class FifoMutex {
  private last: Promise<unknown> = Promise.resolve();
  private count = 0;

  run<T>(work: () => Promise<T>): Promise<T> {
    // SQLite answers without ever leaving the turn of the event loop: whoever waits in line lets newcomers be heard first.
    const begin = this.count++ > 0 ? () => nextTurn().then(work) : work;
    const result = this.last.then(begin);
    // A failure is its caller's; the next in line runs all the same.
    this.last = result.then(
      () => void this.count--,
      () => void this.count--,
    );
    return result;
  }
}
