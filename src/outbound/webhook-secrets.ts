import { Injectable, Logger } from '@nestjs/common';
import { Sealer } from '../config/sealer.js';
import { Clock } from '../runtime/clock.js';
import { newWebhookSecret } from './webhook-signature.js';

/** The columns in which a receiver's secrets are stored: sealed, for their own row only. */
export interface SealedSecrets {
  readonly sealedSecret: string | null;
  /** The one before the last rotation, which signs too until its time has come. */
  readonly sealedPreviousSecret: string | null;
  readonly previousSecretUntil: Date | null;
}

/** The secrets by which receivers of webhooks know us: made, stored sealed, rotated with an overlap. */
@Injectable()
export class WebhookSecrets {
  private readonly logger = new Logger('webhook-secrets');

  constructor(
    private readonly sealer: Sealer,
    private readonly clock: Clock,
  ) {}

  /** A new secret in clear, to be shown once, and as it is stored. @param context says whose it is; it opens for no other */
  make(context: string): { readonly secret: string; readonly sealed: string } {
    const secret = newWebhookSecret();
    return { secret, sealed: this.sealer.seal(secret, context) };
  }

  /** The secrets that count now, in clear and newest first: two during the overlap of a rotation. */
  open(stored: SealedSecrets, context: string): string[] {
    if (stored.sealedSecret === null) return [];
    return [this.sealer.open(stored.sealedSecret, context), ...this.previous(stored, context)];
  }

  /**
   * A new secret beside the present one, which goes on for the overlap, so that the receiver can be told of the new one in
   * the meantime; the one before that ends.
   * @param overlap seconds; 0 ends the present one at once
   */
  rotate(
    stored: SealedSecrets,
    context: string,
    overlap: number,
  ): { readonly secret: string; readonly change: SealedSecrets & { readonly sealedSecret: string } } {
    const { secret, sealed } = this.make(context);
    const until = overlapEnd(this.clock.now(), overlap);
    return {
      secret,
      change: {
        sealedSecret: sealed,
        // Moves as it is: both columns are sealed for this row, and a secret that no longer opens can still be left.
        sealedPreviousSecret: until && stored.sealedSecret,
        previousSecretUntil: until,
      },
    };
  }

  private previous(stored: SealedSecrets, context: string): string[] {
    const { sealedPreviousSecret: sealed, previousSecretUntil: until } = stored;
    if (sealed === null || until === null || until <= this.clock.now()) return [];
    try {
      return [this.sealer.open(sealed, context)];
    } catch (error) {
      // A secret sealed under a lost key is rotated away; what it leaves behind must not hold webhooks up.
      this.logger.warn({ err: error, context }, 'the previous secret does not open');
      return [];
    }
  }
}

/** When an overlap that begins now is over, in whole seconds and never too early; null when there is none. */
const overlapEnd = (now: Date, seconds: number): Date | null =>
  seconds === 0 ? null : new Date(Math.ceil(now.getTime() / 1000 + seconds) * 1000);
