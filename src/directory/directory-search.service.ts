import { Injectable } from '@nestjs/common';
import type { TeamScope } from '../auth/principal.js';
import { teamClause } from '../auth/team-clause.js';
import { Database } from '../database/database.js';
import { fromDbTime } from '../database/dialect.js';
import { places, type Sql, type SqlValue } from '../database/sql.js';
import { platform } from './group-subject.js';
import { type SearchCondition, type SearchField, searchSql } from './search-condition.js';
import type { UserRow } from './user.entity.js';

export {
  type Comparison,
  type SearchCondition,
  SearchRefused,
  type SearchValue,
} from './search-condition.js';

/** What gathers people: groups of the directory, departments, roles and teams. */
export const collectionKinds = ['usergroup', 'department', 'role', 'team'] as const;
export type CollectionKind = (typeof collectionKinds)[number];

/** What names one of them. A team is the platform's. */
export interface CollectionKey {
  readonly kind: CollectionKind;
  /** The team that owns it; empty for the platform. */
  readonly scope: string;
  readonly code: string;
}

export interface Collection extends CollectionKey {
  readonly name: string;
  /** The department above it. */
  readonly parent: string | null;
  /** Who leads the department. */
  readonly leader: string | null;
  readonly externalId: string | null;
  readonly createTime: Date;
  readonly updateTime: Date;
}

export interface Window {
  readonly skip: number;
  readonly take: number;
}

/** What somebody who keeps the directory sees: everything, or one team's people, groups, departments and roles. */
export type KeptSight = TeamScope;

/** Finds people, and what gathers them, by conditions on their fields; a page and the number of all. */
@Injectable()
export class DirectorySearchService {
  constructor(private readonly database: Database) {}

  /** Without those whom SCIM has deleted. @throws SearchRefused */
  async people(
    sight: KeptSight,
    condition: SearchCondition,
    { skip, take }: Window,
    sql: Sql = this.database,
  ): Promise<{ total: number; rows: UserRow[] }> {
    const own = teamClause(sight, 'u.acc_code');
    const [asked, values] = searchSql(condition, personFields);
    const where = `FROM dms_s_apply_user u WHERE u.removed = 0${own.sql} AND (${asked})`;
    const total = await this.count(sql, where, [...own.values, ...values]);
    if (take === 0 || total <= skip) return { total, rows: [] };
    const rows = await sql.rows<UserRow>(
      `SELECT u.user_code AS userCode, u.name, u.acc_code AS accCode, u.department, u.email, u.roles, u.active,
              u.source, u.external_id AS externalId, u.removed, u.create_time AS createTime,
              u.update_time AS updateTime ${where} ORDER BY u.user_code LIMIT ? OFFSET ?`,
      [...own.values, ...values, take, skip],
    );
    return { total, rows: rows.map(timed) };
  }

  /** By kind, scope and code. @throws SearchRefused */
  async collections(
    sight: KeptSight,
    condition: SearchCondition,
    { skip, take }: Window,
    sql: Sql = this.database,
  ): Promise<{ total: number; rows: Collection[] }> {
    const own = teamClause(sight, 'c.scope');
    const [asked, values] = searchSql(condition, collectionFields);
    const where = `FROM (${allCollections}) c WHERE 1 = 1${own.sql} AND (${asked})`;
    const total = await this.count(sql, where, [...own.values, ...values]);
    if (take === 0 || total <= skip) return { total, rows: [] };
    const rows = await sql.rows<Collection>(
      `SELECT c.kind, c.scope, c.code, c.name, c.parent, c.leader, c.external_id AS externalId,
              c.create_time AS createTime, c.update_time AS updateTime ${where}
        ORDER BY c.kind, c.scope, c.code LIMIT ? OFFSET ?`,
      [...own.values, ...values, take, skip],
    );
    return { total, rows: rows.map(timed) };
  }

  /** Who is gathered by each of these, by code; one statement for all of them. */
  async membersOf(keys: readonly CollectionKey[], sql: Sql = this.database): Promise<string[][]> {
    const members: string[][] = keys.map(() => []);
    if (keys.length === 0) return members;
    const parts = keys.map(memberSelect);
    const rows = await sql.rows<{ n: number; userCode: string }>(
      `${parts.map(([part]) => part).join(' UNION ALL ')} ORDER BY n, userCode`,
      parts.flatMap(([, values]) => values),
    );
    for (const { n, userCode } of rows) members[n]?.push(userCode);
    return members;
  }

  /** The groups, departments, roles and teams that people are in, as far as somebody sees them. */
  async gathering(
    sight: KeptSight,
    people: readonly string[],
    sql: Sql = this.database,
  ): Promise<Map<string, (CollectionKey & { readonly name: string })[]>> {
    const found = new Map<string, (CollectionKey & { readonly name: string })[]>(
      people.map((code) => [code, []]),
    );
    if (people.length === 0) return found;
    const own = teamClause(sight, 'c.scope');
    const rows = await sql.rows<CollectionKey & { name: string; userCode: string }>(
      `SELECT u.user_code AS userCode, c.kind, c.scope, c.code, c.name
         FROM dms_s_apply_user u JOIN (${allCollections}) c ON ${gathers}
        WHERE u.user_code IN (${places(people.length)})${own.sql} ORDER BY c.kind, c.scope, c.code`,
      [...people, ...own.values],
    );
    for (const { userCode, ...key } of rows) found.get(userCode)?.push(key);
    return found;
  }

