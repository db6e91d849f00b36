// @ts-check
import { Refused } from './countersign.mjs';
import { writeTable } from './table.mjs';

/** @typedef {import('./exports.mjs').Export} Export */
/** @typedef {import('./exports.mjs').Answer} Answer */
/** @typedef {import('./exports.mjs').Owed} Owed */
/** @typedef {{ status: number, body?: object }} Reply */

const forbiddenDataset = 'secret_salaries';
const mostRows = 1_000_000;

/** Pauses before a late answer, or the question for an order, is tried again, in milliseconds; then at the next start. */
const pauses = [500, 2_000, 10_000, 60_000, 5 * 60_000];

/** Has exports approved: opens their orders, and answers what Countersign asks about them. */
export class Approvals {
  #exports;
  #countersign;
  #answersLater;
  /** Opening, or answering late: what is under way, so that it is not done twice at a time. */
  #underWay = new Set();

  /**
   * @param {import('./exports.mjs').Exports} exports
   * @param {import('./countersign.mjs').Countersign} countersign
   * @param {boolean} answersLater whether callbacks are taken over with 202
   */
  constructor(exports, countersign, answersLater) {
    this.#exports = exports;
    this.#countersign = countersign;
    this.#answersLater = answersLater;
  }

  /** Takes up what a process before this one left unfinished. */
  resume() {
    for (const one of this.#exports.all()) {
      if (one.state === 'opening') this.#later(`open ${one.id}`, () => this.#reopen(one.id));
      for (const owed of one.owed) this.#later(owed.webhookId, () => this.#answerLate(one.id, owed));
    }
  }

