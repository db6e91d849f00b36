import { ApiProperty } from '@nestjs/swagger';
import { Code, Codes, Flag, WholeNumber } from '../http/fields.js';
import { ProblemOfOne } from '../http/problem-of-one.js';

/** How many orders one call moves at most. */
export const mostOrders = 500;

export class MoveOrders {
  @Flag({
    optional: true,
    description: 'True by default: only tells what would come of it. False: moves.',
    example: false,
  })
  dryRun?: boolean;

  @Codes(
    { min: 1, max: mostOrders, length: 64 },
    {
      optional: true,
      description:
        'Only these orders. Without them: the open orders that are not at the present version, oldest first.',
      example: ['01981f0c-7a5e-7000-8000-000000000001'],
      special: true,
    },
  )
  orderIds?: string[];

  @WholeNumber(1, mostOrders, {
    optional: true,
    description: 'How many orders at once, 100 by default; without `orderIds`.',
    example: 100,
  })
  limit?: number;

  @Code(512, {
    optional: true,
    description: 'The `nextCursor` of the call before; without `orderIds`.',
    example: 'WyIwMTk4MWYwYyJd',
    special: true,
  })
  cursor?: string;

  @Code(64, {
    optional: true,
    description: 'Only orders of this team, for system administrators; without it: of all teams.',
    example: 't1',
    special: true,
  })
  accCode?: string;
}

export class StepBefore {
  @ApiProperty({ example: 2 })
  applyStep: number;

  @ApiProperty({ example: '部门负责人' })
  nodeName: string;
}

export class StageThen {
  @ApiProperty({ example: 3, description: 'The number of the stage in the present version.' })
  stageNo: number;

  @ApiProperty({ example: '部门负责人' })
  nodeName: string;
}

export const moveOutcomes = ['stays', 'moves', 'conflict', 'failed'] as const;
export type MoveOutcome = (typeof moveOutcomes)[number];

export class MoveItem {
  @ApiProperty()
  orderId: string;

  @ApiProperty({ type: String, nullable: true })
  title: string | null;

  @ApiProperty({ enum: [...moveOutcomes], example: 'moves' })
  outcome: MoveOutcome;

  @ApiProperty({
    example: '',
    description:
      'Of an order that stays: `ended`, `executing`, `up_to_date`; of a conflict: `no_counterpart`, `votes_cast`, ' +
      '`too_many_steps`, `approver_not_found`; else empty.',
  })
  reason: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The reason in words, or what is lost by the move.',
  })
  detail: string | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    example: 1,
    description: 'Null for an order that is older than versions.',
  })
  fromVersion: number | null;

  @ApiProperty({ type: StepBefore, nullable: true, description: 'The step that is open before it.' })
  from: StepBefore | null;

  @ApiProperty({ type: StageThen, nullable: true, description: 'The stage whose step is open after it.' })
  to: StageThen | null;

  @ApiProperty({ description: 'Whether a step is opened by it: people are asked, or asked anew.' })
  reopened: boolean;

  @ApiProperty({ type: [String], description: 'What is walked after the open step.', example: ['财务'] })
  ahead: readonly string[];

  @ApiProperty({ type: [String], description: 'What was to be walked, and no longer is.', example: [] })
  dropped: readonly string[];

  @ApiProperty({ type: ProblemOfOne, nullable: true, description: 'Of one that failed.' })
  problem: ProblemOfOne | null;
}

export class MoveSummary {
  @ApiProperty({ example: 3 })
  stays: number;

  @ApiProperty({ example: 12 })
  moves: number;

  @ApiProperty({ example: 1 })
  conflicts: number;

  @ApiProperty({ example: 0 })
  failed: number;
}

export class MovesView {
  @ApiProperty()
  dryRun: boolean;

  @ApiProperty({ example: 4 })
  toVersion: number;

  @ApiProperty({ type: [MoveItem] })
  items: readonly MoveItem[];

  @ApiProperty({ type: MoveSummary })
  summary: MoveSummary;

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
