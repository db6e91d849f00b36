import { ApiProperty } from '@nestjs/swagger';
import { IsObject } from 'class-validator';
import {
  type ResumeWay,
  resumeWays,
  type SeatKind,
  type SignPosition,
  signPositions,
} from '../engine/order-state.js';
import type { Timing } from '../engine/timing.js';
import { applyStatuses, approvalModes, auditObjectTypes, auditStatuses } from '../engine/vocabulary.js';
import type { LogEntry } from '../operation-log/operation-log.service.js';
import type { Both } from '../http/language.js';
import { Code, field, Moment, Text, Verbatim, WholeNumber } from '../http/fields.js';
import { Chosen } from './chosen.field.js';
import type { ChosenApprovers } from './opening.stages.js';

const variablesExample = { amount: 12800, type: 'POR' };
const seatKinds: SeatKind[] = ['named', 'found', 'taken', 'added', 'consulted', 'acting', 'escalated'];

export class OpenOrder {
  @Code(125, {
    description: 'Code of a business type of the team or of the platform.',
    example: 'data-export',
  })
  businessType: string;

  @Code(64, {
    optional: true,
    description: 'The applicant; required with an API key, else the caller.',
    example: 'ann',
    special: true,
  })
  userCode?: string;

  @Code(64, {
    optional: true,
    description: 'The team; for system administrators and for API keys of several teams.',
    example: 't1',
    special: true,
  })
  accCode?: string;

  @Text(128, {
    optional: true,
    nullable: true,
    description: "The business object's own key.",
    example: 'EXP-2026-0042',
  })
  businessKey?: string | null;

  @Text(255, { optional: true, nullable: true, example: '导出十月订单' })
  title?: string | null;

  @Text(4000, { optional: true, nullable: true })
  remark?: string | null;

  @field(
    {
      optional: true,
      description: 'What conditions may ask for; at most 60,000 bytes of JSON.',
      example: variablesExample,
    },
    { type: 'object', additionalProperties: true },
    IsObject(),
  )
  @Verbatim()
  variables?: Record<string, unknown>;

  @Chosen()
  chosenApprovers?: ChosenApprovers;
}

export class DecideOrder {
  @Text(4000, { optional: true, nullable: true, description: "The reviewer's words.", example: '同意' })
  auditMsg?: string | null;

  @WholeNumber(1, 2_147_483_647, {
    optional: true,
    description: 'The version that was read; another one is answered 409 version_conflict.',
    example: 1,
    special: true,
  })
  version?: number;
}

export class WithdrawOrder {
  @Text(4000, { optional: true, nullable: true, example: '填错了金额' })
  remark?: string | null;
}

export class AssigneeView {
  @ApiProperty({ example: 'u1' })
  userCode: string;

  @ApiProperty({
    enum: seatKinds,
    description:
      'How the person came to the step: named by the stage, found by its rule, taken over from somebody, added as a ' +
      'signature, consulted for an opinion, acting through a group or as administrator, or asked because it is overdue.',
  })
  kind: SeatKind;

  @ApiProperty({ enum: [...signPositions], nullable: true, description: 'Of an added signature.' })
  position: SignPosition | null;

  @ApiProperty({ description: 'Whether it is this person’s turn.', example: true })
  canDecide: boolean;

  @ApiProperty({ enum: ['approved', 'rejected'], nullable: true })
  decision: 'approved' | 'rejected' | null;

  @ApiProperty({ type: String, nullable: true })
  auditMsg: string | null;

  @Moment({ nullable: true })
  decidedAt: Date | null;

  @ApiProperty({ type: String, nullable: true, description: 'Whom this person stood in for.' })
  onBehalfOf: string | null;
}

export class StepView {
  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  id: string;

  @ApiProperty({ description: 'From 1.', example: 1 })
  applyStep: number;

  @ApiProperty({ example: '财务复核' })
  nodeName: string;

  @ApiProperty({ enum: [...auditStatuses] })
  auditStatus: (typeof auditStatuses)[number];

  @ApiProperty({ enum: [...auditObjectTypes] })
  auditObjectType: (typeof auditObjectTypes)[number];

  @ApiProperty({ type: [String], example: ['u1'] })
  auditObject: readonly string[];

  @ApiProperty({ enum: [...approvalModes] })
  approvalMode: (typeof approvalModes)[number];

  @ApiProperty({ description: 'Approvals that it takes, added signatures included.', example: 1 })
  requiredApprovals: number;

  @ApiProperty({ type: String, nullable: true, description: 'Who closed the step.' })
  auditUserCode: string | null;

  @ApiProperty({ type: String, nullable: true })
  auditMsg: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why a step was skipped or approved automatically.',
  })
  reason: string | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'The version of the node that was copied.',
    example: 1,
  })
  nodeVersion: number | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'When the stage is due (docs/time.md).',
  })
  timing: Timing | null;

  @Moment({
    nullable: true,
    description: 'When the open step is due; null where it is not, or where its time stands still.',
  })
  dueAt: Date | null;

  @ApiProperty({ type: [AssigneeView] })
  assignees: readonly AssigneeView[];

  @Moment()
  createTime: Date;

  @Moment()
  updateTime: Date;
}

/** What lists show of an order. */
export class OrderSummary {
  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  id: string;

  @ApiProperty({ example: 'data-export' })
  businessType: string;

  @ApiProperty({ type: String, nullable: true, example: 'EXP-2026-0042' })
  businessKey: string | null;

  @ApiProperty({ type: String, nullable: true, example: '导出十月订单' })
  title: string | null;

  @ApiProperty()
  applyTemplateId: string;

