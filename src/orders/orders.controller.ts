import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import { type Page, PageQuery } from '../http/pagination.js';
import { Problems } from '../http/problem.docs.js';
import type { LogEntry } from '../operation-log/operation-log.service.js';
import { CommentPage, type CommentView } from './order-actions.dto.js';
import { OpeningService } from './opening.service.js';
import { DecideOrder, LogPage, OpenOrder, OrderPreview, OrderView, WithdrawOrder } from './orders.dto.js';
import { OrdersService } from './orders.service.js';

@ApiTags('Orders')
@Permit('member', 'service')
@Controller('orders')
export class OrdersController {
  constructor(
    private readonly opening: OpeningService,
    private readonly orders: OrdersService,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Open an order: it walks a copy of the template of its team and business type' })
  @ApiCreatedResponse({ type: OrderView })
  @Problems(
    'validation_failed',
    'not_found',
    'approver_not_found',
    'business_type_disabled',
    'idempotency_key_reused',
    'request_in_flight',
  )
  open(@Caller() caller: Principal, @Body() dto: OpenOrder): Promise<OrderView> {
    return this.opening.open(caller, dto);
  }

  @Post('preview')
  @HttpCode(200)
  @ApiOperation({ summary: 'Tell the path that an order would take; stores nothing' })
  @ApiOkResponse({ type: OrderPreview })
  @Problems('validation_failed', 'not_found', 'business_type_disabled')
  preview(@Caller() caller: Principal, @Body() dto: OpenOrder): Promise<OrderPreview> {
    return this.opening.preview(caller, dto);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read an order with its steps' })
  @ApiOkResponse({ type: OrderView })
  @Problems('not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<OrderView> {
    return this.orders.get(caller, id);
  }

  @Get(':id/logs')
  @ApiOperation({ summary: 'Read the operation log of an order, oldest first' })
  @ApiOkResponse({ type: LogPage })
  @Problems('not_found')
  logs(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<LogEntry>> {
    return this.orders.logs(caller, id, query);
  }

  @Get(':id/comments')
  @ApiOperation({ summary: 'Read what people have said about an order, oldest first' })
  @ApiOkResponse({ type: CommentPage })
  @Problems('not_found')
  comments(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<CommentView>> {
    return this.orders.comments(caller, id, query);
  }

  @Post(':id/approve')
  @Permit('member')
  @HttpCode(200)
  @ApiOperation({ summary: 'Approve the step under review' })
  @ApiOkResponse({ type: OrderView })
  @Problems(
    'validation_failed',
    'not_found',
    'not_in_review',
    'already_decided',
    'order_closed',
    'version_conflict',
  )
  approve(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: DecideOrder,
  ): Promise<OrderView> {
    return this.orders.approve(asUser(caller), id, dto);
  }

  @Post(':id/reject')
  @Permit('member')
  @HttpCode(200)
  @ApiOperation({ summary: 'Reject the step under review, and with it the order' })
  @ApiOkResponse({ type: OrderView })
  @Problems(
    'validation_failed',
    'not_found',
    'not_in_review',
    'already_decided',
    'order_closed',
    'version_conflict',
  )
  reject(@Caller() caller: Principal, @Param('id') id: string, @Body() dto: DecideOrder): Promise<OrderView> {
    return this.orders.reject(asUser(caller), id, dto);
  }

  @Post(':id/withdraw')
  @Permit('member')
  @HttpCode(200)
  @ApiOperation({ summary: 'Withdraw an own order while it is initiating or under review' })
  @ApiOkResponse({ type: OrderView })
  @Problems('validation_failed', 'not_found', 'not_in_review', 'order_closed')
  withdraw(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: WithdrawOrder,
  ): Promise<OrderView> {
    return this.orders.withdraw(asUser(caller), id, dto);
  }
}
