import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Agent, type Dispatcher } from 'undici';
import { CONFIG, type Config } from '../config/config.js';
import { Clock } from '../runtime/clock.js';
import { AddressGuard } from './address-guard.js';
import { guardedConnector } from './guarded-connector.js';
import { OutboundError, outboundError } from './outbound-error.js';
import { readRetryAfter } from './retry-after.js';

export { OutboundError } from './outbound-error.js';

/** As much of an answer as is read: enough for what it has to say, and no memory for one that never ends. */
const bodyLimit = 64 * 1024;

export interface OutboundRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Gives the call up. */
  readonly signal?: AbortSignal;
}

/** A call that is not a plain POST. */
export interface OutboundCall extends Omit<OutboundRequest, 'body'> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: string;
  /** Bytes of the answer that are read; 64 KiB when left out. */
  readonly limit?: number;
  /** Milliseconds for the whole exchange, where it is to be shorter than CALLBACK_TIMEOUT. */
  readonly timeout?: number;
}

export interface OutboundAnswer {
  readonly status: number;
  /** The `Retry-After`, or what stands for it, in milliseconds, 0 to a day; null when absent or unreadable. */
  readonly retryAfter: number | null;
  /** At most 64 KiB, or what the call allows, decoded as UTF-8. */
  readonly body: string;
  /** Whether the answer was longer than that; the rest was not read. */
  readonly truncated: boolean;
}

/**
 * The one client that calls addresses which people entered. It connects only where {@link AddressGuard} lets it, follows no
 * redirect (a public target would lead past the guard), unpacks nothing (a small answer would become a large one), keeps to its
 * time and uses no proxy of the environment (the proxy would connect, and the guard would judge the proxy).
 */
@Injectable()
export class OutboundClient implements OnApplicationShutdown {
  private readonly agent: Agent;
  private readonly timeout: number;

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly guard: AddressGuard,
    private readonly clock: Clock,
  ) {
    this.timeout = config.callback.timeout;
    this.agent = new Agent({
      connect: guardedConnector(guard, this.timeout),
      pipelining: 1,
      keepAliveTimeout: 4_000,
      keepAliveMaxTimeout: 30_000,
      maxHeaderSize: 16 * 1024,
      // One clock for the whole exchange is in `post`; these would start anew with every byte.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /**
   * Sends one POST and reads the answer, whatever its status, all within CALLBACK_TIMEOUT.
   * @throws OutboundError when there is no complete answer.
   */
  post(request: OutboundRequest): Promise<OutboundAnswer> {
    return this.send({ ...request, method: 'POST' });
  }

  /**
   * Sends one call of any method, in the same way.
   * @throws OutboundError when there is no complete answer.
   */
  async send(request: OutboundCall): Promise<OutboundAnswer> {
    const within = Math.min(request.timeout ?? this.timeout, this.timeout);
    const end = new AbortController();
    const stop = (error: OutboundError): void => end.abort(error);
    const giveUp = (): void => stop(new OutboundError('connection', 'The call was given up'));
    const tooLate = `No complete answer within ${within} ms`;
    const timer = setTimeout(() => stop(new OutboundError('timeout', tooLate)), within);
    request.signal?.addEventListener('abort', giveUp, { once: true });
    if (request.signal?.aborted === true) giveUp();
    try {
      // undici hears of the end only once it is connected, hence the race; a call that ended before sends nothing.
      return await Promise.race([this.exchange(request, end.signal), endOf(end.signal)]);
    } catch (error) {
      throw outboundError(error);
    } finally {
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', giveUp);
    }
  }

  /** Ends every connection, the idle ones as well; what is under way fails. */
  async onApplicationShutdown(): Promise<void> {
    await this.agent.destroy();
  }

  private async exchange(request: OutboundCall, signal: AbortSignal): Promise<OutboundAnswer> {
    signal.throwIfAborted();
    const target = new URL(request.url);
    const unfit = this.guard.whyUnfit(target);
    if (unfit !== null) throw new OutboundError('address', `The URL ${unfit}`);
    const answer = await this.agent.request({
      origin: target.origin,
      path: `${target.pathname}${target.search}`,
      method: request.method,
      headers: headersOf(request.headers),
      body: request.body ?? null,
      signal,
    });
    // Feishu's gateway says it in a header of its own, in seconds as well.
    const wait = answer.headers['retry-after'] ?? answer.headers['x-ogw-ratelimit-reset'];
    const retryAfter = readRetryAfter(wait, this.clock.now());
    return {
      status: answer.statusCode,
      retryAfter,
      ...(await beginningOf(answer.body, request.limit ?? bodyLimit)),
    };
  }
}

/** The caller's headers, and those that are not its to choose. */
function headersOf(given: Readonly<Record<string, string>>): Record<string, string> {
  const lowerCase = Object.entries(given).map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    ...Object.fromEntries(lowerCase),
    'user-agent': 'countersign',
    'accept-encoding': 'identity',
  };
}

/** Reads up to the limit and lets go of the connection when there is more. */
async function beginningOf(
  body: Dispatcher.ResponseData['body'],
  limit: number,
): Promise<Pick<OutboundAnswer, 'body' | 'truncated'>> {
  // Letting go makes the stream fail, which is nobody's concern any more.
  body.on('error', () => undefined);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > limit) break;
  }
  const truncated = length > limit;
  const bytes = Buffer.concat(chunks).subarray(0, limit);
  // As a stream, a character that the limit cuts in two is left out.
  return { body: new TextDecoder().decode(bytes, { stream: truncated }), truncated };
}

/** Fails with the reason of the signal once it is aborted. */
const endOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
