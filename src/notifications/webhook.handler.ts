import { Injectable } from '@nestjs/common';
import { OutboundError } from '../outbound/outbound.client.js';
import type { AttemptResult, ClaimedDelivery, DeliveryHandler } from '../outbox/delivery-handler.port.js';
import type { WebhookPayload } from './parcels.js';
import { undeliverable } from './subscription.view.js';
import { platformScope, SubscriptionsRepository } from './subscriptions.repository.js';
import { WebhookSender } from './webhook.sender.js';

/** Carries news to webhooks. The address and the secrets are the subscription's of this moment. */
@Injectable()
export class WebhookHandler implements DeliveryHandler {
  readonly topics = ['notify.webhook'];

  constructor(
    private readonly subscriptions: SubscriptionsRepository,
    private readonly sender: WebhookSender,
  ) {}

  async attempt(delivery: ClaimedDelivery, signal: AbortSignal): Promise<AttemptResult> {
    const { id, sentAt } = delivery;
    const { subscription, notice } = delivery.payload as WebhookPayload;
    const row = await this.subscriptions.find([delivery.accCode ?? platformScope], subscription);
    if (!row?.active) return undeliverable(subscription, row);
    try {
      const { status, retryAfter, body } = await this.sender.send(row, { id, sentAt, body: notice, signal });
      if (status >= 200 && status < 300) return { outcome: 'succeeded', status, answer: body };
      const failed = { outcome: 'failed', status, answer: body, error: `answered ${status}` } as const;
      // 410 Gone: the receiver wants no more of this.
      if (status === 410) return { ...failed, permanent: true };
      return retryAfter === null ? failed : { ...failed, retryAfter };
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      return { outcome: 'failed', error: error.message };
    }
  }
}
