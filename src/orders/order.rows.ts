import { fromDbTime } from '../database/dialect.js';
import { applyStatusCodes, auditObjectTypeCodes, auditStatusCodes, nameOf } from '../engine/codes.js';
import type { StepState, Vote } from '../engine/order-state.js';
import type { ApprovalMode, AutoApprove, Capacity } from '../engine/vocabulary.js';
import {
  type AssigneeRecord,
  type OrderHead,
  type OrderRecord,
  personOf,
  type Turn,
} from './order.record.js';

/** Rows of the order tables ↔ records. Nobody else reads or writes these columns. */

export const turnCodes = { waiting: 0, open: 1, closed: 2 } as const satisfies Record<Turn, number>;
export const decisionCodes = { approved: '1', rejected: '2' } as const;

export interface OrderSqlRow {
  readonly id: string;
  readonly apply_template_id: string;
  readonly business_type: string;
  readonly business_type_id: string | null;
  readonly apply_status: string;
  readonly user_code: string;
  readonly acc_code: string | null;
  readonly remark: string | null;
  readonly business_key: string | null;
  readonly title: string | null;
  readonly template_name: string;
  readonly auto_approve: string;
  readonly has_execute: number;
  readonly applicant_system_admin: number;
  readonly variables: string | null;
  readonly error: string | null;
  readonly version: number;
  readonly create_time: Date | string;
  readonly update_time: Date | string;
}

export const orderColumns =
  'o.id, o.apply_template_id, o.business_type, o.business_type_id, o.apply_status, o.user_code, o.acc_code, o.remark, o.business_key,' +
  ' o.title, o.template_name, o.auto_approve, o.has_execute, o.applicant_system_admin, o.variables, o.error, o.version,' +
  ' o.create_time, o.update_time';

/** One assignee of one step, or a step without assignees (`subject` null). */
export interface StepSqlRow {
  readonly step_id: string;
  readonly apply_step: number;
  readonly audit_status: string;
  readonly audit_object_type: string;
  readonly audit_object: string;
  readonly audit_msg: string | null;
  readonly audit_user_code: string;
  readonly node_id: string;
  readonly node_name: string;
  readonly approval_mode: string;
  readonly required_approvals: number;
  readonly people: string | null;
  readonly condition_text: string | null;
  readonly reason: string | null;
  readonly step_create_time: Date | string;
  readonly step_update_time: Date | string;
  readonly subject: string | null;
  readonly state: number;
  readonly candidate: number;
  readonly decision: string | null;
  readonly capacity: string | null;
  readonly assignee_msg: string | null;
  readonly decided_at: Date | string | null;
  readonly on_behalf_of: string | null;
}

export const stepColumns =
  'p.id AS step_id, p.apply_step, p.audit_status, p.audit_object_type, p.audit_object, p.audit_msg, p.audit_user_code,' +
  ' p.node_id, p.node_name, p.approval_mode, p.required_approvals, p.people, p.condition_text, p.reason,' +
  ' p.create_time AS step_create_time, p.update_time AS step_update_time, a.subject, a.state, a.candidate, a.decision, a.capacity,' +
  ' a.audit_msg AS assignee_msg, a.decided_at, a.on_behalf_of';

/** @param rows of one order, sorted by step. */
export function toRecord(order: OrderSqlRow, rows: readonly StepSqlRow[]): OrderRecord {
  const steps = rows.filter((row, index) => row.apply_step !== rows[index - 1]?.apply_step);
  const assignees = rows.filter((row) => row.subject !== null).map(toAssignee);
  const ofStep = new Map<number, AssigneeRecord[]>(steps.map((row) => [row.apply_step, []]));
  for (const assignee of assignees) ofStep.get(assignee.applyStep)?.push(assignee);
  return {
    head: toHead(order),
    state: {
      applyStatus: nameOf(applyStatusCodes, order.apply_status),
      version: order.version,
      applicant: order.user_code,
      applicantSystemAdmin: order.applicant_system_admin === 1,
      autoApprove: order.auto_approve as AutoApprove,
      hasExecute: order.has_execute === 1,
      error: order.error,
      steps: steps.map((row) => toStep(row, ofStep.get(row.apply_step) ?? [])),
    },
    steps: steps.map((row) => ({
      id: row.step_id,
      applyStep: row.apply_step,
      createTime: fromDbTime(row.step_create_time),
      updateTime: fromDbTime(row.step_update_time),
    })),
    assignees,
  };
}

export const toHead = (row: OrderSqlRow): OrderHead => ({
  id: row.id,
  applyTemplateId: row.apply_template_id,
  templateName: row.template_name,
  businessType: row.business_type,
  businessTypeId: row.business_type_id,
  businessKey: row.business_key,
  title: row.title,
  remark: row.remark,
  accCode: row.acc_code,
  variables: JSON.parse(row.variables ?? '{}') as Record<string, unknown>,
  createTime: fromDbTime(row.create_time),
  updateTime: fromDbTime(row.update_time),
});

const toAssignee = (row: StepSqlRow): AssigneeRecord => ({
  subject: row.subject ?? '',
  applyStep: row.apply_step,
  turn: turns[row.state] ?? 'closed',
  candidate: row.candidate === 1,
  decision: row.decision === null ? null : nameOf(decisionCodes, row.decision),
  capacity: row.capacity as Capacity | null,
  auditMsg: row.assignee_msg,
  decidedAt: row.decided_at === null ? null : fromDbTime(row.decided_at),
  onBehalfOf: row.on_behalf_of,
});

const turns = Object.keys(turnCodes) as Turn[];

const toStep = (row: StepSqlRow, assignees: readonly AssigneeRecord[]): StepState => ({
  applyStep: row.apply_step,
  nodeId: row.node_id,
  nodeName: row.node_name,
  auditObjectType: nameOf(auditObjectTypeCodes, row.audit_object_type),
  auditObject: row.audit_object.split(','),
  approvalMode: row.approval_mode as ApprovalMode,
  condition: row.condition_text,
  subjects: assignees.filter((assignee) => assignee.candidate).map((assignee) => assignee.subject),
  auditStatus: nameOf(auditStatusCodes, row.audit_status),
  requiredApprovals: row.required_approvals,
  people: JSON.parse(row.people ?? '[]') as string[],
  votes: assignees.flatMap(toVote),
  // The column allows no NULL (requirement 003): an empty code is nobody.
  auditUserCode: row.audit_user_code === '' ? null : row.audit_user_code,
  auditMsg: row.audit_msg,
  reason: row.reason,
});

const toVote = (assignee: AssigneeRecord): Vote[] => {
  const userCode = personOf(assignee);
  if (assignee.decision === null || assignee.capacity === null || userCode === null) return [];
  return [
    { userCode, decision: assignee.decision, auditMsg: assignee.auditMsg, capacity: assignee.capacity },
  ];
};