  /**
   * Stores an export, and then opens its order: in this order, a crash between the two loses nothing.
   * @param {import('./exports.mjs').NewExport} parameters
   * @returns {Promise<Export>} still `opening` when Countersign could not be reached; it is tried again
   */
  async apply(parameters) {
    const { id } = this.#exports.add(parameters);
    try {
      await this.#open(id);
    } catch (error) {
      report(`export ${id} waits for its order`, error);
      this.#later(`open ${id}`, () => this.#reopen(id));
    }
    return /** @type {Export} */ (this.#exports.get(id));
  }

  /**
   * Answers a callback whose signature has been verified.
   * @param {string} webhookId the same on every attempt of one callback
   * @param {unknown} message
   * @returns {Reply}
   */
  receive(webhookId, message) {
    /** @typedef {{ ticket_id?: unknown, business_type?: unknown, business_key?: unknown }} Data */
    const { type, data } = /** @type {{ type?: unknown, data?: Data | null }} */ (message ?? {});
    // Types that come one day are none of this module's business: thanks, and nothing happens.
    if (type !== 'order.check' && type !== 'order.execute') return answered({});
    const ticket = data?.ticket_id;
    if (typeof ticket !== 'string' || ticket === '') return { status: 400, body: { error: 'no ticket_id' } };

    const one = this.#exportOf(ticket, data?.business_type, data?.business_key);
    if (!one) return answered({ ticket_id: ticket, result: false, error: 'no export has this order' });
    const known = knownAnswer(one, webhookId, type);
    if (known) return answered(known);
    if (!this.#answersLater) return answered(this.#decide(one.id, webhookId, type));

    // Written down before the 202: whoever takes a callback over has to answer it, even after a crash.
    /** @type {Owed} */
    const owed = { webhookId, type };
    if (!one.owed.some((other) => other.webhookId === webhookId)) {
      this.#exports.change(one.id, { owed: [...one.owed, owed] });
    }
    this.#later(webhookId, () => this.#answerLate(one.id, owed));
    return { status: 202 };
  }

  /**
   * The export of an order. A callback may come before `POST /orders` has answered here, so the export's own id, which
   * the order carries as its business key, leads to it as well.
   * @param {string} ticket
   * @param {unknown} businessType
   * @param {unknown} businessKey
   * @returns {Export | undefined}
   */
  #exportOf(ticket, businessType, businessKey) {
    const one = typeof businessKey === 'string' ? this.#exports.get(businessKey) : undefined;
    if (!one || one.businessType !== businessType) return undefined;
    if (one.orderId === null && one.state === 'opening') return this.#exports.opened(one.id, ticket);
    return one.orderId === ticket ? one : undefined;
  }

  /**
   * Decides, and writes the answer down before anybody hears it.
   * @param {string} id
   * @param {string} webhookId
   * @param {Owed['type']} type
   * @returns {Answer}
   */
  #decide(id, webhookId, type) {
    const one = /** @type {Export} */ (this.#exports.get(id));
    const known = knownAnswer(one, webhookId, type);
    if (known) return known;
    const { answer, changes } = type === 'order.check' ? check(one) : this.#execute(one);
    this.#exports.change(id, { ...changes, answered: [...one.answered, { webhookId, answer }] });
    return answer;
  }

  /**
   * Judges once more: where nobody answered, a business type may let orders go on unchecked (`failMode` open). A throw
   * (a full disk) is answered 500, which is no answer: Countersign asks again.
   * @param {Export} one
   * @returns {{ answer: Answer, changes: Partial<Export> }}
   */
  #execute(one) {
    const { answer: judged, changes } = check(one);
    if (!judged.result) return { answer: judged, changes: { ...changes, execution: judged } };
    const file = writeTable(one, this.#exports.folder);
    const answer = { ...judged, msg: `exported ${one.rows} rows of ${one.dataset}` };
    return { answer, changes: { state: 'done', file, execution: answer } };
  }

  /** @param {string} id */
  async #open(id) {
    const one = /** @type {Export} */ (this.#exports.get(id));
    await this.#settle(id, () => this.#countersign.openOrder(one));
  }

  /**
   * The way after a crash, or an outage: the order may have been opened and its answer lost.
   * @param {string} id
   */
  async #reopen(id) {
    const one = /** @type {Export} */ (this.#exports.get(id));
    if (one.state !== 'opening') return;
    await this.#settle(
      id,
      async () => (await this.#countersign.findOrder(one)) ?? (await this.#countersign.openOrder(one)),
    );
  }

  /**
   * @param {string} id
   * @param {() => Promise<string>} orderId
   */
  async #settle(id, orderId) {
    try {
      this.#exports.opened(id, await orderId());
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (this.#exports.get(id)?.state !== 'opening') return;
      this.#exports.change(id, { state: 'refused', message: error.message });
    }
  }

  /**
   * @param {string} id
   * @param {Owed} owed
   */
  async #answerLate(id, { webhookId, type }) {
    const answer = this.#decide(id, webhookId, type);
    try {
      await this.#countersign.answer(type === 'order.check' ? 'check' : 'execute', answer);
    } catch (error) {
      // Decided without this module (withdrawn, given up, answered before): there is nothing left to say.
      if (!(error instanceof Refused)) throw error;
      report(`the answer for ${answer.ticket_id} was not wanted`, error);
    }
    const one = /** @type {Export} */ (this.#exports.get(id));
    this.#exports.change(id, { owed: one.owed.filter((owed) => owed.webhookId !== webhookId) });
  }

  /**
   * Does something soon, and again after a pause when it fails.
   * @param {string} name what has this name is done once at a time
   * @param {() => Promise<void>} task
   */
  #later(name, task) {
    if (this.#underWay.has(name)) return;
    this.#underWay.add(name);
    const attempt = async (/** @type {number} */ failures) => {
      try {
        await task();
      } catch (error) {
        report(name, error);
        const pause = pauses[failures];
        // The timer keeps no process alive: what is left is taken up at the next start.
        if (pause !== undefined) return void setTimeout(() => void attempt(failures + 1), pause).unref();
      }
      this.#underWay.delete(name);
    };
    setImmediate(() => void attempt(0));
  }
}

/**
 * @param {object} body
 * @returns {Reply}
 */
const answered = (body) => ({ status: 200, body });

/**
 * The answer that was given before. A repeated callback has the same webhook-id. An execution is besides carried out
 * once for an order, whichever callback asks for it; a check with a new id is a new question.
 * @param {Export} one
 * @param {string} webhookId
 * @param {Owed['type']} type
 */
function knownAnswer(one, webhookId, type) {
  const before = one.answered.find((callback) => callback.webhookId === webhookId)?.answer;
  return before ?? (type === 'order.execute' ? one.execution : null);
}

/**
 * Judges the parameters that are kept here, which nobody between here and there can have changed.
 * @param {Export} one
 * @returns {{ answer: Answer, changes: Partial<Export> }}
 */
function check({ orderId, dataset, rows }) {
  const ticket = { ticket_id: String(orderId) };
  const error =
    dataset === forbiddenDataset
      ? `${dataset} is never exported`
      : rows > mostRows
        ? `${rows} rows are too many: at most ${mostRows} leave at once`
        : null;
  return error
    ? { answer: { ...ticket, result: false, error }, changes: { state: 'refused', message: error } }
    : { answer: { ...ticket, result: true, msg: `${rows} rows of ${dataset} may be exported` }, changes: {} };
}

/**
 * @param {string} what
 * @param {unknown} error
 */
function report(what, error) {
  console.error(`${what}: ${error instanceof Error ? error.message : String(error)}`);
}
