import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** What a POST with an Idempotency-Key asked, and the answer that it got. */
export interface IdempotencyRow {
  principal: string;
  idempotencyKey: string;
  /** SHA-256 of method, path and body. */
  fingerprint: string;
  /** Who is working on it. */
  token: string;
  /** Null while in flight. */
  status: number | null;
  answer: string | null;
  sealed: number;
  createTime: Date;
}

export const idempotencyEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<IdempotencyRow>({
    name: 'Idempotency',
    tableName: 'dms_s_apply_idempotency',
    columns: {
      principal: c.varchar('principal', 160, { primary: true }),
      idempotencyKey: c.varchar('idempotency_key', 255, { primary: true }),
      fingerprint: c.varchar('fingerprint', 64),
      token: c.varchar('token', 64),
      status: c.int('status', { nullable: true }),
      answer: c.longText('answer', { nullable: true }),
      sealed: c.tinyint('sealed', { default: 0 }),
      createTime: c.datetime('create_time'),
    },
    indices: [{ name: 'ix_idempotency_age', columns: ['createTime'] }],
  });
};
