import { Injectable } from '@nestjs/common';
import { places, type Sql, type SqlValue } from '../database/sql.js';
import type { Subject } from '../engine/vocabulary.js';
import { askedOf, type GroupKey, platform } from './group-subject.js';
import { platformRole } from './user-role.entity.js';

/** A group, or (without a scope) a role. */
export interface GroupOrRole {
  readonly scope: string | null;
  readonly code: string;
}

/** Told in place of a role, which is never empty: the person may not act in the team. */
export const inactiveMark = '';

/** Somebody in a group, or with a role. */
export type Holding = GroupOrRole & { readonly userCode: string };

/** One of the departments above a person, with its leader, and who of the leaders is inactive. */
export interface ChainRow {
  readonly code: string;
  readonly name: string;
  readonly leader: string | null;
  readonly inactiveLeader: string | null;
}

/** How many departments lie above a person at most. */
const maxLevels = 50;

/**
 * The questions that orders ask, in SQL of one statement each, whatever the number of people. They are about given
 * codes, groups and roles; whose groups those are, the caller has resolved ({@link resolveGroups}).
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

  async teamOf(sql: Sql, userCode: string): Promise<string | null> {
    const [row] = await sql.rows<{ readonly accCode: string | null }>(
      'SELECT acc_code AS accCode FROM dms_s_apply_user WHERE user_code = ?',
      [userCode],
    );
    return row?.accCode ?? null;
  }

  /** Groups whoever is in them; roles as the directory gives them in the team, the platform's never. */
  async memberships(
    sql: Sql,
    team: string | null,
    users: readonly string[],
    subjects: readonly Subject[],
  ): Promise<Holding[]> {
    if (users.length === 0) return [];
    const { groups, roles } = askedOf(subjects);
    const given = roles.filter((role) => role !== platformRole);
    const parts: Condition[] = [];
    if (groups.length > 0) {
      const [isAsked, values] = anyOf(groups, 'm.scope', 'm.group_code');
      parts.push([
        `SELECT m.user_code AS userCode, m.scope AS scope, m.group_code AS code FROM dms_s_apply_group_member m
          WHERE m.user_code IN (${places(users.length)}) AND (${isAsked})`,
        [...users, ...values],
      ]);
    }
    if (given.length > 0) {
      const [held, values] = holdersOf(given, team);
      parts.push([
        `SELECT u.user_code AS userCode, NULL AS scope, r.role AS code ${held}
            AND u.user_code IN (${places(users.length)})`,
        [...values, ...users],
      ]);
    }
    return allOf(sql, parts);
  }

  /** Listed as inactive by the platform or by this team; what other teams say does not count. */
  async inactiveOf(sql: Sql, team: string | null, users: readonly string[]): Promise<string[]> {
    if (users.length === 0) return [];
    const rows = await sql.rows<{ userCode: string }>(
      `SELECT user_code AS userCode FROM dms_s_apply_user
        WHERE user_code IN (${places(users.length)}) AND active = 0 AND (acc_code IS NULL OR acc_code = ?)`,
      [...users, team],
    );
    return rows.map(({ userCode }) => userCode);
  }

  /** Whom the directory lists for a team. */
  async listed(
    sql: Sql,
    team: string | null,
    users: readonly string[],
  ): Promise<{ userCode: string; active: number }[]> {
    if (users.length === 0) return [];
    const [exists, teams] = existsFor(team);
    return sql.rows(
      `SELECT u.user_code AS userCode, u.active FROM dms_s_apply_user u
        WHERE u.user_code IN (${places(users.length)}) AND ${exists}`,
      [...users, ...teams],
    );
  }

  async membersOf(sql: Sql, subjects: readonly Subject[], team: string | null): Promise<Holding[]> {
    const { groups, roles } = askedOf(subjects);
    const parts: Condition[] = [];
    if (groups.length > 0) {
      const [isAsked, values] = anyOf(groups, 'm.scope', 'm.group_code');
      const [counts, teams] = canReview(team);
      parts.push([
        `SELECT m.scope AS scope, m.group_code AS code, m.user_code AS userCode
           FROM dms_s_apply_group_member m
           LEFT JOIN dms_s_apply_user u ON u.user_code = m.user_code
          WHERE (${isAsked}) AND (u.user_code IS NULL OR ${counts})`,
        [...values, ...teams],
      ]);
    }
    if (roles.length > 0) {
      const [held, values] = holdersOf(roles, team);
      parts.push([`SELECT NULL AS scope, r.role AS code, u.user_code AS userCode ${held}`, values]);
    }
    return allOf(sql, parts, 'ORDER BY userCode');
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

  async namesOf(
    sql: Sql,
    team: string | null,
    users: readonly string[],
  ): Promise<{ userCode: string; name: string }[]> {
    if (users.length === 0) return [];
    const [ofTeam, teams] = team === null ? ['1 = 1', []] : ['(acc_code IS NULL OR acc_code = ?)', [team]];
    return sql.rows(
      `SELECT user_code AS userCode, name FROM dms_s_apply_user
        WHERE user_code IN (${places(users.length)}) AND name <> '' AND ${ofTeam}`,
      [...users, ...teams],
    );
  }

  /** The groups in which somebody can review, and the roles that somebody who can has. */
  async reachable(sql: Sql, team: string | null, subjects: readonly Subject[]): Promise<GroupOrRole[]> {
    const { groups, roles } = askedOf(subjects);
    const parts: Condition[] = [];
    if (groups.length > 0) {
      const [counts, teams] = canReview(team);
      const [isAsked, keys] = anyOf(groups, 'g.scope', 'g.code');
      parts.push([
        `SELECT g.scope AS scope, g.code AS code FROM dms_s_apply_group g
          WHERE (${isAsked}) AND EXISTS (
            SELECT 1 FROM dms_s_apply_group_member m
              LEFT JOIN dms_s_apply_user u ON u.user_code = m.user_code
             WHERE m.scope = g.scope AND m.group_code = g.code AND (u.user_code IS NULL OR ${counts}))`,
        [...keys, ...teams],
      ]);
    }
    if (roles.length > 0) {
      const [held, values] = holdersOf(roles, team);
      parts.push([`SELECT DISTINCT NULL AS scope, r.role AS code ${held}`, values]);
    }
    return allOf(sql, parts);
  }

  /** No groups for somebody listed as inactive by the platform or by this team; roles as {@link memberships}. */
  heldBy(sql: Sql, team: string | null, userCode: string): Promise<GroupOrRole[]> {
    const [counts, teams] = canReview(team);
    return sql.rows(
      `SELECT m.scope AS scope, m.group_code AS code FROM dms_s_apply_group_member m
        WHERE m.user_code = ? AND NOT EXISTS (
          SELECT 1 FROM dms_s_apply_user u
           WHERE u.user_code = m.user_code AND u.active = 0 AND (u.acc_code IS NULL OR u.acc_code = ?))
       UNION ALL
       SELECT NULL AS scope, r.role AS code FROM dms_s_apply_user_role r
         JOIN dms_s_apply_user u ON u.user_code = r.user_code
        WHERE r.user_code = ? AND r.role <> ? AND ${counts}
       UNION ALL
       SELECT NULL AS scope, '${inactiveMark}' AS code FROM dms_s_apply_user u
        WHERE u.user_code = ? AND u.active = 0 AND (u.acc_code IS NULL OR u.acc_code = ?)`,
      [userCode, team, userCode, platformRole, ...teams, userCode, team],
    );
  }

  async sharingGroups(
    sql: Sql,
    team: string | null,
    userCode: string,
    others: readonly string[],
  ): Promise<string[]> {
    if (others.length === 0) return [];
    const scopes = team === null ? [platform] : [platform, team];
    const rows = await sql.rows<{ userCode: string }>(
      `SELECT DISTINCT m.user_code AS userCode FROM dms_s_apply_group_member mine
         JOIN dms_s_apply_group_member m ON m.scope = mine.scope AND m.group_code = mine.group_code
        WHERE mine.user_code = ? AND mine.scope IN (${places(scopes.length)})
          AND m.user_code IN (${places(others.length)})`,
      [userCode, ...scopes, ...others],
    );
    return rows.map((row) => row.userCode);
  }

  async departmentsOf(
    sql: Sql,
    team: string | null,
    users: readonly string[],
  ): Promise<{ userCode: string; department: string }[]> {
    if (users.length === 0) return [];
    const [exists, teams] = existsFor(team);
    return sql.rows(
      `SELECT u.user_code AS userCode, u.department FROM dms_s_apply_user u
        WHERE u.user_code IN (${places(users.length)}) AND ${exists} AND EXISTS (
          SELECT 1 FROM dms_s_apply_department d WHERE d.code = u.department AND d.scope IN (?, ?))`,
      [...users, ...teams, platform, team ?? platform],
    );
  }

  /** A person's department and those above it, nearest first, also when they form a circle: up to {@link maxLevels}. */
  departmentChain(sql: Sql, team: string | null, userCode: string): Promise<ChainRow[]> {
    const [exists, teams] = existsFor(team);
    return sql.rows(
      `WITH RECURSIVE chain (depth, code, name, leader, parent) AS (
         SELECT 1, u.department, ${meant('name')}, ${meant('leader')}, ${meant('parent_code')}
           FROM dms_s_apply_user u
           LEFT JOIN dms_s_apply_department own ON own.scope = ? AND own.code = u.department
           LEFT JOIN dms_s_apply_department shared ON shared.scope = ? AND shared.code = u.department
          WHERE u.user_code = ? AND ${exists} AND (own.code IS NOT NULL OR shared.code IS NOT NULL)
         UNION ALL
         SELECT below.depth + 1, below.parent, ${meant('name')}, ${meant('leader')}, ${meant('parent_code')}
           FROM chain below
           LEFT JOIN dms_s_apply_department own ON own.scope = ? AND own.code = below.parent
           LEFT JOIN dms_s_apply_department shared ON shared.scope = ? AND shared.code = below.parent
          WHERE below.depth < ? AND (own.code IS NOT NULL OR shared.code IS NOT NULL)
       )
       SELECT chain.code, chain.name, chain.leader, u.user_code AS inactiveLeader FROM chain
         LEFT JOIN dms_s_apply_user u
           ON u.user_code = chain.leader AND u.active = 0 AND (u.acc_code IS NULL OR u.acc_code = ?)
        ORDER BY chain.depth`,
      [team, platform, userCode, ...teams, team, platform, maxLevels, team],
    );
  }
}

