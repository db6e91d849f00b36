import { ApiProperty, PartialType } from '@nestjs/swagger';
import { CONDITION_LIMITS } from '../engine/conditions/condition.js';
import { type OverdueAction, overdueActions, type Timing } from '../engine/timing.js';
import {
  type AutoApprove,
  autoApprovePolicies,
  type Dedupe,
  dedupePolicies,
  maxStages,
} from '../engine/vocabulary.js';
import { Code, Flag, ListOf, Moment, Nested, OneOf, Text, Texts, WholeNumber } from '../http/fields.js';
import { PageQuery } from '../http/pagination.js';

/** How many characters a length may have that `timing-rules.ts` reads; it judges what they say. */
const lengthCharacters = 16;
const maxReminders = 10;
const maxLevels = 5;
const reminders = { min: 0, max: maxReminders, length: lengthCharacters } as const;

export class TimingFields {
  @Code(64, {
    optional: true,
    nullable: true,
    special: true,
    description:
      "The calendar whose working hours count, of the template's team or of the platform. Left out or null: every hour " +
      'does.',
    example: 'cn',
  })
  calendar?: string | null;

  @Text(lengthCharacters, {
    description:
      'How long reviewers have once the step opens: a whole number and `s`, `m`, `h` or `d`. With a calendar, working ' +
      'time, and `1d` is one working day.',
    example: '2d',
  })
  due: string;

  @Texts(reminders, {
    optional: true,
    description: 'When reviewers are reminded, counted back from when the step is due.',
    example: ['4h'],
  })
  remindBefore?: string[];

  @Texts(reminders, {
    optional: true,
    description: 'When they are reminded again, counted from when the step was due.',
    example: ['1d'],
  })
  remindAfter?: string[];

  @OneOf(overdueActions, {
    optional: true,
    description:
      'What happens when it is due. `remind` (default): its reviewers are urged. `escalate`: their leaders are asked ' +
      'too. `auto_approve`, `auto_reject`: the step is decided.',
    example: 'remind',
  })
  then?: OverdueAction;

  @WholeNumber(1, maxLevels, {
    optional: true,
    special: true,
    description: 'Of `escalate`: how many leaders are asked, one after the other. 1 by default.',
    example: 2,
  })
  levels?: number;

  @Text(lengthCharacters, {
    optional: true,
    special: true,
    description: 'Of `escalate`: how long each of them has before the next one is asked. `1d` by default.',
    example: '1d',
  })
  every?: string;
}

export class StageFields {
  @Code(64, {
    description: "A node of the template's team or of the platform.",
    example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30',
  })
  nodeId: string;

  @Text(CONDITION_LIMITS.length, {
    optional: true,
    nullable: true,
    description:
      "When the stage applies, over the order's variables; elsewhere the step is skipped. Left out or blank: always.",
    example: "amount > 10000 and dept not in ('IT', 'HR')",
  })
  condition?: string | null;

  @Nested(() => TimingFields, {
    optional: true,
    nullable: true,
    special: true,
    description:
      'When the stage is due, and what happens then. Left out or null: it waits as long as it takes.',
    example: { due: '2d', remindBefore: ['4h'], then: 'escalate' },
  })
  timing?: TimingFields | null;
}

class TemplateFields {
  @Text(64, { example: '数据导出两级审批' })
  templateName: string;

