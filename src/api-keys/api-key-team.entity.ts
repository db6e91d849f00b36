import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** A team for which a service account may act. */
export interface ApiKeyTeamRow {
  apiKeyId: string;
  accCode: string;
}

export const apiKeyTeamEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<ApiKeyTeamRow>({
    name: 'ApiKeyTeam',
    tableName: 'dms_s_apply_api_key_team',
    columns: {
      apiKeyId: c.id('api_key_id'),
      accCode: c.varchar('acc_code', 64, { primary: true }),
    },
    indices: [{ name: 'ix_api_key_team', columns: ['accCode', 'apiKeyId'] }],
    foreignKeys: [
      {
        name: 'fk_api_key_team_key',
        target: 'ApiKey',
        columnNames: ['apiKeyId'],
        referencedColumnNames: ['id'],
        onDelete: 'CASCADE',
      },
    ],
  });
};
