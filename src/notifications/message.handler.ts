import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import type { AttemptResult, ClaimedDelivery, DeliveryHandler } from '../outbox/delivery-handler.port.js';
import { MessagesService } from '../providers/messages.service.js';
import { messageOf } from './mail.js';
import type { MessagePayload } from './parcels.js';
import { Recipients } from './recipients.js';
import { languageOf, undeliverable } from './subscription.view.js';
import { platformScope, SubscriptionsRepository } from './subscriptions.repository.js';

/**
 * Carries news by the apps of Feishu, DingTalk and WeCom: one delivery is one message to one person. What a message holds
 * is for reading: its link opens the order, and nobody decides by opening it.
 */
@Injectable()
export class MessageHandler implements DeliveryHandler {
  readonly topics = ['notify.im'];

  constructor(
    private readonly subscriptions: SubscriptionsRepository,
    private readonly recipients: Recipients,
    private readonly messages: MessagesService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async attempt(delivery: ClaimedDelivery, signal: AbortSignal): Promise<AttemptResult> {
    const { subscription, notice, userCode } = delivery.payload as MessagePayload;
    const row = await this.subscriptions.find([delivery.accCode ?? platformScope], subscription);
    if (!row?.active || row.providerId === null) return undeliverable(subscription, row);
    // Asked again, since people leave, and are known by other ids, while a message waits.
    const [present] = await this.recipients.present([userCode], notice.data.acc_code);
    if (present === undefined)
      return { outcome: 'succeeded', answer: 'nobody to write to: not there any more' };
    const message = messageOf(notice, languageOf(row), this.config.publicUrl);
    const { id, sentAt } = delivery;
    const outcome = await this.messages.send(row.providerId, userCode, message, { id, sentAt, signal });
    if (outcome.kind === 'sent') return { outcome: 'succeeded', answer: 'sent' };
    if (outcome.kind === 'unknown') {
      return { outcome: 'succeeded', answer: 'nobody to write to: no identity at the provider any more' };
    }
    const { error, status, retryAfter, permanent } = outcome;
    return {
      outcome: 'failed',
      error,
      ...(status === null ? {} : { status }),
      ...(retryAfter === null ? {} : { retryAfter }),
      ...(permanent ? { permanent: true } : {}),
    };
  }
}
