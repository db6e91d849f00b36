import { ApiProperty } from '@nestjs/swagger';
import { type ApplyStatus, applyStatuses } from '../engine/vocabulary.js';
import { Code, OneOf } from '../http/fields.js';
import { PageQuery } from '../http/pagination.js';
import { StepView } from '../orders/orders.service.js';
import { StuckOrder } from '../stuck/stuck.service.js';

export const listScopes = ['mine', 'todo', 'done', 'cc', 'team', 'stuck'] as const;
export type ListScope = (typeof listScopes)[number];

export class ListOrders extends PageQuery {
  @OneOf(listScopes, {
    optional: true,
    description:
      '`mine`: opened by the caller (default). `todo`: waiting for the caller, own orders that were returned included. `done`: decided by the caller. ' +
      '`cc`: sent to the caller for information. `team`: all of the team, for its administrators and service accounts. `stuck`: those of the team that go no further by themselves, with the reasons and what would free them, for its administrators.',
  })
  scope?: ListScope;

  @OneOf(applyStatuses, { optional: true })
  applyStatus?: ApplyStatus;

  @Code(125, { optional: true })
  businessType?: string;

  @Code(128, { optional: true })
  businessKey?: string;

  @Code(64, { optional: true, description: 'Only this team; for system administrators.' })
  accCode?: string;
}

export class OrderPage {
  @ApiProperty({ type: [StuckOrder] })
  items: readonly StuckOrder[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}

export class StepList {
  @ApiProperty({ type: [StepView] })
  items: readonly StepView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: null;
}

export class TodoCount {
  @ApiProperty({ description: 'How many orders wait for the caller, counted up to 999.', example: 3 })
  count: number;

  @ApiProperty({ description: 'Whether there are more than `count`.', example: false })
  more: boolean;
}
