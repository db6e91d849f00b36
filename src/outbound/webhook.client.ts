import { Injectable } from '@nestjs/common';
import { Clock } from '../runtime/clock.js';
import { type OutboundAnswer, OutboundClient, OutboundError } from './outbound.client.js';
import { webhookHeaders } from './webhook-signature.js';

/** One message of Standard Webhooks to one receiver. */
export interface WebhookMessage {
  readonly url: string;
  /** The `webhook-id`: the same on every attempt. */
  readonly id: string;
  readonly sentAt: Date;
  /** JSON */
  readonly body: string;
  /** In clear, newest first. */
  readonly secrets: readonly string[];
  /** Gives the call up. */
  readonly signal?: AbortSignal;
  /** Bytes of the answer that are read; 64 KiB when left out. */
  readonly limit?: number;
}

/** What a trial call met. */
export interface Trial {
  /** Whether it was answered with a 2xx. */
  readonly ok: boolean;
  readonly status: number | null;
  readonly durationMs: number;
  readonly error: string | null;
}

/** Posts signed messages. */
@Injectable()
export class WebhookClient {
  constructor(
    private readonly client: OutboundClient,
    private readonly clock: Clock,
  ) {}

  /** @throws OutboundError when no answer comes, or the address must not be called. */
  send({ url, id, sentAt, body, secrets, signal, limit }: WebhookMessage): Promise<OutboundAnswer> {
    const headers = {
      'content-type': 'application/json',
      ...webhookHeaders({ id, sentAt, body }, secrets),
    };
    return this.client.send({
      method: 'POST',
      url,
      headers,
      body,
      ...(signal ? { signal } : {}),
      ...(limit === undefined ? {} : { limit }),
    });
  }

  /**
   * Sends a message to learn whether it arrives. What the address answers is told by its status alone: this is no way to
   * read what others serve. Never throws at an address that does not answer.
   */
  async try(message: WebhookMessage): Promise<Trial> {
    const began = this.clock.elapsed();
    const outcome = await this.outcomeOf(message);
    return { ...outcome, durationMs: Math.round(this.clock.elapsed() - began) };
  }

  private async outcomeOf(message: WebhookMessage): Promise<Omit<Trial, 'durationMs'>> {
    try {
      const { status } = await this.send(message);
      const ok = status >= 200 && status < 300;
      return { ok, status, error: ok ? null : `answered ${status}` };
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      return { ok: false, status: null, error: error.message };
    }
  }
}
