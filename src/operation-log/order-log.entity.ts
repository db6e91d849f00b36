import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** One event of one order; rows are only ever added (requirement 003, 申请单操作日志表). */
export interface OrderLogRow {
  id: string;
  applyOrderId: string;
  operationUserCode: string;
  operationDetails: string;
  operationTime: Date;
  /** The event's dotted name. */
  operation: string;
  /** The event as JSON: replaying it rebuilds the order. */
  operationData: string | null;
  /** Which committed command of the order, from 1. */
  transitionNo: number;
  /** Place within the transition, from 0. */
  seq: number;
  /** SHA-256 over the row and the one before it of the same order; null in rows from before there were any. */
  hash: string | null;
}

export const orderLogEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<OrderLogRow>({
    name: 'OrderLog',
    tableName: 'dms_s_apply_order_log',
    columns: {
      id: c.id(),
      applyOrderId: c.varchar('apply_order_id', 64),
      operationUserCode: c.varchar('operation_user_code', 64),
      operationDetails: c.text('operation_details'),
      operationTime: c.datetime('operation_time'),
      operation: c.varchar('operation', 64, { default: '' }),
      operationData: c.longText('operation_data', { nullable: true }),
      transitionNo: c.int('transition_no', { default: 0 }),
      seq: c.int('seq', { default: 0 }),
      hash: c.varchar('hash', 64, { nullable: true }),
    },
    indices: [
      { name: 'uq_order_log_transition', columns: ['applyOrderId', 'transitionNo', 'seq'], unique: true },
      { name: 'ix_order_log_time', columns: ['operationTime', 'id'] },
    ],
  });
};
