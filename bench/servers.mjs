// @ts-check
/**
 * The processes of a run: the service, the floor, the load generator, the receiver of callbacks, and what stands behind and
 * beside the gate. Each is ended by its own handle.
 */
import { fork, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Only for processes on loopback that live as long as the run. */
export const jwtSecret = 'a secret of the benchmark, which lasts as long as one run';
/** Both sides get as many connections: neither may win by a larger pool. */
export const poolSize = 12;

/**
 * @typedef {object} Server
 * @property {string} name
 * @property {number} port on 127.0.0.1
 * @property {() => number} cpuSeconds what its process has used so far; NaN where the system does not tell
 * @property {() => Promise<void>} stop
 */

/**
 * Starts the service of a checkout, as `npm start` would, and waits until it is ready; its migrations have run then.
 * @param {{name: string, root: string, databaseUrl: string, scratch: string, env?: Record<string, string>}} options
 *   `scratch`: a folder for its data and output; `env`: settings that are not as shipped
 * @returns {Promise<Server>}
 */
export function startService({ name, root, databaseUrl, scratch, env = {} }) {
  return start(name, join(root, 'dist', 'main.js'), scratch, '/health/ready', {
    NODE_ENV: 'production',
    DATABASE_POOL_SIZE: String(poolSize),
    DATABASE_URL: databaseUrl,
    DATA_DIR: scratch,
    // As shipped: one log line a request. The floor logs nothing.
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'info',
    ...env,
  });
}

/**
 * Starts the hand-written floor on a database that a service has migrated.
 * @param {{name: string, databaseUrl: string, scratch: string}} options
 * @returns {Promise<Server>}
 */
export function startFloor({ name, databaseUrl, scratch }) {
  const program = fileURLToPath(new URL('./floor.mjs', import.meta.url));
  return start(name, program, scratch, '/ready', {
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_SIZE: String(poolSize),
  });
}

/**
 * Starts a program that answers every path, `/ready` too, and waits until it does.
 * @param {{name: string, program: string, scratch: string, env?: Record<string, string>}} options `program`: its file
 * @returns {Promise<Server>}
 */
export const startProgram = ({ name, program, scratch, env = {} }) =>
  start(name, program, scratch, '/ready', env);

/**
 * @param {string} name
 * @param {string} program
 * @param {string} scratch
 * @param {string} readyPath
 * @param {Record<string, string>} env
 * @returns {Promise<Server>}
 */
async function start(name, program, scratch, readyPath, env) {
  const port = await freePort();
  const log = join(scratch, `${name.replaceAll(/\W+/g, '-')}.log`);
  const output = openSync(log, 'w');
  const flags = (process.env.BENCH_NODE_FLAGS ?? '').split(' ').filter(Boolean);
  const child = spawn(process.execPath, [...flags, program], {
    // Not the repository: a developer's .env must not reach the run.
    cwd: scratch,
    env: {
      PATH: process.env.PATH,
      ...env,
      HOST: '127.0.0.1',
      PORT: String(port),
      AUTH_JWT_SECRET: jwtSecret,
    },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const stop = () => end(child);
  try {
    await untilReady(child, `http://127.0.0.1:${port}${readyPath}`);
  } catch (error) {
    await stop();
    throw new Error(`${name} did not start: ${readFileSync(log, 'utf8').slice(-2_000)}`, { cause: error });
  }
  return { name, port, stop, cpuSeconds: () => cpuSecondsOf(child.pid) };
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {string} url
 */
async function untilReady(child, url) {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    try {
      if ((await fetch(url)).ok) return;
    } catch {
      // Not listening yet.
    }
    await pause(50);
  }
  throw new Error('it was not ready after 60 seconds');
}

/**
 * The load generator, in a process of its own so that it costs the servers no time on their event loops.
 * @returns {{run: (job: import('./load.mjs').Job) => Promise<import('./load.mjs').Sample>, stop: () => Promise<void>}}
 */
export function startLoad() {
  /** @type {{ask: (job: import('./load.mjs').Job) => Promise<{sample: import('./load.mjs').Sample}>, stop: () => Promise<void>}} */
  const { ask, stop } = startWorker('load');
  return { run: async (job) => (await ask(job)).sample, stop };
}

/**
 * The business modules that callbacks are sent to, all in one process of their own; see receiver.mjs.
 * @returns {{ask: (command: import('./receiver.mjs').Command) => Promise<import('./receiver.mjs').Answer>,
 *   stop: () => Promise<void>}}
 */
export const startReceiver = () => startWorker('receiver');

/**
 * A process that answers each message with one message, `{error}` when it could not.
 * @template {object} Command
 * @template {object} Answer
 * @param {string} name of a program beside this file
 * @returns {{ask: (message: Command) => Promise<Answer>, stop: () => Promise<void>}}
 */
function startWorker(name) {
  const program = fileURLToPath(new URL(`./${name}.mjs`, import.meta.url));
  const child = fork(program, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return {
    ask: (message) =>
      new Promise((resolve, reject) => {
        /** @param {number | null} code */
        const onExit = (code) => reject(new Error(`${name}.mjs ended with ${code}`));
        child.once('exit', onExit);
        child.once('message', (/** @type {any} */ answer) => {
          child.off('exit', onExit);
          if ('error' in answer) reject(new Error(answer.error));
          else resolve(answer);
        });
        child.send(message);
      }),
    stop: () => end(child),
  };
}

/**
 * User and system time of a process, from Linux's own account of it (in hundredths of a second).
 * @param {number | undefined} pid
 */
function cpuSecondsOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return NaN;
  }
}

/** @param {import('node:child_process').ChildProcess} child */
async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(timer);
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
