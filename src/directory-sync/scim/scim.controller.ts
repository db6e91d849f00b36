import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Param,
  Patch,
  Post,
  Put,
  UseInterceptors,
} from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Permit } from '../../auth/permit.js';
import { Call, ResourceHeaders } from './scim.call.js';
import { examples, ListQueries, ScimAnswer, ScimBody, ScimErrors, ShownQuery } from './scim.docs.js';
import { ScimGroupsService } from './scim-groups.service.js';
import type { ScimList } from './scim.list.js';
import { listOf } from './scim.list.js';
import { scimType } from './scim.problem.js';
import { type ScimCall, ScimUsersService } from './scim-users.service.js';

type Resource = Record<string, unknown>;
const inScim = () => Header('content-type', `${scimType}; charset=utf-8`);

@ApiTags('SCIM')
@Permit('team_admin', 'directory')
@UseInterceptors(ResourceHeaders)
@Controller('scim/v2/Users')
export class ScimUsersController {
  constructor(private readonly users: ScimUsersService) {}

  @Get()
  @inScim()
  @ListQueries('userName eq "ann"')
  @ApiOperation({ summary: 'Find people' })
  @ScimAnswer(200, 'A page of them.', listOf(1, 1, [examples.User.shown]))
  @ScimErrors(400)
  list(@Call() call: ScimCall): Promise<ScimList> {
    return this.users.list(call);
  }

  @Get(':id')
  @inScim()
  @ShownQuery()
  @ApiOperation({ summary: 'Read a person; the id is their code' })
  @ScimAnswer(200, 'The person.', examples.User.shown)
  @ScimErrors(404)
  get(@Call() call: ScimCall, @Param('id') id: string): Promise<Resource> {
    return this.users.get(call, id);
  }

  @Post()
  @inScim()
  @ShownQuery()
  @ApiOperation({
    summary: "Make a person known; of the key's team, or of none for a key of the installation",
  })
  @ScimBody(examples.User.sent)
  @ScimAnswer(201, 'The person.', examples.User.shown)
  @ScimErrors(400, 409)
  create(@Call() call: ScimCall, @Body() body: object): Promise<Resource> {
    return this.users.create(call, body);
  }

  @Put(':id')
  @inScim()
  @ShownQuery()
  @ApiOperation({ summary: 'Replace a person; left out, active, roles, department and externalId stay' })
  @ScimBody(examples.User.sent)
  @ScimAnswer(200, 'The person.', examples.User.shown)
  @ScimErrors(400, 404, 412)
  replace(@Call() call: ScimCall, @Param('id') id: string, @Body() body: object): Promise<Resource> {
    return this.users.replace(call, id, body);
  }

  @Patch(':id')
  @inScim()
  @ShownQuery()
  @ApiOperation({ summary: 'Change a person; inactive, they sit nowhere any more and open steps follow' })
  @ScimBody(examples.User.patch)
  @ScimAnswer(200, 'The person.', examples.User.shown)
  @ScimErrors(400, 404, 412)
  patch(@Call() call: ScimCall, @Param('id') id: string, @Body() body: object): Promise<Resource> {
    return this.users.patch(call, id, body);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Take a person out of the directory; open steps follow, orders keep their code' })
  @ApiNoContentResponse()
  @ScimErrors(404, 412)
  remove(@Call() call: ScimCall, @Param('id') id: string): Promise<void> {
    return this.users.remove(call, id);
  }
}

@ApiTags('SCIM')
@Permit('team_admin', 'directory')
@UseInterceptors(ResourceHeaders)
@Controller('scim/v2/Groups')
export class ScimGroupsController {
  constructor(private readonly groups: ScimGroupsService) {}

  @Get()
  @inScim()
  @ListQueries('displayName eq "finance"')
  @ApiOperation({ summary: 'Find groups, departments, roles and teams' })
  @ScimAnswer(200, 'A page of them.', listOf(1, 1, [examples.Group.shown]))
  @ScimErrors(400)
  list(@Call() call: ScimCall): Promise<ScimList> {
    return this.groups.list(call);
  }

  @Get(':id')
  @inScim()
  @ShownQuery()
  @ApiOperation({ summary: 'Read a group with its members' })
  @ScimAnswer(200, 'The group.', examples.Group.shown)
  @ScimErrors(404)
  get(@Call() call: ScimCall, @Param('id') id: string): Promise<Resource> {
    return this.groups.get(call, id);
  }

  @Post()
  @inScim()
  @ShownQuery()
  @ApiOperation({ summary: 'Make a group; by our extension also a department, a role or a team' })
  @ScimBody(examples.Group.sent)
  @ScimAnswer(201, 'The group.', examples.Group.shown)
  @ScimErrors(400, 409)
  create(@Call() call: ScimCall, @Body() body: object): Promise<Resource> {
    return this.groups.create(call, body);
  }

  @Put(':id')
  @inScim()
  @ShownQuery()
  @ApiOperation({ summary: 'Replace a group; left out, members stay' })
  @ScimBody(examples.Group.sent)
  @ScimAnswer(200, 'The group.', examples.Group.shown)
  @ScimErrors(400, 404, 412)
  replace(@Call() call: ScimCall, @Param('id') id: string, @Body() body: object): Promise<Resource> {
    return this.groups.replace(call, id, body);
  }

  @Patch(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Change a group: its name, what is above it, who joins and who leaves' })
  @ScimBody(examples.Group.patch)
  @ApiNoContentResponse()
  @ScimErrors(400, 404, 412)
  patch(@Call() call: ScimCall, @Param('id') id: string, @Body() body: object): Promise<void> {
    return this.groups.patch(call, id, body);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a group; its people stay, and open steps follow' })
  @ApiNoContentResponse()
  @ScimErrors(404, 409, 412)
  remove(@Call() call: ScimCall, @Param('id') id: string): Promise<void> {
    return this.groups.remove(call, id);
  }
}
