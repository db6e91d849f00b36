import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import type { Page } from '../http/pagination.js';
import { Problems } from '../http/problem.docs.js';
import { Bind, BindingPage, BindingTeam, BindingView, ListBindings } from './bindings.dto.js';
import { BindingsService } from './bindings.service.js';

@ApiTags('Bindings')
@Permit('team_admin')
@Controller('bindings')
export class BindingsController {
  constructor(private readonly bindings: BindingsService) {}

  @Put(':businessType')
  @ApiOperation({ summary: 'Bind a business type of the team to a template, in place of an earlier binding' })
  @ApiOkResponse({ type: BindingView })
  @Problems('validation_failed', 'not_found')
  bind(
    @Caller() caller: Principal,
    @Param('businessType') businessType: string,
    @Query() query: BindingTeam,
    @Body() dto: Bind,
  ): Promise<BindingView> {
    return this.bindings.bind(asUser(caller), businessType, query, dto);
  }

  @Delete(':businessType')
  @HttpCode(204)
  @ApiOperation({ summary: 'Unbind a business type: its orders take the system default template' })
  @ApiNoContentResponse()
  @Problems('validation_failed', 'not_found')
  unbind(
    @Caller() caller: Principal,
    @Param('businessType') businessType: string,
    @Query() query: BindingTeam,
  ): Promise<void> {
    return this.bindings.unbind(asUser(caller), businessType, query);
  }

  @Get()
  @ApiOperation({ summary: 'List the bindings of the team, by business type' })
  @ApiOkResponse({ type: BindingPage })
  @Problems('validation_failed')
  list(@Caller() caller: Principal, @Query() query: ListBindings): Promise<Page<BindingView>> {
    return this.bindings.list(asUser(caller), query);
  }
}
