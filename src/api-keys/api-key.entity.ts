import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** A service account. Only the hash of its key is stored. */
export interface ApiKeyRow {
  id: string;
  name: string;
  /** SHA-256 of the key, hexadecimal. */
  keyHash: string;
  /** Comma-separated; null for all. */
  businessTypes: string | null;
  /** 1: keeps the directory, and does nothing else. */
  directory: number;
  /** Who made it. */
  userCode: string;
  createTime: Date;
}

export const apiKeyEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<ApiKeyRow>({
    name: 'ApiKey',
    tableName: 'dms_s_apply_api_key',
    columns: {
      id: c.id(),
      name: c.varchar('name', 128),
      keyHash: c.varchar('key_hash', 64),
      businessTypes: c.text('business_types', { nullable: true }),
      directory: c.tinyint('directory', { default: 0 }),
      userCode: c.varchar('user_code', 64),
      createTime: c.datetime('create_time'),
    },
  });
};
