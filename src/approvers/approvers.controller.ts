import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import type { Principal } from '../auth/principal.js';
import { Problems } from '../http/problem.docs.js';
import { ResolveApprovers, ResolvedApprovers } from './approvers.dto.js';
import { ApproversService } from './approvers.service.js';

@ApiTags('Directory')
@Permit('team_admin', 'service')
@Controller('directory/resolve')
export class ApproversController {
  constructor(private readonly approvers: ApproversService) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'Try out who would be asked to review, and why; stores nothing' })
  @ApiOkResponse({ type: ResolvedApprovers })
  @Problems('validation_failed', 'not_found')
  resolve(@Caller() caller: Principal, @Body() dto: ResolveApprovers): Promise<ResolvedApprovers> {
    return this.approvers.resolve(caller, dto);
  }
}
