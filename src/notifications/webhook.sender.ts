import { Injectable } from '@nestjs/common';
import { OutboundClient } from '../outbound/outbound.client.js';
import { webhookHeaders } from '../outbound/webhook-signature.js';
import type { SubscriptionRow } from './subscription.entity.js';
import { SubscriptionSecrets } from './subscription.secrets.js';

/** One message of Standard Webhooks. */
export interface WebhookMessage {
  /** The `webhook-id`: the same on every attempt. */
  readonly id: string;
  readonly sentAt: Date;
  readonly body: object;
}

/** Posts a message to a subscription's address, signed with its secrets. */
@Injectable()
export class WebhookSender {
  constructor(
    private readonly outbound: OutboundClient,
    private readonly secrets: SubscriptionSecrets,
  ) {}

  /** @throws OutboundError when no answer comes, or the address must not be called */
  async send(
    row: SubscriptionRow,
    message: WebhookMessage,
    signal?: AbortSignal,
  ): Promise<Awaited<ReturnType<OutboundClient['post']>>> {
    const { id, sentAt } = message;
    const body = JSON.stringify(message.body);
    const headers = webhookHeaders({ id, sentAt, body }, this.secrets.of(row, sentAt));
    return this.outbound.post({ url: row.url ?? '', headers, body, ...(signal ? { signal } : {}) });
  }
}
