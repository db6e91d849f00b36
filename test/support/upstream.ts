import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request that reached the system behind the gate. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query, byte for byte as on the wire. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values by turns, as on the wire. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface UpstreamReply {
  /** 200 when not given. */
  readonly status?: number;
  readonly headers?: OutgoingHttpHeaders;
  /** An object is sent as JSON, texts and bytes as they are. */
  readonly body?: object | string | Buffer;
}

/** Decides what to answer; may take its time, or take the response into its own hands and answer null. */
export type Answering = (
  request: SeenRequest,
  response: ServerResponse,
) => UpstreamReply | null | Promise<UpstreamReply | null>;

/** The system behind the gate: it remembers every request whose body it has read, and answers as it is told. */
export interface Upstream {
  readonly url: string;
  readonly port: number;
  readonly seen: readonly SeenRequest[];
  /** The requests seen at a path, its query left aside. */
  seenAt(path: string): SeenRequest[];
  forget(): void;
  answer(answering: Answering): void;
  /** From now on, requests are handled by this alone, before their body is read, and are not remembered. */
  takeOver(handle: (request: IncomingMessage, response: ServerResponse) => void): void;
  /** Ends its connections and stops listening; the port is then refused. */
  close(): Promise<void>;
}

/** Says what it received: `{method, url}`. */
const echo: Answering = ({ method, url }) => ({ body: { method, url } });

/**
 * Starts a system for a gate to stand before, on loopback; the service needs `CALLBACK_ALLOWED_HOSTS=127.0.0.1`.
 * @param port 0 for any that is free
 */
export async function startUpstream(answering: Answering = echo, port: number = 0): Promise<Upstream> {
  const seen: SeenRequest[] = [];
  let current = answering;
  let handle: Parameters<Upstream['takeOver']>[0] = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers, rawHeaders } = request;
      const one = { method, url, headers, rawHeaders, body: Buffer.concat(chunks) };
      seen.push(one);
      void reply(current, one, response);
    });
  };
  const server = createServer((request, response) => {
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    handle(request, response);
  });
  // Who is behind on a shared machine must not lose a connection that is about to be used again.
  server.keepAliveTimeout = 60_000;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const taken = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${taken}`,
    port: taken,
    seen,
    seenAt: (path) => seen.filter((one) => one.url.split('?', 1)[0] === path),
    forget: () => void seen.splice(0),
    answer: (next) => {
      current = next;
    },
    takeOver: (next) => {
      handle = next;
    },
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function reply(answering: Answering, request: SeenRequest, response: ServerResponse): Promise<void> {
  const given = await answering(request, response);
  if (given === null) return;
  const { status = 200, headers = {}, body = '' } = given;
  const plain = typeof body === 'string' || Buffer.isBuffer(body);
  response.writeHead(status, plain ? headers : { 'content-type': 'application/json', ...headers });
  response.end(plain ? body : JSON.stringify(body));
}
