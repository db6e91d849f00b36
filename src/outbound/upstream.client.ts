import { type Readable, Transform } from 'node:stream';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Agent, Client, type Dispatcher } from 'undici';
import { CONFIG, type Config } from '../config/config.js';
import { AddressGuard } from './address-guard.js';
import { guardedConnector } from './guarded-connector.js';
import { endToEnd, type Fields } from './hop-by-hop.js';
import { Exchange, type UpstreamAnswer, UpstreamError } from './upstream.exchange.js';

export { type UpstreamAnswer, UpstreamError } from './upstream.exchange.js';

interface UpstreamTarget {
  /** Where the system answers: an http or https URL, with or without a path that stands before every other. */
  readonly base: string;
  /** Path and query, sent as they are; begins with a slash. */
  readonly path: string;
  readonly method: string;
  /** What belongs to a connection is left out, and so is Host, which becomes the upstream's. */
  readonly headers: Fields;
  /** Gives the call up. */
  readonly signal?: AbortSignal;
}

export interface StreamedRequest extends UpstreamTarget {
  /** A stream is read no faster than the upstream takes it, and to its end even when the upstream does not want all of it. */
  readonly body: Buffer | Readable | null;
  /** Milliseconds without any progress until the head of the answer is there. */
  readonly headersTimeout: number;
}

export interface WholeRequest extends UpstreamTarget {
  readonly body: Buffer;
  /** Milliseconds for the whole exchange. */
  readonly timeout: number;
  /** Bytes of the answer's body that are kept. */
  readonly limit: number;
}

export interface WholeAnswer {
  readonly status: number;
  readonly headers: Fields;
  readonly body: Buffer;
  /** Whether the body was longer than the limit; the rest was not read. */
  readonly truncated: boolean;
}

const maxHeaderSize = 64 * 1024;

/** One clock for each call is in this class; undici's own would start anew with every byte, and end long answers. */
const untimed = { headersTimeout: 0, bodyTimeout: 0 };

/**
 * The client that carries requests to the systems behind gates. It connects only where {@link AddressGuard} lets it, and changes
 * neither path nor body nor headers; it follows no redirect, unpacks nothing, tries nothing twice and uses no proxy of the environment.
 */
