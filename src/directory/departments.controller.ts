import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import type { Page } from '../http/pagination.js';
import { Problems } from '../http/problem.docs.js';
import {
  DepartmentOfTeam,
  DepartmentPage,
  DepartmentPath,
  DepartmentView,
  ListDepartments,
  PutDepartment,
} from './departments.dto.js';
import { DepartmentsService } from './departments.service.js';

@ApiTags('Directory')
@Permit('team_admin')
@Controller('directory/departments')
export class DepartmentsController {
  constructor(private readonly departments: DepartmentsService) {}

  @Put(':code')
  @ApiOperation({ summary: 'Make a department, or replace its name, parent and leader' })
  @ApiOkResponse({ type: DepartmentView })
  @Problems('validation_failed', 'not_found')
  put(
    @Caller() caller: Principal,
    @Param() path: DepartmentPath,
    @Body() dto: PutDepartment,
  ): Promise<DepartmentView> {
    return this.departments.put(asUser(caller), path.code, dto);
  }

  @Get()
  @ApiOperation({ summary: "List the departments that codes mean in the team: the platform's, then its own" })
  @ApiOkResponse({ type: DepartmentPage })
  @Problems('validation_failed', 'not_found')
  list(@Caller() caller: Principal, @Query() query: ListDepartments): Promise<Page<DepartmentView>> {
    return this.departments.list(asUser(caller), query);
  }

  @Get(':code')
  @ApiOperation({
    summary: "Read a department; the team's own stands before the platform's of the same code",
  })
  @ApiOkResponse({ type: DepartmentView })
  @Problems('validation_failed', 'not_found')
  get(
    @Caller() caller: Principal,
    @Param() path: DepartmentPath,
    @Query() query: DepartmentOfTeam,
  ): Promise<DepartmentView> {
    return this.departments.get(asUser(caller), path.code, query.accCode);
  }

  @Delete(':code')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a department that is the parent of none; its people are in none then' })
  @ApiNoContentResponse()
  @Problems('validation_failed', 'not_found', 'in_use')
  remove(
    @Caller() caller: Principal,
    @Param() path: DepartmentPath,
    @Query() query: DepartmentOfTeam,
  ): Promise<void> {
    return this.departments.remove(asUser(caller), path.code, query.accCode);
  }
}
