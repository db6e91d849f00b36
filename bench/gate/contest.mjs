// @ts-check
/** What does a request pay at the gate that no action names? Against a bare proxy, and against nothing in between. */
import { fileURLToPath } from 'node:url';
import { root } from '../../scripts/build.mjs';
import { median, quantile, statementsPerOperation } from '../measure.mjs';
import { tableText } from '../report.mjs';
import { startProgram, startService } from '../servers.mjs';
import { buildGate, checkSides, gatePrefix, passPlan } from './world.mjs';

/**
 * @typedef {object} GateEffort
 * @property {number} rounds
 * @property {number} seconds of each server's two turns in a round: one request at a time, and some at once
 */

/**
 * @typedef {object} Side
 * @property {string} name
 * @property {import('../servers.mjs').Server} server
 * @property {string} prefix before the paths of its requests
 * @property {number | null} actions null where there is no gate
 * @property {import('../database.mjs').BenchDatabase | null} database
 */

/**
 * What one server has shown. `alone`: milliseconds of requests one at a time, sorted; `crowded`: with {@link atOnce} of them
 * under way; `rates`: how many a second then, by round; `cpu`: milliseconds of the server process for one request.
 * @typedef {{alone: Float64Array, crowded: Float64Array, rates: number[], cpu: number}} Shown
 */

/** How many connections send at once where throughput is measured. */
const atOnce = 4;
/** Requests of each method that every server answers before its figures count. */
const warmUp = 1_500;
const actionCounts = [0, 10, 300];
const aim = '< 2';

/**
 * @param {import('../contests.mjs').Run} run
 * @param {GateEffort} effort
 * @returns {Promise<import('../report.mjs').Section>}
 */
export function contestGate(run, effort) {
  return run.cleanup.scope(async (cleanup) => {
    const sides = await startSides(run, cleanup);
    await checkSides(sides.map((side) => ({ ...side, port: side.server.port })));
    const plansOf = async (/** @type {import('./world.mjs').Method} */ method) =>
      Promise.all(sides.map(async (side) => ({ ...side, plan: await passPlan(side.prefix, method) })));
    const contests = { GET: await plansOf('GET'), POST: await plansOf('POST') };
    for (const { server, plan } of [...contests.GET, ...contests.POST])
      await run.load.run({ port: server.port, connections: atOnce, plan, count: warmUp });
    /** @type {string[][]} */
    const rows = [];
    for (const targets of Object.values(contests)) {
      const shown = await inTurns(run.load, targets, effort);
      for (const [index, target] of targets.entries()) {
        const statements = await statementsOf(run.load, target);
        rows.push(rowOf(target, statements, shown[index], shown[1]));
      }
    }
    return {
      title: `${await run.server.version()}: requests that pass the gate`,
      notes: [
        `Requests that no action names, GET and POST with 1 KB, answered with some 90 bytes: sent to the system behind the gate itself, through a bare proxy (\`@fastify/reply-from\`, no checks, no log), and through gates of the adapter \`proxy\` with ${actionCounts.join(', ')} actions, each a service as shipped with a database of its own. All take turns in ${effort.rounds} rounds, ${effort.seconds} s one request at a time (p50, p95, p99) and ${effort.seconds} s with ${atOnce} connections (p50 of ${atOnce}, ops/s).`,
        `**more**: milliseconds at p50 beyond the bare proxy's, one request at a time, and with ${atOnce} connections, where requests wait for one another.`,
      ],
      table: tableText(head, rows),
    };
  });
}

