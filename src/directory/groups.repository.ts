import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { Database } from '../database/database.js';
import { forUpdate, fromDbTime } from '../database/dialect.js';
import { insertRows, type Sql, type SqlValue, type Tx } from '../database/sql.js';
import { type GroupKey, platform } from './group-subject.js';
import type { GroupRow } from './group.entity.js';

/** A group with the number of its members. */
export interface CountedGroup extends GroupRow {
  memberCount: number;
}

/**
 * Rows of groups and of their members. A team sees its own and those of the platform that it has no own one for; where
 * a method takes a team, null means the platform. Writing takes the group's own key.
 */
@Injectable()
export class GroupsRepository {
  constructor(private readonly database: Database) {}

  /** What a code means in a team. */
  async find(team: string | null, code: string, sql: Sql = this.database): Promise<GroupRow | null> {
    const scopes = team === null ? [platform] : [platform, team];
    // The platform's scope is empty and sorts first.
    const rows = await sql
      .repository<GroupRow>('Group')
      .find({ where: { scope: In(scopes), code }, order: { scope: 'DESC' }, take: 1 });
    return rows[0] ?? null;
  }

  /** A group by its key, held until the end of the transaction: two replacements of its members follow each other. */
  async lock(tx: Tx, { scope, code }: GroupKey): Promise<GroupRow | null> {
    const hold = forUpdate(this.database.dialect);
    await tx.rows(`SELECT code FROM dms_s_apply_group WHERE scope = ? AND code = ?${hold}`, [scope, code]);
    return tx.repository<GroupRow>('Group').findOneBy({ scope, code });
  }

  /** By scope, then code. @param sight a team's view, the platform's groups only, or every group of the installation */
  async list(
    sight: { readonly team: string | null } | 'all',
    after: GroupKey | null,
    take: number,
  ): Promise<CountedGroup[]> {
    const conditions = [inSight(sight), after === null ? null : beyond(after)].filter(
      (part) => part !== null,
    );
    const where = conditions.map(([sql]) => ` AND ${sql}`).join('');
    const rows = await this.database.rows<Record<keyof CountedGroup, never>>(
      `SELECT g.scope, g.code, g.name, g.create_time AS createTime, g.update_time AS updateTime,
              (SELECT COUNT(*) FROM dms_s_apply_group_member m
                WHERE m.scope = g.scope AND m.group_code = g.code) AS memberCount
         FROM dms_s_apply_group g
        WHERE 1 = 1${where}
        ORDER BY g.scope, g.code LIMIT ?`,
      [...conditions.flatMap(([, values]) => values), take],
    );
    return rows.map((row) => ({
      ...row,
      createTime: fromDbTime(row.createTime),
      updateTime: fromDbTime(row.updateTime),
      memberCount: Number(row.memberCount),
    }));
  }

  async members({ scope, code }: GroupKey, sql: Sql = this.database): Promise<string[]> {
    const rows = await sql.rows<{ userCode: string }>(
      'SELECT user_code AS userCode FROM dms_s_apply_group_member WHERE scope = ? AND group_code = ?',
      [scope, code],
    );
    return rows.map((row) => row.userCode);
  }

  async insert(tx: Tx, rows: readonly GroupRow[]): Promise<void> {
    if (rows.length > 0) await tx.repository<GroupRow>('Group').insert([...rows]);
  }

  async update(tx: Tx, { scope, code }: GroupKey, change: Partial<GroupRow>): Promise<void> {
    await tx.repository<GroupRow>('Group').update({ scope, code }, change);
  }

  async replaceMembers(tx: Tx, { scope, code }: GroupKey, members: readonly string[]): Promise<void> {
    await tx.run('DELETE FROM dms_s_apply_group_member WHERE scope = ? AND group_code = ?', [scope, code]);
    await insertRows(
      tx,
      'dms_s_apply_group_member',
      ['scope', 'group_code', 'user_code'],
      members.map((userCode) => [scope, code, userCode]),
    );
  }

  /** With its memberships. @returns false when there was none. */
  async delete(tx: Tx, { scope, code }: GroupKey): Promise<boolean> {
    return (await tx.run('DELETE FROM dms_s_apply_group WHERE scope = ? AND code = ?', [scope, code])) > 0;
  }
}

type Condition = readonly [sql: string, values: readonly SqlValue[]];

function inSight(sight: { readonly team: string | null } | 'all'): Condition | null {
  if (sight === 'all') return null;
  if (sight.team === null) return ['g.scope = ?', [platform]];
  return [
    `(g.scope = ? OR (g.scope = ? AND NOT EXISTS
       (SELECT 1 FROM dms_s_apply_group own WHERE own.scope = ? AND own.code = g.code)))`,
    [sight.team, platform, sight.team],
  ];
}

const beyond = ({ scope, code }: GroupKey): Condition => [
  '(g.scope > ? OR (g.scope = ? AND g.code > ?))',
  [scope, scope, code],
];
