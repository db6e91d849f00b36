import { Injectable } from '@nestjs/common';
import type { TeamScope } from '../auth/principal.js';
import { wholeSecond } from '../database/dialect.js';
import type { Tx } from '../database/sql.js';
import { type Command, decide } from '../engine/decide.js';
import { evolveAll } from '../engine/evolve.js';
import { notFound, Problem } from '../http/problem.js';
import { Metrics } from '../observability/metrics.js';
import { Clock } from '../runtime/clock.js';
import { assigneesAfter, type OrderRecord } from './order.record.js';
import { OrderTransitions } from './order.transitions.js';
import { OrdersRepository } from './orders.repository.js';

/** Which order a command is for, among the teams that exist for the caller, and who gives it. */
export interface CommandTarget {
  readonly scope: TeamScope;
  readonly id: string;
  readonly userCode: string;
}

/** A command that was carried out, in a transaction that may still fail. */
export interface CarriedOut {
  readonly record: OrderRecord;
  /** The id of its first log row, by which a lost commit is confirmed. */
  readonly firstLogId: string;
}

/** One command on an order: lock, let the engine decide, save, log. */
@Injectable()
export class OrderCommands {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly transitions: OrderTransitions,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
  ) {}

  /**
   * @param prepare makes the command from the locked order; told whether the directory has the caller as active.
   * @throws Problem 404 when the order does not exist for the caller; the engine's refusal, before anything is written.
   */
  async carryOut(
    tx: Tx,
    { scope, id, userCode }: CommandTarget,
    prepare: (record: OrderRecord, actorActive: boolean) => Promise<Command>,
  ): Promise<CarriedOut> {
    const locked = await this.orders.lock(tx, scope, id, userCode);
    if (!locked) throw notFound(`order ${id}`);
    const before = locked.record;
    const outcome = decide(before.state, await prepare(before, locked.actorActive));
    if (!outcome.ok) throw new Problem(outcome.refusal.code, outcome.refusal.detail);
    const { events } = outcome;
    const now = wholeSecond(this.clock.now());
    const state = evolveAll(before.state, events);
    const record: OrderRecord = {
      head: { ...before.head, updateTime: now },
      state,
      steps: before.steps.map((step, index) =>
        state.steps[index] === before.state.steps[index] ? step : { ...step, updateTime: now },
      ),
      assignees: events.reduce((rows, event) => assigneesAfter(rows, event, state, now), before.assignees),
    };
    await this.orders.save(tx, before, record, events);
    const { watched } = locked;
    const firstLogId = await this.transitions.tell(tx, { record, events, userCode, watched });
    tx.afterCommit(() => this.metrics.countEvents(events));
    return { record, firstLogId };
  }
}
