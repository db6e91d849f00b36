import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** One attempt of a delivery, as it was recorded when it was over. */
export interface DeliveryAttemptRow {
  deliveryId: string;
  /** From 1. */
  attemptNo: number;
  startedAt: Date;
  /** Null when the process ended before it could tell. */
  durationMs: number | null;
  /** The HTTP status, when there was one. */
  status: number | null;
  outcome: string;
  error: string | null;
  /** The first kilobyte of the answer. */
  answer: string | null;
}

export const deliveryAttemptEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<DeliveryAttemptRow>({
    name: 'DeliveryAttempt',
    tableName: 'dms_s_apply_delivery_attempt',
    columns: {
      deliveryId: c.varchar('delivery_id', 64, { primary: true }),
      attemptNo: c.int('attempt_no', { primary: true }),
      startedAt: c.datetime('started_at'),
      durationMs: c.int('duration_ms', { nullable: true }),
      status: c.int('status', { nullable: true }),
      outcome: c.varchar('outcome', 16),
      error: c.varchar('error', 512, { nullable: true }),
      answer: c.text('answer', { nullable: true }),
    },
    foreignKeys: [
      {
        name: 'fk_delivery_attempt_delivery',
        columnNames: ['deliveryId'],
        target: 'Delivery',
        referencedColumnNames: ['id'],
        onDelete: 'CASCADE',
      },
    ],
  });
};
