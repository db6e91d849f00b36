// @ts-check
/**
 * A MySQL-protocol server for tests and benchmarks, thrown away afterwards. Plain JavaScript, so that vitest and a bare
 * `node` script can import it alike.
 *
 * Where the server comes from, first match wins:
 * 1. `TEST_MYSQL_URL`, used as given (its database is created when it is missing);
 * 2. `mariadbd` or `mysqld` on this machine, as a private server with its own data directory and port;
 * 3. a container, when a Docker engine answers;
 * 4. as root on Debian or Ubuntu: `apt-get install` MariaDB, then as in 2.
 * Otherwise it throws and says what to install; it never skips in silence.
 */
import { randomBytes } from 'node:crypto';
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync, statfsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';

/**
 * @typedef {object} MysqlServer
 * @property {string} url `mysql://user:password@host:port/database`; the user may create databases
 * @property {string} origin where the server came from, for a log line
 * @property {() => Promise<void>} stop ends the server and removes what it left; a second call does nothing
 */

const image = 'mariadb:10.11';
const database = 'countersign_test';
const readyWithinMs = 90_000;
const isRoot = process.getuid?.() === 0;

/** A file system in memory, on Linux. In a container it may be tiny. */
const memory = { folder: '/dev/shm', leastRoom: 2 ** 30 };

/** What a small throw-away server needs; both MariaDB and MySQL know these. Commits still reach its files (fsync). */
const commonSettings = [
  '--character-set-server=utf8mb4',
  '--innodb-buffer-pool-size=128M',
  '--innodb-flush-log-at-trx-commit=1',
  '--max-connections=300',
  '--performance-schema=OFF',
];

/**
 * Brings a server up and waits until it answers.
 * @param {{inMemory?: boolean}} [options] `inMemory`: a private server's files lie in memory where there is room. What is
 * committed outlives its process there as it does on a disk, but nothing waits for one: not for what measures.
 * @returns {Promise<MysqlServer>}
 * @throws {Error} naming every way that was tried and what to install
 */
