import { Injectable } from '@nestjs/common';
import { In, IsNull, LessThan } from 'typeorm';
import type { TeamScope } from '../auth/principal.js';
import { Database } from '../database/database.js';
import { forUpdate } from '../database/dialect.js';
import { insertRows, places, type Sql, type Tx } from '../database/sql.js';
import type { PageWindow } from '../http/pagination.js';
import type { TemplateRow } from './template.entity.js';

/** A stage with the name and the version of its node. */
export interface StageRecord {
  readonly templateId: string;
  readonly stageNo: number;
  readonly nodeId: string;
  readonly nodeName: string;
  /** The present one. */
  readonly nodeVersion: number;
  readonly conditionText: string | null;
  /** JSON. */
  readonly timing: string | null;
}

/** A stage to be written; its number is its place in the list. */
export type NewStage = Pick<StageRecord, 'nodeId' | 'conditionText' | 'timing'>;

/**
 * Rows of templates and their stages. What exists for a caller are the templates of the caller's teams and those of
 * the platform, which belong to no team.
 */
@Injectable()
export class TemplatesRepository {
  constructor(private readonly database: Database) {}

  find(scope: TeamScope, id: string, sql: Sql = this.database): Promise<TemplateRow | null> {
    return sql
      .repository<TemplateRow>('Template')
      .findOne({ where: visible(scope).map((team) => ({ id, ...team })) });
  }

  /** Newest first. */
  list(scope: TeamScope, window: PageWindow): Promise<TemplateRow[]> {
    const after = window.after === null ? {} : { id: LessThan(window.after) };
    return this.database.repository<TemplateRow>('Template').find({
      where: visible(scope).map((team) => ({ ...after, ...team })),
      order: { id: 'DESC' },
      take: window.take,
    });
  }

  /** Locks rows until the transaction ends, in the order of their ids; ids that do not exist lock nothing. */
  async lock(tx: Tx, ids: readonly string[]): Promise<void> {
    await tx.rows(
      `SELECT id FROM dms_s_apply_template WHERE id IN (${places(ids.length)})
        ORDER BY id${forUpdate(this.database.dialect)}`,
      ids,
    );
  }

  /** The stages of templates, which the caller was allowed to see, in their order. */
  async stagesOf(ids: readonly string[], sql: Sql = this.database): Promise<StageRecord[]> {
    if (ids.length === 0) return [];
    return sql.rows(
      `SELECT s.template_id AS templateId, s.stage_no AS stageNo, s.node_id AS nodeId,
              n.template_node_name AS nodeName, n.version AS nodeVersion,
              s.condition_text AS conditionText, s.timing
         FROM dms_s_apply_template_stage s
         JOIN dms_s_apply_template_process_node n ON n.id = s.node_id
        WHERE s.template_id IN (${places(ids.length)})
        ORDER BY s.template_id, s.stage_no`,
      ids,
    );
  }

  /** The codes of the business types that the teams of the scope bound to templates, each once, sorted. */
  async businessTypesOf(
    scope: TeamScope,
    ids: readonly string[],
    sql: Sql = this.database,
  ): Promise<{ templateId: string; code: string }[]> {
    if (ids.length === 0 || scope.length === 0) return [];
    const teams = scope === 'all' ? '' : `AND acc_code IN (${places(scope.length)})`;
    return sql.rows(
      `SELECT DISTINCT template_id AS templateId, business_type AS code
         FROM dms_s_apply_template_binding
        WHERE template_id IN (${places(ids.length)}) ${teams}
        ORDER BY business_type`,
      scope === 'all' ? ids : [...ids, ...scope],
    );
  }

  async insert(tx: Tx, row: TemplateRow, stages: readonly NewStage[]): Promise<void> {
    await tx.repository<TemplateRow>('Template').insert(row);
    await this.insertStages(tx, row.id, stages);
  }

  /** @param stages the new list, or null to keep it. */
  async update(
    tx: Tx,
    id: string,
    change: Partial<TemplateRow>,
    stages: readonly NewStage[] | null,
  ): Promise<void> {
    await tx.repository<TemplateRow>('Template').update({ id }, change);
    if (!stages) return;
    await tx.run('DELETE FROM dms_s_apply_template_stage WHERE template_id = ?', [id]);
    await this.insertStages(tx, id, stages);
  }

  async delete(tx: Tx, id: string): Promise<void> {
    await tx.run('DELETE FROM dms_s_apply_template WHERE id = ?', [id]);
  }

  private insertStages(tx: Tx, templateId: string, stages: readonly NewStage[]): Promise<void> {
    return insertRows(
      tx,
      'dms_s_apply_template_stage',
      ['template_id', 'stage_no', 'node_id', 'condition_text', 'timing'],
      stages.map(({ nodeId, conditionText, timing }, index) => [
        templateId,
        index + 1,
        nodeId,
        conditionText,
        timing,
      ]),
    );
  }
}

/** Conditions, any of which makes a row visible. */
const visible = (scope: TeamScope): object[] =>
  scope === 'all' ? [{}] : [{ accCode: In([...scope]) }, { accCode: IsNull() }];
