import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { Database } from '../database/database.js';
import { forUpdate, fromDbTime } from '../database/dialect.js';
import { insertRows, type Sql, type Tx } from '../database/sql.js';
import { type GroupKey, platform } from './group-subject.js';
import type { GroupRow } from './group.entity.js';
import { pageInSight, type Sight } from '../auth/sight.js';

/** A group with the number of its members. */
export interface CountedGroup extends Omit<GroupRow, 'source' | 'externalId'> {
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

  /** By scope, then code. */
  async list(sight: Sight, after: GroupKey | null, take: number): Promise<CountedGroup[]> {
    const [page, values] = pageInSight('dms_s_apply_group', sight, after, take);
    const rows = await this.database.rows<Record<keyof CountedGroup, never>>(
      `SELECT o.scope, o.code, o.name, o.create_time AS createTime, o.update_time AS updateTime,
              (SELECT COUNT(*) FROM dms_s_apply_group_member m
                WHERE m.scope = o.scope AND m.group_code = o.code) AS memberCount ${page}`,
      values,
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

  /** With its memberships. */
  async delete(tx: Tx, { scope, code }: GroupKey): Promise<void> {
    await tx.run('DELETE FROM dms_s_apply_group WHERE scope = ? AND code = ?', [scope, code]);
  }
}
