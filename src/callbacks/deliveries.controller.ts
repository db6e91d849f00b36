import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import type { Page } from '../http/pagination.js';
import { Problems } from '../http/problem.docs.js';
import { AbandonDelivery, DeliveryPage, DeliveryView, ListDeliveries } from './deliveries.dto.js';
import { DeliveriesService } from './deliveries.service.js';

@ApiTags('Deliveries')
@Permit('team_admin')
@Controller('deliveries')
export class DeliveriesController {
  constructor(private readonly deliveries: DeliveriesService) {}

  @Get()
  @ApiOperation({
    summary: 'List outgoing calls with their attempts, newest first',
    description: 'Callbacks to business modules and notifications; `state=failed` are those that are parked.',
  })
  @ApiOkResponse({ type: DeliveryPage })
  @Problems('validation_failed', 'not_found')
  list(@Caller() caller: Principal, @Query() query: ListDeliveries): Promise<Page<DeliveryView>> {
    return this.deliveries.list(asUser(caller), query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read an outgoing call with its attempts' })
  @ApiOkResponse({ type: DeliveryView })
  @Problems('not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<DeliveryView> {
    return this.deliveries.get(asUser(caller), id);
  }

  @Post(':id/redeliver')
  @HttpCode(200)
  @ApiOperation({ summary: 'Send it again at once, under the same webhook-id' })
  @ApiOkResponse({ type: DeliveryView })
  @Problems('not_found', 'delivery_closed', 'order_closed', 'not_awaited')
  redeliver(@Caller() caller: Principal, @Param('id') id: string): Promise<DeliveryView> {
    return this.deliveries.redeliver(asUser(caller), id);
  }

  @Post(':id/abandon')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Give it up, and say where the order goes instead',
    description: "The log tells it as an administrator's act, with the reason.",
  })
  @ApiOkResponse({ type: DeliveryView })
  @Problems('validation_failed', 'not_found', 'delivery_closed', 'order_closed', 'not_awaited')
  abandon(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: AbandonDelivery,
  ): Promise<DeliveryView> {
    return this.deliveries.abandon(asUser(caller), id, dto);
  }
}
