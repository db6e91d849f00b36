import { Injectable } from '@nestjs/common';
import type { Delivery } from '../outbox/outbox.service.js';
import { MessagesService } from '../providers/messages.service.js';
import type { Announcement } from './announcements.js';
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

/** What a `notify.im` delivery carries: one message to one person. */
export interface MessagePayload extends WebhookPayload {
  readonly userCode: string;
}

/** Where news come from. */
export interface Source {
  /** Empty for news about no order. */
  readonly orderId: string;
  /** Whose news they are; null: only the platform's subscriptions hear of them. */
  readonly team: string | null;
  /** Null for news about no order: who has asked for some business types hears nothing of them. */
  readonly businessType: string | null;
  /** Tells these news from others of the order; the place of each is put behind it. */
  readonly cause: string;
  readonly time: Date;
}

/** The deliveries that news become, and who could not be told of them. */
export interface Packed {
  readonly deliveries: readonly Delivery[];
  readonly unheard: readonly string[];
}

/**
 * Takes news apart into one delivery for each subscriber, and for each mailbox and person of those that want mails and
 * messages: each then succeeds, fails and is repeated by itself.
 */
@Injectable()
export class Parcels {
  constructor(
    private readonly subscriptions: SubscriptionsRepository,
    private readonly recipients: Recipients,
    private readonly messages: MessagesService,
  ) {}

  async of(announcements: readonly Announcement[], source: Source): Promise<Packed> {
    const { orderId, team, businessType, cause, time } = source;
    const subscribers = (await this.subscriptions.hearing(team)).filter((row) => wants(row, businessType));
    const deliveries: Delivery[] = [];
    const unheard: string[] = [];
    for (const announcement of announcements) {
      const { seq, notice } = announcement;
      for (const row of subscribers.filter((one) => eventsOf(one).includes(notice.type))) {
        const { parcels, missing } = await this.parcelsFor(row, announcement, team);
        const where = `${notice.type}, subscription ${row.id}`;
        if (missing.length > 0)
          unheard.push(`no identity at ${row.providerCode}: ${missing.join(', ')}; ${where}`);
        if (parcels.length === 0) unheard.push(`nobody to write to: ${where}`);
        for (const { topic, mark, payload } of parcels) {
          deliveries.push({
            topic,
            orderId,
            // The subscriber's: what is sent for the platform is not the team's to see.
            accCode: row.scope === platformScope ? null : row.scope,
            target: `s:${row.id}`,
            cause: `${cause}.${seq}/${row.id}${mark}`,
            payload,
            time,
          });
        }
      }
    }
    return { deliveries, unheard };
  }

  private async parcelsFor(
    row: SubscriptionRow,
    announcement: Announcement,
    team: string | null,
  ): Promise<{ readonly parcels: readonly Parcel[]; readonly missing: readonly string[] }> {
    const payload: WebhookPayload = { subscription: row.id, notice: announcement.notice };
    if (row.channel === 'webhook') {
      return { parcels: [{ topic: 'notify.webhook', mark: '', payload }], missing: [] };
    }
    const to = recipientsOf(row);
    if (row.channel === 'email') {
      const mailboxes = await this.recipients.of(to, team, announcement);
      const mails = mailboxes.map((mailbox): EmailPayload => ({ ...payload, to: mailbox }));
      return { parcels: each('notify.email', mails), missing: [] };
    }
    const people = await this.recipients.people(to, team, announcement);
    const known = await this.messages.reachable(row.providerId ?? '', people);
    const readers = people.filter((userCode) => known.has(userCode));
    const notes = readers.map((userCode): MessagePayload => ({ ...payload, userCode }));
    return { parcels: each('notify.im', notes), missing: people.filter((userCode) => !known.has(userCode)) };
  }
}

/** One delivery in the making. */
interface Parcel {
  readonly topic: string;
  /** Tells the mailboxes and people of one subscription apart. */
  readonly mark: string;
  readonly payload: WebhookPayload;
}

const each = (topic: string, payloads: readonly WebhookPayload[]): Parcel[] =>
  payloads.map((payload, index) => ({ topic, mark: `/${index}`, payload }));

const wants = ({ businessTypes }: SubscriptionRow, businessType: string | null): boolean =>
  businessTypes === null || (businessType !== null && businessTypes.split(',').includes(businessType));
