import { Injectable } from '@nestjs/common';
import { In, MoreThan } from 'typeorm';
import type { TeamScope } from '../auth/principal.js';
import { teamClause } from '../auth/team-clause.js';
import { Database } from '../database/database.js';
import { forUpdate } from '../database/dialect.js';
import { insertRows, places, type Sql, type Tx } from '../database/sql.js';
import type { PageWindow } from '../http/pagination.js';
import type { GroupKey } from './group-subject.js';
import type { UserRow } from './user.entity.js';

/**
 * Rows of people and of their memberships. What exists for a caller are the people of the caller's teams; those of no
 * team exist for system administrators only. Among memberships, the scope '' stands for the platform's groups.
 */
@Injectable()
export class UsersRepository {
  constructor(private readonly database: Database) {}

  find(scope: TeamScope, userCode: string, sql: Sql = this.database): Promise<UserRow | null> {
    return sql.repository<UserRow>('User').findOne({ where: { userCode, ...visible(scope) } });
  }

  /** The same, held until the end of the transaction: two replacements of one person follow each other. */
  async lock(tx: Tx, scope: TeamScope, userCode: string): Promise<UserRow | null> {
    const hold = forUpdate(this.database.dialect);
    await tx.rows(`SELECT user_code FROM dms_s_apply_user WHERE user_code = ?${hold}`, [userCode]);
    return this.find(scope, userCode, tx);
  }

  /** Whether anybody has the code, in whatever team: codes are unique in the installation. */
  async taken(tx: Tx, userCode: string): Promise<boolean> {
    return (await this.find('all', userCode, tx)) !== null;
  }

  /** By code. */
  list(scope: TeamScope, window: PageWindow): Promise<UserRow[]> {
    const after = window.after === null ? {} : { userCode: MoreThan(window.after) };
    return this.database.repository<UserRow>('User').find({
      where: { ...after, ...visible(scope) },
      order: { userCode: 'ASC' },
      take: window.take,
    });
  }

  async insert(tx: Tx, row: UserRow): Promise<void> {
    await tx.repository<UserRow>('User').insert(row);
  }

  async update(tx: Tx, userCode: string, change: Partial<UserRow>): Promise<void> {
    await tx.repository<UserRow>('User').update({ userCode }, change);
  }

  /** With the roles. */
  async delete(tx: Tx, scope: TeamScope, userCode: string): Promise<void> {
    const own = teamClause(scope, 'acc_code');
    const sql = `DELETE FROM dms_s_apply_user WHERE user_code = ?${own.sql}`;
    await tx.run(sql, [userCode, ...own.values]);
  }

  /** The groups of some people, among the groups of these scopes. */
  async memberships(
    scopes: TeamScope,
    userCodes: readonly string[],
    sql: Sql = this.database,
  ): Promise<Map<string, GroupKey[]>> {
    const groups = new Map<string, GroupKey[]>(userCodes.map((code) => [code, []]));
    if (userCodes.length === 0) return groups;
    const clause = teamClause(scopes, 'scope');
    const rows = await sql.rows<{ userCode: string; scope: string; code: string }>(
      `SELECT user_code AS userCode, scope, group_code AS code FROM dms_s_apply_group_member
        WHERE user_code IN (${places(userCodes.length)})${clause.sql}`,
      [...userCodes, ...clause.values],
    );
    for (const { userCode, scope, code } of rows) groups.get(userCode)?.push({ scope, code });
    return groups;
  }

  async joinGroups(tx: Tx, userCode: string, groups: readonly GroupKey[]): Promise<void> {
    await insertRows(
      tx,
      'dms_s_apply_group_member',
      ['scope', 'group_code', 'user_code'],
      groups.map(({ scope, code }) => [scope, code, userCode]),
    );
  }

  /** Writes the rows that stand for a person's roles, of whom the column `roles` says the same. */
  async replaceRoles(tx: Tx, userCode: string, roles: readonly string[]): Promise<void> {
    await tx.run('DELETE FROM dms_s_apply_user_role WHERE user_code = ?', [userCode]);
    await insertRows(
      tx,
      'dms_s_apply_user_role',
      ['user_code', 'role'],
      roles.map((role) => [userCode, role]),
    );
  }

  /** Takes a person out of all groups of these scopes. */
  async leaveGroups(tx: Tx, scopes: TeamScope, userCode: string): Promise<void> {
    const clause = teamClause(scopes, 'scope');
    const sql = `DELETE FROM dms_s_apply_group_member WHERE user_code = ?${clause.sql}`;
    await tx.run(sql, [userCode, ...clause.values]);
  }
}

const visible = (scope: TeamScope): object => (scope === 'all' ? {} : { accCode: In([...scope]) });
