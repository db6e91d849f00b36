// @ts-check
/** One database filled for measuring, and the requests that can be made of it. */
import { copyId, copyOrders, settle } from './orders.mjs';
import { buildWorld } from './world.mjs';

/** @typedef {'todo' | 'open' | 'decide'} Operation */

/** In the order of measuring: the to-do list first, while it holds as many orders as the report says. */
export const operations = /** @type {const} */ (['todo', 'open', 'decide']);

/** At how many depths of the list pages are read by {@link Workload.deepPages}. */
const depths = 50;

export class Workload {
  /** How many copies there are; the number of the next. */
  #copies = 0;
  /** @type {string[]} */
  #seeds;

  /**
   * @param {import('./database.mjs').BenchDatabase} database
   * @param {import('./world.mjs').World} world
   */
  constructor(database, world) {
    this.database = database;
    this.world = world;
    this.#seeds = world.flows.map((flow) => flow.seed);
  }

  /**
   * Sets an empty database up through the service that serves it.
   * @param {import('./database.mjs').BenchDatabase} database
   * @param {import('./servers.mjs').Server} service
   */
  static async through(database, service) {
    return new Workload(database, await buildWorld(service.port));
  }

  /**
   * Fills the lists: orders whose first step waits for one of the first reviewers, or (one of twenty) for all of them.
   * @param {number} orders
   */
  async fill(orders) {
    await copyOrders(
      this.database,
      [...this.#seeds, this.world.groupFlow.seed],
      this.#copies,
      orders,
      'listed',
    );
    this.#copies += orders;
    await settle(this.database);
  }

  /**
   * @param {Operation} operation
   * @returns {(requests: number) => Promise<import('./requests.mjs').Plan>} makes a plan for about so many requests
   */
  plans(operation) {
    const { world } = this;
    switch (operation) {
      case 'todo':
        return async () => ({ kind: 'todo', tokens: world.firstReviewers, cursors: [''] });
      case 'open': {
        const businessTypes = world.flows.map((flow) => flow.businessType);
        return async () => ({ kind: 'open', tokens: world.applicants, businessTypes });
      }
      case 'decide':
        return (requests) => this.#ordersToDecide(requests);
      default:
        throw new RangeError('unknown operation');
    }
  }

  /** @returns {() => Promise<import('./requests.mjs').Plan>} to-do pages at depths all over the list */
  deepPages() {
    const cursors = Array.from({ length: depths }, (_, depth) => {
      const key = copyId(Math.floor((this.#copies * (depth + 0.5)) / depths), this.#seeds[0] ?? '');
      return Buffer.from(JSON.stringify([key])).toString('base64url');
    });
    return async () => ({ kind: 'todo', tokens: this.world.firstReviewers, cursors });
  }

  /** @param {number} requests @returns {Promise<import('./requests.mjs').Plan>} */
  async #ordersToDecide(requests) {
    const seeds = this.#seeds;
    // A connection may stop in the midst of an order, so some more; and from the first flow on, as the tokens are.
    const count = Math.ceil(requests / 3) + 50;
    const from = Math.ceil(this.#copies / seeds.length) * seeds.length;
    this.#copies = from + count;
    await copyOrders(this.database, seeds, from, count, 'whole');
    return {
      kind: 'decide',
      orders: Array.from({ length: count }, (_, index) =>
        copyId(from + index, seeds[index % seeds.length] ?? ''),
      ),
      tokens: this.world.flows.map((flow) => flow.reviewers),
    };
  }
}
