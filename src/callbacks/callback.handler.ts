import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type CallbackTarget, CallbackTargetsService } from '../business-types/callback-targets.service.js';
import type { Tx } from '../database/sql.js';
import { Problem } from '../http/problem.js';
import {
  type Ahead,
  type CallbackAnswer,
  type CallbackKind,
  callbackTopics,
  nobodyAsked,
  OrderCallbacksService,
  type OrderRecord,
} from '../orders/order-callbacks.service.js';
import { OrdersService } from '../orders/orders.service.js';
import { type OutboundAnswer, OutboundError } from '../outbound/outbound.client.js';
import { WebhookClient } from '../outbound/webhook.client.js';
import {
  type AttemptResult,
  type ClaimedDelivery,
  type DeliveryHandler,
  DeliveryHandlers,
} from '../outbox/delivery-handler.port.js';
import { parseAnswer } from './callback-answer.js';
import { callbackBody } from './callback-body.js';
import { CallbackTicketsService } from './callback-tickets.service.js';

/** The kind of callback that a topic stands for; null for topics of others. */
export function kindOf(topic: string): CallbackKind | null {
  if (topic === callbackTopics.check) return 'check';
  return topic === callbackTopics.execute ? 'execute' : null;
}

/** Asks business modules: the check before the first step, the execution behind the last (domain rules 2 and 6). */
@Injectable()
export class CallbackHandler implements DeliveryHandler, OnModuleInit {
  readonly topics = Object.values(callbackTopics);

  constructor(
    private readonly handlers: DeliveryHandlers,
    private readonly targets: CallbackTargetsService,
    private readonly orders: OrdersService,
    private readonly callbacks: OrderCallbacksService,
    private readonly client: WebhookClient,
    private readonly tickets: CallbackTicketsService,
  ) {}

  onModuleInit(): void {
    this.handlers.register(this);
  }

  async attempt(delivery: ClaimedDelivery, signal: AbortSignal): Promise<AttemptResult> {
    const kind = kindOf(delivery.topic) ?? 'check';
    const record = await this.orders.forService(delivery.orderId);
    if (!record) return permanently('the order is gone');
    const { applyStatus, returned } = record.state;
    if (applyStatus !== awaitedIn[kind] || returned) {
      // Nobody need act: it was withdrawn, answered or closed in the meantime.
      const error = `not sent: the order is ${applyStatus} and does not wait for its ${kind}`;
      return { outcome: 'failed', error, settle: () => Promise.resolve() };
    }
    const { businessTypeId, accCode, businessType } = record.head;
    const target = await this.targets.find({ id: businessTypeId, team: accCode, code: businessType });
    if (!target) return permanently(`business type ${businessType} is gone; abandon this`);
    const url = kind === 'check' ? target.checkUrl : target.executeUrl;
    const result = url
      ? await this.call(delivery, record, target, url, kind, signal)
      : permanently(
          `business type ${businessType} has no ${kind}Url any more; set one and redeliver, or abandon this`,
        );
    if (result.outcome !== 'failed' || kind !== 'check' || target.failMode !== 'open') return result;
    // An order of this type does not wait for a check that cannot be asked.
    const { orderId } = delivery;
    const ahead = await this.ahead(record, kind);
    return {
      ...result,
      settle: (tx) => this.unlessOver(() => this.callbacks.skipCheck(tx, orderId, result.error, ahead)),
    };
  }

  lock(tx: Tx, { orderId }: Pick<ClaimedDelivery, 'orderId'>): Promise<unknown> {
    return this.callbacks.lock(tx, 'all', orderId);
  }

  parked(
    tx: Tx,
    { id, topic, orderId }: Pick<ClaimedDelivery, 'id' | 'topic' | 'orderId'>,
    error: string,
  ): Promise<void> {
    const kind = kindOf(topic) ?? 'check';
    return this.unlessOver(() => this.callbacks.park(tx, { scope: 'all', orderId, kind }, id, error));
  }

  private async call(
    delivery: ClaimedDelivery,
    record: OrderRecord,
    target: CallbackTarget,
    url: string,
    kind: CallbackKind,
    signal: AbortSignal,
  ): Promise<AttemptResult> {
    const { id, sentAt, createTime } = delivery;
    // Only who is spoken to in requirement 001's way knows callbacks by other names.
    const ticket = target.format === 'lark-ticket' ? await this.tickets.of(record.head.id, kind) : null;
    const body = callbackBody(record, target, kind, createTime, ticket);
    const { secrets } = target;
    try {
      const answer = await this.client.send({ url, id, sentAt, body, secrets, signal });
      return await this.judge(answer, record, kind, target, ticket?.ticketId ?? record.head.id);
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      return { outcome: 'failed', error: error.message };
    }
  }

  /** What an HTTP answer means (contract, "Callbacks"; requirement 001: in asynchronous mode any 2xx takes the call on). */
  private async judge(
    { status, body, truncated, retryAfter }: OutboundAnswer,
    record: OrderRecord,
    kind: CallbackKind,
    target: CallbackTarget,
    ticketId: string,
  ): Promise<AttemptResult> {
    const exchange = { status, answer: body };
    const accepted: AttemptResult = { ...exchange, outcome: 'accepted', deadline: target.deadline };
    const later = target.modes[kind] === 'async' && (status !== 200 || target.format === 'lark-ticket');
    if (status === 202) return accepted;
    if (status === 200) {
      const parsed = truncated ? { why: 'the answer is longer than 64 KiB' } : parseAnswer(body, ticketId);
      if ('answer' in parsed) return { ...exchange, ...(await this.answered(record, kind, parsed.answer)) };
      return later ? accepted : { ...exchange, outcome: 'failed', error: parsed.why };
    }
    if (status > 200 && status < 300 && later) return accepted;
    return {
      ...exchange,
      outcome: 'failed',
      error: `the business module answered ${status}`,
      ...(retryAfter === null ? {} : { retryAfter }),
      ...(status === 410 ? { permanent: true } : {}),
    };
  }

  private async answered(record: OrderRecord, kind: CallbackKind, answer: CallbackAnswer) {
    const orderId = record.head.id;
    const ahead = answer.result ? await this.ahead(record, kind) : nobodyAsked;
    return {
      outcome: 'succeeded',
      result: answer.result,
      settle: (tx: Tx) =>
        this.unlessOver(() => this.callbacks.answer(tx, { scope: 'all', orderId, kind }, answer, ahead)),
    } as const;
  }

  /**
   * Whom resolvers name for what opens next. The business module has answered by now, and no failure here may lose that:
   * who is not asked in advance is asked at the decision.
   */
  private ahead(record: OrderRecord, kind: CallbackKind): Promise<Ahead> {
    return this.callbacks.ahead(record, kind).catch(() => nobodyAsked);
  }

  /** An order that was withdrawn or closed meanwhile, or is gone, stays so; what comes of the call is recorded all the same. */
  private async unlessOver(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      const over =
        error instanceof Problem && ['order_closed', 'not_awaited', 'not_found'].includes(error.code);
      if (!over) throw error;
    }
  }
}

/** The state in which an order waits for a callback. */
const awaitedIn = { check: 'initiating', execute: 'executing' } as const satisfies Record<
  CallbackKind,
  string
>;

const permanently = (error: string): AttemptResult => ({ outcome: 'failed', error, permanent: true });
