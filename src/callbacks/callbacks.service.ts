import { Injectable, Logger } from '@nestjs/common';
import { type Principal, scopeOf, type TeamScope } from '../auth/principal.js';
import { unauthenticated } from '../auth/token.verifier.js';
import { CallbackTargetsService } from '../business-types/callback-targets.service.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { notFound, Problem } from '../http/problem.js';
import {
  type CallbackKind,
  callbackTopics,
  nobodyAsked,
  OrderCallbacksService,
} from '../orders/order-callbacks.service.js';
import { OrdersService } from '../orders/orders.service.js';
import { verifyWebhook } from '../outbound/webhook-signature.js';
import { DeliveriesRepository } from '../outbox/deliveries.repository.js';
import { Clock } from '../runtime/clock.js';
import { words } from './callback-answer.js';
import { CallbackTicketsService } from './callback-tickets.service.js';
import type { LateAnswer, LateAnswerView } from './callbacks.dto.js';

/** Who brings an answer. */
interface Answerer {
  readonly scope: TeamScope;
  /** Left out when the business module itself is known by its signature. */
  readonly userCode?: string;
  /** Of which business types it may answer; null for all. */
  readonly businessTypes: readonly string[] | null;
}

/** A message as it came. */
export interface SignedMessage {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly rawBody: Buffer;
}

/** Answers that business modules bring themselves, after they have accepted a callback or when their own answer got lost. */
@Injectable()
export class CallbacksService {
  private readonly logger = new Logger('callbacks');

  constructor(
    private readonly orders: OrderCallbacksService,
    private readonly records: OrdersService,
    private readonly targets: CallbackTargetsService,
    private readonly tickets: CallbackTicketsService,
    private readonly deliveries: DeliveriesRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * The first answer wins, by whichever way it comes; the same again is fine.
   * @throws Problem 404 for a ticket that does not exist for the caller; 409 already_decided for another answer than the
   * first, order_closed or not_awaited when the order does not wait for one, or no longer under this ticket.
   */
  async answer(principal: Principal, kind: CallbackKind, dto: LateAnswer): Promise<LateAnswerView> {
    const orderId = await this.orderOf(dto.ticket_id, kind);
    return this.record(
      {
        scope: scopeOf(principal),
        userCode: principal.kind === 'user' ? principal.userCode : `api-key:${principal.keyId}`,
        businessTypes: principal.kind === 'service' ? principal.businessTypes : null,
      },
      kind,
      orderId,
      dto,
    );
  }

  /**
   * The same for a module that is known by its signature: that of its business type, as on what it is asked.
   * @throws Problem 401 for whatever it has not signed, also for tickets that do not exist: nobody could have
   */
  async answerSigned(
    { headers, rawBody }: SignedMessage,
    kind: CallbackKind,
    dto: LateAnswer,
  ): Promise<LateAnswerView> {
    const orderId = await this.orderOf(dto.ticket_id, kind);
    const head = (await this.records.forService(orderId))?.head;
    const target =
      head &&
      (await this.targets.find({ id: head.businessTypeId, team: head.accCode, code: head.businessType }));
    const verdict = target
      ? verifyWebhook(headers, rawBody, target.secrets, this.clock.now())
      : ({ ok: false, why: 'there is no such ticket, or no business type of it any more' } as const);
    if (!verdict.ok) {
      this.logger.warn({ kind, why: verdict.why }, 'a late answer of nobody known is refused');
      throw unauthenticated(
        'the answer is not signed by the business module of this ticket, or not at this time',
      );
    }
    return this.record({ scope: 'all', businessTypes: null }, kind, orderId, dto);
  }

  /** A ticket is the order's id, or a name that was given to one of its callbacks. */
  private async orderOf(ticketId: string, kind: CallbackKind): Promise<string> {
    return (await this.tickets.orderOf(ticketId, kind)) ?? ticketId;
  }

  private async record(
    { scope, userCode, businessTypes }: Answerer,
    kind: CallbackKind,
    orderId: string,
    dto: LateAnswer,
  ): Promise<LateAnswerView> {
    const { ticket_id, result } = dto;
    const ahead = result ? await this.orders.aheadOf(scope, orderId, kind) : nobodyAsked;
    return this.unitOfWork.run(async (tx) => {
      const order = await this.orders.lock(tx, scope, orderId);
      if (!order) throw notFound(ticket_id === orderId ? `order ${orderId}` : `ticket ${ticket_id}`);
      if (businessTypes?.includes(order.businessType) === false) {
        throw new Problem('forbidden', `this API key may not answer for business type ${order.businessType}`);
      }
      if (ticket_id !== orderId && (await this.tickets.of(orderId, kind, tx))?.ticketId !== ticket_id) {
        throw new Problem(
          'not_awaited',
          `ticket ${ticket_id} is over: the ${kind} was asked anew under another one`,
        );
      }
      const delivery = await this.deliveries.latest(tx, orderId, callbackTopics[kind]);
      if (!delivery) throw new Problem('not_awaited', `nobody has asked for the ${kind} of this order`);
      if (delivery.result !== null) {
        if (delivery.result === result) return { ticket_id, result, apply_status: order.applyStatus };
        throw new Problem(
          'already_decided',
          `the ${kind} was answered with ${delivery.result} before; the first answer stands`,
        );
      }
      const answer = { result, msg: words(dto.msg), error: words(dto.error) };
      const by = { scope, orderId, kind, ...(userCode === undefined ? {} : { userCode }) };
      const record = await this.orders.answer(tx, by, answer, ahead);
      await this.deliveries.answered(tx, delivery.id, result, this.clock.now());
      return { ticket_id, result, apply_status: record.state.applyStatus };
    });
  }
}
