import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** Who has which role: the comma-separated `roles` of people, in rows that a role can be looked up in. */
export interface UserRoleRow {
  userCode: string;
  role: string;
}

/** The role that the directory never gives anybody: it comes from the token, and only system administrators write it. */
export const platformRole = 'system_admin';

export const userRoleEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<UserRoleRow>({
    name: 'UserRole',
    tableName: 'dms_s_apply_user_role',
    columns: {
      userCode: c.varchar('user_code', 64, { primary: true }),
      role: c.varchar('role', 64, { primary: true }),
    },
    indices: [{ name: 'ix_user_role_role', columns: ['role'] }],
    foreignKeys: [
      {
        name: 'fk_user_role_user',
        target: 'User',
        columnNames: ['userCode'],
        referencedColumnNames: ['userCode'],
        onDelete: 'CASCADE',
      },
    ],
  });
};
