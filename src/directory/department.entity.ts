import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** A department, of the platform or of one team; a team's own department shadows the platform's. */
export interface DepartmentRow {
  /** The team that owns it; empty for the platform. */
  scope: string;
  code: string;
  name: string;
  /** The department above it, by code: the one of the own scope, else of the platform. */
  parentCode: string | null;
  /** A user code, which need not be in the directory. */
  leader: string | null;
  /** Who keeps the row besides the administrators, as for people. */
  source: string | null;
  externalId: string | null;
  createTime: Date;
  updateTime: Date;
}

/** What names one department: the team that owns it (empty for the platform), and its code there. */
export type DepartmentKey = Pick<DepartmentRow, 'scope' | 'code'>;

export const departmentEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<DepartmentRow>({
    name: 'Department',
    tableName: 'dms_s_apply_department',
    columns: {
      scope: c.varchar('scope', 64, { primary: true }),
      code: c.varchar('code', 64, { primary: true }),
      name: c.varchar('name', 128),
      parentCode: c.varchar('parent_code', 64, { nullable: true }),
      leader: c.varchar('leader', 64, { nullable: true }),
      source: c.varchar('source', 140, { nullable: true }),
      externalId: c.varchar('external_id', 255, { nullable: true }),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
    indices: [{ name: 'ix_department_parent', columns: ['scope', 'parentCode'] }],
  });
};
