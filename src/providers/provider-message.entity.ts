import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** A signed message of a provider, and the held request that it counts for. */
export interface ProviderMessageRow {
  providerId: string;
  /** Its `webhook-id`. */
  messageId: string;
  /** The request that it was first sent to. */
  requestId: string;
  createTime: Date;
}

export const providerMessageEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<ProviderMessageRow>({
    name: 'ProviderMessage',
    tableName: 'dms_s_apply_provider_message',
    columns: {
      providerId: c.varchar('provider_id', 64, { primary: true }),
      messageId: c.varchar('message_id', 191, { primary: true }),
      requestId: c.varchar('request_id', 64),
      createTime: c.datetime('create_time'),
    },
    indices: [{ name: 'ix_provider_message_age', columns: ['createTime'] }],
  });
};
