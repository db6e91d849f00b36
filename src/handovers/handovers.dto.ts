import { ApiProperty } from '@nestjs/swagger';
import { Code, Flag, Text } from '../http/fields.js';
import { ProblemOfOne } from '../http/problem-of-one.js';

/** Whose work it is, in the path. */
export class LeaverPath {
  @Code(64)
  userCode: string;
}

export class HandOverWork {
  @Code(64, { description: 'Who takes over: listed in the directory as active for the team.', example: 'u2' })
  toUserCode: string;

  @Flag({
    optional: true,
    description: 'True by default: only tells what would come of it. False: hands over.',
    example: false,
  })
  dryRun?: boolean;

  @Text(4000, {
    optional: true,
    nullable: true,
    description: 'Stands in the log of each order.',
    example: '离职交接',
  })
  remark?: string | null;

  @Code(64, {
    optional: true,
    description: 'Only orders of this team, for system administrators; without it: of all teams.',
    example: 't1',
    special: true,
  })
  accCode?: string;
}

const handoverOutcomes = ['would_hand_over', 'handed_over', 'not_possible'] as const;

export class HandoverItem {
  @ApiProperty()
  orderId: string;

  @ApiProperty({ type: String, nullable: true })
  title: string | null;

  @ApiProperty({ example: 1 })
  applyStep: number;

  @ApiProperty({ example: '部门负责人' })
  nodeName: string;

  @ApiProperty({ enum: [...handoverOutcomes], example: 'would_hand_over' })
  outcome: (typeof handoverOutcomes)[number];

  @ApiProperty({
    type: ProblemOfOne,
    nullable: true,
    description: 'Why it is not possible; null when it is.',
  })
  problem: ProblemOfOne | null;
}

export class OtherTies {
  @ApiProperty({ type: [String], description: 'Groups in which the person is asked.', example: ['finance'] })
  groups: readonly string[];

  @ApiProperty({ type: [String], description: 'Departments that the person leads.', example: ['sales'] })
  leaderOf: readonly string[];

  @ApiProperty({
    type: [String],
    description: 'Delegations, under way or planned, in which the person stands in for somebody.',
  })
  delegationsTo: readonly string[];

  @ApiProperty({
    type: [String],
    description: "The person's own orders that were returned and wait to be resubmitted.",
  })
  returnedOrders: readonly string[];
}

export class HandoverView {
  @ApiProperty()
  dryRun: boolean;

  @ApiProperty({ type: [HandoverItem], description: 'Each order on which the person is asked by name.' })
  items: readonly HandoverItem[];

  @ApiProperty({ type: OtherTies, description: 'What is not handed over, and needs to be looked after.' })
  others: OtherTies;
}