  @ListOf(
    () => StageFields,
    { min: 1, max: maxStages },
    {
      description: 'In the order in which they are walked; a node may occur more than once.',
      example: [
        { nodeId: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' },
        { nodeId: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a31', condition: 'amount > 10000' },
      ],
    },
  )
  stages: StageFields[];

  @OneOf(autoApprovePolicies, {
    optional: true,
    description:
      '`through_applicant_node` (default): every step up to the last one on which the applicant sits is approved ' +
      'automatically. `applicant_nodes`: a step is, when it is reached and the applicant sits on it. ' +
      '`never`: no one approves their own order.',
    example: 'through_applicant_node',
  })
  autoApprove?: AutoApprove;

  @OneOf(dedupePolicies, {
    optional: true,
    description:
      'What is asked of people who sit on several steps. `none` (default): they decide each of them. `consecutive`: who ' +
      'approved the step before is approved automatically. `all`: who approved any earlier step is.',
    example: 'none',
  })
  dedupe?: Dedupe;

  @Flag({
    optional: true,
    special: true,
    description:
      'True: nobody decides two steps of one order, as themselves or for somebody else. Takes `dedupe: none`. False by ' +
      'default.',
    example: true,
  })
  distinctApprovers?: boolean;

  @Text(4000, { optional: true, nullable: true, example: '数据集导出使用' })
  remark?: string | null;
}

export class CreateTemplate extends TemplateFields {
  @Code(64, {
    optional: true,
    description: "The team, for system administrators only; without it the template is the platform's.",
    example: 't1',
    special: true,
  })
  accCode?: string;
}

/** A list of stages replaces the list. Null is no way to leave a field as it is: only `remark` takes one. */
export class UpdateTemplate extends PartialType(TemplateFields, { skipNullProperties: false }) {}

export class ListTemplates extends PageQuery {
  @Code(64, { optional: true, description: 'Only what this team sees; for system administrators.' })
  accCode?: string;
}

export class TimingView implements Timing {
  @ApiProperty({ type: String, nullable: true, description: 'Null: every hour counts.', example: 'cn' })
  calendar: string | null;

  @ApiProperty({ example: '2d' })
  due: string;

  @ApiProperty({ type: [String], example: ['4h'] })
  remindBefore: readonly string[];

  @ApiProperty({ type: [String], example: ['1d'] })
  remindAfter: readonly string[];

  @ApiProperty({ enum: [...overdueActions], example: 'escalate' })
  then: OverdueAction;

  @ApiProperty({ minimum: 1, maximum: maxLevels, example: 2 })
  levels: number;

  @ApiProperty({ example: '1d' })
  every: string;
}

export class StageView {
  @ApiProperty({ minimum: 1, maximum: maxStages, example: 1 })
  stageNo: number;

  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  nodeId: string;

  @ApiProperty({ example: '财务复核' })
  nodeName: string;

  @ApiProperty({ type: String, nullable: true, description: 'Null: always.', example: 'amount > 10000' })
  condition: string | null;

  @ApiProperty({
    type: () => TimingView,
    nullable: true,
    description: 'With everything that was left out filled in; null: it waits as long as it takes.',
  })
  timing: TimingView | null;
}

export class TemplateView {
  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a40' })
  id: string;

  @ApiProperty({ example: '数据导出两级审批' })
  templateName: string;

  @ApiProperty({ enum: ['system', 'custom'] })
  templateType: 'system' | 'custom';

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The team; null for the platform.',
    example: 't1',
  })
  accCode: string | null;

  @ApiProperty({ enum: [...autoApprovePolicies] })
  autoApprove: AutoApprove;

  @ApiProperty({ enum: [...dedupePolicies] })
  dedupe: Dedupe;

  @ApiProperty({ description: 'Whether nobody decides two steps of one order.', example: false })
  distinctApprovers: boolean;

  @ApiProperty({ type: String, nullable: true })
  remark: string | null;

  @ApiProperty({ minimum: 1, description: 'Counts the saved states of the template, from 1.', example: 1 })
  version: number;

  @ApiProperty({ type: [StageView] })
  stages: readonly StageView[];

  @ApiProperty({
    type: [String],
    description: "The business types bound to it, sorted; of the platform's templates a team sees its own.",
    example: ['data_export'],
  })
  businessTypes: readonly string[];

  @Moment()
  createTime: Date;

  @Moment()
  updateTime: Date;
}

export class TemplatePage {
  @ApiProperty({ type: [TemplateView] })
  items: readonly TemplateView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
