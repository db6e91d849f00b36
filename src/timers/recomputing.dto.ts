import { ApiProperty } from '@nestjs/swagger';
import { Code, Moment } from '../http/fields.js';

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

export class RecomputeProblem {
  @ApiProperty({ example: 'version_conflict' })
  code: string;

  @ApiProperty({ example: 409 })
  status: number;

  @ApiProperty()
  detail: string;
}

export const recomputeOutcomes = ['recomputed', 'unchanged', 'failed'] as const;

export class RecomputedOrder {
  @ApiProperty()
  orderId: string;

  @ApiProperty({ enum: [...recomputeOutcomes], example: 'recomputed' })
  outcome: (typeof recomputeOutcomes)[number];

  @Moment({ nullable: true, description: 'When its open step is due now; null when none is, or it failed.' })
  dueAt: Date | null;

  @ApiProperty({ type: RecomputeProblem, nullable: true, description: 'Why it failed; else null.' })
  problem: RecomputeProblem | null;
}

export class RecomputedOrders {
  @ApiProperty({ type: [RecomputedOrder] })
  items: readonly RecomputedOrder[];
}