export async function startMysqlServer({ inMemory = false } = {}) {
  const given = process.env.TEST_MYSQL_URL;
  if (given) return useGivenServer(given);

  /** @type {string[]} */
  const tried = [];
  const ways = [
    { name: 'private server', start: startPrivateServer },
    { name: 'container', start: startContainer },
    { name: 'apt-get', start: installAndStart },
  ];
  for (const way of ways) {
    try {
      return await way.start(inMemory);
    } catch (error) {
      tried.push(`  ${way.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(
    'No MySQL-protocol server for the tests. Install MariaDB 10.6+ or MySQL 8.0.1+ (Debian, Ubuntu: ' +
      '`apt-get install mariadb-server`; macOS: `brew install mariadb`), start Docker, or set ' +
      `TEST_MYSQL_URL=mysql://user:password@host:port/database.\nTried:\n${tried.join('\n')}`,
  );
}

/**
 * Creates a randomly named utf8mb4 database on the server of `baseUrl`, so that tests never meet in one schema.
 * @param {string} baseUrl as {@link startMysqlServer} gives it
 * @returns {Promise<{url: string, drop: () => Promise<void>}>}
 */
export async function freshMysqlDatabase(baseUrl) {
  const name = `cs_${randomBytes(8).toString('hex')}`;
  const url = new URL(baseUrl);
  url.pathname = `/${name}`;
  await execute(baseUrl, `CREATE DATABASE \`${name}\` CHARACTER SET utf8mb4`);
  return { url: url.href, drop: () => execute(baseUrl, `DROP DATABASE IF EXISTS \`${name}\``) };
}

/**
 * @param {string} url
 * @param {string} sql
 */
async function execute(url, sql) {
  const connection = await createConnection({ uri: url, connectTimeout: 5_000 });
  try {
    await connection.query(sql);
  } finally {
    await connection.end();
  }
}

/**
 * @param {string} url
 * @returns {Promise<MysqlServer>}
 */
async function useGivenServer(url) {
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  const server = new URL(url);
  server.pathname = '/';
  const create = `CREATE DATABASE IF NOT EXISTS \`${name.replaceAll('`', '``')}\` CHARACTER SET utf8mb4`;
  await waitUntilReady(
    () => execute(server.href, name ? create : 'SELECT 1'),
    'the server of TEST_MYSQL_URL',
  );
  return { url, origin: 'TEST_MYSQL_URL', stop: async () => {} };
}

/**
 * @param {boolean} inMemory
 * @returns {Promise<MysqlServer>}
 */
async function startPrivateServer(inMemory) {
  const daemon = findProgram(['mariadbd', 'mysqld']);
  if (!daemon) throw new Error('neither mariadbd nor mysqld found');
  if (inMemory && hasRoomInMemory()) {
    // A daemon may be confined to folders that it knows (AppArmor); then the disk has to do.
    const server = await startDaemon(daemon, memory.folder).catch(() => null);
    if (server) return server;
  }
  for (let attempt = 1; ; attempt++) {
    try {
      return await startDaemon(daemon, tmpdir());
    } catch (error) {
      // Another process may take the free port between our looking and the server's binding.
      if (attempt >= 3 || !/address already in use|bind on TCP/i.test(String(error))) throw error;
    }
  }
}

function hasRoomInMemory() {
  try {
    const { bavail, bsize } = statfsSync(memory.folder);
    return bavail * bsize >= memory.leastRoom;
  } catch {
    return false;
  }
}

/**
 * @param {string} daemon path of mariadbd or mysqld
 * @param {string} parent where its folder is made
 * @returns {Promise<MysqlServer>}
 */
async function startDaemon(daemon, parent) {
  const isMariadb = /mariadb/i.test(
    spawnSync(daemon, ['--no-defaults', '--version'], { encoding: 'utf8' }).stdout ?? '',
  );
  const dir = await mkdtemp(join(parent, 'countersign-mysql-'));
  const data = join(dir, 'data');
  const socket = join(dir, 'sock');
  const log = join(dir, 'log');
  const watchdog = startWatchdog(
    'if [ -f "$1/pid" ]; then pid=$(cat "$1/pid"); kill -9 "$pid"; while kill -0 "$pid"; do sleep 0.1; done; fi; ' +
      'rm -rf "$1" || { sleep 1; rm -rf "$1"; }',
    dir,
  );
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child;
  /** @type {() => Promise<void>} */
  const stop = async () => {
    await end(child);
    await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    watchdog.dismiss();
  };
  try {
    const asUser = isRoot ? ['--user=root'] : [];
    initializeData({ daemon, isMariadb, data, asUser });
    const port = await freePort();
    const output = openSync(log, 'a');
    child = spawn(
      daemon,
      [
        '--no-defaults',
        ...asUser,
        `--datadir=${data}`,
        `--tmpdir=${dir}`,
        `--socket=${socket}`,
        `--pid-file=${join(dir, 'pid')}`,
        '--bind-address=127.0.0.1',
        `--port=${port}`,
        ...commonSettings,
        ...(isMariadb ? ['--innodb-log-file-size=48M'] : ['--disable-log-bin', '--mysqlx=OFF']),
      ],
      // Its own process group: Ctrl-C is for the tests, which stop the server when they are through.
      { detached: true, stdio: ['ignore', output, output] },
    );
    closeSync(output);
    child.unref();
    const failed = new Promise((_, reject) => child?.once('error', reject));
    const password = randomBytes(12).toString('hex');
    const secure = () => secureBySocket(socket, password);
    await Promise.race([failed, waitUntilReady(secure, daemon, () => exitNotice(child, log))]);
    const url = `mysql://countersign:${password}@127.0.0.1:${port}/${database}`;
    await waitUntilReady(
      () => execute(url, 'SELECT 1'),
      daemon,
      () => exitNotice(child, log),
    );
    return { url, origin: daemon, stop: once(stop) };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @param {{daemon: string, isMariadb: boolean, data: string, asUser: string[]}} server */
function initializeData({ daemon, isMariadb, data, asUser }) {
  let program = daemon;
  let args = ['--no-defaults', '--initialize-insecure', `--datadir=${data}`, ...asUser];
  if (isMariadb) {
    const prefix = dirname(dirname(daemon));
    const installer = findProgram(
      ['mariadb-install-db', 'mysql_install_db'],
      [join(prefix, 'bin'), join(prefix, 'scripts')],
    );
    if (!installer) throw new Error(`${daemon} is here, but neither mariadb-install-db nor mysql_install_db`);
    program = installer;
    args = [
      '--no-defaults',
      `--datadir=${data}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--skip-name-resolve',
      ...asUser,
    ];
  }
  const result = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (result.status !== 0) {
    throw new Error(
      `${program} failed: ${lastLines(`${result.stdout ?? ''}\n${result.stderr ?? result.error}`)}`,
    );
  }
}

/**
 * The fresh server's root has no password, so lock it and make a user of our own. The test user may do everything:
 * tests kill connections and set global variables.
 * @param {string} socketPath
 * @param {string} password
 */
async function secureBySocket(socketPath, password) {
  const connection = await createConnection({ socketPath, user: 'root' });
  try {
    await connection.query(`CREATE DATABASE IF NOT EXISTS ${database} CHARACTER SET utf8mb4`);
    await connection.query(`CREATE USER IF NOT EXISTS countersign@'%' IDENTIFIED BY '${password}'`);
    await connection.query("GRANT ALL PRIVILEGES ON *.* TO countersign@'%' WITH GRANT OPTION");
    await connection
      .query("DELETE FROM mysql.global_priv WHERE User IN ('', 'root') AND Host <> 'localhost'")
      .catch(() => {
        // MySQL has no such table, and no such users either.
      });
    await connection.query(`ALTER USER root@localhost IDENTIFIED BY '${password}'`);
    await connection.query('FLUSH PRIVILEGES');
  } finally {
    await connection.end();
  }
}

/** @returns {Promise<MysqlServer>} */
async function startContainer() {
  const docker = findProgram(['docker']);
  if (!docker) throw new Error('no docker command');
  if (run(docker, ['info'], 15_000).status !== 0) throw new Error('no Docker engine answers');
  const password = randomBytes(12).toString('hex');
  const secret = `MARIADB_ROOT_PASSWORD=${password}`;
  const started = run(
    docker,
    [
      'run',
      '-d',
      '--rm',
      '-p',
      '127.0.0.1::3306',
      '-e',
      secret,
      '-e',
      `MARIADB_DATABASE=${database}`,
      image,
    ].concat(commonSettings),
    300_000,
  );
  if (started.status !== 0) throw new Error(`docker run ${image}: ${lastLines(started.stderr)}`);
  const id = started.stdout.trim();
  const watchdog = startWatchdog('docker rm -f -v "$1"', id);
  /** @type {() => Promise<void>} */
  const stop = async () => {
    run(docker, ['rm', '-f', '-v', id], 60_000);
    watchdog.dismiss();
  };
  try {
    const port = run(docker, ['port', id, '3306/tcp'], 15_000).stdout.match(/127\.0\.0\.1:(\d+)/)?.[1];
    if (!port) throw new Error(`docker published no port for ${image}`);
    const url = `mysql://root:${password}@127.0.0.1:${port}/${database}`;
    await waitUntilReady(() => execute(url, 'SELECT 1'), image);
    return { url, origin: `container ${image}`, stop: once(stop) };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * @param {boolean} inMemory
 * @returns {Promise<MysqlServer>}
 */
async function installAndStart(inMemory) {
  const aptGet = findProgram(['apt-get']);
  if (!aptGet) throw new Error('no apt-get here');
  if (!isRoot) throw new Error('not root, so apt-get may not install');
  process.stderr.write('countersign tests: no MySQL-protocol server here; installing one with apt-get\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const update = spawnSync(aptGet, ['update', '-qq'], { env, encoding: 'utf8', timeout: 180_000 });
  // The -core packages bring the programs without starting a service; some releases name them otherwise.
  const outputs = [update.stderr];
  for (const names of [['mariadb-server-core', 'mariadb-client-core'], ['mariadb-server']]) {
    const args = ['install', '-y', '-qq', '--no-install-recommends', ...names];
    const install = spawnSync(aptGet, args, { env, encoding: 'utf8', timeout: 600_000 });
    if (install.status === 0) return startPrivateServer(inMemory);
    outputs.push(install.stderr);
  }
  throw new Error(`apt-get could not install it: ${lastLines(outputs.join('\n'))}`);
}

/**
 * A shell that acts when this process is gone without having stopped the server: killed, crashed or interrupted twice.
 * It waits on a pipe that only this process holds; a line means that all is done, the pipe's end that we died.
 * @param {string} onDeath shell commands; `$1` is `argument`
 * @param {string} argument
 */
function startWatchdog(onDeath, argument) {
  const child = spawn('sh', ['-c', `read -r _ && exit 0; ${onDeath}`, 'watchdog', argument], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.on('error', () => {
    // No sh, no watchdog: stop() still ends the server on every ordinary way out.
  });
  child.stdin.on('error', () => {});
  child.unref();
  // @ts-expect-error a pipe to a child is a socket, and so has unref()
  child.stdin.unref();
  return { dismiss: () => child.stdin.end('done\n') };
}

/**
 * Ends a throw-away server at once: its data goes with it, so there is nothing to flush.
 * @param {import('node:child_process').ChildProcess | undefined} child
 */
async function end(child) {
  if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.ref();
  child.kill('SIGKILL');
  await exited;
}

/**
 * @param {import('node:child_process').ChildProcess | undefined} child
 * @param {string} log
 * @returns {string | undefined} why waiting for it is in vain
 */
function exitNotice(child, log) {
  if (!child || (child.exitCode === null && child.signalCode === null)) return undefined;
  return `it ended with ${child.exitCode ?? child.signalCode}: ${lastLines(readFileSync(log, 'utf8'))}`;
}

/**
 * @param {() => Promise<void>} probe
 * @param {string} what
 * @param {() => string | undefined} [hopeless]
 */
async function waitUntilReady(probe, what, hopeless = () => undefined) {
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    try {
      await probe();
      return;
    } catch (error) {
      const reason = hopeless();
      if (reason) throw new Error(`${what}: ${reason}`, { cause: error });
      // Wrong credentials will not turn into right ones; everything else may be a server that is still starting.
      const refused = /** @type {{code?: string}} */ (error).code === 'ER_ACCESS_DENIED_ERROR';
      if (refused || Date.now() > deadline) {
        const message = error instanceof Error ? error.message || error.name : String(error);
        throw new Error(`${what} does not answer: ${message}`, { cause: error });
      }
    }
    await sleep(100);
  }
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

/**
 * @param {string[]} names the first that exists wins, name before folder
 * @param {string[]} [extraFolders]
 * @returns {string | undefined}
 */
function findProgram(names, extraFolders = []) {
  const folders = [
    ...extraFolders,
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/local/sbin',
    '/usr/libexec',
    '/usr/local/mysql/bin',
    '/opt/homebrew/bin',
  ];
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder || '.', name);
      if (existsSync(path) && isExecutable(path)) return path;
    }
  }
  return undefined;
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {number} timeout milliseconds
 */
function run(program, args, timeout) {
  const result = spawnSync(program, args, { encoding: 'utf8', timeout, stdio: ['ignore', 'pipe', 'pipe'] });
  return {
    status: result.status,
    stdout: result.stdout ?? '',
    stderr: result.stderr ?? String(result.error),
  };
}

/** @param {string | undefined} text */
function lastLines(text) {
  return (text ?? '').trim().split('\n').slice(-5).join('\n    ');
}

/**
 * @param {() => Promise<void>} action
 * @returns {() => Promise<void>}
 */
function once(action) {
  /** @type {Promise<void> | undefined} */
  let running;
  return () => (running ??= action());
}
