import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http';
import { connect, type IncomingHttpHeaders as Http2Headers } from 'node:http2';

/** A request just as it is to be on the wire; `fetch` refuses some, and rewrites the paths of others. */
export interface RawRequest {
  readonly method: string;
  /** Path and query, sent as they are. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Buffer | string;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders | Http2Headers;
  readonly body: Buffer;
  /** The body as JSON. */
  json(): Record<string, unknown>;
}

/** Sends one request over a connection of its own, with the length of its body, unless it is to come in chunks. */
export async function sendRaw(origin: string, raw: RawRequest): Promise<RawAnswer> {
  const { hostname, port } = new URL(origin);
  const { method, path, headers = {}, body = '' } = raw;
  const told = 'transfer-encoding' in headers || Buffer.byteLength(body) === 0;
  const length = told ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const request = httpRequest({
    hostname,
    port,
    method,
    path,
    headers: { ...length, ...headers },
    agent: false,
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return answerOf(response.statusCode ?? 0, response.headers, await bytesOf(response));
}

/** The same over HTTP/2 without TLS; a body is sent without its length. */
export async function sendHttp2(origin: string, raw: RawRequest): Promise<RawAnswer> {
  const session = connect(origin);
  try {
    const { method, path, headers = {}, body = '' } = raw;
    const stream = session.request(
      { ...headers, ':method': method, ':path': path },
      { endStream: body === '' },
    );
    if (body !== '') stream.end(body);
    const [told] = (await once(stream, 'response')) as [Http2Headers & { ':status'?: number }];
    return answerOf(told[':status'] ?? 0, told, await bytesOf(stream));
  } finally {
    session.close();
  }
}

async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const answerOf = (status: number, headers: RawAnswer['headers'], body: Buffer): RawAnswer => ({
  status,
  headers,
  body,
  json: () => JSON.parse(body.toString('utf8')) as Record<string, unknown>,
});
