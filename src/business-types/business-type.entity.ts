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
  /** 1: orders of it can be opened. */
  enabled: number;
  checkUrl: string | null;
  executeUrl: string | null;
  callbackMode: string;
  /** Of executions, where it is another one than that of checks; null: the same. */
  executeMode: string | null;
  /** Who decides its orders: an outside approval system, by id and code; null: the people of its template, here. */
  providerId: string | null;
  providerCode: string | null;
  /** Where its orders are shown besides, for people to decide there what lives here; null: nowhere. */
  mirrorId: string | null;
  mirrorCode: string | null;
  /** JSON object */
  fieldMapping: string | null;
  /** The body that callbacks send: `standard`, or `lark-ticket`. */
  callbackFormat: string;
  /** What an unanswered check does: `closed` holds the order, `open` lets it go on. */
  checkFailMode: string;
  /** Seconds that an accepted callback may take to be answered. */
  callbackDeadline: number;
  /** The `whsec_` secret that signs callbacks, sealed. */
  sealedSecret: string;
  /** The secret before the last rotation, sealed; callbacks are signed with it too until its time has come. */
  sealedPreviousSecret: string | null;
  previousSecretUntil: Date | null;
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
      enabled: c.tinyint('enabled', { default: 1 }),
      checkUrl: c.varchar('check_url', 2048, { nullable: true }),
      executeUrl: c.varchar('execute_url', 2048, { nullable: true }),
      callbackMode: c.varchar('callback_mode', 8, { default: 'sync' }),
      executeMode: c.varchar('execute_mode', 8, { nullable: true }),
      providerId: c.varchar('provider_id', 64, { nullable: true }),
      providerCode: c.varchar('provider_code', 64, { nullable: true }),
      mirrorId: c.varchar('mirror_id', 64, { nullable: true }),
      mirrorCode: c.varchar('mirror_code', 64, { nullable: true }),
      fieldMapping: c.text('field_mapping', { nullable: true }),
      callbackFormat: c.varchar('callback_format', 16, { default: 'standard' }),
      checkFailMode: c.varchar('check_fail_mode', 8, { default: 'closed' }),
      callbackDeadline: c.int('callback_deadline', { default: 86_400 }),
      sealedSecret: c.text('sealed_secret'),
      sealedPreviousSecret: c.text('sealed_previous_secret', { nullable: true }),
      previousSecretUntil: c.datetime('previous_secret_until', { nullable: true }),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
    indices: [{ name: 'uq_business_type_code', columns: ['scope', 'code'], unique: true }],
  });
};
