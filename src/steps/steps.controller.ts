import { Controller, Get, Headers, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import { LanguageQuery, languageOf } from '../http/language.js';
import type { Page } from '../http/pagination.js';
import { Problems } from '../http/problem.docs.js';
import { CanAct, OrdersService, type OrderSummary, type StepView } from '../orders/orders.service.js';
import { ListOrders, OrderPage, StepList, TodoCount } from './steps.dto.js';
import { StepsService } from './steps.service.js';

@ApiTags('Orders')
@Permit('member', 'service')
@Controller('orders')
export class StepsController {
  constructor(
    private readonly steps: StepsService,
    private readonly orders: OrdersService,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List orders, newest first: mine, todo, done, cc, team or stuck' })
  @ApiOkResponse({ type: OrderPage })
  @Problems('validation_failed')
  list(@Caller() caller: Principal, @Query() query: ListOrders): Promise<Page<OrderSummary>> {
    return this.steps.list(caller, query);
  }

  @Get('todo/count')
  @Permit('member')
  @ApiOperation({ summary: 'Count the orders that wait for the caller' })
  @ApiOkResponse({ type: TodoCount })
  @Problems()
  countTodo(@Caller() caller: Principal): Promise<TodoCount> {
    return this.steps.countTodo(asUser(caller));
  }

  @Get(':id/steps')
  @ApiOperation({ summary: 'Read the steps of an order' })
  @ApiOkResponse({ type: StepList })
  @Problems('not_found')
  ofOrder(
    @Caller() caller: Principal,
    @Param('id') id: string,
  ): Promise<{ items: readonly StepView[]; nextCursor: null }> {
    return this.steps.steps(caller, id);
  }

  @Get(':id/can-act')
  @Permit('member')
  @ApiOperation({ summary: 'Tell whether the caller could decide the order now, and why' })
  @ApiOkResponse({ type: CanAct })
  @Problems('validation_failed', 'not_found')
  canAct(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Query() { lang }: LanguageQuery,
    @Headers('accept-language') accepted: string | undefined,
  ): Promise<CanAct> {
    return this.orders.canAct(asUser(caller), id, languageOf(lang, accepted));
  }
}
