import { expect } from 'vitest';
import type { Database } from '../../src/database/database.js';
import type { OrderEvent } from '../../src/engine/events.js';
import { replay } from '../../src/engine/evolve.js';
import type { OrderState, StepState } from '../../src/engine/order-state.js';
import { Clock } from '../../src/runtime/clock.js';
import { OrdersRepository } from '../../src/orders/orders.repository.js';
import { SeatsRepository } from '../../src/orders/seats.repository.js';
import { TimersRepository } from '../../src/orders/timers.repository.js';

/** An order's committed commands, in order: each a list of events. */
export interface OrderHistory {
  readonly id: string;
  readonly state: OrderState;
  readonly transitions: readonly (readonly OrderEvent[])[];
}

interface LogRow {
  readonly apply_order_id: string;
  readonly transition_no: number;
  readonly seq: number;
  readonly operation_data: string;
}

/**
 * Reads every order with its log, straight from the tables, and expects of each that its transitions are numbered
 * from 1 to its version without a gap, and that replaying them gives exactly the state that is stored (domain rule 7).
 * @param only the order that is meant, instead of all of them
 */
export async function historiesOf(database: Database, only?: string): Promise<OrderHistory[]> {
  const [ofOrder, ofLog, values] =
    only === undefined ? ['', '', []] : ['WHERE id = ?', 'WHERE apply_order_id = ?', [only]];
  const orders = await database.rows<{ id: string }>(
    `SELECT id FROM dms_s_apply_order ${ofOrder} ORDER BY id`,
    values,
  );
  const log = new Map<string, LogRow[]>();
  for (const row of await database.rows<LogRow>(
    `SELECT apply_order_id, transition_no, seq, operation_data FROM dms_s_apply_order_log ${ofLog}
      ORDER BY apply_order_id, transition_no, seq`,
    values,
  )) {
    const rows = log.get(row.apply_order_id);
    if (rows) rows.push(row);
    else log.set(row.apply_order_id, [row]);
  }
  expect(new Set(log.keys()), 'a log without its order').toEqual(new Set(orders.map((order) => order.id)));
  const repository = new OrdersRepository(
    database,
    new SeatsRepository(),
    new TimersRepository(),
    new Clock(),
  );
  const histories: OrderHistory[] = [];
  for (const { id } of orders) {
    const record = await repository.find('all', id);
    if (!record) throw new Error(`order ${id} cannot be read`);
    const transitions = transitionsOf(log.get(id) ?? []);
    expect(transitions, `transitions of order ${id}`).toHaveLength(record.state.version);
    const rebuilt = replay(transitions);
    expect(rebuilt && comparable(rebuilt), `order ${id} rebuilt from its log`).toEqual(
      comparable(record.state),
    );
    histories.push({ id, state: record.state, transitions });
  }
  return histories;
}

function transitionsOf(rows: readonly LogRow[]): OrderEvent[][] {
  const transitions: OrderEvent[][] = [];
  for (const row of rows) {
    if (row.seq === 0) transitions.push([]);
    const events = transitions.at(-1);
    expect([row.transition_no, row.seq], `log of order ${row.apply_order_id}`).toEqual([
      transitions.length,
      events?.length,
    ]);
    events?.push(JSON.parse(row.operation_data) as OrderEvent);
  }
  return transitions;
}

/** The rows hold a step's subjects and seats as sets: who came first is in the log. */
export const comparable = (state: OrderState): OrderState => ({
  ...state,
  steps: state.steps.map((step) => ({
    ...step,
    subjects: [...new Set(step.subjects)].toSorted(),
    seats: step.seats.toSorted((one, other) => (one.subject < other.subject ? -1 : 1)),
  })),
});

/** Whose decision stands on a step. */
export const votersOf = (step: StepState): string[] =>
  step.seats.flatMap((seat) => (seat.decision === null ? [] : [seat.subject.slice(2)]));

/** Who closed each step, from the log: exactly one person a step, or nobody. */
export function winnersOf(history: OrderHistory): Map<number, string[]> {
  const winners = new Map<number, string[]>();
  for (const event of history.transitions.flat()) {
    if (event.type !== 'step.approved' && event.type !== 'step.rejected') continue;
    winners.set(event.applyStep, [...(winners.get(event.applyStep) ?? []), event.userCode]);
  }
  return winners;
}
