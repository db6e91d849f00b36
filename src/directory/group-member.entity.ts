import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** Who is in which group. Membership is read here and nowhere else. */
export interface GroupMemberRow {
  scope: string;
  groupCode: string;
  userCode: string;
  /** `claims` for what a token's claims say, and may take back; null for everybody else's word. */
  source?: string | null;
}

export const groupMemberEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<GroupMemberRow>({
    name: 'GroupMember',
    tableName: 'dms_s_apply_group_member',
    columns: {
      scope: c.varchar('scope', 64, { primary: true }),
      groupCode: c.varchar('group_code', 64, { primary: true }),
      userCode: c.varchar('user_code', 64, { primary: true }),
      source: c.varchar('source', 140, { nullable: true }),
    },
    indices: [{ name: 'ix_group_member_user', columns: ['userCode'] }],
    foreignKeys: [
      {
        name: 'fk_group_member_group',
        target: 'Group',
        columnNames: ['scope', 'groupCode'],
        referencedColumnNames: ['scope', 'code'],
        onDelete: 'CASCADE',
      },
    ],
  });
};
