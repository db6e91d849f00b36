import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** One outgoing call, written by the transaction that causes it. */
export interface DeliveryRow {
  id: string;
  topic: string;
  applyOrderId: string;
  accCode: string | null;
  state: string;
  /** JSON */
  payload: string;
  createTime: Date;
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
    },
    indices: [
      { name: 'uq_delivery_order_topic', columns: ['applyOrderId', 'topic'], unique: true },
      { name: 'ix_delivery_state', columns: ['state', 'id'] },
    ],
  });
};
