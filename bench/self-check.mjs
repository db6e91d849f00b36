// @ts-check
/**
 * Is the floor honest? The same order is opened, decided and listed through both servers; rows and answers must be the
 * same but for ids and times. A floor that does less than the service would make every ratio a flattering lie, or a
 * slander.
 */
import { isDeepStrictEqual } from 'node:util';
import { columnsOf, tablesOfOrders } from './orders.mjs';
import { client } from './world.mjs';

/**
 * @param {import('./workload.mjs').Workload} workload
 * @param {import('./servers.mjs').Server} service
 * @param {import('./servers.mjs').Server} floor
 * @throws {Error} telling the first difference
 */
export async function selfCheck({ database, world }, service, floor) {
  const [flow] = world.flows;
  const [applicant] = world.applicants;
  if (!flow || !applicant) throw new RangeError('an empty world');
  const body = {
    businessType: flow.businessType,
    businessKey: 'check',
    title: 'Self-check',
    variables: { amount: 1 },
  };
  const sides = [];
  for (const { port } of [service, floor]) {
    const { id, ...answer } = await client(port, applicant)('POST', '/orders', body);
    sides.push({ port, id: String(id), answers: [answer], rows: [await rowsOf(database, id)] });
  }
  for (const reviewer of flow.reviewers) {
    for (const { port, id, answers, rows } of sides) {
      answers.push(
        await client(port, reviewer)('POST', `/orders/${id}/approve`, { auditMsg: 'fine with me' }),
      );
      rows.push(await rowsOf(database, id));
    }
  }
  const [ours, theirs] = /** @type {[typeof sides[0], typeof sides[0]]} */ (sides);
  for (const [index, rows] of ours.rows.entries()) {
    const when = index === 0 ? 'an opening' : `decision ${index}`;
    mustEqual(`rows after ${when}`, rows, theirs.rows[index]);
    mustEqual(`answer of ${when}`, masked(ours.answers[index]), masked(theirs.answers[index]));
  }
  const list = '/orders?scope=todo&limit=20';
  const lists = await Promise.all(
    [service, floor].map(({ port }) => client(port, flow.reviewers[0] ?? '')('GET', list)),
  );
  mustEqual('to-do page', lists[0], lists[1]);
}

/** @param {string} what @param {unknown} service @param {unknown} floor */
function mustEqual(what, service, floor) {
  if (isDeepStrictEqual(service, floor)) return;
  throw new Error(
    `the floor does other work than the service (${what}); bring bench/floor/ up to date.\n` +
      `service: ${JSON.stringify(service)}\nfloor:   ${JSON.stringify(floor)}`,
  );
}

/**
 * Every row of an order in every table, without ids and times.
 * @param {import('./database.mjs').BenchDatabase} database
 * @param {string} orderId
 */
async function rowsOf(database, orderId) {
  /** @type {Record<string, unknown[]>} */
  const all = {};
  for (const table of await tablesOfOrders(database)) {
    const columns = await columnsOf(database, table);
    const key = columns.includes('apply_order_id') ? 'apply_order_id' : 'id';
    const sorting = columns.filter((name) =>
      ['apply_step', 'subject', 'transition_no', 'seq'].includes(name),
    );
    const rows = await database.rows(
      `SELECT * FROM ${table} WHERE ${key} = ? ORDER BY ${[...sorting, key].join(', ')}`,
      [orderId],
    );
    all[table] = rows.map((row) => masked(row));
  }
  return all;
}

/** @param {unknown} value @param {string} [name] @returns {unknown} */
function masked(value, name = '') {
  if (value === null || value === undefined) return null;
  if (/^(id|apply_order_id)$|_time$|_at$|Time$|At$/.test(name)) return '*';
  if (typeof value === 'string' && /^[[{]/.test(value)) return JSON.parse(value);
  if (Array.isArray(value)) return value.map((inner) => masked(inner));
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(inner, key)]));
}
