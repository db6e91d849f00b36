import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../../auth/principal.js';
import { platform } from '../../auth/sight.js';
import { SharedClock } from '../../database/shared-clock.js';
import type { Tx } from '../../database/sql.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import type { ApplyStatus } from '../../engine/vocabulary.js';
import { Problem } from '../../http/problem.js';
import { OrdersService } from '../../orders/orders.service.js';
import { OutboxService } from '../../outbox/outbox.service.js';
import { providerUser } from '../../engine/vocabulary.js';
import { ProvidersService } from '../../providers/providers.service.js';
import { Clock } from '../../runtime/clock.js';
import { Ids } from '../../runtime/ids.js';
import type { RequestRow } from '../requests/request.entity.js';
import type { RequestState } from '../vocabulary.js';
import { type RequestChange, RequestsRepository } from './requests.repository.js';

/** Under which topics the gate hears of its orders, sends what was approved, and is reminded of what ends by itself: states, credentials. */
export const gateTopics = {
  order: 'gate.order',
  execute: 'gate.execute',
  expire: 'gate.expire',
  forget: 'gate.forget',
} as const;

/** Whom an order's end is told to: how a held request goes on with its order, and with time. */
@Injectable()
export class RequestCourse {
  constructor(
    private readonly requests: RequestsRepository,
    private readonly orders: OrdersService,
    private readonly outbox: OutboxService,
    private readonly providers: ProvidersService,
    private readonly shared: SharedClock,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * Brings a request to where its order is by now: approved, denied, cancelled or expired. One that has been executed, or
   * is just being, stays.
   * @returns the request as it is now
   */
  async follow(tx: Tx, orderId: string): Promise<RequestRow | null> {
    await this.requests.lock(tx, orderId);
    const row = await this.requests.ofOrder(orderId, tx);
    if (!row || (row.state !== 'waiting' && row.state !== 'denied')) return row;
    const standing = await this.orders.standingOf(tx, orderId);
    const now = await this.shared.now(tx);
    const change = standing && changeOf(row, standing.status, now);
    if (!change) return row;
    const after = await this.requests.change(tx, row, change);
    if (!after) return row;
    await this.arrange(tx, after);
    // Also when people have decided here: nobody is to wait for the third party's word any more.
    const byProvider = standing.decidedBy === providerUser(row.provider);
    if (after.state !== 'waiting' && !byProvider) await this.tellProvider(tx, after);
    return after;
  }

  /** The same in a transaction of its own. */
  followed(orderId: string): Promise<RequestRow | null> {
    return this.unitOfWork.run((tx) => this.follow(tx, orderId));
  }

  /** What has to be done about a request that was just stored, or has come into another state. */
  async arrange(tx: Tx, row: RequestRow): Promise<void> {
    const { applyOrderId: orderId, accCode, state, mode } = row;
    const time = this.clock.now();
    const common = { orderId, accCode, payload: { requestId: row.id }, time };
    if (state === 'approved' && mode === 'replay') {
      const topic = gateTopics.execute;
      await this.outbox.enqueue(tx, [{ ...common, topic, target: `g:${row.upstream ?? ''}`.slice(0, 64) }]);
    }
    const topic = gateTopics.expire;
    // Not by the reminder itself, which is just being carried out.
    if (state !== 'expired') await this.outbox.cancel(tx, orderId, topic, time);
    if (row.endsAt !== null && endsByItself.has(state)) {
      const reminder = {
        ...common,
        topic,
        // Leave that is given back ends when it ended before.
        cause: this.ids.next(),
        target: topic,
        dueAt: row.endsAt,
      };
      await this.outbox.enqueue(tx, [reminder]);
    }
    if (state === 'denied' || state === 'cancelled' || state === 'expired') {
      await this.requests.forgetCredentials(tx, row.id);
    }
  }

  /** Credentials that are sealed go when their time is over, whatever has become of the request by then. */
  async forgetInTime(
    tx: Tx,
    { id, applyOrderId: orderId, accCode, credentialsUntil }: RequestRow,
  ): Promise<void> {
    if (credentialsUntil === null) return;
    const topic = gateTopics.forget;
    const reminder = { topic, orderId, accCode, target: topic, payload: { requestId: id } };
    await this.outbox.enqueue(tx, [{ ...reminder, time: this.clock.now(), dueAt: credentialsUntil }]);
  }

  /**
   * Ends what has waited too long: a request that nobody decided takes its order with it, and leave that nobody used is
   * gone.
   * @returns the request as it is now
   */
  async expire(row: RequestRow): Promise<RequestRow | null> {
    if (row.state === 'waiting') {
      await this.withdraw(row);
      return this.followed(row.applyOrderId);
    }
    return this.unitOfWork.run(async (tx) => {
      await this.requests.lock(tx, row.applyOrderId);
      const now = await this.requests.ofOrder(row.applyOrderId, tx);
      if (!now || !isOver(now, await this.shared.now(tx))) return now;
      const change = endOf(now);
      const after = change && (await this.requests.change(tx, now, change));
      if (after) await this.arrange(tx, after);
      return after ?? now;
    });
  }

  /**
   * Says what has become of a request whose outcome nobody knows, or gives up one that is approved and cannot be sent.
   * @throws Problem 409 when its outcome is known, or it is under way
   */
  resolve(orderId: string, state: 'executed' | 'failed', error: string): Promise<void> {
    return this.unitOfWork.run(async (tx) => {
      await this.requests.lock(tx, orderId);
      const row = await this.requests.ofOrder(orderId, tx);
      const open = row?.state === 'unknown' || (row?.state === 'approved' && state === 'failed');
      if (!row || !open)
        throw new Problem(
          'already_decided',
          `the request is ${row?.state ?? 'gone'}; its outcome is not open`,
        );
      const endsAt = (await this.shared.now(tx)) + row.resultTtl * 1000;
      await this.requests.change(tx, row, { state, endsAt, error });
      await this.outbox.cancel(tx, orderId, gateTopics.execute, this.clock.now());
    });
  }

  /** Decided in the same moment after all, or withdrawn by somebody else: then that stands. */
  private async withdraw(row: RequestRow): Promise<void> {
    try {
      const remark = 'nobody decided on the held request in time';
      await this.orders.withdraw(applicantOf(row), row.applyOrderId, { remark });
    } catch (error) {
      if (!(error instanceof Problem) || error.status >= 500) throw error;
    }
  }

  private async tellProvider(tx: Tx, row: RequestRow): Promise<void> {
    const scope = await this.requests.scopeOfAction(tx, row.actionId);
    await this.providers.tell(tx, {
      event: 'CANCEL_APPROVE_REQUEST',
      orderId: row.applyOrderId,
      team: row.accCode,
      scope: scope ?? platform,
      provider: row.provider,
      data: { approve_request_id: row.id, status: row.state },
      time: this.clock.now(),
    });
  }
}

/** The states of which somebody has to be reminded; what a result or a refusal answers until then is seen when it is asked for. */
const endsByItself: ReadonlySet<string> = new Set<RequestState>(['waiting', 'approved', 'executing']);

/** Whether the state of a request has ended by itself. @param now milliseconds of the shared clock */
export const isOver = ({ endsAt }: RequestRow, now: number): boolean => endsAt !== null && endsAt <= now;

/** Where an order leads its request; null: nowhere (yet). */
function changeOf(row: RequestRow, status: ApplyStatus, now: number): RequestChange | null {
  const { state, mode, resultTtl, passTtl } = row;
  switch (status) {
    case 'completed':
      return { state: 'approved', endsAt: mode === 'retry-once' ? now + passTtl * 1000 : null };
    case 'rejected':
      return state === 'denied' ? null : { state: 'denied', endsAt: now + resultTtl * 1000 };
    case 'withdrawn':
      return { state: isOver(row, now) ? 'expired' : 'cancelled', live: null, endsAt: null };
    default:
      // A rejected order that was reopened waits again, for as long as it takes.
      return state === 'denied' ? { state: 'waiting', endsAt: null } : null;
  }
}

/** What becomes of a request whose time is over. */
function endOf(row: RequestRow): RequestChange | null {
  switch (row.state) {
    case 'approved':
      return { state: 'expired', live: null, endsAt: null };
    case 'executing':
      return {
        state: 'unknown',
        endsAt: null,
        error: 'the repeat passed, and nobody told how it ended',
      };
    default:
      return null;
  }
}

/** Who asked, as a principal; without a team it was a system administrator. */
const applicantOf = ({ userCode, accCode }: RequestRow): UserPrincipal => ({
  kind: 'user',
  userCode,
  accCode,
  roles: accCode === null ? ['system_admin'] : [],
});
