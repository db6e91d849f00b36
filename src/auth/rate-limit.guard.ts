import { type ExecutionContext, Injectable } from '@nestjs/common';
import { ThrottlerGuard, type ThrottlerLimitDetail } from '@nestjs/throttler';
import { Problem } from '../http/problem.js';
import type { AuthenticatedRequest } from './permit.js';
import { credentialOf, type Principal } from './principal.js';

/**
 * Limits the requests a minute of one credential (RATE_LIMIT), in each process for itself; 429 beyond. Without a limit
 * the composition root leaves it out.
 */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  /** Public routes (health, metrics) must answer the operator whatever the callers do. */
  protected override shouldSkip(context: ExecutionContext): Promise<boolean> {
    return Promise.resolve(principalOf(context) === undefined);
  }

  /** One counter for a credential, not one for each route. */
  protected override generateKey(context: ExecutionContext): string {
    return credentialOf(principalOf(context) as Principal);
  }

  protected override throwThrottlingException(
    _context: ExecutionContext,
    detail: ThrottlerLimitDetail,
  ): Promise<void> {
    throw new Problem(
      'rate_limited',
      `more than ${detail.limit} requests a minute with this credential; wait a little`,
      {
        headers: { 'retry-after': String(Math.max(1, detail.timeToBlockExpire)) },
      },
    );
  }
}

const principalOf = (context: ExecutionContext): Principal | undefined =>
  context.switchToHttp().getRequest<AuthenticatedRequest>().principal;
