import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { forUpdate, fromDbTime, toDbTime } from '../database/dialect.js';
import { inParts, insertRows, overwriteRows, places, type Sql, type Tx } from '../database/sql.js';
import { groupSubject } from '../engine/vocabulary.js';
import type { GroupKey } from './group-subject.js';
import type { GroupRow } from './group.entity.js';
import { MembershipChanges } from './membership-changes.port.js';
import { teamOfScope } from './membership-losses.js';

export type GroupRecord = GroupRow;

/** What one group's row becomes. */
export interface GroupChange {
  readonly before: GroupRecord | null;
  readonly after: GroupRecord;
}

const table = 'dms_s_apply_group';
const memberTable = 'dms_s_apply_group_member';
const columns = ['name', 'source', 'external_id', 'create_time', 'update_time'];

/** Groups' rows and members, as {@link PersonRecordsService} has people's: in bulk, within the caller's transaction. */
@Injectable()
export class GroupRecordsService {
  constructor(
    private readonly changes: MembershipChanges,
    private readonly database: Database,
  ) {}

  /** The groups of a scope that have these codes, held until the end of the transaction. */
  async hold(tx: Tx, scope: string, codes: readonly string[]): Promise<Map<string, GroupRecord>> {
    const found = new Map<string, GroupRecord>();
    for (const part of inParts([...new Set(codes)].toSorted())) {
      const rows = await tx.rows<GroupRecord>(
        `${select} WHERE scope = ? AND code IN (${places(part.length)}) ORDER BY code${forUpdate(this.database.dialect)}`,
        [scope, ...part],
      );
      for (const row of rows) found.set(row.code, recordOf(row));
    }
    return found;
  }

  /** The groups of a source, held likewise. */
  async holdOf(tx: Tx, source: string): Promise<GroupRecord[]> {
    const rows = await tx.rows<GroupRecord>(
      `${select} WHERE source = ? ORDER BY scope, code${forUpdate(this.database.dialect)}`,
      [source],
    );
    return rows.map(recordOf);
  }

  /** @throws a duplicate key, when somebody else has made one of the new ones meanwhile */
  async write(tx: Tx, changes: readonly GroupChange[]): Promise<void> {
    const key = ['scope', 'code'];
    const made = changes.filter(({ before }) => before === null).map(({ after }) => valuesOf(after));
    const changed = changes.filter(({ before }) => before !== null).map(({ after }) => valuesOf(after));
    await insertRows(tx, table, [...key, ...columns], made);
    await overwriteRows(tx, this.database.dialect, table, key, columns, changed);
  }

  /** Who is in these groups of a scope. */
  async members(sql: Sql, scope: string, codes: readonly string[]): Promise<Map<string, string[]>> {
    const members = new Map<string, string[]>(codes.map((code) => [code, []]));
    for (const part of inParts(codes)) {
      const rows = await sql.rows<{ code: string; userCode: string }>(
        `SELECT group_code AS code, user_code AS userCode FROM ${memberTable}
          WHERE scope = ? AND group_code IN (${places(part.length)}) ORDER BY group_code, user_code`,
        [scope, ...part],
      );
      for (const { code, userCode } of rows) members.get(code)?.push(userCode);
    }
    return members;
  }

  /** Makes these, and nobody else, the members of groups of a scope; tells who left. */
  async replaceMembers(tx: Tx, scope: string, wanted: ReadonlyMap<string, readonly string[]>): Promise<void> {
    const before = await this.members(tx, scope, [...wanted.keys()]);
    const others = [...wanted].filter(([code, members]) => !isSame(before.get(code) ?? [], members));
    for (const part of inParts(others)) {
      await tx.run(`DELETE FROM ${memberTable} WHERE scope = ? AND group_code IN (${places(part.length)})`, [
        scope,
        ...part.map(([code]) => code),
      ]);
    }
    const rows = others.flatMap(([code, members]) => members.map((userCode) => [scope, code, userCode]));
    await insertRows(tx, memberTable, ['scope', 'group_code', 'user_code'], rows);
    const left = others.flatMap(([code, members]) => {
      const kept = new Set(members);
      return (before.get(code) ?? [])
        .filter((member) => !kept.has(member))
        .map((member) => ({ code, member }));
    });
    await this.tellLeft(tx, scope, left);
  }

