import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { type MysqlServer, startMysqlServer } from '../../scripts/mysql-server.mjs';
import { eventually } from './eventually.js';

/** A MySQL-protocol server of a test's own, which can crash and come back with what was committed. */
export interface MortalMysql {
  /** As `DATABASE_URL` takes it; the same before and after. */
  readonly url: string;
  /** Takes it away at once. */
  crash(): Promise<void>;
  /** Brings it back; resolves when it answers. */
  recover(): Promise<void>;
  /** Ends it and removes what it left. */
  stop(): Promise<void>;
}

/**
 * Starts one, whatever server the other tests use. Where there is only a container, the network in front of it goes
 * away instead of its process: for the service the same, since every connection breaks and none is made.
 */
export async function startMortalMysql(): Promise<MortalMysql> {
  const given = process.env.TEST_MYSQL_URL;
  delete process.env.TEST_MYSQL_URL;
  try {
    const server = await startMysqlServer();
    return await (server.origin.startsWith('container') ? behindNetwork(server) : asProcess(server));
  } finally {
    if (given !== undefined) process.env.TEST_MYSQL_URL = given;
  }
}

/** Kills the daemon (SIGKILL), and starts it again as it was. */
async function asProcess({ url, origin: program, stop }: MysqlServer): Promise<MortalMysql> {
  const { pidFile, args } = await startedWith(url);
  let successor: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    const pid = Number(await readFile(pidFile, 'utf8'));
    process.kill(pid, 'SIGKILL');
    await eventually(
      () => isRunning(pid),
      (running) => !running,
    );
  };
  return {
    url,
    crash: kill,
    recover: async () => {
      successor = spawn(program, args, { detached: true, stdio: 'ignore' });
      successor.unref();
      await eventually(
        () => answers(url),
        (ready) => ready,
        90_000,
      );
    },
    stop: async () => {
      if (successor && successor.exitCode === null && successor.signalCode === null) await kill();
      await stop();
    },
  };
}

/** What a server tells of the settings that it was started with: those that its data and its callers depend on. */
async function startedWith(url: string): Promise<{ pidFile: string; args: string[] }> {
  const connection = await createConnection(url);
  try {
    const [rows] = await connection.query<RowDataPacket[]>('SHOW GLOBAL VARIABLES');
    const told = new Map(rows.map((row) => [String(row.Variable_name), String(row.Value)]));
    const names = ['datadir', 'tmpdir', 'socket', 'pid_file', 'bind_address', 'port', 'character_set_server'];
    const sizes = ['innodb_log_file_size', 'innodb_buffer_pool_size', 'max_connections'];
    const settings = [...names, ...sizes].filter((name) => told.has(name));
    return {
      pidFile: told.get('pid_file') ?? '',
      args: [
        '--no-defaults',
        ...(process.getuid?.() === 0 ? ['--user=root'] : []),
        ...settings.map((name) => `--${name.replaceAll('_', '-')}=${told.get(name)}`),
      ],
    };
  } finally {
    await connection.end();
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await createConnection({ uri: url, connectTimeout: 5_000 })).end();
    return true;
  } catch {
    return false;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Lets connections through to a server, or none. */
async function behindNetwork(server: MysqlServer): Promise<MortalMysql> {
  const target = new URL(server.url);
  const sockets = new Set<Socket>();
  let away = false;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const network = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined).on('close', () => sockets.delete(one) && other.destroy());
      one.pipe(other);
    }
    if (away) client.destroy();
  });
  await new Promise<void>((resolve) => network.listen(0, '127.0.0.1', resolve));
  const address = network.address();
  const url = new URL(server.url);
  url.port = String(typeof address === 'object' ? address?.port : '');
  return {
    url: url.href,
    crash: async () => {
      away = true;
      cut();
    },
    recover: async () => {
      away = false;
    },
    stop: async () => {
      cut();
      await new Promise((resolve) => network.close(resolve));
      await server.stop();
    },
  };
}
