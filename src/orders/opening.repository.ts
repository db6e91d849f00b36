import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { delegatingIn } from '../delegations/delegations.service.js';
import { nameOf, nodeObjectTypeCodes } from '../engine/codes.js';
import { type FindingRule, plainFinding } from '../engine/order-state.js';
import type { Timing } from '../engine/timing.js';
import type {
  ApprovalMode,
  NodeObjectType,
  AutoApprove,
  Dedupe,
  NobodyPolicy,
  Restriction,
} from '../engine/vocabulary.js';
import { Clock } from '../runtime/clock.js';
import { watchedBy } from './orders.repository.js';

/** The template without which a team's order walks to a system administrator; made by the first migration. */
export const systemTemplateId = '00000000-0000-7000-8000-000000000002';

/** Everything that an opening copies, as it stands in one read: business type, template, stages, nodes, applicant. */
export interface OpeningSnapshot {
  readonly businessTypeId: string;
  /** The outside approval system that decides; null: the people of the template. */
  readonly provider: { readonly id: string; readonly code: string } | null;
  /** The provider in which the order is shown besides. */
  readonly mirrorId: string | null;
  /** Whether orders of it can be opened. */
  readonly enabled: boolean;
  readonly checkUrl: string | null;
  readonly executeUrl: string | null;
  /** Whether somebody subscribes to what happens to orders of the team. */
  readonly watched: boolean;
  /** Whether anybody in the team has delegated anything. */
  readonly delegating: boolean;
  readonly templateId: string;
  readonly templateName: string;
  readonly autoApprove: AutoApprove;
  readonly dedupe: Dedupe;
  /** Null: it copies none. */
  readonly templateVersion: number | null;
  /** Whether nobody may decide two steps. */
  readonly distinct: boolean;
  readonly stages: readonly SnapshotStage[];
  /** Null when the directory does not list the applicant. */
  readonly applicant: {
    readonly active: boolean;
    readonly accCode: string | null;
    readonly roles: readonly string[];
  } | null;
}

export interface SnapshotStage {
  readonly applyStep: number;
  readonly condition: string | null;
  readonly nodeId: string;
  readonly nodeName: string;
  readonly nodeVersion: number;
  readonly timing: Timing | null;
  /** The node's team; a node of the platform means the platform's groups. */
  readonly nodeTeam: string | null;
  readonly auditObjectType: NodeObjectType;
  readonly auditObject: readonly string[];
  readonly approvalMode: ApprovalMode;
  readonly minApprovals: number | null;
  /** Null when the node says nothing special. */
  readonly finding: FindingRule | null;
  /** Of a stage that names people: whether the directory has each as inactive. */
  readonly inactive: ReadonlyMap<string, boolean>;
}

/** A stage with one object of its node. */
export interface StageRow {
  readonly stage_no: number;
  readonly condition_text: string | null;
  readonly timing: string | null;
  readonly node_id: string;
  readonly template_node_name: string;
  readonly node_version: number;
  readonly node_team: string | null;
  readonly audit_object_type: string;
  readonly audit_object: string;
  readonly approval_mode: string;
  readonly min_approvals: number | null;
  readonly restrict_to: string | null;
  readonly past_vacant: number;
  readonly when_nobody: string;
  readonly fallback_users: string | null;
  /** Null for a stage that names nobody: a resolver, or a free choice. */
  readonly object_code: string | null;
  readonly object_active: number | null;
  readonly object_team: string | null;
}

interface Row extends StageRow {
  readonly scope: string;
  readonly business_type_id: string;
  readonly provider_id: string | null;
  readonly provider_code: string | null;
  readonly mirror_id: string | null;
  readonly enabled: number;
  readonly watched: number | string;
  readonly delegating: number | string;
  readonly check_url: string | null;
  readonly execute_url: string | null;
  readonly template_id: string;
  readonly template_name: string;
  readonly auto_approve: string;
  readonly dedupe: string;
  readonly template_version: number;
  readonly distinct_approvers: number;
  readonly applicant_active: number | null;
  readonly applicant_team: string | null;
  readonly applicant_roles: string | null;
}

/** What a {@link StageRow} is of: node `n`, one of its objects `ob`, and of a user object the user `ou`. */
export const stageColumns =
  'n.id AS node_id, n.template_node_name, n.version AS node_version, n.acc_code AS node_team, n.audit_object_type, n.audit_object,' +
  ' n.approval_mode, n.min_approvals, n.restrict_to, n.past_vacant, n.when_nobody, n.fallback_users,' +
  ' ob.object_code, ou.active AS object_active, ou.acc_code AS object_team';

