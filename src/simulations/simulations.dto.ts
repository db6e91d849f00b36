import { ApiProperty } from '@nestjs/swagger';
import { Code, Codes, Nested, WholeNumber } from '../http/fields.js';
import { ProblemOfOne } from '../http/problem-of-one.js';
import { UpdateTemplate } from '../templates/templates.service.js';
import { type DifferenceKind, differenceKinds, type PathDifference } from './path-difference.js';

/** How many orders one simulation looks at. */
export const maxOrders = 1_000;

export class SimulateTemplate {
  @Nested(() => UpdateTemplate, {
    optional: true,
    description:
      'The change, as PATCH would take it; nothing of it is saved. Left out: the template as it is, which tells what its ' +
      'present version would do to orders that were opened under earlier ones.',
    example: { stages: [{ nodeId: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30', condition: 'amount > 1000' }] },
    special: true,
  })
  change?: UpdateTemplate;

  @Codes(
    { min: 1, max: maxOrders, length: 64 },
    {
      optional: true,
      description: 'Past orders by their ids, of whatever business type; or else `businessType`.',
      example: ['0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30'],
      special: true,
    },
  )
  orderIds?: string[];

  @Code(125, {
    optional: true,
    description: 'The last orders of this business type.',
    example: 'data-export',
  })
  businessType?: string;

  @WholeNumber(1, maxOrders, {
    optional: true,
    description: 'How many of the last orders of the business type; 100 by default.',
    example: 100,
  })
  last?: number;
}

export class SimulatedStep {
  @ApiProperty({ example: 1 })
  applyStep: number;

  @ApiProperty({ example: '财务复核' })
  nodeName: string;

  @ApiProperty({ enum: ['review', 'auto_approved', 'skipped'] })
  outcome: 'review' | 'auto_approved' | 'skipped';

  @ApiProperty({ description: 'As in previews.', example: '' })
  reason: string;

  @ApiProperty({ type: [String], description: 'Whom it would ask, at most 50.', example: ['u1'] })
  approvers: readonly string[];
}

export class DifferenceView implements PathDifference {
  @ApiProperty({ enum: [...differenceKinds] })
  kind: DifferenceKind;

  @ApiProperty()
  nodeId: string;

  @ApiProperty({ example: '财务复核' })
  nodeName: string;

  @ApiProperty({ type: Number, nullable: true, description: 'Number of the stage on the path then.' })
  then: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Number of the stage on the path now.' })
  now: number | null;

  @ApiProperty({ example: '"财务复核" is skipped (condition_false) instead of reviewed' })
  text: string;

  @ApiProperty({ example: '「财务复核」由需要审批变为跳过（condition_false）' })
  textZh: string;
}

export const simulationOutcomes = ['same', 'differs', 'failed'] as const;
export type SimulationOutcome = (typeof simulationOutcomes)[number];

export class SimulatedOrder {
  @ApiProperty()
  orderId: string;

  @ApiProperty({ type: String, nullable: true })
  title: string | null;

  @ApiProperty({ type: String, nullable: true })
  businessType: string | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'The version of its template that it was opened under.',
  })
  templateVersion: number | null;

  @ApiProperty({ enum: [...simulationOutcomes] })
  outcome: SimulationOutcome;

  @ApiProperty({
    type: [SimulatedStep],
    description: 'The path by the copy that the order walks, with the directory as it is now.',
  })
  then: readonly SimulatedStep[];

  @ApiProperty({ type: [SimulatedStep], description: 'The path by the template with the change.' })
  now: readonly SimulatedStep[];

  @ApiProperty({ type: [DifferenceView] })
  differences: readonly DifferenceView[];

  @ApiProperty({ type: [String], description: 'Why such an order could not be opened any more.' })
  problems: readonly string[];

  @ApiProperty({ type: ProblemOfOne, nullable: true, description: 'Why it failed; else null.' })
  problem: ProblemOfOne | null;
}

export class SimulationSummary {
  @ApiProperty({ example: 100 })
  orders: number;

  @ApiProperty({ example: 88 })
  same: number;

  @ApiProperty({ example: 12 })
  differ: number;

  @ApiProperty({ example: 0 })
  failed: number;

  @ApiProperty({ description: 'Orders that could not be opened any more.', example: 0 })
  unopenable: number;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'number' },
    description: 'How many orders have a difference of each kind.',
    example: { added: 12, removed: 0, moved: 0, outcome: 0, reviewers: 0, approvals: 0 },
  })
  kinds: Readonly<Record<DifferenceKind, number>>;

  @ApiProperty({ example: '12 of 100 orders would take another path: 12 with a stage added' })
  text: string;

  @ApiProperty({ example: '100 张申请单中有 12 张流程会变化：12 张新增步骤' })
  textZh: string;
}

export class Simulation {
  @ApiProperty()
  templateId: string;

  @ApiProperty({ example: '数据导出两级审批' })
  templateName: string;

  @ApiProperty({ description: 'The version that the change is made to.', example: 3 })
  version: number;

  @ApiProperty({ type: SimulationSummary })
  summary: SimulationSummary;

  @ApiProperty({ type: [SimulatedOrder] })
  items: readonly SimulatedOrder[];
}