  /**
   * Puts people into a group, and takes others out; tells who left.
   * @param source who says so, when it may take it back by itself
   */
  async changeMembers(
    tx: Tx,
    { scope, code }: GroupKey,
    joining: readonly string[],
    leaving: readonly string[],
    source: string | null = null,
  ): Promise<void> {
    const asked = [...new Set([...joining, ...leaving])];
    const members = new Set<string>();
    for (const part of inParts(asked)) {
      const rows = await tx.rows<{ userCode: string }>(
        `SELECT user_code AS userCode FROM ${memberTable}
          WHERE scope = ? AND group_code = ? AND user_code IN (${places(part.length)})`,
        [scope, code, ...part],
      );
      for (const { userCode } of rows) members.add(userCode);
    }
    const left = leaving.filter((userCode) => members.has(userCode));
    for (const part of inParts(left)) {
      await tx.run(
        `DELETE FROM ${memberTable} WHERE scope = ? AND group_code = ? AND user_code IN (${places(part.length)})`,
        [scope, code, ...part],
      );
    }
    const joined = [...new Set(joining)].filter((userCode) => !members.has(userCode));
    await insertRows(
      tx,
      memberTable,
      ['scope', 'group_code', 'user_code', 'source'],
      joined.map((userCode) => [scope, code, userCode, source]),
    );
    await this.tellLeft(
      tx,
      scope,
      left.map((member) => ({ code, member })),
    );
  }

  /** The groups that somebody is in because a source says so. */
  joinedBy(sql: Sql, source: string, userCode: string): Promise<GroupKey[]> {
    return sql.rows(
      `SELECT scope, group_code AS code FROM ${memberTable} WHERE user_code = ? AND source = ?`,
      [userCode, source],
    );
  }

  /** Those of the groups of a scope that nobody, or one of these sources, keeps, and that somebody is not in yet. */
  async openTo(
    sql: Sql,
    scope: string,
    codes: readonly string[],
    sources: readonly string[],
    userCode: string,
  ): Promise<string[]> {
    if (codes.length === 0) return [];
    const rows = await sql.rows<{ code: string }>(
      `SELECT g.code FROM ${table} g
        WHERE g.scope = ? AND g.code IN (${places(codes.length)})
          AND (g.source IS NULL OR g.source IN (${places(sources.length)}))
          AND NOT EXISTS (SELECT 1 FROM ${memberTable} m
            WHERE m.scope = g.scope AND m.group_code = g.code AND m.user_code = ?)
        ORDER BY g.code`,
      [scope, ...codes, ...sources, userCode],
    );
    return rows.map(({ code }) => code);
  }

  /** With their memberships; tells who was in them. */
  async delete(tx: Tx, scope: string, codes: readonly string[]): Promise<void> {
    const members = await this.members(tx, scope, codes);
    for (const part of inParts(codes)) {
      await tx.run(`DELETE FROM ${table} WHERE scope = ? AND code IN (${places(part.length)})`, [
        scope,
        ...part,
      ]);
    }
    const left = [...members].flatMap(([code, people]) => people.map((member) => ({ code, member })));
    await this.tellLeft(tx, scope, left);
  }

  private tellLeft(
    tx: Tx,
    scope: string,
    left: readonly { readonly code: string; readonly member: string }[],
  ): Promise<void> {
    return this.changes.tell(tx, {
      team: teamOfScope(scope),
      left: left.map(({ code, member }) => ({ userCode: member, subject: groupSubject(scope, code) })),
    });
  }
}

const select = `SELECT scope, code, name, source, external_id AS externalId,
    create_time AS createTime, update_time AS updateTime FROM ${table}`;

const recordOf = (row: GroupRecord): GroupRecord => ({
  ...row,
  createTime: fromDbTime(row.createTime),
  updateTime: fromDbTime(row.updateTime),
});

const valuesOf = (row: GroupRecord) => [
  row.scope,
  row.code,
  row.name,
  row.source,
  row.externalId,
  toDbTime(row.createTime),
  toDbTime(row.updateTime),
];

const isSame = (some: readonly string[], others: readonly string[]): boolean => {
  const set = new Set(others);
  return some.length === set.size && some.every((one) => set.has(one));
};
