import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { platform } from '../../auth/sight.js';
import type { TeamScope } from '../../auth/principal.js';
import { teamClause } from '../../auth/team-clause.js';
import { Database } from '../../database/database.js';
import { forUpdate } from '../../database/dialect.js';
import { places, type Sql, type Tx } from '../../database/sql.js';
import type { PageWindow } from '../../http/pagination.js';
import { statesUnderWay } from '../vocabulary.js';
import type { GateRow } from './gate.entity.js';

/** Rows of gates. The platform's exist for system administrators only. */
@Injectable()
export class GatesRepository {
  constructor(private readonly database: Database) {}

  async find(scope: TeamScope, key: string, sql: Sql = this.database): Promise<GateRow | null> {
    const row = await sql
      .repository<GateRow>('Gate')
      .findOneBy({ gateKey: key, ...(scope === 'all' ? {} : { scope: In([...scope]) }) });
    // MySQL ignores trailing blanks where it compares.
    return row?.gateKey === key ? row : null;
  }

  /** The row, locked until the transaction ends. */
  async lock(tx: Tx, scope: TeamScope, key: string): Promise<GateRow | null> {
    const { sql, values } = teamClause(scope, 'scope');
    await tx.rows(
      `SELECT id FROM dms_s_apply_gate WHERE gate_key = ?${sql}${forUpdate(this.database.dialect)}`,
      [key, ...values],
    );
    return this.find(scope, key, tx);
  }

  /** Newest first. */
  list(scope: TeamScope, window: PageWindow): Promise<GateRow[]> {
    const query = this.database
      .repository<GateRow>('Gate')
      .createQueryBuilder('gate')
      .orderBy('gate.id', 'DESC')
      .limit(window.take);
    if (scope !== 'all') query.andWhere({ scope: In([...scope]) });
    if (window.after !== null) query.andWhere('gate.id < :after', { after: window.after });
    return query.getMany();
  }

  /** Every gate that there is, for {@link RulesService}. */
  all(): Promise<GateRow[]> {
    return this.database.repository<GateRow>('Gate').find();
  }

  /** @throws a duplicate-key error for a key that is taken, by whatever team */
  async insert(tx: Tx, row: GateRow): Promise<void> {
    await tx.repository<GateRow>('Gate').insert(row);
  }

  async update(tx: Tx, id: string, change: Partial<GateRow>): Promise<void> {
    await tx.repository<GateRow>('Gate').update({ id }, change);
  }

  async delete(tx: Tx, id: string): Promise<void> {
    await tx.run('DELETE FROM dms_s_apply_gate WHERE id = ?', [id]);
  }

  /**
   * Whether a request that came through a gate is under way. No further one is stored before the transaction ends:
   * whoever stores one locks its action first, and here all actions are locked that can hold requests of this gate.
   */
  async isAwaited(tx: Tx, gate: GateRow): Promise<boolean> {
    const scopes = teamClause(gate.scope === platform ? 'all' : [gate.scope, platform], 'scope');
    await tx.rows(
      `SELECT id FROM dms_s_apply_approve_action WHERE alive = 1${scopes.sql} ORDER BY id${forUpdate(this.database.dialect)}`,
      scopes.values,
    );
    // Along the index of actions and states: there is none of gates.
    const found = await tx.rows(
      `SELECT r.id FROM dms_s_apply_approve_request r
        WHERE r.action_id IN (SELECT id FROM dms_s_apply_approve_action)
          AND r.state IN (${places(statesUnderWay.length)}) AND r.gate_id = ? LIMIT 1`,
      [...statesUnderWay, gate.id],
    );
    return found.length > 0;
  }
}
