import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { TeamScope } from '../auth/principal.js';
import { teamClause } from '../auth/team-clause.js';
import { Database } from '../database/database.js';
import { toDbTime } from '../database/dialect.js';
import { insertRows, type Sql, type SqlValue, type Tx } from '../database/sql.js';
import type { PageWindow } from '../http/pagination.js';
import type { DelegationScopeRow } from './delegation-scope.entity.js';
import type { DelegationRow } from './delegation.entity.js';

const table = 'dms_s_apply_delegation';

/** The `scope` of orders that belong to no team. */
export const noTeam = '';

/** What a list of delegations is narrowed to. */
export interface DelegationFilter {
  /** From or to each of these people. */
  readonly people: readonly string[];
  /** Whether it holds at a moment; null: either. */
  readonly inForce: { readonly at: Date; readonly holds: boolean } | null;
}

/** A delegation whose period holds now; business type and condition are still to be judged. */
export interface HoldingRow {
  readonly id: string;
  readonly fromUser: string;
  readonly toUser: string;
  readonly businessTypes: string | null;
  readonly conditionText: string | null;
  readonly redelegate: number;
  /** Who stands in, when the directory has them as inactive in the team; else null. */
  readonly inactive: string | null;
}

/** Rows of delegations. Methods that read for callers take the teams that exist for them. */
@Injectable()
export class DelegationsRepository {
  constructor(private readonly database: Database) {}

  find(scope: TeamScope, id: string, sql: Sql = this.database): Promise<DelegationRow | null> {
    return sql
      .repository<DelegationRow>('Delegation')
      .findOneBy({ id, ...(scope === 'all' ? {} : { scope: In([...scope]) }) });
  }

  /** Newest first. */
  list(scope: TeamScope, filter: DelegationFilter, window: PageWindow): Promise<DelegationRow[]> {
    const query = this.database
      .repository<DelegationRow>('Delegation')
      .createQueryBuilder('d')
      .orderBy('d.id', 'DESC')
      .limit(window.take);
    if (scope !== 'all') query.andWhere({ scope: In([...scope]) });
    if (window.after !== null) query.andWhere('d.id < :after', { after: window.after });
    for (const [index, person] of filter.people.entries()) {
      query.andWhere(`(d.from_user = :person${index} OR d.to_user = :person${index})`, {
        [`person${index}`]: person,
      });
    }
    if (filter.inForce) {
      const { at, holds } = filter.inForce;
      query.andWhere(
        holds
          ? 'd.revoked_at IS NULL AND d.starts_at <= :at AND d.ends_at > :at'
          : '(d.revoked_at IS NOT NULL OR d.starts_at > :at OR d.ends_at <= :at)',
        { at: toDbTime(at) },
      );
    }
    return query.getMany();
  }

  /** Makes writers of a team's delegations follow each other until the end of the transaction. */
  async lockTeam(tx: Tx, scope: string): Promise<void> {
    await tx
      .repository<DelegationScopeRow>('DelegationScope')
      .createQueryBuilder()
      .insert()
      .values({ scope })
      // Writes what is there already: for the lock that it takes.
      .orUpdate(['scope'], ['scope'])
      .updateEntity(false)
      .execute();
  }

  /** Everything of a team that still holds, or will. To be read under {@link lockTeam}. */
  async standing(tx: Tx, scope: string, at: Date): Promise<DelegationRow[]> {
    return tx
      .repository<DelegationRow>('Delegation')
      .createQueryBuilder('d')
      .where('d.scope = :scope AND d.ends_at > :at AND d.revoked_at IS NULL', { scope, at: toDbTime(at) })
      .orderBy('d.id')
      .getMany();
  }

  /** The ids of everything in these teams that still lets a person stand in, or will; oldest first. */
  async given(scope: TeamScope, toUser: string, at: Date): Promise<string[]> {
    const team = teamClause(scope, 'scope');
    const rows = await this.database.rows<{ readonly id: string }>(
      `SELECT id FROM ${table} WHERE to_user = ? AND ends_at > ? AND revoked_at IS NULL${team.sql} ORDER BY id`,
      [toUser, toDbTime(at), ...team.values],
    );
    return rows.map(({ id }) => id);
  }

  /**
   * What holds in a team at a moment, newest first, of delegators who may act there: an inactive person has no work to
   * give. Somebody whom the directory does not list counts as active, as everywhere.
   */
  holding(sql: Sql, team: string | null, at: Date): Promise<HoldingRow[]> {
    const time = toDbTime(at);
    return sql.rows(
      `SELECT d.id, d.from_user AS fromUser, d.to_user AS toUser, d.business_types AS businessTypes,
              d.condition_text AS conditionText, d.redelegate, t.user_code AS inactive
         FROM ${table} d
         LEFT JOIN dms_s_apply_user f
           ON f.user_code = d.from_user AND f.active = 0 AND (f.acc_code IS NULL OR f.acc_code = ?)
         LEFT JOIN dms_s_apply_user t
           ON t.user_code = d.to_user AND t.active = 0 AND (t.acc_code IS NULL OR t.acc_code = ?)
        WHERE d.scope = ? AND d.ends_at > ? AND d.starts_at <= ? AND d.revoked_at IS NULL
          AND f.user_code IS NULL
        ORDER BY d.id DESC`,
      [team, team, team ?? noTeam, time, time],
    );
  }

  async insert(tx: Tx, row: DelegationRow): Promise<void> {
    const values = columnsOf(row);
    await insertRows(tx, table, Object.keys(values), [Object.values(values)]);
  }

  async update(tx: Tx, id: string, change: Partial<DelegationRow>): Promise<void> {
    const values = columnsOf(change);
    const set = Object.keys(values).map((column) => `${column} = ?`);
    await tx.run(`UPDATE ${table} SET ${set.join(', ')} WHERE id = ?`, [...Object.values(values), id]);
  }
}

const columnNames = {
  id: 'id',
  scope: 'scope',
  fromUser: 'from_user',
  toUser: 'to_user',
  startsAt: 'starts_at',
  endsAt: 'ends_at',
  businessTypes: 'business_types',
  conditionText: 'condition_text',
  redelegate: 'redelegate',
  remark: 'remark',
  createdBy: 'created_by',
  revokedAt: 'revoked_at',
  createTime: 'create_time',
  updateTime: 'update_time',
} as const satisfies Record<keyof DelegationRow, string>;

/** By column, times as the hand-written statements compare them: TypeORM would store them on SQLite with a fraction. */
const columnsOf = (row: Partial<DelegationRow>): Record<string, SqlValue> =>
  Object.fromEntries(
    Object.entries(row).map(([field, value]) => [
      columnNames[field as keyof DelegationRow],
      value instanceof Date ? toDbTime(value) : value,
    ]),
  );
