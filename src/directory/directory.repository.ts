import { Injectable } from '@nestjs/common';
import { places, type Sql, type SqlValue } from '../database/sql.js';
import type { Subject } from '../engine/vocabulary.js';
import { type GroupKey, groupOfSubject, platform } from './group-subject.js';

/**
 * The questions that orders ask, in SQL of one statement each, whatever the number of people. They are about given
 * codes and given groups; whose those are, the caller has resolved ({@link resolveGroups}).
 */
@Injectable()
export class DirectoryRepository {
  async resolveGroups(sql: Sql, team: string | null, codes: readonly string[]): Promise<Map<string, string>> {
    if (codes.length === 0) return new Map();
    const scopes = team === null ? [platform] : [platform, team];
    // The platform's come first, so that a team's own of the same code overwrites it.
    const rows = await sql.rows<GroupKey>(
      `SELECT scope, code FROM dms_s_apply_group
        WHERE scope IN (${places(scopes.length)}) AND code IN (${places(codes.length)})
        ORDER BY scope`,
      [...scopes, ...codes],
    );
    return new Map(rows.map(({ scope, code }) => [code, scope]));
  }

  memberships(
    sql: Sql,
    users: readonly string[],
    groups: readonly Subject[],
  ): Promise<(GroupKey & { userCode: string })[]> {
    if (users.length === 0 || groups.length === 0) return Promise.resolve([]);
    const [isAsked, values] = anyOf(groups, 'm.scope', 'm.group_code');
    return sql.rows(
      `SELECT m.user_code AS userCode, m.scope AS scope, m.group_code AS code FROM dms_s_apply_group_member m
        WHERE m.user_code IN (${places(users.length)}) AND (${isAsked})`,
      [...users, ...values],
    );
  }

  /** Listed as inactive by the platform or by this team; what other teams say does not count. */
  async inactiveOf(sql: Sql, team: string | null, users: readonly string[]): Promise<string[]> {
    const rows = await sql.rows<{ userCode: string }>(
      `SELECT user_code AS userCode FROM dms_s_apply_user
        WHERE user_code IN (${places(users.length)}) AND active = 0 AND (acc_code IS NULL OR acc_code = ?)`,
      [...users, team],
    );
    return rows.map(({ userCode }) => userCode);
  }

  membersOf(
    sql: Sql,
    groups: readonly Subject[],
    team: string | null,
  ): Promise<(GroupKey & { userCode: string })[]> {
    if (groups.length === 0) return Promise.resolve([]);
    const [isAsked, values] = anyOf(groups, 'm.scope', 'm.group_code');
    const [counts, teams] = canReview(team);
    return sql.rows(
      `SELECT m.scope, m.group_code AS code, m.user_code AS userCode
         FROM dms_s_apply_group_member m
         LEFT JOIN dms_s_apply_user u ON u.user_code = m.user_code
        WHERE (${isAsked}) AND (u.user_code IS NULL OR ${counts})
        ORDER BY m.user_code`,
      [...values, ...teams],
    );
  }

  async emailsOf(
    sql: Sql,
    team: string | null,
    users: readonly string[],
  ): Promise<{ userCode: string; email: string }[]> {
    if (users.length === 0) return [];
    const [counts, teams] = canReview(team);
    return sql.rows(
      `SELECT u.user_code AS userCode, u.email FROM dms_s_apply_user u
        WHERE u.user_code IN (${places(users.length)}) AND u.email <> '' AND ${counts}
        ORDER BY u.user_code`,
      [...users, ...teams],
    );
  }

  /** The groups in which somebody can review. */
  async reachable(sql: Sql, team: string | null, groups: readonly Subject[]): Promise<GroupKey[]> {
    if (groups.length === 0) return [];
    const [counts, teams] = canReview(team);
    const [isAsked, keys] = anyOf(groups, 'g.scope', 'g.code');
    return sql.rows(
      `SELECT g.scope AS scope, g.code AS code FROM dms_s_apply_group g
        WHERE (${isAsked}) AND EXISTS (
          SELECT 1 FROM dms_s_apply_group_member m
            LEFT JOIN dms_s_apply_user u ON u.user_code = m.user_code
           WHERE m.scope = g.scope AND m.group_code = g.code AND (u.user_code IS NULL OR ${counts}))`,
      [...keys, ...teams],
    );
  }

  /** None for somebody listed as inactive by the platform or by this team. */
  groupsOf(sql: Sql, team: string | null, userCode: string): Promise<GroupKey[]> {
    return sql.rows(
      `SELECT m.scope, m.group_code AS code FROM dms_s_apply_group_member m
        WHERE m.user_code = ? AND NOT EXISTS (
          SELECT 1 FROM dms_s_apply_user u
           WHERE u.user_code = m.user_code AND u.active = 0 AND (u.acc_code IS NULL OR u.acc_code = ?))
        ORDER BY m.scope, m.group_code`,
      [userCode, team],
    );
  }
}

type Condition = readonly [sql: string, values: readonly SqlValue[]];

/**
 * Whether a listed person `u` can be asked to review for a team: active, and not of another team.
 */
const canReview = (team: string | null): Condition =>
  team === null
    ? ['(u.active = 1)', []]
    : ['(u.active = 1 AND (u.acc_code IS NULL OR u.acc_code = ?))', [team]];

/**
 * `(scope = ? AND code IN (…)) OR …`: one alternative for each scope, of which an order knows two at most. Lists of
 * pairs are written differently by the two databases.
 */
function anyOf(groups: readonly Subject[], scopeColumn: string, codeColumn: string): Condition {
  const byScope = new Map<string, string[]>();
  for (const { scope, code } of groups.map(groupOfSubject)) {
    const codes = byScope.get(scope);
    if (codes) codes.push(code);
    else byScope.set(scope, [code]);
  }
  const alternatives = [...byScope.values()].map(
    (codes) => `(${scopeColumn} = ? AND ${codeColumn} IN (${places(codes.length)}))`,
  );
  return [alternatives.join(' OR '), [...byScope].flatMap(([scope, codes]) => [scope, ...codes])];
}
