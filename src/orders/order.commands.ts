import { Injectable } from '@nestjs/common';
import type { TeamScope } from '../auth/principal.js';
import { wholeSecond } from '../database/dialect.js';
import type { Tx } from '../database/sql.js';
import { type Command, decide } from '../engine/decide.js';
import type { OrderEvent } from '../engine/events.js';
import { evolveAll } from '../engine/evolve.js';
import type { OrderState } from '../engine/order-state.js';
import type { Refusal } from '../engine/outcome.js';
import { invalid, notFound, Problem } from '../http/problem.js';
import { Metrics } from '../observability/metrics.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { CopiesRepository } from './copies.repository.js';
import { none, type OrderHead, type OrderRecord, recordAfter, type Replaced } from './order.record.js';
import { OrderTransitions } from './order.transitions.js';
import { type LockedOrder, OrdersRepository } from './orders.repository.js';

/** Which order a command is for, among the teams that exist for the caller, and who gives it. */
export interface CommandTarget {
  readonly scope: TeamScope;
  readonly id: string;
  readonly userCode: string;
}

/** A command that was carried out, in a transaction that may still fail. */
export interface CarriedOut {
  readonly record: OrderRecord;
  readonly events: readonly OrderEvent[];
  /** The id of its first log row, by which a lost commit is confirmed. */
  readonly firstLogId: string;
}

/** One command on an order: lock, let the engine decide, save, log. */
@Injectable()
export class OrderCommands {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly copies: CopiesRepository,
    private readonly transitions: OrderTransitions,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * @param prepare makes the command from the locked order
   * @throws Problem 404 when the order does not exist for the caller; the engine's refusal, before anything is written.
   */
  async carryOut(
    tx: Tx,
    { scope, id, userCode }: CommandTarget,
    prepare: (locked: LockedOrder) => Promise<Command>,
  ): Promise<CarriedOut> {
    const locked = await this.orders.lock(tx, scope, id, userCode);
    if (!locked) throw notFound(`order ${id}`);
    const before = locked.record;
    const outcome = decide(before.state, await prepare(locked));
    if (!outcome.ok) throw problemOf(outcome.refusal);
    const { events } = outcome;
    // Nothing has happened that would need telling: somebody left a group, and sat on no step through it.
    if (events.length === 0) return { record: before, events, firstLogId: '' };
    const state = evolveAll(before.state, events);
    const head = headAfter(before.head, events, wholeSecond(this.clock.now()));
    const logged = { head, version: state.version, events, userCode };
    const rows = await this.transitions.continued(tx, before.head, logged);
    const replaced = replacedBy(events, state);
    const newId = () => this.ids.next();
    const record = recordAfter(before, state, { ...head, logHash: rows.hash }, replaced, newId);
    await this.orders.save(tx, before, record, replaced);
    await this.copies.add(tx, record.head, events);
    const { watched } = locked;
    const firstLogId = await this.transitions.tell(tx, { record, events, userCode, watched, rows });
    tx.afterCommit(() => this.metrics.countEvents(events));
    return { record, events, firstLogId };
  }
}

/** What an engine's refusal is to a caller. */
export function problemOf({ code, detail, field, retryAfter }: Refusal): Problem {
  if (field !== undefined) return invalid(field, detail.slice(field.length + 1));
  const headers = retryAfter === undefined ? {} : { headers: { 'retry-after': String(retryAfter) } };
  return new Problem(code, detail, headers);
}

/** Of the head, the variables change when a returned order is resubmitted with others, and the version when it is moved. */
function headAfter(head: OrderHead, events: readonly OrderEvent[], updateTime: Date): OrderHead {
  const resubmitted = events.find((event) => event.type === 'order.resubmitted');
  const moved = movedIn(events);
  return {
    ...head,
    updateTime,
    variables: resubmitted?.variables ?? head.variables,
    templateVersion: moved?.toVersion ?? head.templateVersion,
  };
}

const movedIn = (events: readonly OrderEvent[]) => events.find((event) => event.type === 'order.moved');

/** The steps that a move copies anew: all behind those that stay, and the open one if it is among them. */
function replacedBy(events: readonly OrderEvent[], { steps }: OrderState): Replaced {
  const moved = movedIn(events);
  if (!moved) return none;
  const behind = steps.slice(moved.kept).map(({ applyStep }) => applyStep);
  return new Set(moved.present ? [moved.present.applyStep, ...behind] : behind);
}
