import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** When people work, of the platform or of one team; a team's own calendar shadows the platform's. */
export interface CalendarRow {
  /** The team that owns it; empty for the platform. */
  scope: string;
  code: string;
  name: string;
  timeZone: string;
  /** JSON: the intervals of each weekday. */
  weekly: string;
  /** JSON: holidays and make-up days. */
  exceptions: string;
  createTime: Date;
  updateTime: Date;
}

/** What names one calendar: the team that owns it (empty for the platform), and its code there. */
export type CalendarKey = Pick<CalendarRow, 'scope' | 'code'>;

export const calendarEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<CalendarRow>({
    name: 'Calendar',
    tableName: 'dms_s_apply_calendar',
    columns: {
      scope: c.varchar('scope', 64, { primary: true }),
      code: c.varchar('code', 64, { primary: true }),
      name: c.varchar('name', 128),
      timeZone: c.varchar('time_zone', 64),
      weekly: c.text('weekly'),
      exceptions: c.longText('exceptions'),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
  });
};
