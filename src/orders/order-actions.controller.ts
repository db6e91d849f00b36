import { applyDecorators, Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import { Problems } from '../http/problem.docs.js';
import type { ProblemCode } from '../http/problem.js';
import {
  AddSigners,
  BulkDecisions,
  BulkOutcomes,
  CommentOrder,
  CopyOrder,
  HandOver,
  RemoveSigners,
  ResubmitOrder,
  ReturnOrder,
  WordsOnOrder,
} from './order-actions.dto.js';
import { OrderActionsService } from './order-actions.service.js';
import { OrderView } from './orders.dto.js';

/** A command on one order, answered with the order as it is then. */
const Command = (path: string, summary: string, problems: readonly ProblemCode[]): MethodDecorator =>
  applyDecorators(
    Post(path),
    HttpCode(200),
    ApiOperation({ summary }),
    ApiOkResponse({ type: OrderView }),
    Problems(...problems),
  );

@ApiTags('Orders')
@Permit('member')
@Controller('orders')
export class OrderActionsController {
  constructor(private readonly actions: OrderActionsService) {}

  @Post('bulk-decisions')
  @HttpCode(200)
  @ApiOperation({ summary: 'Decide up to 100 orders, each by itself, with an outcome for each' })
  @ApiOkResponse({ type: BulkOutcomes })
  @Problems('validation_failed')
  decideMany(@Caller() caller: Principal, @Body() dto: BulkDecisions): Promise<BulkOutcomes> {
    return this.actions.decideMany(asUser(caller), dto);
  }

  @Command(':id/take-back', 'Take back the caller’s own decision while nobody has acted on it', [
    'not_found',
    'forbidden',
    'not_awaited',
    'order_closed',
  ])
  takeBack(@Caller() caller: Principal, @Param('id') id: string): Promise<OrderView> {
    return this.actions.takeBack(asUser(caller), id);
  }

  @Command(':id/transfer', 'Hand the caller’s seat on the open step over to somebody else', [
    'validation_failed',
    'not_found',
    'not_in_review',
    'order_closed',
    'already_decided',
    'already_exists',
  ])
  transfer(@Caller() caller: Principal, @Param('id') id: string, @Body() dto: HandOver): Promise<OrderView> {
    return this.actions.transfer(asUser(caller), id, dto);
  }

  @Command(':id/delegate', 'Ask somebody for an opinion on the open step; it comes back to the caller', [
    'validation_failed',
    'not_found',
    'not_in_review',
    'order_closed',
    'already_decided',
    'already_exists',
  ])
  delegate(@Caller() caller: Principal, @Param('id') id: string, @Body() dto: HandOver): Promise<OrderView> {
    return this.actions.delegate(asUser(caller), id, dto);
  }

  @Command(':id/add-sign', 'Add signatures that the open step needs besides its own', [
    'validation_failed',
    'not_found',
    'not_in_review',
    'order_closed',
    'already_decided',
    'already_exists',
  ])
  addSign(@Caller() caller: Principal, @Param('id') id: string, @Body() dto: AddSigners): Promise<OrderView> {
    return this.actions.addSign(asUser(caller), id, dto);
  }

  @Command(':id/remove-sign', 'Take out signatures, or opinions asked for, that are not given yet', [
    'validation_failed',
    'not_found',
    'not_in_review',
    'already_decided',
  ])
  removeSign(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: RemoveSigners,
  ): Promise<OrderView> {
    return this.actions.removeSign(asUser(caller), id, dto);
  }

  @Command(':id/return', 'Return the order to a step that was passed, or to the applicant', [
    'validation_failed',
    'not_found',
    'not_in_review',
    'order_closed',
    'already_decided',
  ])
  giveBack(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: ReturnOrder,
  ): Promise<OrderView> {
    return this.actions.giveBack(asUser(caller), id, dto);
  }

  @Command(':id/resubmit', 'Resubmit an own order that was returned; every condition is judged anew', [
    'validation_failed',
    'not_found',
    'not_awaited',
    'order_closed',
    'approver_not_found',
  ])
  resubmit(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: ResubmitOrder,
  ): Promise<OrderView> {
    return this.actions.resubmit(asUser(caller), id, dto);
  }

  @Command(':id/reopen', 'Reopen an order that the caller rejected', [
    'validation_failed',
    'not_found',
    'not_awaited',
    'order_closed',
  ])
  reopen(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: WordsOnOrder,
  ): Promise<OrderView> {
    return this.actions.reopen(asUser(caller), id, dto);
  }

  @Command(':id/urge', 'Urge the reviewers of an own order', [
    'validation_failed',
    'not_found',
    'not_in_review',
    'rate_limited',
  ])
  urge(@Caller() caller: Principal, @Param('id') id: string, @Body() dto: WordsOnOrder): Promise<OrderView> {
    return this.actions.urge(asUser(caller), id, dto);
  }

  @Command(':id/cc', 'Send copies of the order for information', ['validation_failed', 'not_found'])
  copy(@Caller() caller: Principal, @Param('id') id: string, @Body() dto: CopyOrder): Promise<OrderView> {
    return this.actions.copy(asUser(caller), id, dto);
  }

  @Command(':id/comments', 'Say something about the order, with references to files', [
    'validation_failed',
    'not_found',
  ])
  comment(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: CommentOrder,
  ): Promise<OrderView> {
    return this.actions.comment(asUser(caller), id, dto);
  }
}