type Condition = readonly [sql: string, values: readonly SqlValue[]];

/** The rows of several selects in one statement; none, when nothing is asked. */
function allOf<T>(sql: Sql, parts: readonly Condition[], order = ''): Promise<T[]> {
  if (parts.length === 0) return Promise.resolve([]);
  const text = parts.map(([part]) => part).join(' UNION ALL ');
  return sql.rows(
    `${text} ${order}`,
    parts.flatMap(([, values]) => values),
  );
}

/** Whether a listed person `u` exists for a team: listed by the platform, or there. */
const existsFor = (team: string | null): Condition =>
  team === null ? ['1 = 1', []] : ['(u.acc_code IS NULL OR u.acc_code = ?)', [team]];

/** Whether a listed person `u` can be asked to review for a team: active, and not of another team. */
function canReview(team: string | null): Condition {
  const [exists, teams] = existsFor(team);
  return [`(u.active = 1 AND ${exists})`, teams];
}

/** The people `u` to whom the directory gives one of these roles `r`, and who can review for a team. */
function holdersOf(roles: readonly string[], team: string | null): Condition {
  const [counts, teams] = canReview(team);
  return [
    `FROM dms_s_apply_user_role r JOIN dms_s_apply_user u ON u.user_code = r.user_code
      WHERE r.role IN (${places(roles.length)}) AND ${counts}`,
    [...roles, ...teams],
  ];
}

/** A column of the team's own department, else of the platform's. */
const meant = (column: string): string =>
  `CASE WHEN own.code IS NULL THEN shared.${column} ELSE own.${column} END`;

/**
 * `(scope = ? AND code IN (…)) OR …`: one alternative for each scope, of which an order knows two at most. Lists of
 * pairs are written differently by the two databases.
 */
function anyOf(groups: readonly GroupKey[], scopeColumn: string, codeColumn: string): Condition {
  const byScope = new Map<string, string[]>();
  for (const { scope, code } of groups) {
    const codes = byScope.get(scope);
    if (codes) codes.push(code);
    else byScope.set(scope, [code]);
  }
  const alternatives = [...byScope.values()].map(
    (codes) => `(${scopeColumn} = ? AND ${codeColumn} IN (${places(codes.length)}))`,
  );
  return [alternatives.join(' OR '), [...byScope].flatMap(([scope, codes]) => [scope, ...codes])];
}
