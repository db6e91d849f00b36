import { Injectable, Logger } from '@nestjs/common';
import type { UserPrincipal } from './principal.js';

/** What a token says besides who its bearer is. */
export type Claims = Readonly<Record<string, unknown>>;

export type ClaimsListener = (principal: UserPrincipal, claims: Claims) => Promise<void>;

/** Who wants to know what valid tokens say of people. Whatever comes of that, the request goes on. */
@Injectable()
export class TokenClaims {
  private readonly logger = new Logger('claims');
  private readonly listeners: ClaimsListener[] = [];

  register(listener: ClaimsListener): void {
    this.listeners.push(listener);
  }

  /** Told once for each token every half minute, when it is checked anew. */
  async tell(principal: UserPrincipal, claims: Claims): Promise<void> {
    for (const listener of this.listeners) {
      try {
        await listener(principal, claims);
      } catch (error) {
        this.logger.warn({ err: error, userCode: principal.userCode }, 'claims were not followed');
      }
    }
  }
}
