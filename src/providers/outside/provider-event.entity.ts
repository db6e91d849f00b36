import { EntitySchema } from 'typeorm';
import { columnsOf } from '../../database/columns.js';
import type { Dialect } from '../../database/dialect.js';

/** Something that a provider has told: kept so that the same thing, told again, is known. */
export interface ProviderEventRow {
  providerId: string;
  eventId: string;
  type: string;
  externalId: string | null;
  createTime: Date;
}

export const providerEventEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<ProviderEventRow>({
    name: 'ProviderEvent',
    tableName: 'dms_s_apply_provider_event',
    columns: {
      providerId: c.varchar('provider_id', 64, { primary: true }),
      eventId: c.varchar('event_id', 160, { primary: true }),
      type: c.varchar('type', 64),
      externalId: c.varchar('external_id', 128, { nullable: true }),
      createTime: c.datetime('create_time'),
    },
    indices: [{ name: 'ix_provider_event_age', columns: ['createTime'] }],
  });
};
