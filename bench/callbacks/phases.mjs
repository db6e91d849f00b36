// @ts-check
/** Orders approved at a fixed rate, each of which calls its target: when the calls arrive, and when the orders are completed. */
import { setTimeout as pause } from 'node:timers/promises';
import { monotonic } from '../clock.mjs';
import { statementsSince } from '../measure.mjs';
import { dying, targets, targetsFrom, untilNone } from './world.mjs';

const connections = 16;
/** How often it is looked whether orders are completed (milliseconds). */
export const lookEvery = 5;
/** How `completed` is stored. */
const completed = '6';

/**
 * What the benchmark runs on.
 * @typedef {object} Stage
 * @property {import('../database.mjs').BenchDatabase} database
 * @property {import('../servers.mjs').Server} service
 * @property {ReturnType<typeof import('../servers.mjs').startLoad>} load
 * @property {import('./world.mjs').Receiver} receiver
 * @property {import('./world.mjs').World} world
 */

/**
 * @typedef {object} Phase
 * @property {Float64Array} arrival milliseconds from the answer to the approval until the call arrives; sorted
 * @property {Float64Array} completion the same until the order is completed
 * @property {number} orders that were approved, those of dead targets included
 * @property {number} perSecond orders of the measured targets
 * @property {number} cpu milliseconds of the service for an approved order, approval and delivery
 * @property {number | null} statements for an approved order, approval and delivery
 * @property {number} deadCalls calls to the targets that die
 */

/**
 * Approves orders, the targets in turn, a fifth of them dead or none. Only the other four fifths are measured, in either case.
 * @param {Stage} stage
 * @param {string[]} orders order `i` goes to target `i % targets`
 * @param {number} rate orders a second
 * @param {boolean} dead
 * @returns {Promise<Phase>}
 */
export async function phase({ database, service, load, receiver, world }, orders, rate, dead) {
  await receiver.ask({ behave: dead ? 'dead' : 'healthy', targets: targetsFrom(targets - dying) });
  await receiver.ask({ report: true });
  const measured = orders.filter((_, index) => index % targets < targets - dying);
  const sent = await statementsSince(database);
  const cpu = service.cpuSeconds();
  const [sample, watched] = await Promise.all([
    load.run({
      port: service.port,
      connections,
      rate,
      count: orders.length,
      plan: { kind: 'decide', orders, tokens: world.reviewers.map((token) => [token]) },
    }),
    watch(database, dead ? measured : orders, dead ? (rate * measured.length) / orders.length : rate),
  ]);
  const statements = await sent();
  const { arrivals, calls } = await receiver.ask({ report: true });
  return {
    arrival: delays(measured, sample.answered, arrivals),
    completion: delays(measured, sample.answered, watched.seen),
    orders: orders.length,
    perSecond: measured.length / sample.seconds,
    cpu: ((service.cpuSeconds() - cpu) * 1000) / orders.length,
    statements: statements === null ? null : (statements - watched.looks) / orders.length,
    deadCalls: calls.slice(targets - dying).reduce((sum, count) => sum + count, 0),
  };
}

/** The dead come back; waits until what piled up for them is delivered. @param {Stage} stage */
export async function revive({ database, receiver }) {
  await receiver.ask({ behave: 'healthy', targets: targetsFrom(0) });
  await untilNone(database, stillToDo);
}

/** All but the deliveries that only wait to be copied: these were failed once. */
export const stillToDo = "state = 'sending' OR (state = 'pending' AND apply_order_id LIKE '01900000-%')";

/**
 * Sees orders being completed, by their keys and on a connection of its own: it costs the service nothing.
 * @param {import('../database.mjs').BenchDatabase} database
 * @param {string[]} orders in the order of their approval
 * @param {number} rate of them a second
 * @returns {Promise<{seen: Map<string, number>, looks: number}>}
 */
async function watch(database, orders, rate) {
  const seen = new Map();
  const waiting = [...orders];
  const start = monotonic();
  const deadline = start + (orders.length * 1000) / rate + 30_000;
  let looks = 0;
  while (waiting.length > 0) {
    if (monotonic() > deadline) throw new Error(`${waiting.length} orders were not completed in time`);
    await pause(lookEvery);
    // Those whose approval is about due by now.
    const underWay = Math.ceil(((monotonic() - start) * rate) / 1000) + connections - seen.size;
    const some = waiting.slice(0, Math.min(underWay, 500));
    const rows = await database.rows(
      `SELECT id FROM dms_s_apply_order WHERE apply_status = ? AND id IN (${some.map(() => '?').join(', ')})`,
      [completed, ...some],
    );
    looks++;
    const now = monotonic();
    for (const { id } of rows) {
      seen.set(id, now);
      waiting.splice(waiting.indexOf(id), 1);
    }
  }
  return { seen, looks };
}

/**
 * @param {string[]} orders
 * @param {Map<string, number>} from
 * @param {Map<string, number>} to
 * @returns {Float64Array} sorted; what was there before the answer took no time
 */
function delays(orders, from, to) {
  return Float64Array.from(orders, (order) => {
    const [start, end] = [from.get(order), to.get(order)];
    if (start === undefined || end === undefined) throw new Error(`nobody called about order ${order}`);
    return Math.max(0, end - start);
  }).toSorted();
}
