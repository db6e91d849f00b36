// @ts-check
/** Rounds of load on several servers in turn, so that whatever else the machine does meets all of them alike. */

/**
 * @typedef {object} Target
 * @property {string} name
 * @property {number} port
 * @property {() => number} cpuSeconds
 * @property {(requests: number) => Promise<import('./requests.mjs').Plan>} plan for about so many requests; prepares
 *   what they need
 */

/**
 * @typedef {object} Figures
 * @property {number} opsPerSecond median of the rounds
 * @property {number} p50 milliseconds, of all rounds together
 * @property {number} p99
 * @property {number} cpu milliseconds of the server process (not of the database) for one request; NaN where the
 *   system does not tell
 * @property {number} requests
 */

/** @typedef {{rounds: number, seconds: number, connections: number}} Effort */

/** How much faster than its warm-up a server may become before it runs out of prepared orders. */
const headroom = 2.5;

/**
 * Measures the targets ABAB…, after a warm-up of each that is thrown away.
 * @param {ReturnType<typeof import('./servers.mjs').startLoad>} load
 * @param {Target[]} targets
 * @param {Effort} effort
 * @returns {Promise<Figures[]>} one for each target
 */
export async function interleaved(load, targets, { rounds, seconds, connections }) {
  const warm = [];
  for (const { port, plan } of targets) {
    // By count, since nothing is known about its speed yet; the second half tells the speed.
    const count = 600 * seconds;
    await load.run({ port, connections, plan: await plan(count), count });
    const sample = await load.run({ port, connections, plan: await plan(count), count });
    warm.push(sample.latencies.length / sample.seconds);
  }
  const expected = Math.ceil(Math.max(...warm) * seconds * headroom);
  // All preparation first: the database still works on bulk inserts for a while after their commit.
  /** @type {{target: number, plan: import('./requests.mjs').Plan}[]} */
  const queue = [];
  for (let round = 0; round < rounds; round++) {
    for (const [target, { plan }] of targets.entries()) queue.push({ target, plan: await plan(expected) });
  }
  /** @type {import('./load.mjs').Sample[][]} */
  const samples = targets.map(() => []);
  const cpu = targets.map(() => 0);
  for (const { target, plan } of queue) {
    const { port, cpuSeconds } = /** @type {Target} */ (targets[target]);
    const before = cpuSeconds();
    samples[target]?.push(await load.run({ port, connections, plan, seconds }));
    cpu[target] = (cpu[target] ?? 0) + cpuSeconds() - before;
  }
  return samples.map((sampled, target) => figures(sampled, cpu[target] ?? NaN));
}

/** @param {import('./load.mjs').Sample[]} samples @param {number} cpuSeconds @returns {Figures} */
function figures(samples, cpuSeconds) {
  const requests = samples.reduce((sum, sample) => sum + sample.latencies.length, 0);
  const latencies = new Float64Array(requests);
  let at = 0;
  for (const sample of samples) {
    latencies.set(sample.latencies, at);
    at += sample.latencies.length;
  }
  latencies.sort();
  return {
    opsPerSecond: median(samples.map((sample) => sample.latencies.length / sample.seconds)),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    cpu: (cpuSeconds * 1000) / requests,
    requests,
  };
}

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** @param {Float64Array} sorted @param {number} share */
export const quantile = (sorted, share) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;

/**
 * How many statements the server sends for one operation, as the database counts them (BEGIN and COMMIT included).
 * @param {ReturnType<typeof import('./servers.mjs').startLoad>} load
 * @param {import('./database.mjs').BenchDatabase} database otherwise idle
 * @param {Target} target warm, so that all of its connections are open
 * @returns {Promise<number | null>} null on SQLite, which counts nothing
 */
export async function statementsPerOperation(load, database, { port, plan }) {
  const count = 900;
  const prepared = await plan(count);
  const sent = await statementsSince(database);
  await load.run({ port, connections: 4, plan: prepared, count });
  const statements = await sent();
  return statements === null ? null : statements / count;
}

/**
 * @param {import('./database.mjs').BenchDatabase} database
 * @returns {Promise<() => Promise<number | null>>} asks how many statements the database server has had since; null on
 *   SQLite, which counts nothing
 */
export async function statementsSince(database) {
  if (database.dialect === 'sqlite') return async () => null;
  const questions = async () =>
    Number((await database.rows("SHOW GLOBAL STATUS LIKE 'Questions'"))[0]?.Value);
  const before = await questions();
  // The second question counts itself.
  return async () => (await questions()) - before - 1;
}
