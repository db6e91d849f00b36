import { Injectable } from '@nestjs/common';
import { OutboundError } from '../outbound/outbound.client.js';
import { WebhookClient } from '../outbound/webhook.client.js';
import { verifyWebhook } from '../outbound/webhook-signature.js';
import type { AttemptResult } from '../outbox/delivery-handler.port.js';
import type {
  ApprovalAsk,
  ApprovalCancel,
  ApprovalProvider,
  Authenticity,
  IncomingAnswer,
  ProviderAttempt,
  ProviderConnection,
  ProviderEvent,
} from './provider.port.js';

/** Any third party that understands Standard Webhooks: it is told by signed POSTs, and answers by one. */
@Injectable()
export class WebhookProvider implements ApprovalProvider {
  readonly kind = 'webhook';

  constructor(private readonly client: WebhookClient) {}

  create(to: ProviderConnection, ask: ApprovalAsk, attempt: ProviderAttempt): Promise<AttemptResult> {
    return this.post(to, 'CREATE_APPROVE_REQUEST', ask, attempt);
  }

  cancel(to: ProviderConnection, cancel: ApprovalCancel, attempt: ProviderAttempt): Promise<AttemptResult> {
    return this.post(to, 'CANCEL_APPROVE_REQUEST', cancel, attempt);
  }

  verify({ secrets }: ProviderConnection, { headers, rawBody }: IncomingAnswer, now: Date): Authenticity {
    return verifyWebhook(headers, rawBody, secrets, now);
  }

  private async post(
    { url, secrets }: ProviderConnection,
    type: ProviderEvent,
    { time, data }: ApprovalAsk | ApprovalCancel,
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
