import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import { Problems } from '../http/problem.docs.js';
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

  @Post(':id/take-back')
  @HttpCode(200)
  @ApiOperation({ summary: 'Take back the caller’s own decision while nobody has acted on it' })
  @ApiOkResponse({ type: OrderView })
  @Problems('not_found', 'forbidden', 'not_awaited', 'order_closed')
  takeBack(@Caller() caller: Principal, @Param('id') id: string): Promise<OrderView> {
    return this.actions.takeBack(asUser(caller), id);
  }

  @Post(':id/transfer')
  @HttpCode(200)
  @ApiOperation({ summary: 'Hand the caller’s seat on the open step over to somebody else' })
  @ApiOkResponse({ type: OrderView })
  @Problems(
    'validation_failed',
    'not_found',
    'not_in_review',
    'order_closed',
    'already_decided',
    'already_exists',
  )
  transfer(@Caller() caller: Principal, @Param('id') id: string, @Body() dto: HandOver): Promise<OrderView> {
    return this.actions.transfer(asUser(caller), id, dto);
  }

  @Post(':id/delegate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Ask somebody for an opinion on the open step; it comes back to the caller' })
  @ApiOkResponse({ type: OrderView })
  @Problems(
    'validation_failed',
    'not_found',
    'not_in_review',
    'order_closed',
    'already_decided',
    'already_exists',
  )
  delegate(@Caller() caller: Principal, @Param('id') id: string, @Body() dto: HandOver): Promise<OrderView> {
    return this.actions.delegate(asUser(caller), id, dto);
  }

  @Post(':id/add-sign')
  @HttpCode(200)
  @ApiOperation({ summary: 'Add signatures that the open step needs besides its own' })
  @ApiOkResponse({ type: OrderView })
  @Problems(
    'validation_failed',
    'not_found',
    'not_in_review',
    'order_closed',
    'already_decided',
    'already_exists',
  )
  addSign(@Caller() caller: Principal, @Param('id') id: string, @Body() dto: AddSigners): Promise<OrderView> {
    return this.actions.addSign(asUser(caller), id, dto);
  }

  @Post(':id/remove-sign')
  @HttpCode(200)
  @ApiOperation({ summary: 'Take out signatures, or opinions asked for, that are not given yet' })
  @ApiOkResponse({ type: OrderView })
  @Problems('validation_failed', 'not_found', 'not_in_review', 'already_decided')
  removeSign(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: RemoveSigners,
  ): Promise<OrderView> {
    return this.actions.removeSign(asUser(caller), id, dto);
  }

  @Post(':id/return')
  @HttpCode(200)
  @ApiOperation({ summary: 'Return the order to a step that was passed, or to the applicant' })
  @ApiOkResponse({ type: OrderView })
  @Problems('validation_failed', 'not_found', 'not_in_review', 'order_closed', 'already_decided')
  giveBack(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: ReturnOrder,
  ): Promise<OrderView> {
    return this.actions.giveBack(asUser(caller), id, dto);
  }

  @Post(':id/resubmit')
  @HttpCode(200)
  @ApiOperation({ summary: 'Resubmit an own order that was returned; every condition is judged anew' })
  @ApiOkResponse({ type: OrderView })
  @Problems('validation_failed', 'not_found', 'not_awaited', 'order_closed', 'approver_not_found')
  resubmit(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: ResubmitOrder,
  ): Promise<OrderView> {
    return this.actions.resubmit(asUser(caller), id, dto);
  }

  @Post(':id/reopen')
  @HttpCode(200)
  @ApiOperation({ summary: 'Reopen an order that the caller rejected' })
  @ApiOkResponse({ type: OrderView })
  @Problems('validation_failed', 'not_found', 'not_awaited', 'order_closed')
  reopen(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: WordsOnOrder,
  ): Promise<OrderView> {
    return this.actions.reopen(asUser(caller), id, dto);
  }

  @Post(':id/urge')
  @HttpCode(200)
  @ApiOperation({ summary: 'Urge the reviewers of an own order' })
  @ApiOkResponse({ type: OrderView })
  @Problems('validation_failed', 'not_found', 'not_in_review', 'rate_limited')
  urge(@Caller() caller: Principal, @Param('id') id: string, @Body() dto: WordsOnOrder): Promise<OrderView> {
    return this.actions.urge(asUser(caller), id, dto);
  }

  @Post(':id/cc')
  @HttpCode(200)
  @ApiOperation({ summary: 'Send copies of the order for information' })
  @ApiOkResponse({ type: OrderView })
  @Problems('validation_failed', 'not_found')
  copy(@Caller() caller: Principal, @Param('id') id: string, @Body() dto: CopyOrder): Promise<OrderView> {
    return this.actions.copy(asUser(caller), id, dto);
  }

  @Post(':id/comments')
  @HttpCode(200)
  @ApiOperation({ summary: 'Say something about the order, with references to files' })
  @ApiOkResponse({ type: OrderView })
  @Problems('validation_failed', 'not_found')
  comment(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: CommentOrder,
  ): Promise<OrderView> {
    return this.actions.comment(asUser(caller), id, dto);
  }
}
