import { Inject, Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../auth/principal.js';
import { CONFIG, type Config } from '../config/config.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { MessagesService } from '../providers/messages.service.js';
import { trialMailOf, trialMessageOf } from './mail.js';
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
    private readonly messages: MessagesService,
    private readonly clock: Clock,
    private readonly ids: Ids,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Sends a signed `ping`, one mail, or one message. @throws Problem 404; never for somebody who does not answer. */
  async send(principal: UserPrincipal, id: string): Promise<TrialAnswer> {
    const row = await this.subscriptions.row(principal, id);
    if (row.channel === 'webhook') return this.ping(row);
    const began = this.clock.elapsed();
    const { userCode } = principal;
    const outcome = await (row.channel === 'email' ? this.mail(row, userCode) : this.message(row, userCode));
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

  /** To the caller, whoever they are at the provider. */
  private async message(row: SubscriptionRow, caller: string): Promise<Omit<TrialAnswer, 'durationMs'>> {
    const signal = AbortSignal.timeout(this.config.callback.timeout);
    const attempt = { id: this.ids.next(), sentAt: this.clock.now(), signal };
    const text = trialMessageOf(row.name, languageOf(row));
    const outcome = await this.messages.send(row.providerId ?? '', caller, text, attempt);
    if (outcome.kind === 'sent') return { ok: true, status: null, error: null };
    if (outcome.kind === 'unknown') {
      const error = `provider ${row.providerCode} knows no identity of ${caller}`;
      return { ok: false, status: null, error };
    }
    return { ok: false, status: outcome.status, error: outcome.error };
  }
}

const teamOf = (row: SubscriptionRow): string | null => (row.scope === platformScope ? null : row.scope);
