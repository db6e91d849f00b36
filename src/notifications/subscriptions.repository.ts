import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { TeamScope } from '../auth/principal.js';
import { teamClause } from '../auth/team-clause.js';
import { Database } from '../database/database.js';
import { forUpdate } from '../database/dialect.js';
import type { Sql, Tx } from '../database/sql.js';
import type { PageWindow } from '../http/pagination.js';
import type { SubscriptionRow } from './subscription.entity.js';

/** The `scope` of the subscriptions that belong to no team and hear of all of them. */
export const platformScope = '';

/** Rows of subscriptions. The platform's exist for system administrators only. */
@Injectable()
export class SubscriptionsRepository {
  constructor(private readonly database: Database) {}

  find(scope: TeamScope, id: string, sql: Sql = this.database): Promise<SubscriptionRow | null> {
    return sql
      .repository<SubscriptionRow>('Subscription')
      .findOneBy({ id, ...(scope === 'all' ? {} : { scope: In([...scope]) }) });
  }

  /** The row, locked until the transaction ends. */
  async lock(tx: Tx, scope: TeamScope, id: string): Promise<SubscriptionRow | null> {
    const { sql, values } = teamClause(scope, 'scope');
    await tx.rows(
      `SELECT id FROM dms_s_apply_subscription WHERE id = ?${sql}${forUpdate(this.database.dialect)}`,
      [id, ...values],
    );
    return this.find(scope, id, tx);
  }

  /** Newest first. */
  async list(scope: TeamScope, window: PageWindow): Promise<SubscriptionRow[]> {
    const query = this.database
      .repository<SubscriptionRow>('Subscription')
      .createQueryBuilder('subscription')
      .orderBy('subscription.id', 'DESC')
      .limit(window.take);
    if (scope !== 'all') query.andWhere({ scope: In([...scope]) });
    if (window.after !== null) query.andWhere('subscription.id < :after', { after: window.after });
    return query.getMany();
  }

  /** The active subscriptions that may hear of a team's orders: its own and the platform's, oldest first. */
  hearing(team: string | null): Promise<SubscriptionRow[]> {
    const scopes = team === null ? [platformScope] : [platformScope, team];
    return this.database
      .repository<SubscriptionRow>('Subscription')
      .find({ where: { scope: In(scopes), active: 1 }, order: { id: 'ASC' } });
  }

  /** Whether there is an active subscription at all. */
  async anybodyHears(tx: Tx): Promise<boolean> {
    const rows = await tx.rows('SELECT id FROM dms_s_apply_subscription WHERE active = 1 LIMIT 1');
    return rows.length > 0;
  }

  async insert(tx: Tx, row: SubscriptionRow): Promise<void> {
    await tx.repository<SubscriptionRow>('Subscription').insert(row);
  }

  async update(tx: Tx, id: string, change: Partial<SubscriptionRow>): Promise<void> {
    await tx.repository<SubscriptionRow>('Subscription').update({ id }, change);
  }

  async delete(tx: Tx, id: string): Promise<void> {
    await tx.run('DELETE FROM dms_s_apply_subscription WHERE id = ?', [id]);
  }
}
