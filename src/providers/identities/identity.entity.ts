import { EntitySchema } from 'typeorm';
import { columnsOf } from '../../database/columns.js';
import type { Dialect } from '../../database/dialect.js';

/** Who a person is at a provider. */
export interface IdentityRow {
  providerId: string;
  userCode: string;
  /** The provider's id of the person. */
  externalId: string;
  createTime: Date;
  updateTime: Date;
}

export const identityEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<IdentityRow>({
    name: 'Identity',
    tableName: 'dms_s_apply_identity',
    columns: {
      providerId: c.varchar('provider_id', 64, { primary: true }),
      userCode: c.varchar('user_code', 64, { primary: true }),
      externalId: c.varchar('external_id', 128),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
    indices: [{ name: 'uq_identity_external', columns: ['providerId', 'externalId'], unique: true }],
  });
};
