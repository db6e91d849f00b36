import { ApiProperty } from '@nestjs/swagger';
import { Code, Moment, OneOf, Text } from '../http/fields.js';
import { PageQuery } from '../http/pagination.js';
import type { AbandonedTo } from '../orders/order-callbacks.service.js';
import { deliveryStates, type DeliveryState } from '../outbox/deliveries.repository.js';

const abandonedTo = ['rejected', 'completed', 'in_review'] as const satisfies readonly AbandonedTo[];

export class ListDeliveries extends PageQuery {
  @OneOf(deliveryStates, { optional: true, description: 'Only deliveries in this state.' })
  state?: DeliveryState;

  @Code(64, { optional: true, description: 'Only those of this order.' })
  orderId?: string;

  @Code(32, { optional: true, description: 'Only this topic: `order.check`, `order.execute`, `notify.…`.' })
  topic?: string;

  @Code(64, { optional: true, description: 'For system administrators: only this team.' })
  accCode?: string;
}

export class AbandonDelivery {
  @OneOf(abandonedTo, {
    optional: true,
    description:
      'Where the order goes; required for a check (`in_review`: it goes on as if the check had passed, or `rejected`) and an execution (`completed` or `rejected`), left out for notifications.',
    example: 'rejected',
  })
  applyStatus?: AbandonedTo;

  @Text(2000, { description: 'Why; the log keeps it.', example: '业务模块已下线' })
  reason: string;
}

export class DeliveryAttemptView {
  @ApiProperty({ example: 1 })
  attempt: number;

  @Moment()
  startedAt: Date;

  @ApiProperty({ type: Number, nullable: true, example: 42 })
  durationMs: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'The HTTP status, if any.', example: 500 })
  status: number | null;

  @ApiProperty({
    enum: ['succeeded', 'accepted', 'failed', 'lost', 'interrupted'],
    description:
      '`lost`: the process ended before it could tell; `interrupted`: it was stopped. Neither counts as a failure.',
    example: 'failed',
  })
  outcome: string;

  @ApiProperty({ type: String, nullable: true, example: 'the business module answered 500' })
  error: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The first kilobyte of the answer.' })
  answer: string | null;
}

export class DeliveryView {
  @ApiProperty({
    description: 'Also the `webhook-id` of every attempt.',
    example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a31',
  })
  id: string;

  @ApiProperty({ example: 'order.execute' })
  topic: string;

  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  orderId: string;

  @ApiProperty({ type: String, nullable: true, example: 't1' })
  accCode: string | null;

  @ApiProperty({
    enum: [...deliveryStates],
    description:
      '`awaiting`: accepted, the answer comes later; `failed`: parked until somebody redelivers or abandons it; `abandoned`: given up by an administrator, or a check that an order of `failMode` open did not wait for.',
    example: 'failed',
  })
  state: DeliveryState;

  @ApiProperty({
    type: Boolean,
    nullable: true,
    description: 'What the business module answered.',
    example: null,
  })
  result: boolean | null;

  @ApiProperty({ type: String, nullable: true, example: 'the business module answered 500' })
  lastError: string | null;

  @Moment({
    nullable: true,
    description: 'When it is next tried, or its answer is missed; null when neither will happen.',
  })
  nextAttemptAt: Date | null;

  @Moment()
  createTime: Date;

  @Moment()
  updateTime: Date;

  @ApiProperty({ type: [DeliveryAttemptView] })
  attempts: readonly DeliveryAttemptView[];
}

export class DeliveryPage {
  @ApiProperty({ type: [DeliveryView] })
  items: readonly DeliveryView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
