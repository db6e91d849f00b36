import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import type { Page } from '../http/pagination.js';
import { Problems } from '../http/problem.docs.js';
import { ListUsers, PutUser, UserPage, UserPath, UserView } from './users.dto.js';
import { UsersService } from './users.service.js';

@ApiTags('Directory')
@Permit('team_admin')
@Controller('directory/users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Put(':userCode')
  @ApiOperation({ summary: 'Make a person known, or replace what is known of them' })
  @ApiOkResponse({ type: UserView })
  @Problems('validation_failed', 'not_found')
  put(@Caller() caller: Principal, @Param() path: UserPath, @Body() dto: PutUser): Promise<UserView> {
    return this.users.put(asUser(caller), path.userCode, dto);
  }

  @Get()
  @ApiOperation({
    summary: 'List the people of the team by code; of the installation for system administrators',
  })
  @ApiOkResponse({ type: UserPage })
  @Problems('validation_failed', 'not_found')
  list(@Caller() caller: Principal, @Query() query: ListUsers): Promise<Page<UserView>> {
    return this.users.list(asUser(caller), query);
  }

  @Get(':userCode')
  @ApiOperation({ summary: 'Read what is known of a person' })
  @ApiOkResponse({ type: UserView })
  @Problems('validation_failed', 'not_found')
  get(@Caller() caller: Principal, @Param() path: UserPath): Promise<UserView> {
    return this.users.get(asUser(caller), path.userCode);
  }

  @Delete(':userCode')
  @HttpCode(204)
  @ApiOperation({ summary: 'Forget a person and take them out of the groups; orders keep their code' })
  @ApiNoContentResponse()
  @Problems('validation_failed', 'not_found')
  remove(@Caller() caller: Principal, @Param() path: UserPath): Promise<void> {
    return this.users.remove(asUser(caller), path.userCode);
  }
}
