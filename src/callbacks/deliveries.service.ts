import { Injectable } from '@nestjs/common';
import { scopeOf, teamOf, type UserPrincipal } from '../auth/principal.js';
import type { Sql, Tx } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { type Page, pageOf, windowOf } from '../http/pagination.js';
import { invalid, notFound, Problem } from '../http/problem.js';
import {
  type CallbackKind,
  nobodyAsked,
  type OrderCallback,
  OrderCallbacksService,
} from '../orders/order-callbacks.service.js';
import {
  DeliveriesRepository,
  type DeliveryRecord,
  type DeliveryState,
} from '../outbox/deliveries.repository.js';
import { OutboxWake } from '../outbox/outbox.wake.js';
import { Clock } from '../runtime/clock.js';
import { kindOf } from './callback.handler.js';
import type { AbandonDelivery, DeliveryView, ListDeliveries } from './deliveries.dto.js';

/** What administrators see of outgoing calls, and what they can do about those that got stuck (domain rule 6). */
@Injectable()
export class DeliveriesService {
  constructor(
    private readonly deliveries: DeliveriesRepository,
    private readonly orders: OrderCallbacksService,
    private readonly unitOfWork: UnitOfWork,
    private readonly wake: OutboxWake,
    private readonly clock: Clock,
  ) {}

  async list(principal: UserPrincipal, query: ListDeliveries): Promise<Page<DeliveryView>> {
    const team = teamOf(principal, query.accCode);
    const window = windowOf(query);
    const { state, orderId, topic } = query;
    const rows = await this.deliveries.list(
      team === null ? scopeOf(principal) : [team],
      { ...(state ? { state } : {}), ...(orderId ? { orderId } : {}), ...(topic ? { topic } : {}) },
      window,
    );
    const attempts = await this.deliveries.attemptsOf(rows.map((row) => row.id));
    return pageOf(
      rows,
      window,
      (row) => row.id,
      (row) => toView(row, attempts.get(row.id) ?? []),
    );
  }

  /** @throws Problem 404 */
  async get(principal: UserPrincipal, id: string): Promise<DeliveryView> {
    return this.view(await this.visible(principal, id));
  }

  /**
   * Sends a delivery again, at once and with the whole schedule before it, under the same id.
   * @throws Problem 404; 409 delivery_closed when it is being sent right now, was answered or given up.
   */
  redeliver(principal: UserPrincipal, id: string): Promise<DeliveryView> {
    return this.steer(principal, id, async (tx, delivery, callback) => {
      // A callback that was answered is answered; a notification may be wanted once more.
      const from: DeliveryState[] = [
        'pending',
        'awaiting',
        'failed',
        ...(callback ? [] : ['succeeded' as const]),
      ];
      if (!(await this.deliveries.redeliver(tx, id, from, this.clock.now())))
        throw closed(delivery, 'sent again');
      if (callback) await this.orders.redeliver(tx, callback, id);
      tx.afterCommit(this.wake.now);
    });
  }

  /**
   * Gives a delivery up; the order of a callback goes where the administrator says.
   * @throws Problem 404; 400 when it does not say where; 409 delivery_closed, order_closed.
   */
  async abandon(principal: UserPrincipal, id: string, dto: AbandonDelivery): Promise<DeliveryView> {
    const { orderId, topic } = await this.visible(principal, id);
    const asked = dto.applyStatus === 'in_review' ? kindOf(topic) : null;
    const ahead = asked ? await this.orders.aheadOf('all', orderId, asked) : nobodyAsked;
    return this.steer(principal, id, async (tx, delivery, callback) => {
      const { applyStatus, reason } = dto;
      if (callback) {
        const allowed = callback.kind === 'check' ? ['rejected', 'in_review'] : ['rejected', 'completed'];
        if (applyStatus === undefined || !allowed.includes(applyStatus)) {
          throw invalid(
            'applyStatus',
            `must be ${allowed.join(' or ')}: where does the order go without its ${callback.kind}?`,
          );
        }
      } else if (applyStatus !== undefined) {
        throw invalid('applyStatus', 'does not belong to a notification, which changes no order');
      }
      if (!(await this.deliveries.abandon(tx, id, this.clock.now()))) throw closed(delivery, 'given up');
      if (callback && applyStatus) {
        await this.orders.abandon(tx, callback, { deliveryId: id, applyStatus, reason }, ahead);
      }
    });
  }

  /** One act of an administrator on a delivery, under the lock of its order. */
  private steer(
    principal: UserPrincipal,
    id: string,
    act: (tx: Tx, delivery: DeliveryRecord, callback: OrderCallback | null) => Promise<void>,
  ): Promise<DeliveryView> {
    return this.unitOfWork.run(async (tx) => {
      const delivery = await this.visible(principal, id, tx);
      const kind: CallbackKind | null = kindOf(delivery.topic);
      const { orderId } = delivery;
      const { userCode } = principal;
      if (kind) await this.orders.lock(tx, 'all', orderId);
      await act(tx, delivery, kind && { scope: 'all', orderId, kind, userCode });
      return this.view(await this.visible(principal, id, tx), tx);
    });
  }

  private async visible(principal: UserPrincipal, id: string, sql?: Sql): Promise<DeliveryRecord> {
    const delivery = await this.deliveries.find(scopeOf(principal), id, sql);
    if (!delivery) throw notFound(`delivery ${id}`);
    return delivery;
  }

  private async view(delivery: DeliveryRecord, sql?: Sql): Promise<DeliveryView> {
    const attempts = await this.deliveries.attemptsOf([delivery.id], sql);
    return toView(delivery, attempts.get(delivery.id) ?? []);
  }
}

const closed = ({ state }: DeliveryRecord, what: string): Problem =>
  new Problem(
    'delivery_closed',
    state === 'sending'
      ? `the delivery is being sent right now; look again when the attempt is over`
      : `the delivery is ${state} and cannot be ${what}`,
  );

const toView = (
  { dueAt, state, ...delivery }: DeliveryRecord,
  attempts: DeliveryView['attempts'],
): DeliveryView => ({
  ...delivery,
  state,
  nextAttemptAt: state === 'sending' ? null : dueAt,
  attempts,
});
