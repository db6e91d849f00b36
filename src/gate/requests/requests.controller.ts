import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../../auth/permit.js';
import { asUser, type Principal } from '../../auth/principal.js';
import type { Page } from '../../http/pagination.js';
import { Problems } from '../../http/problem.docs.js';
import {
  ApproveRequestDetail,
  ApproveRequestPage,
  ApproveRequestView,
  CancelApproveRequest,
  DecideApproveRequest,
  KeptResponseView,
  ListApproveRequests,
  ResolveApproveRequest,
} from './requests.dto.js';
import { RequestsService } from './requests.service.js';
import { ResponsesService } from './responses.service.js';

@ApiTags('Approve requests')
@Permit('member', 'service')
@Controller('approve-requests')
export class RequestsController {
  constructor(
    private readonly requests: RequestsService,
    private readonly responses: ResponsesService,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List held requests, newest first: mine, or all of the team' })
  @ApiOkResponse({ type: ApproveRequestPage })
  @Problems('validation_failed', 'not_found')
  list(@Caller() caller: Principal, @Query() query: ListApproveRequests): Promise<Page<ApproveRequestView>> {
    return this.requests.list(caller, query);
  }

  @Get(':id')
  @ApiOperation({
    summary: 'Read a held request, with what reviewers see of its headers and body',
    description: 'For whoever may read its order: the applicant, its reviewers, administrators.',
  })
  @ApiOkResponse({ type: ApproveRequestDetail })
  @Problems('not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<ApproveRequestDetail> {
    return this.requests.get(caller, id);
  }

  @Get(':id/response')
  @Permit('member')
  @ApiOperation({
    summary: 'Read what the system behind the gate answered to an executed request',
    description:
      'For the applicant and administrators; reviewers do not see it. 404 while there is no answer.',
  })
  @ApiOkResponse({ type: KeptResponseView })
  @Problems('not_found')
  response(@Caller() caller: Principal, @Param('id') id: string): Promise<KeptResponseView> {
    return this.responses.get(asUser(caller), id);
  }

  @Post(':id/pass')
  @Permit('member')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Pass a held request: approve the open step of its order',
    description:
      'The same as `POST /orders/{orderId}/approve`; a request with further steps goes on waiting.',
  })
  @ApiOkResponse({ type: ApproveRequestView })
  @Problems(
    'validation_failed',
    'not_found',
    'not_in_review',
    'already_decided',
    'order_closed',
    'version_conflict',
  )
  pass(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: DecideApproveRequest,
  ): Promise<ApproveRequestView> {
    return this.requests.pass(asUser(caller), id, dto);
  }

  @Post(':id/deny')
  @Permit('member')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Deny a held request: reject its order',
    description: 'The same as `POST /orders/{orderId}/reject`.',
  })
  @ApiOkResponse({ type: ApproveRequestView })
  @Problems(
    'validation_failed',
    'not_found',
    'not_in_review',
    'already_decided',
    'order_closed',
    'version_conflict',
  )
  deny(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: DecideApproveRequest,
  ): Promise<ApproveRequestView> {
    return this.requests.deny(asUser(caller), id, dto);
  }

  @Post(':id/cancel')
  @Permit('member')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Cancel an own request that waits: withdraw its order',
    description: 'The same as `POST /orders/{orderId}/withdraw`.',
  })
  @ApiOkResponse({ type: ApproveRequestView })
  @Problems('validation_failed', 'not_found', 'not_in_review', 'order_closed')
  cancel(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: CancelApproveRequest,
  ): Promise<ApproveRequestView> {
    return this.requests.cancel(asUser(caller), id, dto);
  }

  @Post(':id/resolve')
  @Permit('team_admin')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Say what has become of a request whose outcome is unknown',
    description:
      'For administrators, who have looked at the system behind the gate. An approved request that cannot be sent is given ' +
      "up by `failed`. The order's log tells who said so.",
  })
  @ApiOkResponse({ type: ApproveRequestView })
  @Problems('validation_failed', 'not_found', 'already_decided')
  resolve(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: ResolveApproveRequest,
  ): Promise<ApproveRequestView> {
    return this.requests.resolve(asUser(caller), id, dto);
  }
}
