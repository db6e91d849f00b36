// @ts-check
/** Do dead targets delay the others' callbacks? And how fast is a backlog delivered? */
import { root } from '../../scripts/build.mjs';
import { median, quantile, statementsSince } from '../measure.mjs';
import { copyId, copyOrders, settle } from '../orders.mjs';
import { startReceiver, startService } from '../servers.mjs';
import { bareLoop, concurrency, drain, pileUp } from './backlog.mjs';
import { lookEvery, phase, revive } from './phases.mjs';
import { buildWorld, dying, targets } from './world.mjs';

/**
 * @typedef {object} CallbackEffort
 * @property {number} rounds of a phase with all targets alive and one with a fifth of them dead
 * @property {number} seconds of a phase
 * @property {number} backlog deliveries
 * @property {number} pile deliveries that wait for the dead targets in the last phases
 */

/** @typedef {Record<'alive' | 'dead' | 'piled', import('./phases.mjs').Phase[]>} Phases */

/**
 * Orders are approved at a fraction of the speed at which the backlog was delivered, so that what they wait for is others'
 * trouble and not the load: this share of it, within bounds. Alone, a delivery takes three commits; in a backlog, little more than one.
 */
const share = 1 / 8;
const [leastPerSecond, mostPerSecond] = [10, 100];

/** An attempt may not take long here, and the next one comes soon: more trouble in less time. */
const settings = {
  CALLBACK_ALLOWED_HOSTS: '127.0.0.1',
  CALLBACK_TIMEOUT: '2s',
  CALLBACK_RETRY_SCHEDULE: Array.from({ length: 60 }, () => '1s').join(','),
};

/**
 * @param {import('../contests.mjs').Run} run
 * @param {CallbackEffort} effort
 * @returns {Promise<import('../report.mjs').Section[]>}
 */
export function contestCallbacks(run, effort) {
  return run.cleanup.scope(async (cleanup) => {
    const database = cleanup.own(await run.server.database());
    const { url: databaseUrl, scratch } = database;
    const service = cleanup.own(
      await startService({ name: 'service', root, databaseUrl, scratch, env: settings }),
    );
    const receiver = cleanup.own(startReceiver());
    const world = await buildWorld(service, database, receiver);
    const stage = { database, service, load: run.load, receiver, world };
    const version = await run.server.version();
    // The backlog comes first: what it warms up is measured by the phases.
    const { section, perSecond } = await backlogSection(stage, version, effort);
    const rate = Math.round(Math.min(mostPerSecond, Math.max(leastPerSecond, perSecond * share)));
    return [await deadSection(stage, version, effort, rate), section];
  });
}

/**
 * @param {import('./phases.mjs').Stage} stage @param {string} version @param {CallbackEffort} effort
 * @returns {Promise<{section: import('../report.mjs').Section, perSecond: number}>} and how fast the service was
 */
async function backlogSection(stage, version, { backlog }) {
  const bare = await bareLoop(stage.receiver, backlog);
  const service = await drain(stage, 0, backlog);
  const name = `deliver ${backlog.toLocaleString('en-US')}`;
  /** @param {string} server @param {import('./backlog.mjs').Drained} drained @param {number | null} ratio @returns {import('../report.mjs').Entry} */
  const entry = (server, { perSecond, cpu, statements }, ratio) => ({
    operation: name,
    server,
    figures: { opsPerSecond: perSecond, p50: NaN, p99: NaN, cpu, requests: backlog },
    statements,
    ratio,
    aim: '',
  });
  const section = {
    title: `${version}: a backlog of callbacks`,
    notes: [
      `Deliveries to ${targets} targets, stored while the targets were down and due all at once, from the first call to the last completed order. The bare loop makes as many calls to the same targets, ${concurrency} at a time, and stores nothing.`,
    ],
    entries: [
      entry('a bare loop of calls', bare, null),
      entry('service', service, service.perSecond / bare.perSecond),
    ],
  };
  return { section, perSecond: service.perSecond };
}

/**
 * @param {import('./phases.mjs').Stage} stage @param {string} version @param {CallbackEffort} effort
 * @param {number} rate orders a second
 * @returns {Promise<import('../report.mjs').Section>}
 */
async function deadSection(stage, version, effort, rate) {
  const { plain, warmUp, inTurn, last, copies } = await prepare(stage, effort, rate);
  const reference = await approvals(stage, plain, rate);
  await phase(stage, warmUp, rate, false);
  /** @type {Phases} */
  const phases = { alive: [], dead: [], piled: [] };
  let dead = false;
  for (const next of inTurn) {
    if (dead && !next.dead) await revive(stage);
    ({ dead } = next);
    phases[dead ? 'dead' : 'alive'].push(await phase(stage, next.orders, rate, dead));
  }
  await pileUp(stage, copies, effort.pile);
  for (const orders of last) phases.piled.push(await phase(stage, orders, rate, true));
  const waiting = effort.pile.toLocaleString('en-US');
  return {
    title: `${version}: callbacks while a fifth of the targets is dead`,
    notes: [
      `Orders of ${targets} business types, a target each, are approved at ${rate} a second, an eighth of the speed at which a backlog is delivered (${leastPerSecond} at least, ${mostPerSecond} at most); each approval stores a callback, which the target answers yes after 10 to 30 ms. In the dead phases ${dying} of the targets accept connections and answer nothing until CALLBACK_TIMEOUT (${settings.CALLBACK_TIMEOUT}), and every failed call comes back after about a second. Measured are the other ${targets - dying}, in phases of ${effort.seconds} s with all alive and with a fifth dead, in turn, and then with ${waiting} more deliveries that wait for the dead; times run from the answer to the approval. Completed orders are looked for every ${lookEvery} ms.`,
      `p99 is the median of the phases' (${spread(phases)}), p50 is of all. The ratio is of p99 to the p99 with all alive. CPU and statements are those of approval and delivery together, for each approved order. In the dead phases the dead targets were called ${[...phases.dead, ...phases.piled].reduce((sum, { deadCalls }) => sum + deadCalls, 0)} times.`,
    ],
    entries: [
      reference,
      ...entriesOf('call arrives', 'arrival', phases, waiting),
      ...entriesOf('order completed', 'completion', phases, waiting),
    ],
  };
}

