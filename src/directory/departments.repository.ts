import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { TeamScope } from '../auth/principal.js';
import { teamClause } from '../auth/team-clause.js';
import { Database } from '../database/database.js';
import { forUpdate, fromDbTime } from '../database/dialect.js';
import type { Sql, Tx } from '../database/sql.js';
import type { ParentLink } from './department-circle.js';
import type { DepartmentKey, DepartmentRow } from './department.entity.js';
import { platform } from './group-subject.js';
import { pageInSight, type Sight } from '../auth/sight.js';

/**
 * Rows of departments. A team sees its own and those of the platform that it has no own one for; where a method takes a
 * team, null means the platform. Writing takes the department's own key.
 */
@Injectable()
export class DepartmentsRepository {
  constructor(private readonly database: Database) {}

  /** What a code means in a team. */
  async find(team: string | null, code: string, sql: Sql = this.database): Promise<DepartmentRow | null> {
    const scopes = team === null ? [platform] : [platform, team];
    // The platform's scope is empty and sorts first.
    const rows = await sql
      .repository<DepartmentRow>('Department')
      .find({ where: { scope: In(scopes), code }, order: { scope: 'DESC' }, take: 1 });
    return rows[0] ?? null;
  }

  /**
   * A department by its key, with everything that its parents can be held until the end of the transaction. The
   * platform's come first, whoever locks: so writers of a scope follow each other, and those of the platform everybody.
   */
  async lock(tx: Tx, { scope, code }: DepartmentKey): Promise<DepartmentRow | null> {
    const hold = forUpdate(this.database.dialect);
    await tx.rows(
      `SELECT code FROM dms_s_apply_department WHERE scope IN (?, ?) ORDER BY scope, code${hold}`,
      [platform, scope],
    );
    return tx.repository<DepartmentRow>('Department').findOneBy({ scope, code });
  }

  /** Who is below whom, as far as it concerns a scope: for a team, its own and the platform's; for the platform, all. */
  links(tx: Tx, scope: string): Promise<ParentLink[]> {
    const select = 'SELECT scope, code, parent_code AS parentCode FROM dms_s_apply_department';
    if (scope === platform) return tx.rows(select);
    return tx.rows(`${select} WHERE scope IN (?, ?)`, [platform, scope]);
  }

  /** A department that has this one as its parent: of the same scope, or of a team that sees the platform's. */
  async child(tx: Tx, { scope, code }: DepartmentKey): Promise<DepartmentKey | null> {
    const rows = await tx.rows<DepartmentKey>(
      `SELECT d.scope, d.code FROM dms_s_apply_department d
        WHERE d.parent_code = ? AND (d.scope = ? OR (? = '' AND NOT EXISTS
          (SELECT 1 FROM dms_s_apply_department own WHERE own.scope = d.scope AND own.code = d.parent_code)))
        ORDER BY d.scope, d.code LIMIT 1`,
      [code, scope, scope],
    );
    return rows[0] ?? null;
  }

  /** The departments that a person leads, whatever the department is called elsewhere. */
  ledBy(scopes: TeamScope, userCode: string): Promise<DepartmentKey[]> {
    const { sql, values } = teamClause(scopes, 'scope');
    return this.database.rows(`SELECT scope, code FROM dms_s_apply_department WHERE leader = ?${sql}`, [
      userCode,
      ...values,
    ]);
  }

  /** By scope, then code. */
  async list(sight: Sight, after: DepartmentKey | null, take: number): Promise<DepartmentRow[]> {
    const [page, values] = pageInSight('dms_s_apply_department', sight, after, take);
    const rows = await this.database.rows<DepartmentRow>(
      `SELECT o.scope, o.code, o.name, o.parent_code AS parentCode, o.leader, o.source, o.external_id AS externalId,
              o.create_time AS createTime, o.update_time AS updateTime ${page}`,
      values,
    );
    return rows.map((row) => ({
      ...row,
      createTime: fromDbTime(row.createTime),
      updateTime: fromDbTime(row.updateTime),
    }));
  }

  async insert(tx: Tx, row: DepartmentRow): Promise<void> {
    await tx.repository<DepartmentRow>('Department').insert(row);
  }

  async update(tx: Tx, { scope, code }: DepartmentKey, change: Partial<DepartmentRow>): Promise<void> {
    await tx.repository<DepartmentRow>('Department').update({ scope, code }, change);
  }

  async delete(tx: Tx, { scope, code }: DepartmentKey): Promise<void> {
    await tx.run('DELETE FROM dms_s_apply_department WHERE scope = ? AND code = ?', [scope, code]);
  }
}
