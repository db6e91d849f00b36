import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** A third-party approval system that decides instead of, or beside, the people of an order. */
export interface ProviderRow {
  id: string;
  /** The team that owns it; empty for the platform. */
  scope: string;
  code: string;
  /** `webhook`, `lark`, `dingtalk` or `wecom` */
  kind: string;
  name: string;
  url: string;
  /** JSON: what a vendor needs to know, nothing secret; null for a webhook. */
  settings: string | null;
  /** The secrets of a vendor's app: JSON, sealed. Null for a webhook. */
  sealedCredentials: string | null;
  /** The `whsec_` secret that signs both directions, sealed. Vendors have one as well, and nobody is told it. */
  sealedSecret: string;
  sealedPreviousSecret: string | null;
  previousSecretUntil: Date | null;
  createTime: Date;
  updateTime: Date;
}

export const providerEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<ProviderRow>({
    name: 'Provider',
    tableName: 'dms_s_apply_provider',
    columns: {
      id: c.id(),
      scope: c.varchar('scope', 64),
      code: c.varchar('code', 64),
      kind: c.varchar('kind', 16),
      name: c.varchar('name', 128),
      url: c.varchar('url', 2048),
      settings: c.text('settings', { nullable: true }),
      sealedCredentials: c.text('sealed_credentials', { nullable: true }),
      sealedSecret: c.text('sealed_secret'),
      sealedPreviousSecret: c.text('sealed_previous_secret', { nullable: true }),
      previousSecretUntil: c.datetime('previous_secret_until', { nullable: true }),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
    indices: [{ name: 'uq_provider_code', columns: ['scope', 'code'], unique: true }],
  });
};