/**
 * All orders of all phases first: the database still works on bulk inserts for a while after their commit.
 * @param {import('./phases.mjs').Stage} stage @param {CallbackEffort} effort @param {number} rate
 */
async function prepare({ database, world }, { rounds, seconds, backlog }, rate) {
  // Copy `n` is one of seed `n % targets`, so every part starts at a multiple.
  let copies = Math.ceil(backlog / targets) * targets;
  const orders = async (/** @type {string[]} */ seeds) => {
    const from = copies;
    const count = Math.ceil((rate * seconds) / targets) * targets;
    copies += count;
    await copyOrders(database, seeds, from, count, 'whole');
    return Array.from({ length: count }, (_, index) =>
      copyId(from + index, seeds[index % seeds.length] ?? ''),
    );
  };
  const plain = await orders([world.uncalling]);
  const warmUp = await orders(world.undecided);
  // Alive, dead, dead, alive, …: a machine that gets slower meets both alike, and the dead die and come back.
  const inTurn = [];
  for (let round = 0; round < rounds; round++) {
    for (const dead of round % 2 === 0 ? [false, true] : [true, false])
      inTurn.push({ dead, orders: await orders(world.undecided) });
  }
  const last = [];
  while (last.length < Math.min(rounds, 2)) last.push(await orders(world.undecided));
  await settle(database);
  return { plain, warmUp, inTurn, last, copies };
}

/**
 * What the approval alone costs, of orders that call nobody.
 * @param {import('./phases.mjs').Stage} stage @param {string[]} orders @param {number} rate
 * @returns {Promise<import('../report.mjs').Entry>}
 */
async function approvals({ database, service, load, world }, orders, rate) {
  const sent = await statementsSince(database);
  const cpu = service.cpuSeconds();
  const { latencies, seconds } = await load.run({
    port: service.port,
    connections: 16,
    rate,
    count: orders.length,
    plan: { kind: 'decide', orders, tokens: [[world.reviewers[0] ?? '']] },
  });
  const used = service.cpuSeconds() - cpu;
  const statements = await sent();
  const sorted = latencies.toSorted();
  return {
    operation: 'approve, no callback',
    server: 'service',
    figures: {
      opsPerSecond: orders.length / seconds,
      p50: quantile(sorted, 0.5),
      p99: quantile(sorted, 0.99),
      cpu: (used * 1000) / orders.length,
      requests: orders.length,
    },
    statements: statements === null ? null : statements / orders.length,
    ratio: null,
    aim: '',
  };
}

/**
 * @param {string} operation @param {'arrival' | 'completion'} what
 * @param {Phases} phases
 * @param {string} waiting how many deliveries were piled up
 * @returns {import('../report.mjs').Entry[]}
 */
function entriesOf(operation, what, { alive, dead, piled }, waiting) {
  const p99 = (/** @type {import('./phases.mjs').Phase[]} */ phases) =>
    median(phases.map((each) => quantile(each[what], 0.99)));
  /** @param {string} server @param {import('./phases.mjs').Phase[]} phases */
  const entry = (server, phases) => ({
    operation,
    server,
    figures: {
      opsPerSecond: median(phases.map(({ perSecond }) => perSecond)),
      p50: quantile(Float64Array.from(phases.flatMap((each) => [...each[what]])).toSorted(), 0.5),
      p99: p99(phases),
      cpu: median(phases.map(({ cpu }) => cpu)),
      requests: phases.reduce((sum, each) => sum + each[what].length, 0),
    },
    statements:
      alive[0]?.statements === null ? null : median(phases.map(({ statements }) => statements ?? NaN)),
  });
  const against = (/** @type {import('./phases.mjs').Phase[]} */ phases) => ({
    ratio: p99(phases) / p99(alive),
    aim: '<= 1.2',
  });
  return [
    { ...entry(`all ${targets} alive`, alive), ratio: null, aim: '' },
    { ...entry(`${dying} of ${targets} dead`, dead), ...against(dead) },
    { ...entry(`${dying} dead, ${waiting} waiting`, piled), ...against(piled) },
  ];
}

/** The p99 of every phase: how far the machine's noise goes. @param {Phases} phases */
function spread({ alive, dead, piled }) {
  const list = (/** @type {import('./phases.mjs').Phase[]} */ phases) =>
    phases.map(({ arrival }) => quantile(arrival, 0.99).toFixed(0)).join(', ');
  return `arrival: ${list(alive)} ms alive, ${list(dead)} ms dead, ${list(piled)} ms with the pile`;
}
