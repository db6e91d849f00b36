import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import type { Page } from '../http/pagination.js';
import { Problems } from '../http/problem.docs.js';
import {
  CreateDelegation,
  DelegationPage,
  DelegationView,
  ListDelegations,
  UpdateDelegation,
} from './delegations.dto.js';
import { DelegationsService } from './delegations.service.js';

@ApiTags('Delegations')
@Permit('member')
@Controller('delegations')
export class DelegationsController {
  constructor(private readonly delegations: DelegationsService) {}

  @Post()
  @ApiOperation({
    summary: 'Have somebody stand in for you for a time; administrators: for anybody of the team',
    description:
      'Steps that open from then on ask the stand-in instead, and the log says for whom. Work that is open already ' +
      'stays where it is. Of one person, two delegations never cover the same business type at the same time, and ' +
      'delegations never lead back to where they started.',
  })
  @ApiCreatedResponse({ type: DelegationView })
  @Problems('validation_failed', 'not_found', 'already_exists', 'delegation_circle', 'condition_invalid')
  create(@Caller() caller: Principal, @Body() dto: CreateDelegation): Promise<DelegationView> {
    return this.delegations.create(asUser(caller), dto);
  }

  @Get()
  @ApiOperation({
    summary: "List delegations, newest first: one's own and those to oneself; for administrators the team's",
  })
  @ApiOkResponse({ type: DelegationPage })
  @Problems('validation_failed', 'not_found')
  list(@Caller() caller: Principal, @Query() query: ListDelegations): Promise<Page<DelegationView>> {
    return this.delegations.list(asUser(caller), query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a delegation' })
  @ApiOkResponse({ type: DelegationView })
  @Problems('not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<DelegationView> {
    return this.delegations.get(asUser(caller), id);
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Change a delegation that has not ended',
    description:
      'For the delegator and administrators. What it has given to the stand-in already stays there.',
  })
  @ApiOkResponse({ type: DelegationView })
  @Problems('validation_failed', 'not_found', 'already_exists', 'delegation_circle', 'condition_invalid')
  update(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: UpdateDelegation,
  ): Promise<DelegationView> {
    return this.delegations.update(asUser(caller), id, dto);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Revoke a delegation: nothing follows from it any more',
    description:
      'For the delegator and administrators. It stays to be read, and what has ended already stays as it was.',
  })
  @ApiNoContentResponse()
  @Problems('not_found')
  revoke(@Caller() caller: Principal, @Param('id') id: string): Promise<void> {
    return this.delegations.revoke(asUser(caller), id);
  }
}
