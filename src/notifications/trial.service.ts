import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../auth/principal.js';
import { OutboundError } from '../outbound/outbound.client.js';
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

type Outcome = Omit<TrialAnswer, 'durationMs'>;

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
    const startedAt = this.clock.now();
    const outcome =
      row.channel === 'webhook' ? await this.ping(row, startedAt) : await this.mail(row, principal.userCode);
    const durationMs = Math.max(0, this.clock.now().getTime() - startedAt.getTime());
    return { ...outcome, durationMs };
  }

  /** What the address answers is told by its status alone: this is no way to read what others serve. */
  private async ping(row: SubscriptionRow, sentAt: Date): Promise<Outcome> {
    const body = {
      type: 'ping',
      timestamp: sentAt.toISOString(),
      data: { subscription_id: row.id, acc_code: teamOf(row) },
    };
    try {
      const { status } = await this.sender.send(row, { id: this.ids.next(), sentAt, body });
      const ok = status >= 200 && status < 300;
      return { ok, status, error: ok ? null : `answered ${status}` };
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      return { ok: false, status: null, error: error.message };
    }
  }

  /** To the first address that the subscription names, else to the caller: without an order nobody else is meant. */
  private async mail(row: SubscriptionRow, caller: string): Promise<Outcome> {
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
