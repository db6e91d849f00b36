import { Body, Controller, Get, Param, Put, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import { Problems } from '../http/problem.docs.js';
import { BindBusinessTypes, BindingTeam, TemplateBusinessTypes } from './bindings.dto.js';
import { BindingsService } from './bindings.service.js';

/** The binding page of a template: what is bound to it, and what could be. */
@ApiTags('Bindings')
@Permit('team_admin')
@Controller('templates/:id/business-types')
export class TemplateBusinessTypesController {
  constructor(private readonly bindings: BindingsService) {}

  @Get()
  @ApiOperation({
    summary: "Read which of the team's business types are bound to a template, and which are free",
  })
  @ApiOkResponse({ type: TemplateBusinessTypes })
  @Problems('validation_failed', 'not_found')
  get(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Query() query: BindingTeam,
  ): Promise<TemplateBusinessTypes> {
    return this.bindings.ofTemplate(asUser(caller), id, query);
  }

  @Put()
  @ApiOperation({
    summary: "Replace the set of the team's business types that are bound to a template",
    description: 'A type that is bound to another template of the team is refused, and nothing changes.',
  })
  @ApiOkResponse({ type: TemplateBusinessTypes })
  @Problems('validation_failed', 'not_found', 'already_exists')
  replace(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Query() query: BindingTeam,
    @Body() dto: BindBusinessTypes,
  ): Promise<TemplateBusinessTypes> {
    return this.bindings.replace(asUser(caller), id, query, dto);
  }
}
