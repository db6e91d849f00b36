import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** A dictionary entry: what kind of business an order is about, and whom to call back. */
export interface BusinessTypeRow {
  id: string;
  /** The team that owns it; empty for the platform. */
  scope: string;
  code: string;
  name: string;
  objectType: string | null;
  checkUrl: string | null;
  executeUrl: string | null;
  callbackMode: string;
  /** JSON object */
  fieldMapping: string | null;
  /** The `whsec_` secret that signs callbacks, sealed. */
  sealedSecret: string;
  createTime: Date;
  updateTime: Date;
}

export const businessTypeEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<BusinessTypeRow>({
    name: 'BusinessType',
    tableName: 'dms_s_apply_business_type',
    columns: {
      id: c.id(),
      scope: c.varchar('scope', 64),
      code: c.varchar('code', 125),
      name: c.varchar('name', 128),
      objectType: c.varchar('object_type', 64, { nullable: true }),
      checkUrl: c.varchar('check_url', 2048, { nullable: true }),
      executeUrl: c.varchar('execute_url', 2048, { nullable: true }),
      callbackMode: c.varchar('callback_mode', 8, { default: 'sync' }),
      fieldMapping: c.text('field_mapping', { nullable: true }),
      sealedSecret: c.text('sealed_secret'),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
    indices: [{ name: 'uq_business_type_code', columns: ['scope', 'code'], unique: true }],
  });
};
