import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createNetServer, type Server, type Socket } from 'node:net';
import { parseConfig } from '../config/config.js';
import { Clock } from '../runtime/clock.js';
import { AddressGuard } from './address-guard.js';
import { OutboundClient, OutboundError, type OutboundRequest } from './outbound.client.js';
import { Resolver } from './resolver.js';

const cleanups: (() => unknown)[] = [];

/** What has to be closed after a test, last things first. */
export const afterwards = (clean: () => unknown): unknown => cleanups.push(clean);

/** For `afterEach`. */
export async function cleanUp(): Promise<void> {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
}

/** Answers from a list, the last one for ever, and remembers what it was asked. */
export class Scripted extends Resolver {
  readonly asked: string[] = [];

  constructor(private readonly answers: readonly (readonly string[])[]) {
    super();
  }

  override addressesOf(host: string): Promise<readonly string[]> {
    this.asked.push(host);
    const answer = this.answers[Math.min(this.asked.length, this.answers.length) - 1];
    return answer === undefined ? new Promise(() => undefined) : Promise.resolve(answer);
  }
}

interface Given {
  readonly allowed?: string;
  readonly timeout?: string;
  readonly resolver?: Resolver;
  readonly now?: Date;
}

export function clientWith({
  allowed = '127.0.0.1',
  timeout = '30s',
  resolver = new Resolver(),
  now,
}: Given = {}) {
  const config = parseConfig({ CALLBACK_ALLOWED_HOSTS: allowed, CALLBACK_TIMEOUT: timeout });
  const guard = new AddressGuard(config, resolver);
  const clock = new Clock();
  if (now !== undefined) clock.now = () => now;
  const client = new OutboundClient(config, guard, clock);
  afterwards(() => client.onApplicationShutdown());
  return { client, guard };
}

/** A server on a free port that remembers its connections. */
export async function listening(server: Server, host = '127.0.0.1') {
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, host);
  await once(server, 'listening');
  afterwards(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}`, sockets };
}

export const http = (listener: RequestListener) => listening(createHttpServer(listener));
export const tcp = (onSocket: (socket: Socket) => void) =>
  // A socket that is not read does not notice its end.
  listening(createNetServer((socket) => onSocket(socket.resume())));
export const post = (client: OutboundClient, url: string, more: Partial<OutboundRequest> = {}) =>
  client.post({ url, headers: {}, body: '{}', ...more });
/** The error of a call that must fail. */
export const failure = async (call: Promise<unknown>): Promise<OutboundError> => {
  const error = await call.then(
    () => 'an answer',
    (reason: unknown) => reason,
  );
  if (error instanceof OutboundError) return error;
  throw new Error('no OutboundError', { cause: error });
};
/** Resolves when the far end has let go of the connection; the test runs into its timeout when it never does. */
export const closed = async (socket: Socket | undefined): Promise<void> => {
  if (socket?.closed === false) await new Promise((resolve) => socket.once('close', resolve));
};
