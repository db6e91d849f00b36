import { ApiProperty } from '@nestjs/swagger';
import { Code, Moment } from '../http/fields.js';
import { ProblemOfOne } from '../http/problem-of-one.js';

/** Which calendar, in the path. */
export class RecomputePath {
  @Code(64, { example: 'cn-office' })
  code: string;
}

export class RecomputeTeam {
  @Code(64, {
    optional: true,
    description:
      "Orders of this team, for system administrators; left out: of every team for which the platform's calendar counts.",
  })
  accCode?: string;
}

export const recomputeOutcomes = ['recomputed', 'unchanged', 'failed'] as const;

export class RecomputedOrder {
  @ApiProperty()
  orderId: string;

  @ApiProperty({ enum: [...recomputeOutcomes], example: 'recomputed' })
  outcome: (typeof recomputeOutcomes)[number];

  @Moment({ nullable: true, description: 'When its open step is due now; null when none is, or it failed.' })
  dueAt: Date | null;

  @ApiProperty({ type: ProblemOfOne, nullable: true, description: 'Why it failed; else null.' })
  problem: ProblemOfOne | null;
}

export class RecomputedOrders {
  @ApiProperty({ type: [RecomputedOrder] })
  items: readonly RecomputedOrder[];
}
