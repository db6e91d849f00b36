import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { forUpdate, fromDbTime, toDbTime } from '../database/dialect.js';
import { inParts, insertRows, overwriteRows, places, type Tx } from '../database/sql.js';
import { circlesAmong } from './department-circle.js';
import type { DepartmentRow } from './department.entity.js';
import { DepartmentsRepository } from './departments.repository.js';
import { platform } from './group-subject.js';

export type DepartmentRecord = DepartmentRow;

/** What one department's row becomes. */
export interface DepartmentChange {
  readonly before: DepartmentRecord | null;
  readonly after: DepartmentRecord;
}

const table = 'dms_s_apply_department';
const columns = ['name', 'parent_code', 'leader', 'source', 'external_id', 'create_time', 'update_time'];

/** Departments' rows, as {@link PersonRecordsService} has people's: in bulk, within the caller's transaction. */
@Injectable()
export class DepartmentRecordsService {
  constructor(
    private readonly departments: DepartmentsRepository,
    private readonly database: Database,
  ) {}

  /**
   * The departments of a scope. They are held until the end of the transaction, with the platform's, which can be above
   * them: so nobody else changes meanwhile who is below whom.
   */
  async hold(tx: Tx, scope: string): Promise<Map<string, DepartmentRecord>> {
    const rows = await tx.rows<DepartmentRecord>(
      `SELECT scope, code, name, parent_code AS parentCode, leader, source, external_id AS externalId,
              create_time AS createTime, update_time AS updateTime
         FROM ${table} WHERE scope IN (?, ?) ORDER BY scope, code${forUpdate(this.database.dialect)}`,
      [platform, scope],
    );
    return new Map(rows.filter((row) => row.scope === scope).map((row) => [row.code, recordOf(row)]));
  }

  /**
   * What would be wrong with the departments above these, were they so: a parent that does not exist, or a circle.
   * @returns code → what is wrong, to stand behind the parent's name; empty when nothing is
   */
  async faults(
    tx: Tx,
    scope: string,
    wanted: readonly DepartmentRecord[],
    gone: ReadonlySet<string> = new Set(),
  ): Promise<Map<string, string>> {
    const replaced = new Set([...wanted.map(({ code }) => code), ...gone]);
    const links = [
      ...(await this.departments.links(tx, scope)).filter(
        (link) => link.scope !== scope || !replaced.has(link.code),
      ),
      ...wanted,
    ];
    const known = new Set(
      links.filter((link) => link.scope === scope || link.scope === platform).map(({ code }) => code),
    );
    const faults = new Map<string, string>();
    for (const { code, parentCode } of wanted) {
      if (parentCode !== null && !known.has(parentCode))
        faults.set(code, `names no department: ${parentCode}`);
    }
    for (const { scope: where, codes } of circlesAmong(links, scope)) {
      const told = where === scope ? '' : ` in team ${where}`;
      for (const code of codes.filter((one) => replaced.has(one))) {
        faults.set(code, `would make a circle${told}: ${codes.join(' → ')}`);
      }
    }
    return faults;
  }

  /** Departments that stay, below some that would go. */
  async orphans(
    tx: Tx,
    scope: string,
    wanted: readonly DepartmentRecord[],
    gone: ReadonlySet<string>,
  ): Promise<{ readonly code: string; readonly parent: string }[]> {
    if (gone.size === 0) return [];
    const links = await this.departments.links(tx, scope);
    const replaced = new Set(wanted.map(({ code }) => code));
    const own = new Set(links.map((link) => `${link.scope},${link.code}`));
    const stay = [
      ...links.filter((link) => link.scope !== scope || !replaced.has(link.code)),
      ...wanted,
    ].filter((link) => link.scope !== scope || !gone.has(link.code));
    return stay.flatMap(({ scope: where, code, parentCode }) => {
      if (parentCode === null || !gone.has(parentCode)) return [];
      // A team's departments are below the platform's as long as the team has none of that code.
      const isMeant = where === scope || (scope === platform && !own.has(`${where},${parentCode}`));
      return isMeant ? [{ code, parent: parentCode }] : [];
    });
  }

  /** @throws a duplicate key, when somebody else has made one of the new ones meanwhile */
  async write(tx: Tx, changes: readonly DepartmentChange[]): Promise<void> {
    const key = ['scope', 'code'];
    const made = changes.filter(({ before }) => before === null).map(({ after }) => valuesOf(after));
    const changed = changes.filter(({ before }) => before !== null).map(({ after }) => valuesOf(after));
    await insertRows(tx, table, [...key, ...columns], made);
    await overwriteRows(tx, this.database.dialect, table, key, columns, changed);
  }

  /** A department that has this one as its parent, or null: of the scope, or of a team that sees the platform's. */
  async childOf(tx: Tx, scope: string, code: string): Promise<string | null> {
    return (await this.departments.child(tx, { scope, code }))?.code ?? null;
  }

  async delete(tx: Tx, scope: string, codes: readonly string[]): Promise<void> {
    for (const part of inParts(codes)) {
      await tx.run(`DELETE FROM ${table} WHERE scope = ? AND code IN (${places(part.length)})`, [
        scope,
        ...part,
      ]);
    }
  }
}

const recordOf = (row: DepartmentRecord): DepartmentRecord => ({
  ...row,
  createTime: fromDbTime(row.createTime),
  updateTime: fromDbTime(row.updateTime),
});

const valuesOf = (row: DepartmentRecord) => [
  row.scope,
  row.code,
  row.name,
  row.parentCode,
  row.leader,
  row.source,
  row.externalId,
  toDbTime(row.createTime),
  toDbTime(row.updateTime),
];
