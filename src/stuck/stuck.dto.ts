import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Moment } from '../http/fields.js';
import { OrderSummary } from '../orders/orders.service.js';

/** Why an order goes no further by itself. */
export const stuckReasons = [
  'nobody_asked',
  'everyone_inactive',
  'nobody_eligible',
  'delivery_parked',
  'overdue',
] as const;
export type StuckReason = (typeof stuckReasons)[number];

/** Who can free an order; the caller of the list need not be one of them. */
export const rescuers = ['system_admin', 'team_admin', 'reviewer', 'applicant'] as const;
export type Rescuer = (typeof rescuers)[number];

/** A call that would free the order. */
export class StuckAction {
  @ApiProperty({ enum: ['POST', 'PUT'], example: 'POST' })
  method: 'POST' | 'PUT';

  @ApiProperty({
    description: 'Behind `/api/v1`.',
    example: '/orders/0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30/transfer',
  })
  path: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'What to send; null stands for what the caller has to fill in.',
    example: { toUserCode: null },
  })
  body?: Readonly<Record<string, unknown>>;

  @ApiProperty({ enum: [...rescuers], example: 'system_admin' })
  who: Rescuer;

  @ApiProperty({ example: 'Seat somebody active on the step in place of those who cannot be reached.' })
  text: string;

  @ApiProperty({ example: '将该步骤转交给一位在职人员。' })
  textZh: string;
}

export class StuckBecause {
  @ApiProperty({ enum: [...stuckReasons], example: 'everyone_inactive' })
  reason: StuckReason;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'The open step; null where none is.',
    example: 1,
  })
  applyStep: number | null;

  @ApiProperty({ example: 'Step 1 "财务复核" waits for bob only, who is inactive.' })
  detail: string;

  @ApiProperty({ example: '步骤 1「财务复核」只等待 bob，其已停用。' })
  detailZh: string;

  @Moment({ description: 'Since when, at the latest.' })
  since: Date;

  @ApiProperty({ type: [StuckAction] })
  actions: readonly StuckAction[];
}

/** An order of a list; in the list of stuck orders with what holds it. */
export class StuckOrder extends OrderSummary {
  @ApiPropertyOptional({ type: [StuckBecause], description: 'With `scope=stuck` only.' })
  stuck?: readonly StuckBecause[];
}
