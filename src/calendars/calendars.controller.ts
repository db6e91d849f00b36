import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import type { Page } from '../http/pagination.js';
import { Problems } from '../http/problem.docs.js';
import {
  CalendarOfTeam,
  CalendarPage,
  CalendarPath,
  CalendarView,
  ListCalendars,
  PutCalendar,
  TryCalendar,
  WorkingTimeView,
} from './calendars.dto.js';
import { CalendarsService } from './calendars.service.js';

@ApiTags('Calendars')
@Permit('member')
@Controller('calendars')
export class CalendarsController {
  constructor(private readonly calendars: CalendarsService) {}

  @Put(':code')
  @Permit('team_admin')
  @ApiOperation({ summary: 'Make a calendar, or replace its zone, hours, holidays and make-up days' })
  @ApiOkResponse({ type: CalendarView })
  @Problems('validation_failed', 'not_found')
  put(
    @Caller() caller: Principal,
    @Param() path: CalendarPath,
    @Body() dto: PutCalendar,
  ): Promise<CalendarView> {
    return this.calendars.put(asUser(caller), path.code, dto);
  }

  @Get()
  @ApiOperation({ summary: "List the calendars that codes mean in the team: the platform's, then its own" })
  @ApiOkResponse({ type: CalendarPage })
  @Problems('validation_failed', 'not_found')
  list(@Caller() caller: Principal, @Query() query: ListCalendars): Promise<Page<CalendarView>> {
    return this.calendars.list(asUser(caller), query);
  }

  @Get(':code')
  @ApiOperation({ summary: "Read a calendar; the team's own stands before the platform's of the same code" })
  @ApiOkResponse({ type: CalendarView })
  @Problems('validation_failed', 'not_found')
  get(
    @Caller() caller: Principal,
    @Param() path: CalendarPath,
    @Query() query: CalendarOfTeam,
  ): Promise<CalendarView> {
    return this.calendars.get(asUser(caller), path.code, query.accCode);
  }

  @Get(':code/working-time')
  @ApiOperation({ summary: 'Try a calendar out: when so much working time has passed' })
  @ApiOkResponse({ type: WorkingTimeView })
  @Problems('validation_failed', 'not_found')
  workingTime(
    @Caller() caller: Principal,
    @Param() path: CalendarPath,
    @Query() query: TryCalendar,
  ): Promise<WorkingTimeView> {
    return this.calendars.workingTime(asUser(caller), path.code, query);
  }

  @Delete(':code')
  @Permit('team_admin')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a calendar that no stage of a template and no open order counts by' })
  @ApiNoContentResponse()
  @Problems('validation_failed', 'not_found', 'in_use')
  remove(
    @Caller() caller: Principal,
    @Param() path: CalendarPath,
    @Query() query: CalendarOfTeam,
  ): Promise<void> {
    return this.calendars.remove(asUser(caller), path.code, query.accCode);
  }
}
