// @ts-check
/**
 * The floor: what the same work costs without the service. A bare Fastify with three routes and hand-written statements;
 * it knows who is asking (the same HS256 tokens), stores the same rows as the service and answers the same JSON, and
 * does nothing else: no validation, no other step types, no log lines, no metrics.
 *
 * A process of its own: `DATABASE_URL`, `PORT`, `AUTH_JWT_SECRET` and `DATABASE_POOL_SIZE` come from the environment.
 */
import { webcrypto } from 'node:crypto';
import { fastify } from 'fastify';
import { jwtVerify } from 'jose';
import { mysqlFloor } from './floor/mysql.mjs';
import { sqliteFloor } from './floor/sqlite.mjs';

/**
 * @typedef {object} Caller
 * @property {string} userCode
 * @property {string} team
 */

/**
 * What the routes ask of a database; one implementation a dialect.
 * @typedef {object} Floor
 * @property {(caller: Caller, request: import('./floor/opening.mjs').OpenRequest) => Promise<object>} open
 * @property {(caller: Caller, orderId: string, auditMsg: string | null) => Promise<object>} approve
 * @property {(caller: Caller, after: string | null, take: number) => Promise<object[]>} todo rows as listed
 */

const { DATABASE_URL: url = '', PORT, AUTH_JWT_SECRET: secret = '', DATABASE_POOL_SIZE: pool } = process.env;
// A CryptoKey made once: given bytes, jose imports them anew for every token.
const key = await webcrypto.subtle.importKey(
  'raw',
  Buffer.from(secret),
  { name: 'HMAC', hash: 'SHA-256' },
  false,
  ['verify'],
);

const floor = url.startsWith('sqlite:')
  ? sqliteFloor(url.slice('sqlite:'.length))
  : mysqlFloor(url, Number(pool));

/** @param {import('fastify').FastifyRequest} request @returns {Promise<Caller>} */
async function callerOf(request) {
  const token = request.headers.authorization?.slice('Bearer '.length) ?? '';
  const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'] });
  return { userCode: String(payload.sub), team: String(payload.acc_code) };
}

/** @param {import('fastify').FastifyRequest} request @param {import('fastify').FastifyReply} reply */
async function open(request, reply) {
  const caller = await callerOf(request);
  reply.code(201);
  return floor.open(caller, /** @type {import('./floor/opening.mjs').OpenRequest} */ (request.body));
}

/** @param {import('fastify').FastifyRequest} request */
async function approve(request) {
  const caller = await callerOf(request);
  const { id } = /** @type {{id: string}} */ (request.params);
  const { auditMsg = null } = /** @type {{auditMsg?: string}} */ (request.body);
  return floor.approve(caller, id, auditMsg);
}

/** @param {import('fastify').FastifyRequest} request */
async function list(request) {
  const caller = await callerOf(request);
  const { cursor, limit } = /** @type {{cursor?: string, limit: string}} */ (request.query);
  const after = cursor ? JSON.parse(Buffer.from(cursor, 'base64url').toString())[0] : null;
  const size = Number(limit);
  const rows = /** @type {{id: string}[]} */ (await floor.todo(caller, after, size + 1));
  const items = rows.slice(0, size);
  const more = rows.length > size ? JSON.stringify([items.at(-1)?.id]) : null;
  return { items, nextCursor: more && Buffer.from(more).toString('base64url') };
}

const app = fastify();
app.route({ method: 'GET', url: '/ready', handler: () => 'ready' });
app.route({ method: 'POST', url: '/api/v1/orders', handler: open });
app.route({ method: 'POST', url: '/api/v1/orders/:id/approve', handler: approve });
app.route({ method: 'GET', url: '/api/v1/orders', handler: list });
await app.listen({ port: Number(PORT), host: '127.0.0.1' });
process.once('SIGTERM', () => process.exit(0));
