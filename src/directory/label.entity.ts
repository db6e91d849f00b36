import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/**
 * What an identity provider calls a role or a team. The directory keeps no rows of those: who has a role, and whose team
 * somebody is in, people's own rows say.
 */
export interface LabelRow {
  kind: 'role' | 'team';
  /** The team for whose people a role is meant; empty for the platform, as always for teams. */
  scope: string;
  code: string;
  name: string;
  externalId: string | null;
  createTime: Date;
  updateTime: Date;
}

export const labelEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<LabelRow>({
    name: 'DirectoryLabel',
    tableName: 'dms_s_apply_directory_label',
    columns: {
      kind: c.varchar('kind', 16, { primary: true }),
      scope: c.varchar('scope', 64, { primary: true }),
      code: c.varchar('code', 64, { primary: true }),
      name: c.varchar('name', 128),
      externalId: c.varchar('external_id', 255, { nullable: true }),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
  });
};
