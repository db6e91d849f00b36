import { fromDbTime } from '../database/dialect.js';
import { applyStatusCodes, auditObjectTypeCodes, auditStatusCodes, nameOf } from '../engine/codes.js';
import type {
  FindingRule,
  LastDecision,
  Returned,
  Seat,
  SeatKind,
  SignPosition,
  StepState,
  Turn,
} from '../engine/order-state.js';
import type { StepClock, Timing } from '../engine/timing.js';
import type { ApprovalMode, AutoApprove, Capacity, Dedupe, Subject } from '../engine/vocabulary.js';
import { type OrderHead, type OrderRecord, seatKey } from './order.record.js';
import { readAt } from './unreadable.js';

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
  readonly dedupe: string;
  readonly has_check: number;
  readonly returned: string | null;
  readonly take_back: string | null;
  readonly urged_at: Date | string | null;
  readonly variables: string | null;
  readonly error: string | null;
  readonly version: number;
  readonly template_version: number | null;
  readonly distinct_approvers: number;
  readonly log_hash: string | null;
  readonly ended_topic: string | null;
  readonly mirror_id: string | null;
  readonly create_time: Date | string;
  readonly update_time: Date | string;
}

export const orderColumns =
  'o.id, o.apply_template_id, o.business_type, o.business_type_id, o.apply_status, o.user_code, o.acc_code, o.remark, o.business_key,' +
  ' o.title, o.template_name, o.auto_approve, o.dedupe, o.has_check, o.has_execute, o.applicant_system_admin,' +
  ' o.returned, o.take_back, o.urged_at, o.variables, o.error, o.version, o.template_version, o.distinct_approvers, o.log_hash, o.ended_topic, o.mirror_id,' +
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
  readonly min_approvals: number | null;
  readonly finding: string | null;
  readonly condition_text: string | null;
  readonly reason: string | null;
  readonly node_version: number | null;
  readonly timing: string | null;
  readonly clock: string | null;
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
  readonly kind: string;
  readonly gone: string | null;
  readonly position: string | null;
  readonly given_by: string | null;
}

export const stepColumns =
  'p.id AS step_id, p.apply_step, p.audit_status, p.audit_object_type, p.audit_object, p.audit_msg, p.audit_user_code,' +
  ' p.node_id, p.node_name, p.approval_mode, p.required_approvals, p.people, p.min_approvals, p.finding,' +
  ' p.condition_text, p.reason, p.node_version, p.timing, p.clock,' +
  ' p.create_time AS step_create_time, p.update_time AS step_update_time, a.subject, a.state, a.candidate, a.decision, a.capacity,' +
  ' a.audit_msg AS assignee_msg, a.decided_at, a.on_behalf_of, a.kind, a.gone, a.position, a.given_by';

/** @param rows of one order, sorted by step. @throws UnreadableOrder */
export function toRecord(order: OrderSqlRow, rows: readonly StepSqlRow[]): OrderRecord {
  const steps = rows.filter((row, index) => row.apply_step !== rows[index - 1]?.apply_step);
  const ofStep = new Map<number, { seats: Seat[]; named: Subject[] }>(
    steps.map((row) => [row.apply_step, { seats: [], named: [] }]),
  );
  const decidedAt = new Map<string, Date>();
  for (const row of rows) {
    if (row.subject === null) continue;
    const place = ofStep.get(row.apply_step);
    place?.seats.push(toSeat(row, row.subject));
    if (row.candidate === 1) place?.named.push(row.subject);
    if (row.decision !== null && row.decided_at !== null) {
      decidedAt.set(seatKey(row.apply_step, row.subject), fromDbTime(row.decided_at));
    }
  }
  return {
    head: toHead(order),
    state: {
      applyStatus: readAt('order.applyStatus', () => nameOf(applyStatusCodes, order.apply_status)),
      version: order.version,
      applicant: order.user_code,
      applicantSystemAdmin: order.applicant_system_admin === 1,
      autoApprove: order.auto_approve as AutoApprove,
      dedupe: order.dedupe as Dedupe,
      distinct: order.distinct_approvers === 1,
      hasCheck: order.has_check === 1,
      hasExecute: order.has_execute === 1,
      error: order.error,
      returned: parsed('order.returned', order.returned) as Returned | null,
      lastDecision: parsed('order.lastDecision', order.take_back) as LastDecision | null,
      urgedAt: order.urged_at === null ? null : fromDbTime(order.urged_at).getTime(),
      steps: steps.map((row) =>
        toStep(row, ofStep.get(row.apply_step) ?? { seats: [], named: [] }, order.distinct_approvers === 1),
      ),
    },
    steps: steps.map((row) => ({
      id: row.step_id,
      applyStep: row.apply_step,
      createTime: fromDbTime(row.step_create_time),
      updateTime: fromDbTime(row.step_update_time),
    })),
    decidedAt,
  };
}

