import { Injectable } from '@nestjs/common';
import { In, IsNull } from 'typeorm';
import type { TeamScope } from '../../auth/principal.js';
import { teamClause } from '../../auth/team-clause.js';
import { Database } from '../../database/database.js';
import { databaseNow, forUpdate } from '../../database/dialect.js';
import { places, type Sql, type Tx } from '../../database/sql.js';
import type { PageWindow } from '../../http/pagination.js';
import { statesUnderWay } from '../vocabulary.js';
import type { ActionRow } from './action.entity.js';

/** What lists of actions are narrowed to. */
export interface ActionFilter {
  readonly pathKey?: string;
  readonly method?: string;
  readonly provider?: string;
  readonly businessType?: string;
}

/** What makes an action the only one of its owner. */
export type ActionKey = Pick<ActionRow, 'scope' | 'pathKey' | 'method' | 'provider'>;

/**
 * Rows of approve actions. A deleted one stays, for the requests that it held; nobody finds it here. Every method is
 * told the scopes that exist for the caller.
 */
@Injectable()
export class ActionsRepository {
  constructor(private readonly database: Database) {}

  find(scope: TeamScope, id: string, sql: Sql = this.database): Promise<ActionRow | null> {
    return sql
      .repository<ActionRow>('ApproveAction')
      .findOneBy({ id, alive: 1, ...(scope === 'all' ? {} : { scope: In([...scope]) }) });
  }

  /** The row, locked until the transaction ends: no request is stored for it meanwhile. */
  async lock(tx: Tx, scope: TeamScope, id: string): Promise<ActionRow | null> {
    const { sql, values } = teamClause(scope, 'scope');
    await tx.rows(
      `SELECT id FROM dms_s_apply_approve_action WHERE id = ? AND alive = 1${sql}${forUpdate(this.database.dialect)}`,
      [id, ...values],
    );
    return this.find(scope, id, tx);
  }

  /** Newest first. */
  list(scope: TeamScope, filter: ActionFilter, window: PageWindow): Promise<ActionRow[]> {
    const query = this.database
      .repository<ActionRow>('ApproveAction')
      .createQueryBuilder('action')
      .where({ ...filter, alive: 1, ...(scope === 'all' ? {} : { scope: In([...scope]) }) })
      .orderBy('action.id', 'DESC')
      .limit(window.take);
    if (window.after !== null) query.andWhere('action.id < :after', { after: window.after });
    return query.getMany();
  }

  /** The actions of these scopes, oldest first. */
  alive(scopes: readonly string[], sql: Sql = this.database): Promise<ActionRow[]> {
    return sql
      .repository<ActionRow>('ApproveAction')
      .find({ where: { scope: In([...scopes]), alive: 1 }, order: { id: 'ASC' } });
  }

  /** Another action of the same owner, path, method and provider; its id, or null. */
  async twin(tx: Tx, { scope, pathKey, method, provider }: ActionKey, than: string): Promise<string | null> {
    const [row] = await tx.rows<{ readonly id: string }>(
      `SELECT id FROM dms_s_apply_approve_action
        WHERE scope = ? AND path_key = ? AND method = ? AND provider = ? AND alive = 1 AND id <> ?`,
      [scope, pathKey, method, provider, than],
    );
    return row?.id ?? null;
  }

  /** Whether requests that an action holds are under way. */
  async isAwaited(tx: Tx, id: string): Promise<boolean> {
    const found = await tx.rows(
      `SELECT id FROM dms_s_apply_approve_request
        WHERE action_id = ? AND state IN (${places(statesUnderWay.length)}) LIMIT 1`,
      [id, ...statesUnderWay],
    );
    return found.length > 0;
  }

  async insert(tx: Tx, rows: readonly ActionRow[]): Promise<void> {
    if (rows.length > 0) await tx.repository<ActionRow>('ApproveAction').insert([...rows]);
  }

  async update(tx: Tx, id: string, change: Partial<ActionRow>): Promise<void> {
    await tx.repository<ActionRow>('ApproveAction').update({ id }, change);
  }

  /**
   * Every action that rules over requests, for {@link RulesService}: those that there are, and deleted ones whose
   * requests are under way, or could be again: a refused order can be reopened as long as its refusal stands.
   */
  async ruling(): Promise<ActionRow[]> {
    const actions = this.database.repository<ActionRow>('ApproveAction');
    const awaited = await this.database.rows<{ readonly id: string }>(
      `SELECT a.id FROM dms_s_apply_approve_action a WHERE a.alive IS NULL AND EXISTS (
          SELECT 1 FROM dms_s_apply_approve_request r
           WHERE r.action_id = a.id AND (r.state IN (${places(statesUnderWay.length)})
              OR (r.state = 'denied' AND r.live IS NOT NULL AND r.ends_at > ${databaseNow(this.database.dialect)})))`,
      [...statesUnderWay],
    );
    const deleted = await actions.findBy({ id: In(awaited.map(({ id }) => id)), alive: IsNull() });
    return [...(await actions.findBy({ alive: 1 })), ...deleted];
  }
}