  @ApiProperty({ example: '系统默认流程' })
  templateName: string;

  @ApiProperty({ enum: [...applyStatuses] })
  applyStatus: (typeof applyStatuses)[number];

  @ApiProperty({ description: 'The applicant.', example: 'ann' })
  userCode: string;

  @ApiProperty({ type: String, nullable: true, example: 't1' })
  accCode: string | null;

  @Moment()
  createTime: Date;
}

export class ReturnedView {
  @ApiProperty({ description: 'Who returned it.', example: 'u1' })
  by: string;

  @ApiProperty({ example: 2 })
  fromStep: number;

  @ApiProperty({ enum: [...resumeWays] })
  resume: ResumeWay;
}

export class OrderView extends OrderSummary {
  @ApiProperty({ type: String, nullable: true })
  remark: string | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description:
      'The version of the template that it walks; null for orders from before there were versions.',
    example: 1,
  })
  templateVersion: number | null;

  @ApiProperty({ description: 'Whether nobody may decide two of its steps.', example: false })
  distinctApprovers: boolean;

  @ApiProperty({ type: 'object', additionalProperties: true, example: variablesExample })
  variables: Readonly<Record<string, unknown>>;

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'Why the order was rejected without a reviewer: what the business module answered to the check or the execution, or what an administrator gave as reason.',
    example: null,
  })
  error: string | null;

  @ApiProperty({
    type: ReturnedView,
    nullable: true,
    description: 'While the order waits for its applicant to resubmit it.',
  })
  returned: ReturnedView | null;

  @ApiProperty({
    description: 'Counts committed commands; send it with a decision to be sure of what you decide on.',
  })
  version: number;

  @Moment()
  updateTime: Date;

  @ApiProperty({ type: [StepView] })
  steps: readonly StepView[];
}

export class StandInView {
  @ApiProperty({ example: 'u2' })
  userCode: string;

  @ApiProperty({ description: 'Whose place it is.', example: 'u1' })
  onBehalfOf: string;
}

export class PlannedStepView {
  @ApiProperty({ example: 1 })
  applyStep: number;

  @ApiProperty({ example: '财务复核' })
  nodeName: string;

  @ApiProperty({ enum: ['review', 'auto_approved', 'skipped'] })
  outcome: 'review' | 'auto_approved' | 'skipped';

  @ApiProperty({
    description:
      '`condition_false`, `nobody_found`, `applicant_node`, `before_applicant_node`, `repeat_approver`, `asks_admin`, ' +
      '`asks_fallback`, `approver_not_found`, or empty for a plain review.',
  })
  reason: string;

  @ApiProperty({ enum: [...approvalModes] })
  approvalMode: (typeof approvalModes)[number];

  @ApiProperty({ enum: [...auditObjectTypes] })
  auditObjectType: (typeof auditObjectTypes)[number];

  @ApiProperty({ type: [String], description: 'The codes as the node names them.', example: ['finance'] })
  auditObject: readonly string[];

  @ApiProperty({
    type: [String],
    description: 'The people who would be asked, at most 200.',
    example: ['u1'],
  })
  approvers: readonly string[];

  @ApiProperty({
    type: [StandInView],
    description: 'Who would sit there for one of them (docs/delegation.md).',
  })
  standIns: readonly StandInView[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why an order could not be opened because of it.',
  })
  problem: string | null;
}

export class OrderPreview {
  @ApiProperty()
  templateId: string;

  @ApiProperty({ type: [PlannedStepView] })
  steps: readonly PlannedStepView[];

  @ApiProperty({
    type: [String],
    description:
      'What is wrong or unknown: stages without reviewers, variables that conditions ask for in vain.',
  })
  problems: readonly string[];
}

/** A sentence in each of the languages. */
export class SentenceView implements Both {
  @ApiProperty({ example: 'you are a reviewer of step 1 "财务复核"' })
  en: string;

  @ApiProperty({ example: '您是第 1 步“财务复核”的审批人' })
  zh: string;
}

export class CanAct {
  @ApiProperty()
  canAct: boolean;

  @ApiProperty({
    description: 'Why, for a person, in the language asked for.',
    example: 'you are a reviewer of step 1 "财务复核"',
  })
  reason: string;

  @ApiProperty({
    description:
      'Why, as a stable word. Who may: `assignee`, `signer`, `consultant`, `leader`, `system_admin`. Who may not: ' +
      '`order_ended`, `no_step_open`, `own_order`, `decided_elsewhere`, `already_decided`, `step_passed`, ' +
      '`not_reviewer`, `handed_over`, `delegated`, `no_longer_reviewer`, `waits_for_opinion`, `not_their_turn`, ' +
      '`unconfirmed`.',
    example: 'assignee',
  })
  word: string;

  @ApiProperty({ type: SentenceView, description: 'The reason in every language.' })
  reasons: Both;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'For whom the caller would decide, standing in.',
    example: null,
  })
  onBehalfOf: string | null;
}

export class LogEntryView implements Omit<LogEntry, 'data'> {
  @ApiProperty()
  id: string;

  @ApiProperty({ example: 'u1' })
  operationUserCode: string;

  @ApiProperty({ example: 'step.approved' })
  operation: string;

  @ApiProperty({ example: 'step 1 is approved by u1: 同意' })
  operationDetails: string;

  @Moment()
  operationTime: Date;

  @ApiProperty({ description: 'The version of the order after it.', example: 2 })
  transition: number;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'The event; replaying all rebuilds the order.',
  })
  data: object;
}

export class LogPage {
  @ApiProperty({ type: [LogEntryView] })
  items: readonly LogEntryView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
