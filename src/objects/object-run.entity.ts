import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** A business object for which flows of a business type are started automatically; its row is what racing starts lock. */
export interface ObjectRunRow {
  /** The team; empty for none. */
  scope: string;
  businessType: string;
  objectId: string;
  /** The order that was started last. */
  applyOrderId: string | null;
  createTime: Date;
}

export const objectRunEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<ObjectRunRow>({
    name: 'ObjectRun',
    tableName: 'dms_s_apply_object_run',
    columns: {
      scope: c.varchar('scope', 64, { primary: true }),
      businessType: c.varchar('business_type', 125, { primary: true }),
      objectId: c.varchar('object_id', 128, { primary: true }),
      applyOrderId: c.varchar('apply_order_id', 64, { nullable: true }),
      createTime: c.datetime('create_time'),
    },
  });
};
