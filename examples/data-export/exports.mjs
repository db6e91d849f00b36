// @ts-check
import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * What this module answers to a check or an execution.
 * @typedef {{ ticket_id: string, result: boolean, msg?: string, error?: string }} Answer
 */

/**
 * One export: its parameters, which nobody else keeps, and the id of the order that approves it.
 * @typedef {object} Export
 * @property {string} id
 * @property {string} businessType
 * @property {string} userCode who asked for it
 * @property {string} dataset
 * @property {number} rows
 * @property {'csv' | 'tsv'} format
 * @property {string | null} orderId null until Countersign has told it
 * @property {'opening' | 'in_approval' | 'refused' | 'done'} state
 * @property {string | null} message why it was refused
 * @property {string | null} file
 * @property {string} createTime
 * @property {readonly { webhookId: string, answer: Answer }[]} answered callbacks that have been answered
 * @property {Answer | null} execution the answer to the execution, whatever the callback that asked for it
 * @property {readonly Owed[]} owed callbacks taken over with 202 whose answer has not been delivered
 */

/** @typedef {{ webhookId: string, type: 'order.check' | 'order.execute' }} Owed */

/** @typedef {Pick<Export, 'businessType' | 'userCode' | 'dataset' | 'rows' | 'format'>} NewExport */

/**
 * The module's own records, in one JSON file: the "business parameter table" of requirement 003.
 *
 * Reading, changing and writing happen in one synchronous piece, so that of two requests one sees what the other has
 * done. A real module has a database and a transaction for that.
 */
export class Exports {
  /** @type {Map<string, Export>} */
  #exports = new Map();
  #file;

  /**
   * @param {string} file
   * @throws {Error} when the file is there and cannot be read
   */
  constructor(file) {
    this.#file = file;
    /** Where the results go. */
    this.folder = join(dirname(file), 'exports');
    mkdirSync(this.folder, { recursive: true });
    for (const one of read(file)) this.#exports.set(one.id, one);
  }

  /** @returns {Export[]} newest first */
  all() {
    return [...this.#exports.values()].toReversed();
  }

  /**
   * @param {string} id
   * @returns {Export | undefined}
   */
  get(id) {
    return this.#exports.get(id);
  }

  /**
   * @param {NewExport} parameters
   * @returns {Export} stored, and waiting for its order
   */
  add(parameters) {
    return this.#put({
      ...parameters,
      id: randomUUID(),
      orderId: null,
      state: 'opening',
      message: null,
      file: null,
      createTime: new Date().toISOString(),
      answered: [],
      execution: null,
      owed: [],
    });
  }

  /**
   * @param {string} id
   * @param {Partial<Export>} changes
   * @returns {Export}
   */
  change(id, changes) {
    const found = this.#exports.get(id);
    if (!found) throw new Error(`there is no export ${id}`);
    return this.#put({ ...found, ...changes });
  }

  /**
   * The order exists. Whoever comes first tells it: the answer to `POST /orders`, or a callback that overtook it.
   * @param {string} id
   * @param {string} orderId
   * @returns {Export}
   */
  opened(id, orderId) {
    const found = this.#exports.get(id);
    if (found?.orderId === orderId) return found;
    return this.change(id, { orderId, state: 'in_approval' });
  }

  /**
   * @param {Export} one
   * @returns {Export}
   */
  #put(one) {
    const before = this.#exports.get(one.id);
    this.#exports.set(one.id, one);
    try {
      writeSafely(this.#file, JSON.stringify([...this.#exports.values()], null, 2));
    } catch (error) {
      // What is not on the disk has not happened.
      if (before) this.#exports.set(one.id, before);
      else this.#exports.delete(one.id);
      throw error;
    }
    return one;
  }
}

/**
 * Replaces a file in one step: a crash leaves the old one or the new one, never half of it.
 * @param {string} file
 * @param {string} text
 */
export function writeSafely(file, text) {
  const temporary = `${file}.tmp`;
  const handle = openSync(temporary, 'w', 0o600);
  try {
    writeFileSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(temporary, file);
}

/**
 * @param {string} file
 * @returns {Export[]}
 */
function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return [];
    throw new Error(`${file} cannot be read: ${/** @type {Error} */ (error).message}`, { cause: error });
  }
}
