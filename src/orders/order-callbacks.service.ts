import { Injectable } from '@nestjs/common';
import type { TeamScope } from '../auth/principal.js';
import { teamClause } from '../auth/team-clause.js';
import { systemUserCode } from '../auth/token.verifier.js';
import { Database } from '../database/database.js';
import { forUpdate } from '../database/dialect.js';
import type { Tx } from '../database/sql.js';
import type { DirectoryFacts, Found } from '../engine/advance.js';
import type { CallbackAnswer, CallbackCommand } from '../engine/callbacks.js';
import type { AbandonedTo } from '../engine/events.js';
import { applyStatusCodes, nameOf } from '../engine/codes.js';
import type { ApplyStatus, CallbackKind } from '../engine/vocabulary.js';
import { OrderCommands } from './order.commands.js';
import { OrderPeople } from './order.people.js';
import type { OrderRecord } from './order.record.js';
import { contextOf, OrderResolvers } from './order.resolvers.js';
import { callbackTopics, eventsTopic } from './order.transitions.js';
import { OrdersRepository } from './orders.repository.js';

export type { AbandonedTo, CallbackAnswer, CallbackKind, OrderRecord };
export { callbackTopics, eventsTopic };

/** A callback of one order, and on whose behalf something becomes of it. */
export interface OrderCallback {
  /** The teams whose orders exist for the caller; `all` for the service itself. */
  readonly scope: TeamScope;
  readonly orderId: string;
  readonly kind: CallbackKind;
  /** Left out when the service itself acts. */
  readonly userCode?: string;
}

/** Whom resolvers name for steps that may open because of an answer; asked before its transaction, by step. */
export type Ahead = ReadonlyMap<number, Found>;

/** Nobody was asked: a step that a resolver would fill opens, and who may decide it is asked at the decision. */
export const nobodyAsked: Ahead = new Map();

/** An order under its row lock. */
export interface LockedForCallback {
  readonly businessType: string;
  readonly applyStatus: ApplyStatus;
}

/**
 * What becomes of an order because of its callbacks. Everything here is one command of the order, carried out in the
 * caller's transaction, and refused with Problem 404, 409 order_closed or 409 not_awaited.
 */
@Injectable()
export class OrderCallbacksService {
  constructor(
    private readonly commands: OrderCommands,
    private readonly people: OrderPeople,
    private readonly resolvers: OrderResolvers,
    private readonly orders: OrdersRepository,
    private readonly database: Database,
  ) {}

  /**
   * Whom resolvers name for the steps that open once a check is passed. Goes over the network, so never inside a
   * transaction; an order without such steps asks nobody, and reads nothing.
   */
  async ahead({ head, state }: OrderRecord, kind: CallbackKind): Promise<Ahead> {
    if (kind !== 'check' || state.applyStatus !== 'initiating') return nobodyAsked;
    const waiting = state.steps.filter((step) => step.auditStatus === 'waiting');
    return this.resolvers.approvers(waiting, contextOf({ head, state }));
  }

  /** The same for an order that has to be read first; nobody for one that does not exist for the caller. */
  async aheadOf(scope: TeamScope, orderId: string, kind: CallbackKind): Promise<Ahead> {
    const record = kind === 'check' ? await this.orders.find(scope, orderId) : null;
    return record ? this.ahead(record, kind) : nobodyAsked;
  }

  /**
   * Locks an order's row: whoever changes an order and something beside it locks the order first.
   * @returns what an answer to it depends on; null when no such order exists for the caller.
   */
  async lock(tx: Tx, scope: TeamScope, orderId: string): Promise<LockedForCallback | null> {
    const team = teamClause(scope, 'acc_code');
    const [row] = await tx.rows<{ readonly businessType: string; readonly applyStatus: string }>(
      `SELECT business_type AS businessType, apply_status AS applyStatus FROM dms_s_apply_order
        WHERE id = ?${team.sql}${forUpdate(this.database.dialect)}`,
      [orderId, ...team.values],
    );
    return row ? { ...row, applyStatus: nameOf(applyStatusCodes, row.applyStatus) } : null;
  }

  /** The business module's answer (domain rules 2 and 6). */
  answer(tx: Tx, callback: OrderCallback, answer: CallbackAnswer, ahead: Ahead): Promise<OrderRecord> {
    return this.command(tx, callback, ahead, (facts) => ({
      type: 'answer_callback',
      callback: callback.kind,
      answer,
      facts,
    }));
  }

  /** The check could not be asked; its business type lets the order go on. */
  skipCheck(tx: Tx, orderId: string, error: string, ahead: Ahead): Promise<OrderRecord> {
    return this.command(tx, { scope: 'all', orderId, kind: 'check' }, ahead, (facts) => ({
      type: 'skip_check',
      error,
      facts,
    }));
  }

  /** Nothing more is tried until an administrator acts. */
  park(tx: Tx, callback: OrderCallback, deliveryId: string, error: string): Promise<OrderRecord> {
    return this.command(tx, callback, nobodyAsked, () => ({
      type: 'park_callback',
      callback: callback.kind,
      deliveryId,
      error,
    }));
  }

  redeliver(tx: Tx, callback: OrderCallback, deliveryId: string): Promise<OrderRecord> {
    return this.command(tx, callback, nobodyAsked, () => ({
      type: 'redeliver_callback',
      callback: callback.kind,
      deliveryId,
    }));
  }

  /** An administrator gives the callback up and says where the order goes. */
  abandon(
    tx: Tx,
    callback: OrderCallback,
    to: { readonly deliveryId: string; readonly applyStatus: AbandonedTo; readonly reason: string },
    ahead: Ahead,
  ): Promise<OrderRecord> {
    return this.command(tx, callback, ahead, (facts) => ({
      type: 'abandon_callback',
      callback: callback.kind,
      ...to,
      facts,
    }));
  }

  private async command(
    tx: Tx,
    { scope, orderId, userCode = systemUserCode }: OrderCallback,
    ahead: Ahead,
    make: (facts: DirectoryFacts) => CallbackCommand,
  ): Promise<OrderRecord> {
    const { record } = await this.commands.carryOut(tx, { scope, id: orderId, userCode }, async (order) =>
      make(await this.people.facts(tx, order, ahead)),
    );
    return record;
  }
}
