import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import type { Page } from '../http/pagination.js';
import { Problems } from '../http/problem.docs.js';
import type { OrderSummary } from '../orders/orders.service.js';
import { AutoRunService } from './auto-run.service.js';
import { ObjectApprovalsService } from './object-approvals.service.js';
import {
  AutoRun,
  AutoRunAnswer,
  DetachedOrders,
  ListObjectApprovals,
  ObjectApprovals,
  ObjectHistory,
  ObjectHistoryPage,
  ObjectPath,
  ObjectTeam,
  ObjectTypePath,
} from './objects.dto.js';

@ApiTags('Objects')
@Permit('member', 'service')
@Controller('objects/:objectType')
export class ObjectsController {
  constructor(
    private readonly autoRuns: AutoRunService,
    private readonly approvals: ObjectApprovalsService,
  ) {}

  @Post(':objectId/auto-run')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Start the flows of a business object whose conditions hold, each once',
    description:
      'For the moment before a change: while `triggered` is true the business module withholds the change, and makes it ' +
      'when it is called to execute. What refuses one flow is told beside the others; when none is under way, the first ' +
      'refusal is the answer.',
  })
  @ApiOkResponse({ type: AutoRunAnswer })
  @Problems(
    'validation_failed',
    'not_found',
    'approver_not_found',
    'idempotency_key_reused',
    'request_in_flight',
  )
  autoRun(
    @Caller() caller: Principal,
    @Param() path: ObjectPath,
    @Body() dto: AutoRun,
  ): Promise<AutoRunAnswer> {
    return this.autoRuns.run(caller, path, dto);
  }

  @Get('approvals')
  @ApiOperation({ summary: 'Tell how objects stand with their approvals, for a page that lists them' })
  @ApiOkResponse({ type: ObjectApprovals })
  @Problems('validation_failed', 'not_found')
  summaries(
    @Caller() caller: Principal,
    @Param() { objectType }: ObjectTypePath,
    @Query() query: ListObjectApprovals,
  ): Promise<ObjectApprovals> {
    return this.approvals.summaries(caller, objectType, query);
  }

  @Get(':objectId/approvals')
  @ApiOperation({
    summary: 'List every order about an object, newest first',
    description: 'Administrators and API keys see all of them, others those that they opened.',
  })
  @ApiOkResponse({ type: ObjectHistoryPage })
  @Problems('validation_failed', 'not_found')
  history(
    @Caller() caller: Principal,
    @Param() path: ObjectPath,
    @Query() query: ObjectHistory,
  ): Promise<Page<OrderSummary>> {
    return this.approvals.history(caller, path, query);
  }

  @Delete(':objectId/approvals')
  @Permit('team_admin')
  @ApiOperation({
    summary: 'Take all orders from an object, in test environments',
    description:
      'Orders under way end, none counts for the object any more, and none is deleted: each keeps its log. Refused where ' +
      'NODE_ENV is production.',
  })
  @ApiOkResponse({ type: DetachedOrders })
  @Problems('validation_failed', 'not_found')
  detach(
    @Caller() caller: Principal,
    @Param() path: ObjectPath,
    @Query() query: ObjectTeam,
  ): Promise<DetachedOrders> {
    return this.approvals.detach(asUser(caller), path, query);
  }
}
