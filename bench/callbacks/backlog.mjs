// @ts-check
/** Deliveries that have piled up and are let go all at once: by the service, and by a loop that does nothing but call. */
import { Agent } from 'undici';
import { monotonic } from '../clock.mjs';
import { statementsSince } from '../measure.mjs';
import { copyOrders, settle } from '../orders.mjs';
import { stillToDo } from './phases.mjs';
import { dying, targets, targetsFrom, untilNone } from './world.mjs';

/** As many calls at once as one process of the service makes. */
export const concurrency = 128;

/** @typedef {{perSecond: number, cpu: number, statements: number | null}} Drained `cpu`: milliseconds for a delivery */

/**
 * @param {import('./phases.mjs').Stage} stage
 * @param {number} from the first number of a copy that is free
 * @param {number} count
 * @returns {Promise<Drained>}
 */
export async function drain({ database, service, receiver, world }, from, count) {
  await copyOrders(database, world.uncalled, from, count, 'whole');
  await settle(database);
  await receiver.ask({ report: true });
  const sent = await statementsSince(database);
  const cpu = service.cpuSeconds();
  await release(database);
  const looks = await untilNone(database, stillToDo);
  const end = monotonic();
  const statements = await sent();
  const used = service.cpuSeconds() - cpu;
  const { arrivals } = await receiver.ask({ report: true });
  if (arrivals.size !== count) throw new Error(`${arrivals.size} orders of ${count} were called about`);
  return {
    // Not from the release on: it takes the worker up to a second to look.
    perSecond: count / ((end - Math.min(...arrivals.values())) / 1000),
    cpu: (used * 1000) / count,
    // One of them let the deliveries go.
    statements: statements === null ? null : (statements - looks - 1) / count,
  };
}

/**
 * Lets deliveries to the targets that die pile up, as they do in the hours of an outage: all of them due, none of them sent.
 * @param {import('./phases.mjs').Stage} stage
 * @param {number} from the first number of a copy that is free
 * @param {number} count
 */
export async function pileUp({ database, receiver, world }, from, count) {
  await receiver.ask({ behave: 'dead', targets: targetsFrom(targets - dying) });
  await copyOrders(database, world.uncalled.slice(targets - dying), from, count, 'whole');
  await release(database);
  await settle(database);
}

/** The copies are due at once, as if nothing had been tried yet. @param {import('../database.mjs').BenchDatabase} database */
function release(database) {
  const ticket = ['\'{"ticket_id":"\'', 'apply_order_id', "'\"}'"];
  const payload = database.dialect === 'sqlite' ? ticket.join(' || ') : `CONCAT(${ticket.join(', ')})`;
  return database.run(
    `UPDATE dms_s_apply_delivery SET due_at = 0, attempts = 0, failures = 0, last_error = NULL, payload = ${payload}` +
      " WHERE state = 'pending' AND apply_order_id LIKE '01900000-%'",
  );
}

/**
 * The same number of calls to the same targets, and nothing else: no queue, no order, no signature.
 * @param {import('./world.mjs').Receiver} receiver
 * @param {number} count
 * @returns {Promise<Drained>}
 */
export async function bareLoop(receiver, count) {
  const { ports } = await receiver.ask({ report: true });
  const agent = new Agent({ connections: 64, pipelining: 1 });
  let next = 0;
  const used = process.cpuUsage();
  const start = monotonic();
  const line = async () => {
    while (next < count) {
      const call = next++;
      const { statusCode, body } = await agent.request({
        origin: `http://127.0.0.1:${ports[call % ports.length]}`,
        path: '/execute',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ type: 'order.execute', data: { ticket_id: `bare-${call}` } }),
      });
      await body.text();
      if (statusCode !== 200) throw new Error(`the receiver answered ${statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, line));
  const seconds = (monotonic() - start) / 1000;
  const { user, system } = process.cpuUsage(used);
  await agent.close();
  return { perSecond: count / seconds, cpu: (user + system) / 1000 / count, statements: null };
}
