import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** Somebody who was sent an order for information. */
export interface OrderCopyRow {
  userCode: string;
  applyOrderId: string;
  copiedBy: string;
  createTime: Date;
}

export const orderCopyEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<OrderCopyRow>({
    name: 'OrderCopy',
    tableName: 'dms_s_apply_order_cc',
    columns: {
      userCode: c.varchar('user_code', 64, { primary: true }),
      applyOrderId: c.varchar('apply_order_id', 64, { primary: true }),
      copiedBy: c.varchar('copied_by', 64),
      createTime: c.datetime('create_time'),
    },
    indices: [{ name: 'ix_order_cc_order', columns: ['applyOrderId'] }],
  });
};
