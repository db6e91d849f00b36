// @ts-check
/** Business types that call out when their orders are approved, and orders of them to copy. */
import { setTimeout as pause } from 'node:timers/promises';
import { client, team, token } from '../world.mjs';

/** A fifth of the targets dies; the others' deliveries are what counts. */
export const targets = 20;
export const dying = targets / 5;

/**
 * @typedef {object} World
 * @property {string[]} undecided orders to copy, one of each target: their only step is open
 * @property {string[]} uncalled orders to copy, one of each target: approved, and the call is still to be made
 * @property {string[]} reviewers tokens, one for each target
 * @property {string} uncalling an order to copy whose type calls nobody; the first reviewer decides it
 */

/** @typedef {ReturnType<typeof import('../servers.mjs').startReceiver>} Receiver */

/** All of the targets, or a range of them. */
export const targetsFrom = (/** @type {number} */ first) =>
  Array.from({ length: targets - first }, (_, index) => first + index);

/**
 * Sets an empty service up: one step, one reviewer and one target of its own for each type.
 * @param {import('../servers.mjs').Server} service
 * @param {import('../database.mjs').BenchDatabase} database
 * @param {Receiver} receiver
 * @returns {Promise<World>}
 */
export async function buildWorld({ port }, database, receiver) {
  const { ports } = await receiver.ask({ listen: targets });
  const admin = client(port, await token('admin', { acc_code: team, roles: ['team_admin'] }));
  const applicant = client(port, await token('applicant', { acc_code: team }));
  const codes = ports.map((_, target) => `reviewer-${target}`);
  for (const code of ['applicant', ...codes]) await admin('PUT', `/directory/users/${code}`, { name: code });
  const reviewers = await Promise.all(codes.map((code) => token(code, { acc_code: team })));
  /** @param {string} name @param {string} reviewer @param {{executeUrl?: string}} callback */
  const type = async (name, reviewer, callback) => {
    const stage = { templateNodeName: name, auditObjectType: 'user', auditObject: [reviewer] };
    const node = await admin('POST', '/nodes', stage);
    const template = await admin('POST', '/templates', { templateName: name, stages: [{ nodeId: node.id }] });
    await admin('POST', '/business-types', { code: name, name, ...callback });
    await admin('PUT', `/bindings/${name}`, { templateId: template.id });
  };
  /** @param {string} businessType @returns {Promise<string>} */
  const open = async (businessType) =>
    (
      await applicant('POST', '/orders', {
        businessType,
        businessKey: 'key-0',
        title: 'Purchase request 0',
        remark: 'asked for by the benchmark',
        variables: { amount: 0, currency: 'EUR', department: 'research' },
      })
    ).id;

  const undecided = [];
  const uncalled = [];
  await receiver.ask({ behave: 'refusing', targets: targetsFrom(0) });
  for (const [target, reviewer] of codes.entries()) {
    const name = `calls-${target}`;
    await type(name, reviewer, { executeUrl: `http://127.0.0.1:${ports[target]}/execute` });
    undecided.push(await open(name));
    const approved = await open(name);
    await client(port, reviewers[target] ?? '')('POST', `/orders/${approved}/approve`, {});
    uncalled.push(approved);
  }
  await type('calls-nobody', codes[0] ?? '', {});
  const uncalling = await open('calls-nobody');
  await untilNone(database, "state = 'sending' OR (state = 'pending' AND attempts = 0)");
  await receiver.ask({ behave: 'healthy', targets: targetsFrom(0) });
  return { undecided, uncalled, reviewers, uncalling };
}

/**
 * Waits until no delivery is like this.
 * @param {import('../database.mjs').BenchDatabase} database
 * @param {string} condition
 * @returns {Promise<number>} how often it looked, a statement each
 */
export async function untilNone(database, condition) {
  const deadline = Date.now() + 300_000;
  for (let looks = 1; Date.now() < deadline; looks++) {
    const found = await database.rows(`SELECT 1 FROM dms_s_apply_delivery WHERE ${condition} LIMIT 1`);
    if (found.length === 0) return looks;
    await pause(20);
  }
  throw new Error(`deliveries are stuck after five minutes: ${condition}`);
}
