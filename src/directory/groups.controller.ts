import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import type { Page } from '../http/pagination.js';
import { Problems } from '../http/problem.docs.js';
import {
  GroupOfTeam,
  GroupPage,
  GroupPath,
  GroupSummary,
  GroupView,
  ListGroups,
  PutGroup,
} from './groups.dto.js';
import { GroupsService } from './groups.service.js';

@ApiTags('Directory')
@Permit('team_admin')
@Controller('directory/groups')
export class GroupsController {
  constructor(private readonly groups: GroupsService) {}

  @Put(':code')
  @ApiOperation({ summary: 'Make a group, or replace its name and members; open steps follow at once' })
  @ApiOkResponse({ type: GroupView })
  @Problems('validation_failed', 'not_found')
  put(@Caller() caller: Principal, @Param() path: GroupPath, @Body() dto: PutGroup): Promise<GroupView> {
    return this.groups.put(asUser(caller), path.code, dto);
  }

  @Get()
  @ApiOperation({ summary: "List the groups that codes mean in the team: the platform's, then its own" })
  @ApiOkResponse({ type: GroupPage })
  @Problems('validation_failed', 'not_found')
  list(@Caller() caller: Principal, @Query() query: ListGroups): Promise<Page<GroupSummary>> {
    return this.groups.list(asUser(caller), query);
  }

  @Get(':code')
  @ApiOperation({ summary: "Read a group; the team's own stands before the platform's of the same code" })
  @ApiOkResponse({ type: GroupView })
  @Problems('validation_failed', 'not_found')
  get(
    @Caller() caller: Principal,
    @Param() path: GroupPath,
    @Query() query: GroupOfTeam,
  ): Promise<GroupView> {
    return this.groups.get(asUser(caller), path.code, query.accCode);
  }

  @Delete(':code')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a group; nodes that name it find nobody from then on' })
  @ApiNoContentResponse()
  @Problems('validation_failed', 'not_found')
  remove(@Caller() caller: Principal, @Param() path: GroupPath, @Query() query: GroupOfTeam): Promise<void> {
    return this.groups.remove(asUser(caller), path.code, query.accCode);
  }
}
