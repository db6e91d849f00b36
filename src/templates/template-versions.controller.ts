import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import type { Page } from '../http/pagination.js';
import { Problems } from '../http/problem.docs.js';
import {
  CompareVersions,
  ListVersions,
  VersionComparison,
  VersionPage,
  type VersionView,
} from '../versions/versions.port.js';
import { TemplateVersion } from './template-versions.dto.js';
import { TemplateVersionsService } from './template-versions.service.js';

@ApiTags('Templates')
@Permit('team_admin')
@Controller('templates/:id/versions')
export class TemplateVersionsController {
  constructor(private readonly versions: TemplateVersionsService) {}

  @Get()
  @ApiOperation({ summary: 'List the saved states of a template, newest first' })
  @ApiOkResponse({ type: VersionPage })
  @Problems('validation_failed', 'not_found')
  list(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Query() query: ListVersions,
  ): Promise<Page<VersionView>> {
    return this.versions.list(asUser(caller), id, query);
  }

  @Get('compare')
  @ApiOperation({ summary: 'Tell in what two versions of a template differ' })
  @ApiOkResponse({ type: VersionComparison })
  @Problems('validation_failed', 'not_found')
  compare(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Query() query: CompareVersions,
  ): Promise<VersionComparison> {
    return this.versions.compare(asUser(caller), id, query);
  }

  @Get(':version')
  @ApiOperation({ summary: 'Read a version of a template' })
  @ApiOkResponse({ type: TemplateVersion })
  @Problems('not_found')
  read(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Param('version') version: string,
  ): Promise<TemplateVersion> {
    return this.versions.read(asUser(caller), id, version);
  }
}
