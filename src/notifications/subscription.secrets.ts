import { Injectable, Logger } from '@nestjs/common';
import { Sealer } from '../config/sealer.js';
import { newWebhookSecret } from '../outbound/webhook-signature.js';
import type { SubscriptionRow } from './subscription.entity.js';

type Place = Pick<SubscriptionRow, 'id' | 'scope'>;

/** The secrets that sign a subscription's webhooks: at rest they are sealed, for their own row only. */
@Injectable()
export class SubscriptionSecrets {
  private readonly logger = new Logger('subscriptions');

  constructor(private readonly sealer: Sealer) {}

  /** A new secret in clear, to be shown once, and as it is stored. */
  make(place: Place): { secret: string; sealed: string } {
    const secret = newWebhookSecret();
    return { secret, sealed: this.sealer.seal(secret, contextOf(place)) };
  }

  /** The secrets that count at a moment, in clear and newest first; two during the overlap of a rotation. */
  of(row: SubscriptionRow, now: Date): string[] {
    if (row.sealedSecret === null) return [];
    return [this.sealer.open(row.sealedSecret, contextOf(row)), ...this.previous(row, now)];
  }

  private previous(row: SubscriptionRow, now: Date): string[] {
    const { sealedPreviousSecret: sealed, previousSecretUntil: until } = row;
    if (sealed === null || until === null || until <= now) return [];
    try {
      return [this.sealer.open(sealed, contextOf(row))];
    } catch (error) {
      // A secret sealed under a lost key is rotated away; what it leaves behind must not hold notifications up.
      this.logger.warn({ err: error, subscription: row.id }, 'the previous secret does not open');
      return [];
    }
  }
}

const contextOf = ({ scope, id }: Place): string => `subscription/${scope}/${id}`;
