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
  CreateTemplate,
  ListTemplates,
  TemplatePage,
  TemplateView,
  UpdateTemplate,
} from './templates.dto.js';
import { TemplatesService } from './templates.service.js';

@ApiTags('Templates')
@Permit('team_admin')
@Controller('templates')
export class TemplatesController {
  constructor(private readonly templates: TemplatesService) {}

  @Post()
  @ApiOperation({ summary: 'Make a template: an ordered list of stages' })
  @ApiCreatedResponse({ type: TemplateView })
  @Problems('validation_failed', 'not_found', 'condition_invalid')
  create(@Caller() caller: Principal, @Body() dto: CreateTemplate): Promise<TemplateView> {
    return this.templates.create(asUser(caller), dto);
  }

  @Get()
  @ApiOperation({ summary: 'List the templates of the team and of the platform, newest first' })
  @ApiOkResponse({ type: TemplatePage })
  @Problems('validation_failed')
  list(@Caller() caller: Principal, @Query() query: ListTemplates): Promise<Page<TemplateView>> {
    return this.templates.list(asUser(caller), query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a template' })
  @ApiOkResponse({ type: TemplateView })
  @Problems('not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<TemplateView> {
    return this.templates.get(asUser(caller), id);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change a template; orders under way keep their copy' })
  @ApiOkResponse({ type: TemplateView })
  @Problems('validation_failed', 'not_found', 'system_object', 'condition_invalid')
  update(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: UpdateTemplate,
  ): Promise<TemplateView> {
    return this.templates.update(asUser(caller), id, dto);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a template to which no business type is bound' })
  @ApiNoContentResponse()
  @Problems('not_found', 'system_object', 'in_use')
  remove(@Caller() caller: Principal, @Param('id') id: string): Promise<void> {
    return this.templates.remove(asUser(caller), id);
  }
}
