import { type IncomingHttpHeaders, type IncomingMessage, request, type RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';

export interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Names and values by turns, as on the wire. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  // What a body holds is what the tests are about.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly json: any;
}

export interface Sent {
  readonly method?: string;
  /** Names and values by turns, or by name. */
  readonly headers?: readonly string[] | NodeJS.Dict<string | string[]>;
  /** A stream goes in chunks, unless the headers say its length. */
  readonly body?: Buffer | string | Readable;
}

/**
 * Sends a request whose path no URL parser has touched, and reads the whole answer.
 * @param base scheme, host and port
 * @param path path and query as they are to be on the wire
 */
export async function send(base: string, path: string, sent: Sent = {}): Promise<Received> {
  const answer = await open(base, path, sent);
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const { statusCode: status = 0, headers, rawHeaders } = answer;
  const isJson = /json/.test(headers['content-type'] ?? '') && body.length > 0;
  const json: unknown = isJson ? JSON.parse(body.toString()) : undefined;
  return { status, headers, rawHeaders, body, json };
}

/** The same, but gives the answer as soon as its head is there. */
export function open(base: string, path: string, { method = 'GET', headers = {}, body }: Sent = {}) {
  const { hostname, port } = new URL(base);
  return new Promise<IncomingMessage>((resolve, reject) => {
    const options: RequestOptions = { hostname, port, path, method, agent: false };
    const call = request({ ...options, headers: headers as NodeJS.Dict<string | string[]> });
    call.on('error', reject).on('response', resolve);
    if (body instanceof Readable) body.pipe(call);
    else call.end(body);
  });
}

/** Writes these bytes to a connection of its own and gives all that comes back until it is closed. */
export function speak(base: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const heard: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => socket.write(bytes, 'latin1'));
    socket.on('data', (chunk) => heard.push(chunk)).on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(heard).toString('latin1')));
  });
}
