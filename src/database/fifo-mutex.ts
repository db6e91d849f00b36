/** Runs functions one after the other, in the order in which they came. */
export class FifoMutex {
  private last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work);
    // A failure is its caller's; the next in line runs all the same.
    this.last = result.catch(() => undefined);
    return result;
  }
}
