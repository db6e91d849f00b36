import { Injectable } from '@nestjs/common';
import { isSystemAdmin, scopeOf, teamOf, type UserPrincipal } from '../auth/principal.js';
import { cursorOf, keyOfCursor, platform } from '../auth/sight.js';
import { wholeSecond } from '../database/dialect.js';
import { settle } from '../database/settle.js';
import type { Sql } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import type { Timetable } from '../engine/timing.js';
import { lengthMs } from '../engine/lengths.js';
import { type Page, pageOf, windowOf } from '../http/pagination.js';
import { invalid, notFound, Problem } from '../http/problem.js';
import { Clock } from '../runtime/clock.js';
import type { CalendarKey, CalendarRow } from './calendar.entity.js';
import { readCalendar } from './calendar-rules.js';
import type {
  CalendarView,
  ListCalendars,
  PutCalendar,
  TryCalendar,
  WorkingTimeView,
} from './calendars.dto.js';
import { CalendarsRepository } from './calendars.repository.js';
import { calendarOf, timetableOf, workingTimeOfRow } from './timetable.js';

const longestLength = '365d';

/** When people work: kept by administrators, asked by whoever reckons with due times. */
@Injectable()
export class CalendarsService {
  constructor(
    private readonly calendars: CalendarsRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes a calendar of the caller's team, or of the platform, or replaces it. Clocks that run are as they were until
   * they are recomputed.
   * @throws Problem 404 for another team; 400 naming every field that makes no calendar.
   */
  async put(principal: UserPrincipal, code: string, dto: PutCalendar): Promise<CalendarView> {
    const key: CalendarKey = { scope: teamOf(principal, dto.accCode) ?? platform, code };
    const calendar = readCalendar(dto);
    if (!('timeZone' in calendar)) {
      const detail = calendar.map(({ field, message }) => `${field} ${message}`).join('; ');
      throw new Problem('validation_failed', detail, { errors: calendar });
    }
    const { timeZone, weekly, holidays, makeUpDays } = calendar;
    const content = {
      name: dto.name,
      timeZone,
      weekly: JSON.stringify(weekly),
      exceptions: JSON.stringify({ holidays, makeUpDays }),
    };
    const now = wholeSecond(this.clock.now());
    return settle(() =>
      this.unitOfWork.run(async (tx) => {
        const before = await this.calendars.lock(tx, key);
        const row = { ...key, ...content, createTime: before?.createTime ?? now, updateTime: now };
        if (before) await this.calendars.update(tx, key, row);
        else await this.calendars.insert(tx, row);
        return toView(row);
      }),
    );
  }

  /** For a team, what codes mean there; for a system administrator who names no team, every calendar. */
  async list(principal: UserPrincipal, query: ListCalendars): Promise<Page<CalendarView>> {
    const team = teamOf(principal, query.accCode);
    const window = windowOf(query);
    const sight = team === null && scopeOf(principal) === 'all' ? 'all' : { team };
    const rows = await this.calendars.list(sight, keyOfCursor(window.after), window.take);
    return pageOf(rows, window, cursorOf, toView);
  }

  /** @throws Problem 404 */
  async get(principal: UserPrincipal, code: string, accCode: string | undefined): Promise<CalendarView> {
    return toView(await this.require(principal, code, accCode));
  }

  /**
   * Tries a calendar out.
   * @throws Problem 404; 400 for a length that is none, or beyond what a due time may be.
   */
  async workingTime(principal: UserPrincipal, code: string, query: TryCalendar): Promise<WorkingTimeView> {
    const row = await this.require(principal, code, query.accCode);
    const from = query.from === undefined ? this.clock.now() : new Date(query.from);
    const { length } = query;
    const plain = lengthMs(length);
    if (plain === null || plain > (lengthMs(longestLength) ?? 0)) {
      throw invalid('length', `must be a whole number and a unit, such as 8h or 2d, up to ${longestLength}`);
    }
    const time = workingTimeOfRow(row);
    return { from, length, until: new Date(time.add(from.getTime(), time.length(length))) };
  }

  /**
   * @throws Problem 404; 403 when a team administrator means a calendar of the platform; 409 while a stage of a
   * template, or a step of an open order, names it.
   */
  async remove(principal: UserPrincipal, code: string, accCode: string | undefined): Promise<void> {
    const key: CalendarKey = { scope: teamOf(principal, accCode) ?? platform, code };
    await this.unitOfWork.run(async (tx) => {
      if (!(await this.calendars.lock(tx, key))) {
        const isPlatforms = !isSystemAdmin(principal) && (await this.calendars.find(null, code, tx));
        throw isPlatforms ? platformCalendar(code) : notFound(`calendar ${code}`);
      }
      const use = await this.calendars.use(tx, key);
      if (use) {
        const what = 'template' in use ? `a stage of template ${use.template}` : `open order ${use.order}`;
        throw new Problem('in_use', `${what} counts its due time by calendar ${code}`);
      }
      await this.calendars.delete(tx, key);
    });
  }

  /**
   * Arithmetic with the calendars that the codes mean in a team (null: the platform). One statement, none without
   * codes. A code that means nothing counts every hour.
   */
  async timetable(sql: Sql, team: string | null, codes: readonly string[]): Promise<Timetable> {
    if (codes.length === 0) return timetableOf(new Map());
    const rows = await this.calendars.contents(sql, team, [...new Set(codes)]);
    return timetableOf(new Map(rows.map((row) => [row.code, workingTimeOfRow(row)])));
  }

  /** Those of the codes that mean a calendar in a team. */
  async known(sql: Sql, team: string | null, codes: readonly string[]): Promise<Set<string>> {
    if (codes.length === 0) return new Set();
    const rows = await this.calendars.contents(sql, team, [...new Set(codes)]);
    return new Set(rows.map(({ code }) => code));
  }

  private async require(
    principal: UserPrincipal,
    code: string,
    accCode: string | undefined,
  ): Promise<CalendarRow> {
    const row = await this.calendars.find(teamOf(principal, accCode), code);
    if (!row) throw notFound(`calendar ${code}`);
    return row;
  }
}

const platformCalendar = (code: string): Problem =>
  new Problem('forbidden', `calendar ${code} belongs to the platform; only system administrators change it`);

const toView = (row: CalendarRow): CalendarView => ({
  code: row.code,
  name: row.name,
  ...calendarOf(row),
  accCode: row.scope === platform ? null : row.scope,
  createTime: row.createTime,
  updateTime: row.updateTime,
});
