import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** A person as the directory knows them. Somebody who is not listed counts as active. */
export interface UserRow {
  userCode: string;
  name: string;
  accCode: string | null;
  /** The code of the team's own department, else of the platform's; one that does not exist is like none. */
  department: string | null;
  email: string | null;
  /** Comma-separated; the rows of `dms_s_apply_user_role` say the same. */
  roles: string;
  /** 1 or 0 */
  active: number;
  /** Who keeps the row besides the administrators: `scim`, `claims`, `import:<team>/<source>`; null: nobody. */
  source: string | null;
  /** What the identity provider calls the person. */
  externalId: string | null;
  /** 1: deleted by SCIM, and kept as inactive, because somebody who is not listed would count as active. */
  removed: number;
  createTime: Date;
  updateTime: Date;
}

export const userEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<UserRow>({
    name: 'User',
    tableName: 'dms_s_apply_user',
    columns: {
      userCode: c.varchar('user_code', 64, { primary: true }),
      name: c.varchar('name', 128),
      accCode: c.varchar('acc_code', 64, { nullable: true }),
      department: c.varchar('department', 64, { nullable: true }),
      email: c.varchar('email', 254, { nullable: true }),
      roles: c.text('roles'),
      active: c.tinyint('active', { default: 1 }),
      source: c.varchar('source', 140, { nullable: true }),
      externalId: c.varchar('external_id', 255, { nullable: true }),
      removed: c.tinyint('removed', { default: 0 }),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
    indices: [
      { name: 'ix_user_team', columns: ['accCode', 'userCode'] },
      { name: 'ix_user_source', columns: ['source', 'userCode'] },
      { name: 'ix_user_external', columns: ['externalId'] },
      { name: 'ix_user_department', columns: ['department', 'accCode'] },
    ],
  });
};

/** The list behind the comma-separated column; codes hold no comma. */
export const rolesOfColumn = (roles: string): string[] => (roles === '' ? [] : roles.split(','));
