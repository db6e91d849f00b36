import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** One outgoing call, written by the transaction that causes it. */
export interface DeliveryRow {
  /** Also the `webhook-id`: the same on every attempt. */
  id: string;
  topic: string;
  applyOrderId: string;
  accCode: string | null;
  state: string;
  /** JSON */
  payload: string;
  createTime: Date;
  /** Tells deliveries of one order and topic apart; no cause is carried out twice. */
  cause: string;
  /** Whom it goes to: what shares a target waits for each other. */
  target: string;
  /** When it is next due, by its state; null when nothing is left to do. */
  dueAt: number | null;
  attempts: number;
  /** Failed attempts since it was stored or last redelivered: the place in the retry schedule. */
  failures: number;
  /** Whose claim it is while it is being sent. */
  claimToken: string | null;
  /** What the target answered: 1 yes, 0 no, null nothing yet. */
  result: number | null;
  lastError: string | null;
  updateTime: Date | null;
}

export const deliveryEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<DeliveryRow>({
    name: 'Delivery',
    tableName: 'dms_s_apply_delivery',
    columns: {
      id: c.id(),
      topic: c.varchar('topic', 32),
      applyOrderId: c.varchar('apply_order_id', 64),
      accCode: c.varchar('acc_code', 64, { nullable: true }),
      state: c.varchar('state', 16),
      payload: c.longText('payload'),
      createTime: c.datetime('create_time'),
      cause: c.varchar('cause', 160, { default: '' }),
      target: c.varchar('target', 80, { default: '' }),
      dueAt: c.bigint('due_at', { nullable: true }),
      attempts: c.int('attempts', { default: 0 }),
      failures: c.int('failures', { default: 0 }),
      claimToken: c.varchar('claim_token', 64, { nullable: true }),
      result: c.tinyint('result', { nullable: true }),
      lastError: c.varchar('last_error', 512, { nullable: true }),
      updateTime: c.datetime('update_time', { nullable: true }),
    },
    indices: [
      { name: 'uq_delivery_cause', columns: ['applyOrderId', 'topic', 'cause'], unique: true },
      { name: 'ix_delivery_state', columns: ['state', 'id'] },
      { name: 'ix_delivery_due', columns: ['state', 'dueAt'] },
      { name: 'ix_delivery_target', columns: ['state', 'target', 'dueAt'] },
      { name: 'ix_delivery_team', columns: ['accCode', 'id'] },
    ],
  });
};
