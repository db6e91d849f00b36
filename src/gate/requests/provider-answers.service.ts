import { Injectable, Logger } from '@nestjs/common';
import type { UserPrincipal } from '../../auth/principal.js';
import { type ApplyStatus, maxStages, providerUser } from '../../engine/vocabulary.js';
import { invalid, Problem } from '../../http/problem.js';
import { OrdersService } from '../../orders/orders.service.js';
import { internalProvider } from '../../providers/provider.port.js';
import { ProvidersService } from '../../providers/providers.service.js';
import type { IncomingAnswer } from '../../providers/telling.port.js';
import type { ProviderAnswer, ProviderAnswered, Verdict } from './provider-answers.dto.js';
import { type AnsweredRequest, ProviderAnswersRepository } from './provider-answers.repository.js';

/** A decision on each step, and as many rounds again for others who decide at the same time. */
const maxRounds = 2 * maxStages;

/**
 * Takes the decisions of outside approval systems (requirement 000, `change_approve_request_status`): authenticated by
 * signature alone, carried out as ordinary decisions on the request's order, under the user code `provider:<code>`.
 */
@Injectable()
export class ProviderAnswersService {
  private readonly logger = new Logger('provider-answers');

  constructor(
    private readonly requests: ProviderAnswersRepository,
    private readonly providers: ProvidersService,
    private readonly orders: OrdersService,
  ) {}

  /**
   * Passes or denies a held request. A pass approves one open step after another until none is left, each in its own
   * transaction; a repeat goes on where an earlier one broke off, and changes nothing where that came to its end.
   * @throws Problem 400 when the body names another request; 401 for everything that the request's provider has not signed
   *   just now and for this request alone, unknown ids included; 409 already_decided when the order has gone the other way, order_closed when nobody waits any more, not_in_review when
   *   its steps have not opened yet, not_awaited when its policy wants somebody else
   */
  async answer(id: string, incoming: IncomingAnswer, dto: ProviderAnswer): Promise<ProviderAnswered> {
    // Before the message is taken: sent on to a wrong address, it still counts at the right one.
    if (dto.approve_request_id !== undefined && dto.approve_request_id !== id) {
      throw invalid('approve_request_id', 'must be the one of the path');
    }
    const request = await this.authenticated(id, incoming);
    for (let round = 1; round <= maxRounds; round++) {
      const record = await this.orders.forService(request.orderId);
      if (!record) throw new Problem('order_closed', 'the order of the request is gone');
      const { applyStatus, version } = record.state;
      if (isSettled(request, applyStatus, dto.status)) {
        return { approve_request_id: id, status: dto.status, apply_status: applyStatus };
      }
      await this.decide(request, dto, version);
    }
    throw new Problem('unavailable', 'the order changes all the time; send the answer again');
  }

  /** One answer for every failure: who cannot sign learns nothing, not even which requests exist. */
  private async authenticated(id: string, incoming: IncomingAnswer): Promise<AnsweredRequest> {
    const request = await this.requests.find(id);
    const { provider = internalProvider, scope = '' } = request ?? {};
    const authenticity =
      provider === internalProvider
        ? ({ ok: false, why: 'no request of that id waits for a provider' } as const)
        : await this.providers.verify({ id, scope, provider }, incoming);
    if (request && authenticity.ok) {
      const { messageId } = authenticity;
      this.logger.log({ approveRequestId: id, provider, messageId }, 'a provider answers');
      return request;
    }
    const why = authenticity.ok ? '' : authenticity.why;
    this.logger.warn({ approveRequestId: id, provider, why }, 'an answer is refused');
    throw new Problem(
      'unauthenticated',
      "sign the exact body with the secret of the request's provider (Standard Webhooks), not more than five minutes ago, and each message for one request",
    );
  }

  /** Decides the open step as it was read; whoever was faster is seen in the next round. */
  private async decide(
    { provider, orderId }: AnsweredRequest,
    { status, auditMsg, userCode }: ProviderAnswer,
    version: number,
  ): Promise<void> {
    const words = [userCode, auditMsg].filter((part) => part).join(': ');
    const decision = { auditMsg: words || null, version };
    try {
      const principal = principalOf(provider);
      if (status === 'pass') await this.orders.approve(principal, orderId, decision);
      else await this.orders.reject(principal, orderId, decision);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      // Under distinct approvers, or where it has one vote of several, it cannot decide for everybody.
      if (error.code === 'forbidden' || error.code === 'already_decided') {
        throw new Problem('not_awaited', `somebody else has to decide: ${error.detail}`);
      }
      if (!overtaken.has(error.code)) throw error;
    }
  }
}

/** What is refused because the order was read a moment too early. */
const overtaken: ReadonlySet<string> = new Set(['version_conflict', 'order_closed', 'not_in_review']);

/** A provider decides with the power of a system administrator: it stands for all the people whom the steps ask. */
const principalOf = (code: string): UserPrincipal => ({
  kind: 'user',
  userCode: providerUser(code),
  accCode: null,
  roles: ['system_admin'],
});

/** @returns whether the verdict stands already. @throws Problem 409 when it cannot */
function isSettled({ state }: AnsweredRequest, applyStatus: ApplyStatus, verdict: Verdict): boolean {
  switch (applyStatus) {
    case 'completed':
    case 'executing':
      if (verdict === 'pass') return true;
      throw new Problem('already_decided', `the order is approved and ${applyStatus}; it cannot be denied`);
    case 'rejected':
      if (verdict === 'deny') return true;
      throw new Problem('already_decided', 'the order is rejected; it cannot be passed');
    case 'withdrawn':
      throw new Problem('order_closed', 'the request is cancelled or has expired; nothing is left to decide');
    case 'initiating':
      throw new Problem('not_in_review', 'the order is initiating; send the answer again in a while');
    case 'in_review':
      if (state !== 'cancelled' && state !== 'expired') return false;
      throw new Problem('order_closed', `the request is ${state}; nothing is left to decide`);
  }
}
