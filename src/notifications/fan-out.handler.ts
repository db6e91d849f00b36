import { Injectable } from '@nestjs/common';
import { OperationLogService } from '../operation-log/operation-log.service.js';
import { eventsTopic } from '../orders/order-callbacks.service.js';
import { OrdersService } from '../orders/orders.service.js';
import type { AttemptResult, ClaimedDelivery, DeliveryHandler } from '../outbox/delivery-handler.port.js';
import { type Delivery, OutboxService } from '../outbox/outbox.service.js';
import { type Announcement, announcementsOf } from './announcements.js';
import type { Notice } from './notice.js';
import { type Recipient, Recipients } from './recipients.js';
import type { SubscriptionRow } from './subscription.entity.js';
import { eventsOf, recipientsOf } from './subscription.view.js';
import { platformScope, SubscriptionsRepository } from './subscriptions.repository.js';

/** What a `notify.webhook` delivery carries. */
export interface WebhookPayload {
  readonly subscription: string;
  readonly notice: Notice;
}

/** What a `notify.email` delivery carries: one mail to one mailbox. */
export interface EmailPayload extends WebhookPayload {
  readonly to: Recipient;
}

/**
 * Takes what happened to an order apart into one delivery for each subscriber and event, and for each mailbox of those
 * that want e-mail: each then succeeds, fails and is repeated by itself.
 */
@Injectable()
export class FanOutHandler implements DeliveryHandler {
  readonly topics = [eventsTopic];

  constructor(
    private readonly log: OperationLogService,
    private readonly orders: OrdersService,
    private readonly subscriptions: SubscriptionsRepository,
    private readonly recipients: Recipients,
    private readonly outbox: OutboxService,
  ) {}

  async attempt({ orderId, payload, sentAt }: ClaimedDelivery): Promise<AttemptResult> {
    const { transition } = payload as { readonly transition: number };
    const order = await this.orders.forService(orderId);
    const history = order ? await this.log.history(orderId, transition) : [];
    if (!order || history.at(-1)?.number !== transition) {
      return {
        outcome: 'failed',
        permanent: true,
        error: `order ${orderId} has no transition ${transition}`,
      };
    }
    const { head } = order;
    const subscribers = (await this.subscriptions.hearing(head.accCode)).filter((row) => wants(row, head));
    const deliveries: Delivery[] = [];
    const unheard: string[] = [];
    for (const announcement of announcementsOf(history, head)) {
      const { seq, notice } = announcement;
      for (const row of subscribers.filter((one) => eventsOf(one).includes(notice.type))) {
        const parcels = await this.parcelsFor(row, announcement, head.accCode);
        if (parcels.length === 0) unheard.push(`nobody to write to: ${notice.type}, subscription ${row.id}`);
        for (const { topic, mark, payload: content } of parcels) {
          deliveries.push({
            topic,
            orderId,
            // The subscriber's: what is sent for the platform is not the team's to see.
            accCode: row.scope === platformScope ? null : row.scope,
            target: `s:${row.id}`,
            cause: `${transition}.${seq}/${row.id}${mark}`,
            payload: content,
            time: sentAt,
          });
        }
      }
    }
    return {
      outcome: 'succeeded',
      // What was said is in the deliveries; only that somebody could not be told is worth keeping.
      forget: unheard.length === 0,
      answer: [`notifications: ${deliveries.length}`, ...unheard].join('\n'),
      settle: (tx) => this.outbox.enqueue(tx, deliveries),
    };
  }

  private async parcelsFor(
    row: SubscriptionRow,
    announcement: Announcement,
    team: string | null,
  ): Promise<Parcel[]> {
    const payload: WebhookPayload = { subscription: row.id, notice: announcement.notice };
    if (row.channel === 'webhook') return [{ topic: 'notify.webhook', mark: '', payload }];
    const mailboxes = await this.recipients.of(recipientsOf(row), team, announcement);
    return mailboxes.map((to, index) => {
      const mail: EmailPayload = { ...payload, to };
      return { topic: 'notify.email', mark: `/${index}`, payload: mail };
    });
  }
}

/** One delivery in the making. */
interface Parcel {
  readonly topic: string;
  /** Tells the mailboxes of one subscription apart. */
  readonly mark: string;
  readonly payload: WebhookPayload;
}

const wants = (row: SubscriptionRow, head: { readonly businessType: string }): boolean =>
  row.businessTypes === null || row.businessTypes.split(',').includes(head.businessType);
