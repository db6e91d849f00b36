import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../auth/principal.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { trialMailOf } from './mail.js';
import { Mailer } from './mailer.js';
import { addressesIn, Recipients } from './recipients.js';
import type { SubscriptionRow } from './subscription.entity.js';
import { languageOf, recipientsOf } from './subscription.view.js';
import type { TrialAnswer } from './subscriptions.dto.js';
import { platformScope } from './subscriptions.repository.js';
import { SubscriptionsService } from './subscriptions.service.js';
import { WebhookSender } from './webhook.sender.js';

/** Tries a subscription out, now and once: what is learnt is answered, and nothing is stored. */
@Injectable()
export class TrialService {
  constructor(
    private readonly subscriptions: SubscriptionsService,
    private readonly sender: WebhookSender,
    private readonly recipients: Recipients,
    private readonly mailer: Mailer,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** Sends a signed `ping`, or one mail. @throws Problem 404; never for somebody who does not answer. */
  async send(principal: UserPrincipal, id: string): Promise<TrialAnswer> {
    const row = await this.subscriptions.row(principal, id);
    if (row.channel === 'webhook') return this.ping(row);
    const began = this.clock.elapsed();
    const outcome = await this.mail(row, principal.userCode);
    return { ...outcome, durationMs: Math.round(this.clock.elapsed() - began) };
  }

  private ping(row: SubscriptionRow): Promise<TrialAnswer> {
    const sentAt = this.clock.now();
    const data = { subscription_id: row.id, acc_code: teamOf(row) };
    const body = { type: 'ping', timestamp: sentAt.toISOString(), data };
    return this.sender.try(row, { id: this.ids.next(), sentAt, body });
  }

  /** To the first address that the subscription names, else to the caller: without an order nobody else is meant. */
  private async mail(row: SubscriptionRow, caller: string): Promise<Omit<TrialAnswer, 'durationMs'>> {
    const [named] = addressesIn(recipientsOf(row));
    const recipient = named === undefined ? { userCode: caller } : { address: named };
    const address = await this.recipients.addressOf(recipient, teamOf(row));
    if (address === null) {
      const error = `the subscription names no address, and the directory has none for ${caller}`;
      return { ok: false, status: null, error };
    }
    const mail = trialMailOf(row.name, languageOf(row));
    const sent = await this.mailer.send(mail, { address, messageId: this.ids.next() });
    return { ok: sent.ok, status: sent.status, error: sent.ok ? null : sent.error };
  }
}

const teamOf = (row: SubscriptionRow): string | null => (row.scope === platformScope ? null : row.scope);
