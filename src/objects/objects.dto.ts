import { ApiProperty, PickType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsObject, ValidateBy } from 'class-validator';
import { Code, Codes, field, Text, Verbatim, whyNoCode } from '../http/fields.js';
import { PageQuery } from '../http/pagination.js';
import { OpenOrder } from '../orders/opening.service.js';
import { OrderSummary } from '../orders/orders.service.js';

const maxIds = 100;
const maxIdLength = 128;

export class ObjectTypePath {
  @Code(64, { description: 'The `objectType` of business types.', example: 'sales_order' })
  objectType: string;
}

export class ObjectPath extends ObjectTypePath {
  @Code(maxIdLength, {
    description: 'The id of the object in its business module: the `businessKey` of its orders.',
    example: 'SO-1001',
  })
  objectId: string;
}

export class AutoRun extends PickType(OpenOrder, ['userCode', 'accCode', 'chosenApprovers']) {
  @Text(255, {
    optional: true,
    nullable: true,
    description: 'Of the orders that are started.',
    example: '订单 SO-1001 毛利率',
  })
  title?: string | null;

  @field(
    {
      description: 'What the conditions of the stages ask for; at most 60,000 bytes of JSON.',
      example: { amount: 200, rate: 0.1 },
    },
    { type: 'object', additionalProperties: true },
    IsObject(),
  )
  @Verbatim()
  variables: Record<string, unknown>;

  @Codes(
    { min: 1, max: 100, length: 125 },
    {
      optional: true,
      description: 'Only these flows; every business type with this `objectType` when left out.',
      example: ['margin-check'],
      special: true,
    },
  )
  businessTypes?: string[];
}

export class AutoRunOrder {
  @ApiProperty({ example: 'margin-check' })
  businessType: string;

  @ApiProperty({ type: String, nullable: true, example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  orderId: string | null;

  @ApiProperty({ description: 'Whether this call opened the order.', example: true })
  created: boolean;

  @ApiProperty({
    description:
      '`started`; `in_progress`: an order is under way; `approved` or `rejected`: so the newest order ended, and only ' +
      '`POST /orders` starts another; `condition_false`: no stage applies; `disabled`: the business type is switched ' +
      'off; or the code of the problem for which the order was refused.',
    example: 'started',
  })
  reason: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Of a refused order: what is wrong.',
    example: null,
  })
  detail: string | null;
}

export class AutoRunAnswer {
  @ApiProperty({
    description:
      'Whether an order is under way: the caller withholds its change until the approval is executed.',
    example: true,
  })
  triggered: boolean;

  @ApiProperty({ type: [AutoRunOrder], description: 'One for each flow, by business type.' })
  orders: readonly AutoRunOrder[];
}

export class ObjectTeam {
  @Code(64, {
    optional: true,
    description: 'The team; for system administrators and for API keys of several teams.',
  })
  accCode?: string;
}

export class ListObjectApprovals extends ObjectTeam {
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.split(',') : value))
  @field(
    { description: `1 to ${maxIds} ids of objects, separated by commas.`, example: 'SO-1001,SO-1002' },
    { type: 'string' },
    ValidateBy({
      name: 'ids',
      validator: {
        validate: (ids: unknown) =>
          Array.isArray(ids) &&
          ids.length <= maxIds &&
          ids.every((id) => typeof id === 'string' && whyNoCode(id, maxIdLength) === null),
        defaultMessage: () =>
          `$property must be 1 to ${maxIds} ids of 1 to ${maxIdLength} characters, separated by commas without blanks`,
      },
    }),
  )
  ids: string[];
}

export const approveFlags = ['none', 'pending', 'approved', 'rejected'] as const;

export class ObjectApproval {
  @ApiProperty({ example: 'SO-1001' })
  objectId: string;

  @ApiProperty({ example: 'margin-check' })
  businessType: string;

  @ApiProperty({
    enum: [...approveFlags],
    description: 'By the newest order; `none` without one, and when it was withdrawn.',
  })
  approveFlag: (typeof approveFlags)[number];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The name of the step under review, or of the last one decided.',
    example: '老板',
  })
  approveStage: string | null;

  @ApiProperty({ type: [String], description: 'Who is asked right now, at most 20.', example: ['u2'] })
  approvers: readonly string[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The last decision with the words of the reviewer, or whom the order waits for.',
    example: 'u2 approved "老板": abc',
  })
  approveDscr: string | null;

  @ApiProperty({ type: String, nullable: true, example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  orderId: string | null;
}

export class ObjectApprovals {
  @ApiProperty({
    type: [ObjectApproval],
    description: 'One for each object and flow: in the sequence of the ids, then by business type.',
  })
  items: readonly ObjectApproval[];
}

export class ObjectHistory extends PageQuery {
  @Code(64, {
    optional: true,
    description: 'The team; for system administrators and for API keys of several teams.',
  })
  accCode?: string;
}

export class ObjectHistoryPage {
  @ApiProperty({ type: [OrderSummary] })
  items: readonly OrderSummary[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}

export class DetachedOrders {
  @ApiProperty({ description: 'How many orders no longer count for the object.', example: 2 })
  detached: number;
}
