import { Injectable } from '@nestjs/common';
import { In, IsNull, LessThan } from 'typeorm';
import type { TeamScope } from '../auth/principal.js';
import { Database } from '../database/database.js';
import { forUpdate } from '../database/dialect.js';
import { insertRows, type Sql, type Tx } from '../database/sql.js';
import type { PageWindow } from '../http/pagination.js';
import type { NodeRow } from './node.entity.js';

/**
 * Rows of shared nodes. What exists for a caller are the nodes of the caller's teams and those of the platform, which
 * belong to no team.
 */
@Injectable()
export class NodesRepository {
  constructor(private readonly database: Database) {}

  find(scope: TeamScope, id: string, sql: Sql = this.database): Promise<NodeRow | null> {
    return sql
      .repository<NodeRow>('Node')
      .findOne({ where: visible(scope).map((team) => ({ id, ...team })) });
  }

  findAll(scope: TeamScope, ids: readonly string[], sql: Sql): Promise<NodeRow[]> {
    return sql
      .repository<NodeRow>('Node')
      .find({ where: visible(scope).map((team) => ({ id: In(ids), ...team })) });
  }

  /** Keeps a node as it is until the transaction ends; then it must be read anew. */
  async lock(tx: Tx, id: string): Promise<void> {
    await tx.rows(
      `SELECT id FROM dms_s_apply_template_process_node WHERE id = ?${forUpdate(this.database.dialect)}`,
      [id],
    );
  }

  /** Newest first. */
  list(scope: TeamScope, window: PageWindow): Promise<NodeRow[]> {
    const after = window.after === null ? {} : { id: LessThan(window.after) };
    return this.database.repository<NodeRow>('Node').find({
      where: visible(scope).map((team) => ({ ...after, ...team })),
      order: { id: 'DESC' },
      take: window.take,
    });
  }

  async insert(tx: Tx, row: NodeRow, objects: readonly string[]): Promise<void> {
    await tx.repository<NodeRow>('Node').insert(row);
    await this.insertObjects(tx, row.id, objects);
  }

  /** @param objects the new list, or null to keep it. */
  async update(
    tx: Tx,
    id: string,
    change: Partial<NodeRow>,
    objects: readonly string[] | null,
  ): Promise<void> {
    await tx.repository<NodeRow>('Node').update({ id }, change);
    if (!objects) return;
    await tx.run('DELETE FROM dms_s_apply_template_node_object WHERE node_id = ?', [id]);
    await this.insertObjects(tx, id, objects);
  }

  async delete(tx: Tx, id: string): Promise<void> {
    await tx.run('DELETE FROM dms_s_apply_template_process_node WHERE id = ?', [id]);
  }

  private insertObjects(tx: Tx, nodeId: string, objects: readonly string[]): Promise<void> {
    return insertRows(
      tx,
      'dms_s_apply_template_node_object',
      ['node_id', 'position', 'object_code'],
      objects.map((code, position) => [nodeId, position, code]),
    );
  }
}

/** Conditions, any of which makes a row visible. */
const visible = (scope: TeamScope): object[] =>
  scope === 'all' ? [{}] : [{ accCode: In([...scope]) }, { accCode: IsNull() }];
