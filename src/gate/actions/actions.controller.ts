import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { Caller, Permit } from '../../auth/permit.js';
import { asUser, type Principal } from '../../auth/principal.js';
import type { Page } from '../../http/pagination.js';
import { Problems } from '../../http/problem.docs.js';
import {
  ApproveActionPage,
  ApproveActionView,
  CreateApproveAction,
  ListApproveActions,
  UpdateApproveAction,
} from './actions.dto.js';
import { ActionsService } from './actions.service.js';

@ApiTags('Approve actions')
@Permit('team_admin')
@Controller('approve-actions')
export class ApproveActionsController {
  constructor(private readonly actions: ActionsService) {}

  @Post()
  @ApiOperation({
    summary: 'Say which requests are held until they are approved',
    description:
      "A request that comes by a gate and has this path and method becomes an order. A team's action comes before one " +
      'of the platform for the same path and method.',
  })
  @ApiCreatedResponse({ type: ApproveActionView })
  @Problems('validation_failed', 'not_found', 'already_exists')
  create(@Caller() caller: Principal, @Body() dto: CreateApproveAction): Promise<ApproveActionView> {
    return this.actions.create(asUser(caller), dto);
  }

  @Get()
  @ApiOperation({ summary: 'List the approve actions of the team and of the platform, newest first' })
  @ApiOkResponse({ type: ApproveActionPage })
  @Problems('validation_failed', 'not_found')
  list(@Caller() caller: Principal, @Query() query: ListApproveActions): Promise<Page<ApproveActionView>> {
    return this.actions.list(asUser(caller), query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read an approve action' })
  @ApiOkResponse({ type: ApproveActionView })
  @Problems('not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<ApproveActionView> {
    return this.actions.get(asUser(caller), id);
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Change an approve action',
    description:
      'Requests that are held already go on as they were held. While some of them are under way, path and method stay: ' +
      'otherwise their repeats would pass.',
  })
  @ApiOkResponse({ type: ApproveActionView })
  @Problems('validation_failed', 'not_found', 'already_exists', 'in_use')
  update(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: UpdateApproveAction,
  ): Promise<ApproveActionView> {
    return this.actions.update(asUser(caller), id, dto);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete an approve action',
    description:
      'No further request is held. Those that wait stay held and can still be decided; none of them is executed any more.',
  })
  @ApiNoContentResponse()
  @Problems('not_found')
  remove(@Caller() caller: Principal, @Param('id') id: string): Promise<void> {
    return this.actions.remove(asUser(caller), id);
  }
}
