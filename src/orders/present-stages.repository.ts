import { Injectable } from '@nestjs/common';
import { places, type Sql } from '../database/sql.js';
import { auditObjectTypeCodes } from '../engine/codes.js';
import type { Timing } from '../engine/timing.js';
import type { AutoApprove, Dedupe } from '../engine/vocabulary.js';
import { type SnapshotStage, stageColumns, stagesOf, type StageRow } from './opening.repository.js';

/** A template as it is now: what an order would copy that is opened under it. */
export interface PresentTemplate {
  readonly templateId: string;
  readonly templateName: string;
  readonly templateVersion: number;
  readonly autoApprove: AutoApprove;
  readonly dedupe: Dedupe;
  readonly distinct: boolean;
  readonly stages: readonly SnapshotStage[];
}

/** A stage that is, or might be, part of a template. */
export interface WantedStage {
  readonly nodeId: string;
  readonly condition: string | null;
  readonly timing: Timing | null;
}

/** The objects that a node `n` names. */
const objects = `LEFT JOIN dms_s_apply_template_node_object ob ON ob.node_id = n.id
         LEFT JOIN dms_s_apply_user ou ON n.audit_object_type = '${auditObjectTypeCodes.user}' AND ou.user_code = ob.object_code`;

/** Reads stages as an order of a team would copy them now, bound or not. The caller's right to see them is judged before. */
@Injectable()
export class PresentStagesRepository {
  /** @returns null when there is no such template. */
  async ofTemplate(sql: Sql, team: string | null, templateId: string): Promise<PresentTemplate | null> {
    const rows = await sql.rows<
      StageRow & {
        readonly template_name: string;
        readonly auto_approve: string;
        readonly dedupe: string;
        readonly version: number;
        readonly distinct_approvers: number;
      }
    >(
      `SELECT t.template_name, t.auto_approve, t.dedupe, t.version, t.distinct_approvers,
              s.stage_no, s.condition_text, s.timing, ${stageColumns}
         FROM dms_s_apply_template t
         JOIN dms_s_apply_template_stage s ON s.template_id = t.id
         JOIN dms_s_apply_template_process_node n ON n.id = s.node_id
         ${objects}
        WHERE t.id = ? ORDER BY s.stage_no, ob.position`,
      [templateId],
    );
    const [first] = rows;
    if (!first) return null;
    return {
      templateId,
      templateName: first.template_name,
      templateVersion: first.version,
      autoApprove: first.auto_approve as AutoApprove,
      dedupe: first.dedupe as Dedupe,
      distinct: first.distinct_approvers === 1,
      stages: stagesOf(rows, team),
    };
  }

  /** Stages that no template has yet; a node that does not exist is left out. */
  async ofStages(sql: Sql, team: string | null, wanted: readonly WantedStage[]): Promise<SnapshotStage[]> {
    const ids = [...new Set(wanted.map(({ nodeId }) => nodeId))];
    if (ids.length === 0) return [];
    const rows = await sql.rows<Omit<StageRow, 'stage_no' | 'condition_text' | 'timing'>>(
      `SELECT ${stageColumns} FROM dms_s_apply_template_process_node n ${objects}
        WHERE n.id IN (${places(ids.length)}) ORDER BY n.id, ob.position`,
      ids,
    );
    return wanted.flatMap(({ nodeId, condition, timing }, index) =>
      stagesOf(
        rows
          .filter((row) => row.node_id === nodeId)
          .map((row) => ({ ...row, stage_no: index + 1, condition_text: condition, timing: null })),
        team,
      ).map((stage) => ({ ...stage, timing })),
    );
  }
}
