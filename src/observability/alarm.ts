import type { Event } from '@sentry/core';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import type { Config } from '../config/config.js';
import type { Clock } from '../runtime/clock.js';
import type { Ids } from '../runtime/ids.js';
import type { SentryProject } from './sentry.js';

/** Milliseconds that a stopping process gives what it still has to tell. */
const lastWords = 1_000;

/** A delivery that nobody tries any more. */
interface Parked {
  readonly id: string;
  readonly topic: string;
  readonly orderId: string;
}

/** The request that an unexpected error has ended. */
interface Broken {
  readonly id: string;
  readonly method: string;
  /** The route's pattern: a path would hold what callers write. */
  readonly route: string;
}

/**
 * Calls operators: tells Sentry, where SENTRY_DSN is set, of every parked delivery and every unexpected error of a request.
 * An event names things by their ids. It holds no text that somebody has written, no error's message among them: what
 * went wrong is in the delivery, and in the log under the request's id.
 */
export class Alarm implements BeforeApplicationShutdown {
  /** @param sentry null: nobody is told */
  constructor(
    private readonly sentry: SentryProject | null,
    private readonly config: Pick<Config, 'production' | 'publicUrl'>,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  beforeApplicationShutdown(): Promise<void> {
    return this.sentry?.flush(lastWords) ?? Promise.resolve();
  }

  parked({ id, topic, orderId }: Parked): void {
    const { publicUrl } = this.config;
    this.tell('outbox', {
      message: `a delivery is parked until an administrator acts: ${topic}`,
      fingerprint: ['parked', topic],
      tags: { topic, delivery: id, ...(orderId === '' ? {} : { order: orderId }) },
      extra: { details: `${publicUrl ?? ''}/api/v1/deliveries/${id}` },
    });
  }

  broken(error: unknown, { id, method, route }: Broken): void {
    if (!this.sentry) return;
    const frames = this.sentry.framesOf(stackLines(error));
    this.tell('http', {
      transaction: `${method} ${route}`,
      tags: { request: id, ...codeOf(error) },
      exception: {
        values: [
          {
            type: nameOf(error),
            value: 'the log has the cause under the id of the request',
            mechanism: { type: 'generic', handled: true },
            ...(frames.length > 0 ? { stacktrace: { frames } } : {}),
          },
        ],
      },
    });
  }

  private tell(logger: string, event: Event): void {
    this.sentry?.send({
      event_id: this.ids.next().replaceAll('-', ''),
      timestamp: this.clock.now().getTime() / 1000,
      platform: 'node',
      level: 'error',
      environment: this.config.production ? 'production' : 'development',
      logger,
      ...event,
    });
  }
}

const nameOf = (error: unknown): string =>
  error instanceof Error && /^[\w$]{1,64}$/.test(error.name) ? error.name : 'Error';

/** Of drivers and of Node.js, such as `ER_DUP_ENTRY`. */
function codeOf(error: unknown): { readonly code?: string } {
  const cause = error instanceof Error && 'driverError' in error ? error.driverError : error;
  const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? { code } : {};
}

/** The lines behind the message: a message of several lines could look like some of them. */
function stackLines(error: unknown): string {
  if (!(error instanceof Error) || error.stack === undefined) return '';
  const { message, stack } = error;
  const at = stack.indexOf(message);
  return at === -1 ? '' : stack.slice(at + message.length);
}
