import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** Something that time will do to the open step of an order; the rows follow the order's own clock. */
export interface TimerRow {
  applyOrderId: string;
  applyStep: number;
  /** Unique on the step: `due`, `before:1`. */
  name: string;
  /** Milliseconds since 1970. */
  dueAt: number;
  /** When it is tried next: later than it is due once that has failed. */
  runAt: number;
  failures: number;
}

export const timerEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<TimerRow>({
    name: 'Timer',
    tableName: 'dms_s_apply_timer',
    columns: {
      applyOrderId: c.id('apply_order_id'),
      applyStep: c.tinyint('apply_step', { primary: true }),
      name: c.varchar('name', 32, { primary: true }),
      dueAt: c.bigint('due_at'),
      runAt: c.bigint('run_at'),
      failures: c.int('failures', { default: 0 }),
    },
    indices: [{ name: 'ix_timer_run', columns: ['runAt'] }],
  });
};
