import { Injectable } from '@nestjs/common';
import { pageInSight, platform, type Sight } from '../auth/sight.js';
import { Database } from '../database/database.js';
import { forUpdate, fromDbTime } from '../database/dialect.js';
import { places, type Sql, type SqlValue, type Tx } from '../database/sql.js';
import { applyStatusCodes } from '../engine/codes.js';
import type { CalendarKey, CalendarRow } from './calendar.entity.js';

const columns = `o.code, o.name, o.time_zone AS timeZone, o.weekly, o.exceptions,
                 o.create_time AS createTime, o.update_time AS updateTime`;

const openStatuses = [applyStatusCodes.initiating, applyStatusCodes.in_review, applyStatusCodes.executing];

/** What working time is reckoned from. */
export type CalendarContent = Pick<CalendarRow, 'code' | 'timeZone' | 'weekly' | 'exceptions'>;

/** Where a calendar is named: by the stage of a template, or by the step of an order that is under way. */
export type CalendarUse = { readonly template: string } | { readonly order: string };

/**
 * Rows of calendars. A team sees its own and those of the platform that it has no own one for; where a method takes a
 * team, null means the platform. Writing takes the calendar's own key.
 */
@Injectable()
export class CalendarsRepository {
  constructor(private readonly database: Database) {}

  /** What a code means in a team. */
  async find(team: string | null, code: string, sql: Sql = this.database): Promise<CalendarRow | null> {
    const rows = await sql.rows<CalendarRow>(
      `SELECT o.scope, ${columns} FROM dms_s_apply_calendar o
        WHERE o.code = ? AND o.scope IN (?, ?) ORDER BY o.scope DESC LIMIT 1`,
      [code, platform, team ?? platform],
    );
    return rows.map(toRow)[0] ?? null;
  }

  /** What codes mean in a team, in one statement; those that mean nothing are left out. */
  async contents(sql: Sql, team: string | null, codes: readonly string[]): Promise<CalendarContent[]> {
    const rows = await sql.rows<CalendarContent>(
      `SELECT o.code, o.time_zone AS timeZone, o.weekly, o.exceptions FROM dms_s_apply_calendar o
        WHERE o.code IN (${places(codes.length)}) AND o.scope IN (?, ?) ORDER BY o.scope`,
      [...codes, platform, team ?? platform],
    );
    // The platform's scope is empty and sorts first: the team's own come later and stay.
    return [...new Map(rows.map((row) => [row.code, row])).values()];
  }

  /** A calendar by its key, until the transaction ends. */
  async lock(tx: Tx, { scope, code }: CalendarKey): Promise<CalendarRow | null> {
    const rows = await tx.rows<CalendarRow>(
      `SELECT o.scope, ${columns} FROM dms_s_apply_calendar o
        WHERE o.scope = ? AND o.code = ?${forUpdate(this.database.dialect)}`,
      [scope, code],
    );
    return rows.map(toRow)[0] ?? null;
  }

  /**
   * Who would be without the calendar: of a team, its templates and open orders; of the platform, also those of every
   * team that has no own calendar of the code. Timings are JSON of our own making, and name their calendar so.
   */
  async use(tx: Tx, { scope, code }: CalendarKey): Promise<CalendarUse | null> {
    const named = `"calendar":${JSON.stringify(code)}`;
    const concerned = (team: string): readonly [sql: string, values: readonly SqlValue[]] =>
      scope === platform
        ? [
            `NOT EXISTS (SELECT 1 FROM dms_s_apply_calendar own WHERE own.scope = ${team} AND own.scope <> '' AND own.code = ?)`,
            [code],
          ]
        : [`${team} = ?`, [scope]];
    const [ofTemplate, templateValues] = concerned('t.acc_code');
    const templates = await tx.rows<{ templateId: string }>(
      `SELECT t.id AS templateId FROM dms_s_apply_template_stage s
         JOIN dms_s_apply_template t ON t.id = s.template_id
        WHERE s.timing IS NOT NULL AND INSTR(s.timing, ?) > 0 AND ${ofTemplate} ORDER BY t.id LIMIT 1`,
      [named, ...templateValues],
    );
    if (templates[0]) return { template: templates[0].templateId };
    const [ofOrder, orderValues] = concerned('o.acc_code');
    const orders = await tx.rows<{ orderId: string }>(
      `SELECT o.id AS orderId FROM dms_s_apply_order o
         JOIN dms_s_apply_order_process p ON p.apply_order_id = o.id
        WHERE o.apply_status IN (${places(openStatuses.length)}) AND p.timing IS NOT NULL AND INSTR(p.timing, ?) > 0 AND ${ofOrder}
        ORDER BY o.id LIMIT 1`,
      [...openStatuses, named, ...orderValues],
    );
    return orders[0] ? { order: orders[0].orderId } : null;
  }

  /** By scope, then code. */
  async list(sight: Sight, after: CalendarKey | null, take: number): Promise<CalendarRow[]> {
    const [page, values] = pageInSight('dms_s_apply_calendar', sight, after, take);
    const rows = await this.database.rows<CalendarRow>(`SELECT o.scope, ${columns} ${page}`, values);
    return rows.map(toRow);
  }

  async insert(tx: Tx, row: CalendarRow): Promise<void> {
    await tx.repository<CalendarRow>('Calendar').insert(row);
  }

  async update(tx: Tx, { scope, code }: CalendarKey, change: Partial<CalendarRow>): Promise<void> {
    await tx.repository<CalendarRow>('Calendar').update({ scope, code }, change);
  }

  async delete(tx: Tx, { scope, code }: CalendarKey): Promise<void> {
    await tx.run('DELETE FROM dms_s_apply_calendar WHERE scope = ? AND code = ?', [scope, code]);
  }
}

const toRow = (row: CalendarRow): CalendarRow => ({
  ...row,
  createTime: fromDbTime(row.createTime),
  updateTime: fromDbTime(row.updateTime),
});
