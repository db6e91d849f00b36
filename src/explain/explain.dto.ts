import { ApiProperty } from '@nestjs/swagger';
import { applyStatuses, auditStatuses } from '../engine/vocabulary.js';
import { Moment } from '../http/fields.js';
import { type Language, languages } from '../http/language.js';
import { type Outcome, outcomes } from './standing.texts.js';

export class TemplateExplainedView {
  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  id: string;

  @ApiProperty({ example: '系统默认流程' })
  name: string;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'The version whose copy the order walks; null where it is not recorded.',
    example: 3,
  })
  version: number | null;
}

export class PolicyView {
  @ApiProperty({ oneOf: [{ type: 'string' }, { type: 'boolean' }], example: 'never' })
  value: string | boolean;

  @ApiProperty({
    example: 'no step passes because of who applies, and the applicant decides none, in whatever capacity',
  })
  sentence: string;
}

export class PoliciesView {
  @ApiProperty({ type: PolicyView })
  autoApprove: PolicyView;

  @ApiProperty({ type: PolicyView })
  dedupe: PolicyView;

  @ApiProperty({ type: PolicyView })
  distinctApprovers: PolicyView;
}

export class BecauseView {
  @ApiProperty({
    description: 'Which rule decided, or what happened, as a stable word (docs/explain.md).',
    example: 'condition',
  })
  rule: string;

  @ApiProperty({ description: 'For a person.', example: 'the condition amount > 100 holds: amount = 12800' })
  text: string;

  @Moment({ nullable: true, description: 'When; null where it is not recorded.' })
  at: Date | null;

  @ApiProperty({ type: String, nullable: true, description: 'Through whom.', example: 'ann' })
  by: string | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'What it rests on.',
    example: { condition: 'amount > 100', holds: true, values: { amount: 12800 }, missing: [] },
  })
  data: Readonly<Record<string, unknown>>;
}

export class RoundView {
  @ApiProperty({ description: 'From 1.', example: 1 })
  round: number;

  @Moment({ description: 'When it ended.' })
  until: Date;

  @ApiProperty({ example: 'approved by u1; then u2 returned the order to its applicant' })
  text: string;
}

export class AwaitedView {
  @ApiProperty({ example: 'u1' })
  userCode: string;

  @ApiProperty({ type: String, nullable: true, description: 'For whom this person stands in.' })
  onBehalfOf: string | null;

  @ApiProperty({ description: 'How the person came to the step, as in an order.', example: 'found' })
  kind: string;
}

export class WaitsForView {
  @ApiProperty({ type: [AwaitedView], description: 'Whose turn it is, at most 200.' })
  people: readonly AwaitedView[];

  @ApiProperty({
    type: [String],
    description: 'Groups whose members may decide, as they are at the moment of a decision.',
    example: ['finance'],
  })
  groups: readonly string[];

  @ApiProperty({ type: [String], description: 'Roles whose holders may decide, likewise.', example: [] })
  roles: readonly string[];

  @ApiProperty({ description: 'Approvals that are there.', example: 1 })
  given: number;

  @ApiProperty({ description: 'Approvals that it takes, added signatures included.', example: 2 })
  needed: number;

  @Moment({ nullable: true, description: 'Null where it is due at no time, or its time stands still.' })
  dueAt: Date | null;
}

export class StepExplanationView {
  @ApiProperty({ description: 'From 1.', example: 1 })
  applyStep: number;

  @ApiProperty({ example: '财务复核' })
  nodeName: string;

  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  nodeId: string;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'The version of the node that was copied; null where it is not recorded.',
    example: 2,
  })
  nodeVersion: number | null;

  @ApiProperty({ enum: [...auditStatuses] })
  auditStatus: (typeof auditStatuses)[number];

  @ApiProperty({ enum: [...outcomes], description: 'What became of the step, and by what.' })
  outcome: Outcome;

  @ApiProperty({ example: 'under review: waits for the members of group finance' })
  sentence: string;

  @ApiProperty({ type: WaitsForView, nullable: true, description: 'Of the step that is open.' })
  waitsFor: WaitsForView | null;

  @ApiProperty({ type: [BecauseView], description: 'What decided it, in sequence; of the last round.' })
  because: readonly BecauseView[];

  @ApiProperty({ type: [RoundView], description: 'Rounds before a return, briefly.' })
  earlier: readonly RoundView[];
}

export class ExplanationView {
  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  orderId: string;

  @ApiProperty({ enum: [...applyStatuses] })
  applyStatus: (typeof applyStatuses)[number];

  @ApiProperty({ enum: [...languages], description: 'Of every sentence here.' })
  language: Language;

  @ApiProperty({ type: TemplateExplainedView })
  template: TemplateExplainedView;

  @ApiProperty({ type: PoliciesView })
  policies: PoliciesView;

  @ApiProperty({
    description: 'Where the order stands, and what it waits for.',
    example: 'step 1 "财务复核" of 2 is under review: waits for the members of group finance',
  })
  summary: string;

  @ApiProperty({ type: [BecauseView], description: 'What happened to the order as a whole, in sequence.' })
  because: readonly BecauseView[];

  @ApiProperty({ type: [StepExplanationView] })
  steps: readonly StepExplanationView[];
}