export const toHead = (row: OrderSqlRow): OrderHead => ({
  id: row.id,
  applyTemplateId: row.apply_template_id,
  templateName: row.template_name,
  templateVersion: row.template_version,
  logHash: row.log_hash,
  endedTopic: row.ended_topic,
  mirrorId: row.mirror_id,
  businessType: row.business_type,
  businessTypeId: row.business_type_id,
  businessKey: row.business_key,
  title: row.title,
  remark: row.remark,
  accCode: row.acc_code,
  variables: (parsed('order.variables', row.variables) as Record<string, unknown> | null) ?? {},
  createTime: fromDbTime(row.create_time),
  updateTime: fromDbTime(row.update_time),
});

const toSeat = (row: StepSqlRow, subject: string): Seat => ({
  subject,
  kind: row.kind as SeatKind,
  turn: turns[row.state] ?? 'closed',
  gone: row.gone as Seat['gone'],
  position: row.position as SignPosition | null,
  by: row.given_by,
  decision: row.decision === null ? null : decisionOf(row, subject, row.decision),
  capacity: row.capacity as Capacity | null,
  auditMsg: row.assignee_msg,
  onBehalfOf: row.on_behalf_of,
});

const decisionOf = ({ apply_step }: StepSqlRow, subject: string, code: string) =>
  readAt(`order.steps.${apply_step}.seats.${subject}.decision`, () => nameOf(decisionCodes, code));

/** A column of JSON. */
const parsed = (place: string, column: string | null): unknown =>
  column === null ? null : readAt(place, () => JSON.parse(column) as unknown);

const turns = Object.keys(turnCodes) as Turn[];

const toStep = (
  row: StepSqlRow,
  { seats, named }: { readonly seats: readonly Seat[]; readonly named: readonly Subject[] },
  distinct: boolean,
): StepState => {
  const at = (name: keyof StepState): string => `order.steps.${row.apply_step}.${name}`;
  const finding = parsed(at('finding'), row.finding) as FindingRule | null;
  const timing = parsed(at('timing'), row.timing) as Timing | null;
  return {
    applyStep: row.apply_step,
    nodeId: row.node_id,
    nodeName: row.node_name,
    auditObjectType: readAt(at('auditObjectType'), () => nameOf(auditObjectTypeCodes, row.audit_object_type)),
    auditObject: codesOf(row.audit_object),
    approvalMode: row.approval_mode as ApprovalMode,
    ...(row.min_approvals === null ? {} : { minApprovals: row.min_approvals }),
    condition: row.condition_text,
    subjects: inTheirSequence(named, codesOf(row.audit_object)),
    ...(finding === null ? {} : { finding }),
    ...(row.node_version === null ? {} : { nodeVersion: row.node_version }),
    ...(timing === null ? {} : { timing }),
    ...(distinct ? { byName: true } : {}),
    auditStatus: readAt(at('auditStatus'), () => nameOf(auditStatusCodes, row.audit_status)),
    requiredApprovals: row.required_approvals,
    people: (parsed(at('people'), row.people) as string[] | null) ?? [],
    seats,
    // The column allows no NULL (requirement 003): an empty code is nobody.
    auditUserCode: row.audit_user_code === '' ? null : row.audit_user_code,
    auditMsg: row.audit_msg,
    reason: row.reason,
    clock: parsed(at('clock'), row.clock) as StepClock | null,
  };
};

const codesOf = (column: string): string[] => (column === '' ? [] : column.split(','));

/** Rows come sorted by subject; a sequence of reviewers is as the node lists their codes. */
function inTheirSequence(subjects: readonly Subject[], codes: readonly string[]): readonly Subject[] {
  if (subjects.length < 2) return subjects;
  const codeOf = (subject: Subject) =>
    subject.slice(subject.startsWith('g:') ? subject.lastIndexOf('/') + 1 : 2);
  const place = new Map(codes.map((code, index) => [code, index]));
  return subjects.toSorted((one, other) => (place.get(codeOf(one)) ?? 0) - (place.get(codeOf(other)) ?? 0));
}