@Injectable()
export class UpstreamClient implements OnApplicationShutdown {
  private readonly connect: ReturnType<typeof guardedConnector>;
  private readonly agent: Agent;

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly guard: AddressGuard,
  ) {
    this.connect = guardedConnector(guard, config.gate.timeout);
    this.agent = new Agent({
      connect: this.connect,
      pipelining: 1,
      keepAliveTimeout: 4_000,
      keepAliveMaxTimeout: 30_000,
      maxHeaderSize,
      ...untimed,
    });
  }

  /**
   * Sends a request and gives its answer while it comes. Connections are kept and used again.
   * @throws UpstreamError when no answer begins.
   */
  async request(request: StreamedRequest): Promise<UpstreamAnswer> {
    const exchange = new Exchange();
    const tooLate = `No progress within ${request.headersTimeout} ms`;
    const timer = setTimeout(() => exchange.giveUp('timeout', tooLate), request.headersTimeout);
    const letGo = heed(request.signal, exchange);
    const body = streamed(request.body, () => timer.refresh());
    try {
      this.dispatch(this.agent, request, body, exchange);
      const answer = await exchange.answer;
      answer.body.once('close', letGo);
      return answer;
    } catch (error) {
      letGo();
      // Nobody reads it any more; what is left of it has to come out of the connection.
      if (body !== null && !Buffer.isBuffer(body)) body.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Sends one request over a connection of its own and reads the answer, all within `timeout`. A connection that was used before
   * may have been closed by the other end meanwhile, which cannot be told from a request that was lost on the way.
   * @throws UpstreamError when there is no complete answer; `sent` says whether the upstream may have acted upon the request.
   */
  async whole(request: WholeRequest): Promise<WholeAnswer> {
    const exchange = new Exchange();
    const tooLate = `No complete answer within ${request.timeout} ms`;
    const timer = setTimeout(() => exchange.giveUp('timeout', tooLate), request.timeout);
    const letGo = heed(request.signal, exchange);
    let client: Client | undefined;
    try {
      const { origin } = this.targetOf(request);
      client = new Client(origin, { connect: this.connect, pipelining: 1, maxHeaderSize, ...untimed });
      this.dispatch(client, request, request.body, exchange);
      const { status, headers, body } = await exchange.answer;
      return { status, headers, ...(await beginningOf(body, request.limit)) };
    } finally {
      clearTimeout(timer);
      letGo();
      await client?.destroy();
    }
  }

  /** Ends every connection; what is under way fails. */
  async onApplicationShutdown(): Promise<void> {
    await this.agent.destroy();
  }

  private dispatch(
    dispatcher: Dispatcher,
    request: UpstreamTarget,
    body: Buffer | Readable | null,
    exchange: Exchange,
  ): void {
    // A signal that has already been given.
    if (request.signal?.aborted === true) return;
    try {
      const { origin, prefix } = this.targetOf(request);
      dispatcher.dispatch(
        {
          origin,
          path: `${prefix}${request.path}`,
          method: request.method,
          headers: wired(request.headers, body),
          body,
          reset: dispatcher instanceof Client,
        },
        exchange,
      );
    } catch (error) {
      exchange.fail(error);
    }
  }

  /** @throws UpstreamError when the URL of the upstream cannot be called. */
  private targetOf({ base, path }: UpstreamTarget): { readonly origin: string; readonly prefix: string } {
    if (!URL.canParse(base)) throw unfit('must be a URL with a host');
    const url = new URL(base);
    const why = this.guard.whyUnfit(url);
    if (why !== null) throw unfit(why);
    if (url.search !== '' || url.hash !== '') throw unfit('must hold neither query nor fragment');
    if (!path.startsWith('/')) throw unfit('must be followed by a path that begins with a slash');
    return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, '') };
  }
}

const unfit = (why: string): UpstreamError => new UpstreamError('address', `The URL ${why}`, false);

/** Ends the exchange when the signal is given. @returns how to stop listening */
function heed(signal: AbortSignal | undefined, exchange: Exchange): () => void {
  const giveUp = (): void => exchange.giveUp('connection', 'The call was given up');
  if (signal?.aborted === true) giveUp();
  signal?.addEventListener('abort', giveUp, { once: true });
  return () => signal?.removeEventListener('abort', giveUp);
}

/**
 * Header fields as undici takes them. The length of bytes in hand is undici's to say; that of a stream is the sender's word,
 * which undici holds it to.
 */
function wired(fields: Fields, body: Buffer | Readable | null): string[] {
  const streams = body !== null && !Buffer.isBuffer(body);
  return endToEnd(fields)
    .filter(([name]) => name !== 'host' && (name !== 'content-length' || streams))
    .flat();
}

/**
 * A body as undici may have it: it destroys the stream that it is given, and a client's request has to be read to its end, or its
 * connection could not be used again.
 */
function streamed(body: Buffer | Readable | null, progress: () => void): Buffer | Readable | null {
  if (body === null || Buffer.isBuffer(body)) return body;
  const through = new Transform({
    transform: (chunk: Buffer, _encoding, callback) => {
      progress();
      callback(null, chunk);
    },
  });
  through.on('error', () => undefined);
  body.on('error', () => undefined);
  body.once('close', () => {
    if (!body.readableEnded) through.destroy(new Error('the sender has gone'));
  });
  through.once('close', () => {
    body.unpipe(through);
    body.resume();
  });
  return body.pipe(through);
}

/** Reads up to the limit and lets go of the connection when there is more. */
async function beginningOf(body: Readable, limit: number): Promise<Pick<WholeAnswer, 'body' | 'truncated'>> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > limit) break;
  }
  return { body: Buffer.concat(chunks).subarray(0, limit), truncated: length > limit };
}
