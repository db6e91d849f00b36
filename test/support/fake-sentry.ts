import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One envelope, taken apart as Sentry does it: a line of headers, then a line of headers and a line for each item. */
export interface Envelope {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly raw: string;
  readonly head: Readonly<Record<string, unknown>>;
  readonly items: readonly {
    readonly head: Readonly<Record<string, unknown>>;
    // What an event holds is what the tests are about.
    // oxlint-disable-next-line typescript/no-explicit-any
    readonly payload: any;
  }[];
}

/** A project of Sentry, on loopback. */
export interface FakeSentry {
  /** For `SENTRY_DSN`. */
  readonly dsn: string;
  readonly key: string;
  readonly envelopes: readonly Envelope[];
  /** The events with this tag. */
  // oxlint-disable-next-line typescript/no-explicit-any
  eventsOf(tag: string, value: string): any[];
  /** How the next ones are answered: with a status, or not at all. */
  answer(
    how: { readonly status: number; readonly headers?: Readonly<Record<string, string>> } | 'hang',
  ): void;
  close(): Promise<void>;
}

export async function startFakeSentry(): Promise<FakeSentry> {
  const key = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
  const envelopes: Envelope[] = [];
  let how: Parameters<FakeSentry['answer']>[0] = { status: 200 };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://sentry');
    const raw = Buffer.concat(chunks).toString('utf8');
    envelopes.push({ path: pathname, query: searchParams, headers: request.headers, raw, ...read(raw) });
    if (how === 'hang') return;
    response.writeHead(how.status, { 'content-type': 'application/json', ...how.headers });
    response.end(JSON.stringify({ id: '1' }));
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    dsn: `http://${key}@127.0.0.1:${port}/under/42`,
    key,
    envelopes,
    eventsOf: (tag, value) =>
      envelopes
        .flatMap(({ items }) => items.map(({ payload }) => payload as { tags?: Record<string, string> }))
        .filter(({ tags }) => tags?.[tag] === value),
    answer: (next) => {
      how = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function read(raw: string): Pick<Envelope, 'head' | 'items'> {
  const [head = '', ...lines] = raw.replace(/\n$/, '').split('\n');
  const items: Envelope['items'][number][] = [];
  for (let at = 0; at < lines.length; at += 2) {
    items.push({
      head: JSON.parse(lines[at] ?? '') as object as never,
      payload: JSON.parse(lines[at + 1] ?? ''),
    });
  }
  return { head: JSON.parse(head) as Record<string, unknown>, items };
}
