import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../../auth/permit.js';
import { asUser, type Principal } from '../../auth/principal.js';
import { enveloped } from '../../http/envelope.js';
import { SecretAnswer } from '../../http/idempotency.interceptor.js';
import { Problems } from '../../http/problem.docs.js';
import {
  ApprovalConfiguration,
  ApprovalOwner,
  ChangeApproval,
  EnvelopedApproval,
  EnvelopedApprovals,
  EnvelopedNothing,
  ListApprovals,
} from './approvals.dto.js';
import { ApprovalsService } from './approvals.service.js';

/** For those who come from lark-ticket: its configuration and its envelope; errors are told as everywhere else here. */
@ApiTags('Providers')
@Permit('team_admin')
@Controller('lark/approvals')
export class ApprovalsController {
  constructor(private readonly approvals: ApprovalsService) {}

  @Post()
  @HttpCode(200)
  @SecretAnswer()
  @ApiOperation({
    summary: "Configure an approval code in lark-ticket's words",
    description:
      'The same as `POST /providers/{code}/forms`, for the only provider of kind `lark`, or the one named.',
  })
  @ApiOkResponse({ type: EnvelopedApproval })
  @Problems('validation_failed', 'not_found', 'already_exists', 'provider_refused')
  create(@Caller() caller: Principal, @Body() dto: ApprovalConfiguration): Promise<EnvelopedApproval> {
    return this.approvals.create(asUser(caller), dto);
  }

  @Get()
  @ApiOperation({ summary: 'List the approval codes that are configured, newest first' })
  @ApiOkResponse({ type: EnvelopedApprovals })
  @Problems('validation_failed', 'not_found')
  async list(@Caller() caller: Principal, @Query() query: ListApprovals): Promise<EnvelopedApprovals> {
    return enveloped(await this.approvals.list(asUser(caller), query));
  }

  @Get(':approval_code')
  @ApiOperation({ summary: 'Read the configuration of an approval code' })
  @ApiOkResponse({ type: EnvelopedApproval })
  @Problems('validation_failed', 'not_found')
  async get(
    @Caller() caller: Principal,
    @Param('approval_code') approvalCode: string,
    @Query() query: ApprovalOwner,
  ): Promise<EnvelopedApproval> {
    return enveloped(await this.approvals.get(asUser(caller), approvalCode, query));
  }

  @Put(':approval_code')
  @ApiOperation({ summary: 'Change the configuration of an approval code; what is left out stays' })
  @ApiOkResponse({ type: EnvelopedApproval })
  @Problems('validation_failed', 'not_found')
  async change(
    @Caller() caller: Principal,
    @Param('approval_code') approvalCode: string,
    @Query() query: ApprovalOwner,
    @Body() dto: ChangeApproval,
  ): Promise<EnvelopedApproval> {
    return enveloped(await this.approvals.change(asUser(caller), approvalCode, query, dto));
  }

  @Delete(':approval_code')
  @ApiOperation({ summary: 'Follow an approval code no longer' })
  @ApiOkResponse({ type: EnvelopedNothing })
  @Problems('validation_failed', 'not_found', 'in_use', 'provider_refused')
  async remove(
    @Caller() caller: Principal,
    @Param('approval_code') approvalCode: string,
    @Query() query: ApprovalOwner,
  ): Promise<EnvelopedNothing> {
    await this.approvals.remove(asUser(caller), approvalCode, query);
    return enveloped({});
  }
}
