import type { Event, StackFrame } from '@sentry/core';
import { Logger } from '@nestjs/common';
import type { OutboundClient } from '../outbound/outbound.client.js';

/** Events on their way to Sentry at one time; one more is dropped. */
const inFlight = 30;

/** A project of Sentry, to which events can be sent. */
export interface SentryProject {
  /** Comes back at once, and never throws: whether Sentry takes it is nobody's concern who has other work to do. */
  send(event: Event): void;
  /** The frames of a call stack, oldest first; it must hold nothing but its lines. */
  framesOf(stackLines: string): StackFrame[];
  /** Waits for the events under way, so many milliseconds at most. */
  flush(within: number): Promise<void>;
}

/**
 * Speaks the protocol of Sentry with the vendor's own parts (envelope, limits), and none of its instrumentation: nothing is
 * watched, and nothing is sent but the events that are given.
 * @param dsn as the configuration has checked it
 */
export async function sentryProject(dsn: string, outbound: OutboundClient): Promise<SentryProject> {
  // Loaded by those who use it only: it is large.
  const {
    createEventEnvelope,
    createStackParser,
    createTransport,
    getEnvelopeEndpointWithUrlEncodedAuth,
    makeDsn,
  } = await import('@sentry/core');
  const { nodeStackLineParser } = await import('@sentry/core/server');
  const project = makeDsn(dsn);
  if (!project) throw new Error('SENTRY_DSN is no address of a project');
  const url = getEnvelopeEndpointWithUrlEncodedAuth(project);
  const logger = new Logger('sentry');
  /** Whether it is known, and logged, that nothing arrives. */
  let deaf = false;
  const transport = createTransport(
    { bufferSize: inFlight, recordDroppedEvent: () => undefined },
    async ({ body }) => {
      const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
      const headers = { 'content-type': 'application/x-sentry-envelope' };
      const { status, retryAfter } = await outbound.post({ url, headers, body: text });
      const taken = status >= 200 && status < 300;
      if (!taken && !deaf) logger.warn({ status }, 'Sentry does not take events');
      deaf = !taken;
      const pause = retryAfter === null ? null : String(Math.ceil(retryAfter / 1000));
      return { statusCode: status, headers: { 'retry-after': pause, 'x-sentry-rate-limits': null } };
    },
  );
  return {
    framesOf: createStackParser(nodeStackLineParser()),
    send: (event) => {
      // What it answers is told above; here is left that no answer comes.
      void Promise.resolve(transport.send(createEventEnvelope(event, project))).catch((error: unknown) => {
        if (!deaf) logger.warn({ err: error }, 'Sentry cannot be reached');
        deaf = true;
      });
    },
    flush: async (within) => {
      await transport.flush(within);
    },
  };
}
