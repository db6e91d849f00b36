import { Injectable } from '@nestjs/common';
import type { TeamScope } from '../auth/principal.js';
import { teamClause } from '../auth/team-clause.js';
import { Database } from '../database/database.js';
import { forUpdate, fromDbTime, toDbTime } from '../database/dialect.js';
import {
  inParts,
  insertRows,
  overwriteRows,
  places,
  type Sql,
  type SqlValue,
  type Tx,
} from '../database/sql.js';
import { MembershipChanges, type LostMembership } from './membership-changes.port.js';
import { lossesOf } from './membership-losses.js';
import { rolesOfColumn, type UserRow } from './user.entity.js';
import { UsersRepository } from './users.repository.js';

export { platformRole } from './user-role.entity.js';
export type PersonRecord = UserRow;

/** What one person's row becomes. */
export interface PersonChange {
  /** As it was held ({@link PersonRecordsService.hold}); null for somebody new. */
  readonly before: PersonRecord | null;
  readonly after: PersonRecord;
  /** Out of the groups of which scopes the person goes; left out: of none. */
  readonly leaves?: TeamScope;
}

const table = 'dms_s_apply_user';
const columns = [
  'name',
  'acc_code',
  'department',
  'email',
  'roles',
  'active',
  'source',
  'external_id',
  'removed',
  'create_time',
  'update_time',
];

/**
 * People's rows for those who keep many at once, within their own transaction: in bulk, with as many statements for a
 * thousand as for one. Whom a caller may see and change, the caller judges.
 */
@Injectable()
export class PersonRecordsService {
  constructor(
    private readonly users: UsersRepository,
    private readonly changes: MembershipChanges,
    private readonly database: Database,
  ) {}

  /** Whoever of these is listed, in whatever team, held until the end of the transaction. */
  async hold(tx: Tx, codes: readonly string[]): Promise<Map<string, PersonRecord>> {
    const found = new Map<string, PersonRecord>();
    // In one order, whoever asks: so that two who hold the same people wait for each other, and never in a circle.
    for (const part of inParts([...new Set(codes)].toSorted())) {
      const rows = await tx.rows<PersonRecord>(
        `${select} WHERE user_code IN (${places(part.length)}) ORDER BY user_code${forUpdate(this.database.dialect)}`,
        part,
      );
      for (const row of rows) found.set(row.userCode, recordOf(row));
    }
    return found;
  }

  /** The same without holding them, for a look. */
  async find(codes: readonly string[], sql: Sql = this.database): Promise<Map<string, PersonRecord>> {
    const found = new Map<string, PersonRecord>();
    for (const part of inParts(codes)) {
      const rows = await sql.rows<PersonRecord>(
        `${select} WHERE user_code IN (${places(part.length)})`,
        part,
      );
      for (const row of rows) found.set(row.userCode, recordOf(row));
    }
    return found;
  }

  /** Everybody active whom a source keeps, held until the end of the transaction. */
  async holdActiveOf(tx: Tx, source: string): Promise<PersonRecord[]> {
    const rows = await tx.rows<PersonRecord>(
      `${select} WHERE source = ? AND active = 1 ORDER BY user_code${forUpdate(this.database.dialect)}`,
      [source],
    );
    return rows.map(recordOf);
  }

  /**
   * Writes rows and roles, takes people out of groups, and tells who lost what.
   * @throws a duplicate key, when somebody else has listed one of the new ones meanwhile
   */
  async write(tx: Tx, changes: readonly PersonChange[]): Promise<void> {
    if (changes.length === 0) return;
    const made = changes.filter(({ before }) => before === null);
    const changed = changes.filter(({ before }) => before !== null);
    const groups = await this.groupsToTell(tx, changes);
    await insertRows(
      tx,
      table,
      ['user_code', ...columns],
      made.map(({ after }) => valuesOf(after)),
    );
    await overwriteRows(
      tx,
      this.database.dialect,
      table,
      ['user_code'],
      columns,
      changed.map(({ after }) => valuesOf(after)),
    );
    await this.writeRoles(tx, changes);
    await this.leaveGroups(tx, changes);
    await this.tell(tx, changes, groups);
  }