  private async count(sql: Sql, from: string, values: readonly SqlValue[]): Promise<number> {
    const [row] = await sql.rows<{ total: number | string }>(`SELECT COUNT(*) AS total ${from}`, values);
    return Number(row?.total ?? 0);
  }
}

const timed = <Row extends { readonly createTime: Date; readonly updateTime: Date }>(row: Row): Row => ({
  ...row,
  createTime: fromDbTime(row.createTime),
  updateTime: fromDbTime(row.updateTime),
});

const allCollections = `
  SELECT 'usergroup' AS kind, scope, code, name, NULL AS parent, NULL AS leader, external_id, create_time, update_time
    FROM dms_s_apply_group
  UNION ALL
  SELECT 'department', scope, code, name, parent_code, leader, external_id, create_time, update_time
    FROM dms_s_apply_department
  UNION ALL
  SELECT kind, scope, code, name, NULL, NULL, external_id, create_time, update_time FROM dms_s_apply_directory_label`;

/** Whether a person `u` is in a department: as the code is meant in their team. */
const inDepartment = (scope: string, code: string): string =>
  `(u.department = ${code} AND ((${scope} <> '' AND u.acc_code = ${scope}) OR (${scope} = '' AND NOT EXISTS (
     SELECT 1 FROM dms_s_apply_department own WHERE own.scope = u.acc_code AND own.code = u.department))))`;

/** Whether a collection `c` gathers a listed person `u`. */
const gathers = `(u.removed = 0 AND (
  (c.kind = 'usergroup' AND EXISTS (SELECT 1 FROM dms_s_apply_group_member m
    WHERE m.scope = c.scope AND m.group_code = c.code AND m.user_code = u.user_code))
  OR (c.kind = 'department' AND ${inDepartment('c.scope', 'c.code')})
  OR (c.kind = 'role' AND (c.scope = '' OR u.acc_code = c.scope) AND EXISTS (
    SELECT 1 FROM dms_s_apply_user_role r WHERE r.user_code = u.user_code AND r.role = c.code))
  OR (c.kind = 'team' AND u.acc_code = c.code)))`;

function memberSelect(
  { kind, scope, code }: CollectionKey,
  n: number,
): readonly [string, readonly SqlValue[]] {
  const people = `SELECT ${n} AS n, u.user_code AS userCode FROM dms_s_apply_user u`;
  switch (kind) {
    case 'usergroup':
      return [
        `SELECT ${n} AS n, m.user_code AS userCode FROM dms_s_apply_group_member m WHERE m.scope = ? AND m.group_code = ?`,
        [scope, code],
      ];
    case 'department':
      return [`${people} WHERE u.removed = 0 AND ${inDepartment('?', '?')}`, [code, scope, scope, scope]];
    case 'role':
      return [
        `${people} JOIN dms_s_apply_user_role r ON r.user_code = u.user_code
          WHERE u.removed = 0 AND r.role = ? AND (? = '' OR u.acc_code = ?)`,
        [code, scope, scope],
      ];
    case 'team':
      return [`${people} WHERE u.removed = 0 AND u.acc_code = ?`, [code]];
  }
}

const personFields: Readonly<Record<string, SearchField>> = {
  userCode: { column: 'u.user_code', as: 'exact' },
  externalId: { column: 'u.external_id', as: 'exact' },
  name: { column: 'u.name', as: 'text' },
  email: { column: 'u.email', as: 'text' },
  department: { column: 'u.department', as: 'exact' },
  active: { column: 'u.active', as: 'flag' },
  created: { column: 'u.create_time', as: 'time' },
  updated: { column: 'u.update_time', as: 'time' },
  role: {
    contains: 'EXISTS (SELECT 1 FROM dms_s_apply_user_role r WHERE r.user_code = u.user_code AND r.role = ?)',
    filled: "u.roles <> ''",
  },
};

const collectionFields: Readonly<Record<string, SearchField>> = {
  kind: { column: 'c.kind', as: 'exact' },
  scope: { column: 'c.scope', as: 'exact' },
  code: { column: 'c.code', as: 'exact' },
  name: { column: 'c.name', as: 'text' },
  externalId: { column: 'c.external_id', as: 'exact' },
  parent: { column: 'c.parent', as: 'exact' },
  leader: { column: 'c.leader', as: 'exact' },
  created: { column: 'c.create_time', as: 'time' },
  updated: { column: 'c.update_time', as: 'time' },
  member: {
    // Members of the directory's groups need not be listed.
    contains: `EXISTS (SELECT 1 FROM (SELECT ? AS code) asked WHERE
      (c.kind = 'usergroup' AND EXISTS (SELECT 1 FROM dms_s_apply_group_member m
        WHERE m.scope = c.scope AND m.group_code = c.code AND m.user_code = asked.code))
      OR EXISTS (SELECT 1 FROM dms_s_apply_user u WHERE u.user_code = asked.code AND c.kind <> 'usergroup' AND ${gathers}))`,
    filled: `(EXISTS (SELECT 1 FROM dms_s_apply_group_member m
        WHERE c.kind = 'usergroup' AND m.scope = c.scope AND m.group_code = c.code)
      OR EXISTS (SELECT 1 FROM dms_s_apply_user u WHERE c.kind <> 'usergroup' AND ${gathers}))`,
  },
};

/** The platform's scope, for those who keep its rows. */
export const platformScope = platform;
