import { Injectable } from '@nestjs/common';
import type { OutboundAnswer } from '../outbound/outbound.client.js';
import { type Trial, WebhookClient, type WebhookMessage } from '../outbound/webhook.client.js';
import { WebhookSecrets } from '../outbound/webhook-secrets.js';
import { sealContext } from './seal-context.js';
import type { SubscriptionRow } from './subscription.entity.js';

/** What goes to a subscription; the address and the secrets are the row's. */
type Message = Pick<WebhookMessage, 'id' | 'sentAt' | 'signal'> & { readonly body: object };

/** Posts messages to a subscription's address, signed with its secrets. */
@Injectable()
export class WebhookSender {
  constructor(
    private readonly client: WebhookClient,
    private readonly secrets: WebhookSecrets,
  ) {}

  /** @throws OutboundError when no answer comes, or the address must not be called */
  send(row: SubscriptionRow, message: Message): Promise<OutboundAnswer> {
    return this.client.send(this.addressed(row, message));
  }

  /** Tries the address out; never throws at one that does not answer. */
  try(row: SubscriptionRow, message: Message): Promise<Trial> {
    return this.client.try(this.addressed(row, message));
  }

  private addressed(row: SubscriptionRow, { body, ...message }: Message): WebhookMessage {
    const secrets = this.secrets.open(row, sealContext(row));
    return { ...message, url: row.url ?? '', body: JSON.stringify(body), secrets };
  }
}
