import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import type { AttemptResult, ClaimedDelivery, DeliveryHandler } from '../outbox/delivery-handler.port.js';
import type { EmailPayload } from './parcels.js';
import { mailOf } from './mail.js';
import { Mailer } from './mailer.js';
import { Recipients } from './recipients.js';
import { languageOf, undeliverable } from './subscription.view.js';
import { platformScope, SubscriptionsRepository } from './subscriptions.repository.js';

/** Carries news by e-mail: one delivery is one mail to one mailbox. */
@Injectable()
export class EmailHandler implements DeliveryHandler {
  readonly topics = ['notify.email'];

  constructor(
    private readonly subscriptions: SubscriptionsRepository,
    private readonly recipients: Recipients,
    private readonly mailer: Mailer,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async attempt(delivery: ClaimedDelivery, signal: AbortSignal): Promise<AttemptResult> {
    const { subscription, notice, to } = delivery.payload as EmailPayload;
    const row = await this.subscriptions.find([delivery.accCode ?? platformScope], subscription);
    if (!row?.active) return undeliverable(subscription, row);
    // Asked again, since people leave, and change their address, while a mail waits.
    const address = await this.recipients.addressOf(to, notice.data.acc_code);
    if (address === null) return { outcome: 'succeeded', answer: 'nobody to write to: no address any more' };
    const mail = mailOf(notice, languageOf(row), this.config.publicUrl);
    const sent = await this.mailer.send(mail, { address, messageId: delivery.id }, signal);
    if (sent.ok) return { outcome: 'succeeded', answer: sent.answer };
    return { outcome: 'failed', error: sent.error, ...(sent.permanent ? { permanent: true } : {}) };
  }
}