/** Reads what an opening copies. */
@Injectable()
export class OpeningRepository {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * One statement, so that the copy is of one moment: the business type (the team's own shadows the platform's), the
   * template bound to it or else the system default, its stages, their nodes and people.
   * @returns null when the business type does not exist for the team.
   */
  async read(team: string | null, businessType: string, userCode: string): Promise<OpeningSnapshot | null> {
    const delegating = delegatingIn('?', this.clock.now());
    const all = await this.database.rows<Row>(
      `SELECT bt.scope, bt.id AS business_type_id, bt.provider_id, bt.provider_code, bt.mirror_id, bt.enabled, bt.check_url, bt.execute_url, ${watchedBy('?')},
              ${delegating.sql},
              t.id AS template_id, t.template_name, t.auto_approve, t.dedupe,
              t.version AS template_version, t.distinct_approvers, s.stage_no, s.condition_text, s.timing,
              ${stageColumns},
              au.active AS applicant_active, au.acc_code AS applicant_team, au.roles AS applicant_roles
         FROM dms_s_apply_business_type bt
         LEFT JOIN dms_s_apply_template_binding b ON b.acc_code = ? AND b.business_type = bt.code
         JOIN dms_s_apply_template t ON t.id = COALESCE(b.template_id, ?)
         JOIN dms_s_apply_template_stage s ON s.template_id = t.id
         JOIN dms_s_apply_template_process_node n ON n.id = s.node_id
         LEFT JOIN dms_s_apply_template_node_object ob ON ob.node_id = n.id
         LEFT JOIN dms_s_apply_user ou ON n.audit_object_type = '${nodeObjectTypeCodes.user}' AND ou.user_code = ob.object_code
         LEFT JOIN dms_s_apply_user au ON au.user_code = ?
        WHERE bt.code = ? AND bt.scope IN ('', ?)
        ORDER BY bt.scope DESC, s.stage_no, ob.position`,
      [
        team ?? '',
        team ?? '',
        ...delegating.values,
        team ?? '',
        systemTemplateId,
        userCode,
        businessType,
        team ?? '',
      ],
    );
    const first = all[0];
    if (!first) return null;
    const rows = all.filter((row) => row.scope === first.scope);
    return {
      businessTypeId: first.business_type_id,
      provider: providerOf(first),
      mirrorId: first.mirror_id,
      enabled: first.enabled === 1,
      watched: Number(first.watched) === 1,
      delegating: Number(first.delegating) === 1,
      checkUrl: first.check_url,
      executeUrl: first.execute_url,
      templateId: first.template_id,
      templateName: first.template_name,
      autoApprove: first.auto_approve as AutoApprove,
      dedupe: first.dedupe as Dedupe,
      templateVersion: first.template_version,
      distinct: first.distinct_approvers === 1,
      stages: stagesOf(rows, team),
      applicant:
        first.applicant_active === null
          ? null
          : {
              active: first.applicant_active === 1,
              accCode: first.applicant_team,
              roles: (first.applicant_roles ?? '').split(',').filter((role) => role !== ''),
            },
    };
  }
}

const providerOf = ({ provider_id: id, provider_code: code }: Row): OpeningSnapshot['provider'] =>
  id !== null && code !== null ? { id, code } : null;

/** One stage for each run of rows with the same number; a row for each object of its node. */
export function stagesOf(rows: readonly StageRow[], team: string | null): SnapshotStage[] {
  const byStage = new Map<number, StageRow[]>();
  for (const row of rows) byStage.set(row.stage_no, [...(byStage.get(row.stage_no) ?? []), row]);
  return [...byStage.values()].map((objects) => {
    const [row] = objects as [StageRow, ...StageRow[]];
    return {
      applyStep: row.stage_no,
      condition: row.condition_text,
      nodeId: row.node_id,
      nodeName: row.template_node_name,
      nodeVersion: row.node_version,
      timing: row.timing === null ? null : (JSON.parse(row.timing) as Timing),
      nodeTeam: row.node_team,
      auditObjectType: nameOf(nodeObjectTypeCodes, row.audit_object_type),
      auditObject: listOf(row.audit_object),
      approvalMode: row.approval_mode as ApprovalMode,
      minApprovals: row.min_approvals,
      finding: findingOf(row),
      inactive: new Map(
        row.audit_object_type === nodeObjectTypeCodes.user
          ? objects.map((object) => [object.object_code ?? '', isUnreachable(object, team)])
          : [],
      ),
    };
  });
}

const listOf = (column: string | null): string[] => (column ? column.split(',') : []);

function findingOf(row: StageRow): FindingRule | null {
  const chooses = row.audit_object_type === nodeObjectTypeCodes.applicant_choice;
  if (!chooses && !row.restrict_to && row.past_vacant === 0 && row.when_nobody === plainFinding.whenNobody)
    return null;
  return {
    restrictTo: row.restrict_to as Restriction | null,
    pastVacant: row.past_vacant === 1,
    whenNobody: row.when_nobody as NobodyPolicy,
    fallback: listOf(row.fallback_users),
    chosen: [],
  };
}

/**
 * Somebody whom the directory does not list counts as active. What another team's administrator says of a code says
 * nothing here: or else one team could take another's reviewers away by listing them.
 */
const isUnreachable = (row: StageRow, team: string | null): boolean =>
  row.object_active === 0 && (row.object_team === null || row.object_team === team);