/** The system behind the gate comes first, the bare proxy second. @param {import('../contests.mjs').Run} run @param {import('../cleanup.mjs').Cleanup} cleanup @returns {Promise<Side[]>} */
async function startSides({ server }, cleanup) {
  const here = cleanup.own(await server.database());
  const program = async (/** @type {string} */ name, /** @type {string} */ file, env = {}) => {
    const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
    return cleanup.own(await startProgram({ name, program: path, scratch: here.scratch, env }));
  };
  const upstream = await program('upstream', 'upstream.mjs');
  const base = `http://127.0.0.1:${upstream.port}`;
  const bare = await program('bare proxy', 'bare-proxy.mjs', { UPSTREAM: base });
  const plain = { prefix: '', actions: null, database: null };
  /** @type {Side[]} */
  const sides = [
    { name: 'no proxy', server: upstream, ...plain },
    { name: 'bare proxy', server: bare, ...plain },
  ];
  const gate = async (/** @type {number} */ actions) => {
    const name = `gate, ${actions} actions`;
    const database = cleanup.own(await server.database());
    const { url: databaseUrl, scratch } = database;
    const env = { CALLBACK_ALLOWED_HOSTS: '127.0.0.1' };
    const service = cleanup.own(await startService({ name, root, databaseUrl, scratch, env }));
    await buildGate(service, base, actions);
    return { name, server: service, prefix: gatePrefix, actions, database };
  };
  return [...sides, ...(await Promise.all(actionCounts.map(gate)))];
}

/** @typedef {Side & {plan: import('../requests.mjs').PassPlan}} Target */

/**
 * Short turns, so that whatever else the machine does meets all of them alike; in every second round the last one begins.
 * @param {import('../contests.mjs').Run['load']} load @param {Target[]} targets @param {GateEffort} effort
 * @returns {Promise<Shown[]>}
 */
async function inTurns(load, targets, { rounds, seconds }) {
  const turns = targets.map(() => ({
    alone: /** @type {import('../load.mjs').Sample[]} */ ([]),
    crowded: /** @type {import('../load.mjs').Sample[]} */ ([]),
    cpuSeconds: 0,
  }));
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? [...targets.entries()] : [...targets.entries()].toReversed();
    for (const [index, { server, plan }] of order) {
      const turn = turns[index];
      if (!turn) continue;
      const { port } = server;
      const before = server.cpuSeconds();
      turn.alone.push(await load.run({ port, connections: 1, plan, seconds }));
      turn.crowded.push(await load.run({ port, connections: atOnce, plan, seconds }));
      turn.cpuSeconds += server.cpuSeconds() - before;
    }
  }
  return turns.map(({ alone, crowded, cpuSeconds }) => {
    const shown = { alone: latenciesOf(alone), crowded: latenciesOf(crowded) };
    return {
      ...shown,
      rates: crowded.map((sample) => sample.latencies.length / sample.seconds),
      cpu: (cpuSeconds * 1000) / (shown.alone.length + shown.crowded.length),
    };
  });
}

/** @param {import('../load.mjs').Sample[]} samples */
const latenciesOf = (samples) =>
  Float64Array.from(samples.flatMap(({ latencies }) => [...latencies])).toSorted();

/** @param {import('../contests.mjs').Run['load']} load @param {Target} target */
const statementsOf = async (load, { database, server, plan }) =>
  database && statementsPerOperation(load, database, { ...server, plan: async () => plan });

const head = [
  'request',
  'through',
  'p50 ms',
  'p95 ms',
  'p99 ms',
  'more',
  'aim',
  `p50 of ${atOnce}`,
  `more of ${atOnce}`,
  'ops/s',
  'CPU ms/op',
  'statements/op',
];

/**
 * @param {Target} target @param {number | null} statements
 * @param {Shown | undefined} shown @param {Shown | undefined} bare what the bare proxy has shown
 */
function rowOf({ name, actions, plan }, statements, shown, bare) {
  if (!shown || !bare) throw new RangeError('nothing was shown');
  const ms = (/** @type {number} */ value) => value.toFixed(2);
  const more = (/** @type {'alone' | 'crowded'} */ what) =>
    actions === null ? '' : ms(quantile(shown[what], 0.5) - quantile(bare[what], 0.5));
  return [
    plan.method,
    name,
    ...[0.5, 0.95, 0.99].map((share) => ms(quantile(shown.alone, share))),
    more('alone'),
    actions === null ? '' : aim,
    ms(quantile(shown.crowded, 0.5)),
    more('crowded'),
    median(shown.rates).toFixed(0),
    ms(shown.cpu),
    actions === null ? '' : (statements?.toFixed(2) ?? 'n/a'),
  ];
}
