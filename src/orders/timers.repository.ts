import { Injectable } from '@nestjs/common';
import { insertRows, type SqlValue, type Tx } from '../database/sql.js';
import { openStep, type OrderState } from '../engine/order-state.js';

const table = 'dms_s_apply_timer';

/**
 * The rows by which replicas find the orders that time will do something to. They are written by the order's own
 * transaction: rows exist exactly for the timers of its open step, while that step's time runs.
 */
@Injectable()
export class TimersRepository {
  /** What one transition changed: nothing for orders without due times, else two statements at most. @param before null for a new order */
  async save(tx: Tx, orderId: string, before: OrderState | null, after: OrderState): Promise<void> {
    const rows = rowsOf(orderId, after);
    const stored = before ? rowsOf(orderId, before) : [];
    // One that was put off stays so while nothing else happens to its step.
    if (JSON.stringify(rows) === JSON.stringify(stored)) return;
    if (stored.length > 0) await tx.run(`DELETE FROM ${table} WHERE apply_order_id = ?`, [orderId]);
    if (rows.length > 0) {
      await insertRows(tx, table, ['apply_order_id', 'apply_step', 'name', 'due_at', 'run_at'], rows);
    }
  }
}

function rowsOf(orderId: string, state: OrderState): SqlValue[][] {
  const step = openStep(state);
  if (!step?.clock?.running) return [];
  return step.clock.timers.map(({ name, at }) => [orderId, step.applyStep, name, at, at]);
}
