// @ts-check
/** A gate with so many actions around requests that none of them names. */
import { client, team, token } from '../world.mjs';

const key = 'bench';
/** Where the requests of the run lead at a gate; nothing at the others. */
export const gatePrefix = `/gate/${key}/proxy`;

/** The path of an action: the run's own requests share its beginning, and differ from it further behind. */
const pathOf = (/** @type {number} */ action) => `/api/v1/records/{id}/action-${action}`;

/**
 * Sets an empty service up.
 * @param {import('../servers.mjs').Server} service
 * @param {string} upstream base URL of the system behind the gate
 * @param {number} actions how many
 */
export async function buildGate({ port }, upstream, actions) {
  const admin = client(port, await token('admin', { acc_code: team, roles: ['team_admin'] }));
  await admin('POST', '/gates', { key, name: 'Benchmark', adapter: 'proxy', upstream });
  await admin('POST', '/business-types', { code: 'held', name: 'Held' });
  let next = 0;
  const lane = async () => {
    while (next < actions) {
      const action = next++;
      const fields = { path: pathOf(action), method: 'POST', businessType: 'held' };
      await admin('POST', '/approve-actions', { name: `Action ${action}`, ...fields });
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

/** @typedef {'GET' | 'POST'} Method */

/**
 * What the run sends: requests as clients write them, with a token, for the gate does not look whose it is before an
 * action names the request.
 * @param {string} prefix before the path
 * @param {Method} method POST with 1 KB
 * @returns {Promise<import('../requests.mjs').PassPlan>}
 */
export async function passPlan(prefix, method) {
  const body = method === 'GET' ? '' : JSON.stringify({ text: 'x'.repeat(1024 - '{"text":""}'.length) });
  return { kind: 'pass', prefix, method, token: await token('caller', { acc_code: team }), body };
}

/**
 * Whether all answer a request alike, and each of the gates has its actions: else less would be measured than is told.
 * @param {{name: string, port: number, prefix: string, actions: number | null}[]} sides
 * @throws Error
 */
export async function checkSides(sides) {
  const [first] = sides;
  if (!first) return;
  for (const method of /** @type {const} */ (['GET', 'POST'])) {
    const expected = await answerTo(first, method, '/api/v1/records/1');
    for (const side of sides) {
      const answer = await answerTo(side, method, '/api/v1/records/1');
      if (answer !== expected) throw new Error(`${method} at ${side.name}: ${answer}, not ${expected}`);
    }
  }
  for (const side of sides) {
    for (const action of side.actions ? [0, side.actions - 1] : []) {
      const answer = await answerTo(side, 'POST', pathOf(action).replace('{id}', '1'));
      // The request brings no token: it is named, and nobody knows whose it is.
      if (!answer.startsWith('401 '))
        throw new Error(`action ${action} at ${side.name} lets pass: ${answer}`);
    }
  }
}

/** @param {{port: number, prefix: string}} side @param {Method} method @param {string} path */
async function answerTo({ port, prefix }, method, path) {
  const { body } = await passPlan(prefix, method);
  const response = await fetch(`http://127.0.0.1:${port}${prefix}${path}`, {
    method,
    ...(method === 'GET' ? {} : { body, headers: { 'content-type': 'application/json' } }),
  });
  return `${response.status} ${await response.text()}`;
}
