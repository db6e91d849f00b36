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
import { NodeVersion } from './node-versions.dto.js';
import { NodeVersionsService } from './node-versions.service.js';

@ApiTags('Nodes')
@Permit('team_admin')
@Controller('nodes/:id/versions')
export class NodeVersionsController {
  constructor(private readonly versions: NodeVersionsService) {}

  @Get()
  @ApiOperation({ summary: 'List the saved states of a node, newest first' })
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
  @ApiOperation({ summary: 'Tell in what two versions of a node differ' })
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
  @ApiOperation({ summary: 'Read a version of a node' })
  @ApiOkResponse({ type: NodeVersion })
  @Problems('not_found')
  read(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Param('version') version: string,
  ): Promise<NodeVersion> {
    return this.versions.read(asUser(caller), id, version);
  }
}
