// @ts-check
/** What a run has to undo, however it ends. */

/** @typedef {() => unknown} Undo a promise is awaited */

/** Undoes in reverse order, each once. */
export class Cleanup {
  /** @type {Undo[]} */
  #undo = [];
  /** @type {Promise<void> | undefined} */
  #running;

  /**
   * @template {{stop: Undo} | {drop: Undo}} T
   * @param {T} made something with a way to end it
   * @returns {T}
   */
  own(made) {
    this.defer(() => ('stop' in made ? made.stop() : made.drop()));
    return made;
  }

  /** @param {Undo} undo */
  defer(undo) {
    this.#undo.push(undo);
  }

  /**
   * A part of the run that undoes its own when it is over; the whole does it when the run is interrupted.
   * @template T
   * @param {(part: Cleanup) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async scope(work) {
    const part = new Cleanup();
    this.defer(() => part.run());
    try {
      return await work(part);
    } finally {
      await part.run();
    }
  }

  /** Whoever calls second, an interruption or the end of a part, waits for the same. */
  run() {
    this.#running ??= this.#undoAll();
    return this.#running;
  }

  async #undoAll() {
    for (let undo = this.#undo.pop(); undo; undo = this.#undo.pop()) {
      try {
        await undo();
      } catch (error) {
        // The rest must be undone all the same.
        process.stderr.write(
          `while cleaning up: ${error instanceof Error ? error.message : String(error)}\n`,
        );
      }
    }
  }
}
