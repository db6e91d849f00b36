import { Injectable } from '@nestjs/common';
import { OutboundError } from '../../outbound/outbound.client.js';
import { WebhookClient } from '../../outbound/webhook.client.js';
import { verifyWebhook } from '../../outbound/webhook-signature.js';
import type { AttemptResult } from '../../outbox/delivery-handler.port.js';
import type { ProviderAttempt, ProviderConnection } from '../provider.port.js';
import type { Authenticity, IncomingAnswer, RequestTelling, TellingEvent } from '../telling.port.js';

/** Tells third parties of held requests by signed POSTs (Standard Webhooks), and knows their signed answers. */
@Injectable()
export class WebhookTeller {
  constructor(private readonly client: WebhookClient) {}

  /** Whether an answer comes from it, and now. */
  verify({ secrets }: ProviderConnection, { headers, rawBody }: IncomingAnswer, now: Date): Authenticity {
    return verifyWebhook(headers, rawBody, secrets, now);
  }

  /** Outside any transaction. */
  async tell(
    { url, secrets }: ProviderConnection,
    type: TellingEvent,
    { time, data }: RequestTelling,
    { id, sentAt, signal }: ProviderAttempt,
  ): Promise<AttemptResult> {
    const body = JSON.stringify({ type, timestamp: time.toISOString(), data });
    try {
      const answer = await this.client.send({ url, id, sentAt, body, secrets, signal });
      const exchange = { status: answer.status, answer: answer.body };
      if (answer.status >= 200 && answer.status < 300) return { ...exchange, outcome: 'succeeded' };
      const failed = { ...exchange, outcome: 'failed', error: `answered ${answer.status}` } as const;
      // 410 Gone: the receiver wants no more of this.
      if (answer.status === 410) return { ...failed, permanent: true };
      return answer.retryAfter === null ? failed : { ...failed, retryAfter: answer.retryAfter };
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      return { outcome: 'failed', error: error.message };
    }
  }
}
