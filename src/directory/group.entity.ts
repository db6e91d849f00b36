import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** A group of people, of the platform or of one team; a team's own group shadows the platform's. */
export interface GroupRow {
  /** The team that owns it; empty for the platform. */
  scope: string;
  code: string;
  name: string;
  /** Who keeps the row besides the administrators, as for people. */
  source: string | null;
  externalId: string | null;
  createTime: Date;
  updateTime: Date;
}

export const groupEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<GroupRow>({
    name: 'Group',
    tableName: 'dms_s_apply_group',
    columns: {
      scope: c.varchar('scope', 64, { primary: true }),
      code: c.varchar('code', 64, { primary: true }),
      name: c.varchar('name', 128),
      source: c.varchar('source', 140, { nullable: true }),
      externalId: c.varchar('external_id', 255, { nullable: true }),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
  });
};
