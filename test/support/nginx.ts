import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, connect, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { eventually } from './eventually.js';

/** A running nginx, with folder and logs of its own. */
export interface Nginx {
  readonly url: string;
  readonly port: number;
  /** What it has complained about so far. */
  errors(): string;
  /** Ends it and waits until it has gone. */
  close(): Promise<void>;
}

/** Where Debian puts programs that ordinary users have no path to. */
const places = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];

/** The nginx of this machine; null where none is installed. */
export const nginxProgram: string | null =
  places.map((place) => join(place, 'nginx')).find(isProgram) ?? null;

/**
 * Starts an nginx on loopback and waits until it answers.
 * @param configuration what stands in its `http` block, for the port that it is given
 * @throws Error with what it says when it does not start
 */
export async function startNginx(configuration: (port: number) => string): Promise<Nginx> {
  if (nginxProgram === null) throw new Error('no nginx here: apt-get install nginx');
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'countersign-nginx-'));
  const errorLog = join(folder, 'error.log');
  await writeFile(errorLog, '');
  await writeFile(join(folder, 'nginx.conf'), mainConfiguration(configuration(port)));
  const child = spawn(nginxProgram, ['-p', folder, '-e', errorLog, '-c', 'nginx.conf'], { stdio: 'ignore' });
  // It must not outlive a test run that is ended.
  const end = (): void => void child.kill('SIGTERM');
  process.once('exit', end);
  const ended = once(child, 'exit');
  const errors = (): string => readFileSync(errorLog, 'utf8');
  const close = async (): Promise<void> => {
    process.off('exit', end);
    end();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  await eventually(
    async () => child.exitCode !== null || (await answers(port)),
    (done) => done,
  );
  if (child.exitCode !== null) {
    const complaint = errors();
    await close();
    throw new Error(`nginx does not start: ${complaint}`);
  }
  return { url: `http://127.0.0.1:${port}`, port, errors, close };
}

/** The workers of a root's nginx change to another user, who may not read the folder. */
const user = process.getuid?.() === 0 ? `user ${userInfo().username};` : '';

const mainConfiguration = (http: string): string => `
daemon off;
${user}
worker_processes 1;
pid nginx.pid;
events { worker_connections 256; }
http {
  access_log access.log;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`).join('\n  ')}
${http}
}
`;

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
