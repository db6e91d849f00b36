import type { ServerResponse } from 'node:http';
import { finished, pipeline } from 'node:stream/promises';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG, type Config } from '../../config/config.js';
import { Problem } from '../../http/problem.js';
import { OutboundError } from '../../outbound/outbound.client.js';
import { type UpstreamAnswer, UpstreamClient } from '../../outbound/upstream.client.js';
import { forwardable } from '../reading/headers.js';
import { type HeaderFields, type OriginalRequest, valuesOf } from '../reading/original.js';
import { dashed } from '../reading/wire.js';
import { drained, hasBody } from './bodies.js';

/** A request that may pass. */
export interface Passenger {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly original: OriginalRequest;
  /** Whether a proxy of ours has written the headers that tell where the request came from. */
  readonly trusted: boolean;
}

/**
 * Carries requests to the system behind the gate and its answers back while they come, both ways byte by byte. We would rather have
 * used `@fastify/reply-from`, but it reads the path as a URL: dots and encodings arrive changed.
 *
 * `Upgrade` is dropped with the other headers of the connection, as RFC 9110 allows: whoever insists on another protocol is told so
 * by the system behind the gate.
 */
@Injectable()
export class Passage implements BeforeApplicationShutdown {
  /** Answers that end only when somebody ends them. */
  private readonly endless = new Set<AbortController>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly client: UpstreamClient,
  ) {}

  /**
   * @param body what has been read of the request already, or null when it comes while it is sent on
   * @param more header fields that go along and take the place of the caller's
   * @returns the status, once the answer is complete
   * @throws Problem 502 while nothing is answered yet; any other error when the answer broke off and the sender has noticed
   */
  async carry(
    passenger: Passenger,
    base: string | null,
    body: Buffer | null,
    more: HeaderFields = [],
  ): Promise<number> {
    const { request, reply, original } = passenger;
    if (base === null) throw new Problem('upstream_failed', 'the gate does not know the system behind it');
    const end = new AbortController();
    const gone = (): void => {
      if (!reply.raw.writableFinished) end.abort();
    };
    reply.raw.once('close', gone);
    if (reply.raw.destroyed) gone();
    try {
      const answer = await this.answerTo({
        base,
        path: original.path + (original.query === '' ? '' : `?${original.query}`),
        method: original.method,
        headers: [...this.headersOf(passenger, body === null, more), ...more],
        body: body ?? (hasBody(request.raw) ? request.raw : null),
        headersTimeout: this.config.gate.timeout,
        signal: end.signal,
      });
      if (isEndless(answer)) this.endless.add(end);
      await relay(answer, reply);
      return answer.status;
    } finally {
      this.endless.delete(end);
      reply.raw.off('close', gone);
    }
  }

  /** The requests under way are waited for; these would never be over. */
  beforeApplicationShutdown(): void {
    for (const end of this.endless) end.abort();
  }

  private async answerTo(request: Parameters<UpstreamClient['request']>[0]): Promise<UpstreamAnswer> {
    try {
      return await this.client.request(request);
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      const what = error.kind === 'timeout' ? 'does not answer in time' : 'cannot be reached, or broke off';
      throw new Problem('upstream_failed', `the system behind the gate ${what}`, { cause: error });
    }
  }

  private headersOf(
    { request, original, trusted }: Passenger,
    streams: boolean,
    more: HeaderFields,
  ): HeaderFields {
    const believed = trusted || this.config.trustProxy;
    const replaced = new Set([...ours, ...(believed ? [] : forgeable), ...more.map(([name]) => name)]);
    const kept = forwardable(original.headers).filter(([name]) => !replaced.has(dashed(name)));
    const told = (name: string): string[] => (believed ? valuesOf(original.headers, name) : []);
    const peer = request.raw.socket.remoteAddress;
    const lengths = streams ? valuesOf(original.headers, 'content-length') : [];
    const host = told('x-forwarded-host')[0] ?? original.host;
    return [
      ...kept,
      ...lengths.map((length) => ['content-length', length] as const),
      ['x-forwarded-for', [...told('x-forwarded-for'), ...(peer === undefined ? [] : [peer])].join(', ')],
      ...(host === '' ? [] : [['x-forwarded-host', host] as const]),
      ['x-forwarded-proto', told('x-forwarded-proto')[0] ?? (this.isTls(request) ? 'https' : 'http')],
    ];
  }

  private isTls({ raw }: FastifyRequest): boolean {
    return 'encrypted' in raw.socket && raw.socket.encrypted === true;
  }
}

/** Written anew for every request, or known to the gate alone. */
const ours = [
  'content-length',
  'host',
  'x-approval-request-id',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-gate-secret',
];

/** What else tells where a request came from, or went to at first, and can be believed only of a proxy of ours. */
const forgeable = [
  'forwarded',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-original-url',
  'x-real-ip',
  'x-rewrite-url',
];

const isEndless = ({ headers }: UpstreamAnswer): boolean =>
  valuesOf(headers, 'content-type').some((type) => /^text\/event-stream\b/i.test(type));

/** Only the upstream's own headers: those that Fastify keeps for our answers are not written on this way. */
async function relay({ status, headers, body }: UpstreamAnswer, reply: FastifyReply): Promise<void> {
  const { raw } = reply;
  const request = reply.request.raw;
  try {
    writeHead(raw, status, headers);
  } catch (error) {
    body.destroy();
    throw new Problem('upstream_failed', 'the answer of the system behind the gate cannot be passed on', {
      cause: error,
    });
  }
  reply.hijack();
  // Without a length nobody knows when the first byte comes; the head need not wait for it.
  if (valuesOf(headers, 'content-length').length === 0) raw.flushHeaders();
  try {
    await pipeline(body, raw, { end: false });
    await drained(request);
    raw.end();
    await finished(raw);
  } catch (error) {
    // An answer that is not whole must not look as if it were.
    raw.destroy();
    throw error;
  }
}

/** Writes the head of an answer with these header fields and no others but those of the connection. */
export function writeHead(raw: ServerResponse, status: number, headers: HeaderFields): void {
  raw.sendDate = false;
  raw.writeHead(status, headers.flat());
}
