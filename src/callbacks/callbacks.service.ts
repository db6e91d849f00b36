import { Injectable } from '@nestjs/common';
import { type Principal, scopeOf } from '../auth/principal.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { notFound, Problem } from '../http/problem.js';
import {
  type CallbackKind,
  callbackTopics,
  nobodyAsked,
  OrderCallbacksService,
} from '../orders/order-callbacks.service.js';
import { DeliveriesRepository } from '../outbox/deliveries.repository.js';
import { Clock } from '../runtime/clock.js';
import { words } from './callback-answer.js';
import type { LateAnswer, LateAnswerView } from './callbacks.dto.js';

/** Answers that business modules bring themselves, after they have accepted a callback or when their own answer got lost. */
@Injectable()
export class CallbacksService {
  constructor(
    private readonly orders: OrderCallbacksService,
    private readonly deliveries: DeliveriesRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * The first answer wins, by whichever way it comes; the same again is fine.
   * @throws Problem 404 for a ticket that does not exist for the caller; 409 already_decided for another answer than the
   * first, order_closed or not_awaited when the order does not wait for one.
   */
  async answer(principal: Principal, kind: CallbackKind, dto: LateAnswer): Promise<LateAnswerView> {
    const scope = scopeOf(principal);
    const userCode = principal.kind === 'user' ? principal.userCode : `api-key:${principal.keyId}`;
    const { ticket_id: orderId, result } = dto;
    const ahead = result ? await this.orders.aheadOf(scope, orderId, kind) : nobodyAsked;
    return this.unitOfWork.run(async (tx) => {
      const order = await this.orders.lock(tx, scope, orderId);
      if (!order) throw notFound(`order ${orderId}`);
      if (principal.kind === 'service' && principal.businessTypes?.includes(order.businessType) === false) {
        throw new Problem('forbidden', `this API key may not answer for business type ${order.businessType}`);
      }
      const delivery = await this.deliveries.latest(tx, orderId, callbackTopics[kind]);
      if (!delivery) throw new Problem('not_awaited', `nobody has asked for the ${kind} of this order`);
      if (delivery.result !== null) {
        if (delivery.result === result)
          return { ticket_id: orderId, result, apply_status: order.applyStatus };
        throw new Problem(
          'already_decided',
          `the ${kind} was answered with ${delivery.result} before; the first answer stands`,
        );
      }
      const answer = { result, msg: words(dto.msg), error: words(dto.error) };
      const record = await this.orders.answer(tx, { scope, orderId, kind, userCode }, answer, ahead);
      await this.deliveries.answered(tx, delivery.id, result, this.clock.now());
      return { ticket_id: orderId, result, apply_status: record.state.applyStatus };
    });
  }
}