  private async writeRoles(tx: Tx, changes: readonly PersonChange[]): Promise<void> {
    const others = changes.filter(({ before, after }) => (before?.roles ?? '') !== after.roles);
    for (const part of inParts(others.filter(({ before }) => before !== null))) {
      await tx.run(
        `DELETE FROM dms_s_apply_user_role WHERE user_code IN (${places(part.length)})`,
        part.map(({ after }) => after.userCode),
      );
    }
    await insertRows(
      tx,
      'dms_s_apply_user_role',
      ['user_code', 'role'],
      others.flatMap(({ after }) => rolesOfColumn(after.roles).map((role) => [after.userCode, role])),
    );
  }

  private async leaveGroups(tx: Tx, changes: readonly PersonChange[]): Promise<void> {
    const byScopes = new Map<string, { scopes: TeamScope; codes: string[] }>();
    for (const { leaves, after } of changes) {
      if (leaves === undefined) continue;
      const key = JSON.stringify(leaves);
      const same = byScopes.get(key);
      if (same) same.codes.push(after.userCode);
      else byScopes.set(key, { scopes: leaves, codes: [after.userCode] });
    }
    for (const { scopes, codes } of byScopes.values()) {
      const { sql, values } = teamClause(scopes, 'scope');
      for (const part of inParts(codes)) {
        await tx.run(
          `DELETE FROM dms_s_apply_group_member WHERE user_code IN (${places(part.length)})${sql}`,
          [...part, ...values],
        );
      }
    }
  }

  /** The groups of those who may lose some; of nobody, when nobody listens. */
  private async groupsToTell(
    tx: Tx,
    changes: readonly PersonChange[],
  ): Promise<Awaited<ReturnType<UsersRepository['memberships']>>> {
    const groups: Awaited<ReturnType<UsersRepository['memberships']>> = new Map();
    if (!this.changes.heard) return groups;
    const losers = changes.filter(({ leaves, after }) => leaves !== undefined || after.active === 0);
    for (const part of inParts(losers.map(({ after }) => after.userCode))) {
      for (const [code, held] of await this.users.memberships('all', part, tx)) groups.set(code, held);
    }
    return groups;
  }

  private async tell(
    tx: Tx,
    changes: readonly PersonChange[],
    groups: Awaited<ReturnType<UsersRepository['memberships']>>,
  ): Promise<void> {
    if (!this.changes.heard) return;
    const lost = new Map<string | null, LostMembership[]>();
    for (const { before, after, leaves } of changes) {
      const held = groups.get(after.userCode) ?? [];
      const kept = held.filter(
        ({ scope }) => leaves === undefined || (leaves !== 'all' && !leaves.includes(scope)),
      );
      const losses = lossesOf(after.userCode, { row: before, groups: held }, { row: after, groups: kept });
      for (const { team, left } of losses) lost.set(team, [...(lost.get(team) ?? []), ...left]);
    }
    for (const [team, left] of lost) await this.changes.tell(tx, { team, left });
  }
}

const select = `SELECT user_code AS userCode, name, acc_code AS accCode, department, email, roles, active, source,
    external_id AS externalId, removed, create_time AS createTime, update_time AS updateTime FROM ${table}`;

const recordOf = (row: PersonRecord): PersonRecord => ({
  ...row,
  createTime: fromDbTime(row.createTime),
  updateTime: fromDbTime(row.updateTime),
});

const valuesOf = (row: PersonRecord): SqlValue[] => [
  row.userCode,
  row.name,
  row.accCode,
  row.department,
  row.email,
  row.roles,
  row.active,
  row.source,
  row.externalId,
  row.removed,
  toDbTime(row.createTime),
  toDbTime(row.updateTime),
];
