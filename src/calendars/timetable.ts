import type { Timetable } from '../engine/timing.js';
import type { Calendar } from './calendar.js';
import type { CalendarContent } from './calendars.repository.js';
import { everyHour, type WorkingTime, workingTimeOf } from './working-time.js';

/** The engine's arithmetic over calendars by their codes; one that is not among them counts every hour. */
export function timetableOf(calendars: ReadonlyMap<string, WorkingTime>): Timetable {
  const of = (calendar: string | null): WorkingTime =>
    (calendar === null ? undefined : calendars.get(calendar)) ?? everyHour;
  return {
    length: (calendar, length) => of(calendar).length(length),
    add: (calendar, from, milliseconds) => of(calendar).add(from, milliseconds),
    between: (calendar, from, to) => of(calendar).between(from, to),
  };
}

/** A stored calendar. */
export function calendarOf(row: Omit<CalendarContent, 'code'>): Calendar {
  const exceptions = JSON.parse(row.exceptions) as Pick<Calendar, 'holidays' | 'makeUpDays'>;
  return { timeZone: row.timeZone, weekly: JSON.parse(row.weekly) as Calendar['weekly'], ...exceptions };
}

/** How many calendars are kept made up: reading two thousand dates takes longer than reckoning with them. */
const keptCalendars = 100;
const kept = new Map<string, WorkingTime>();

/** The working time of a stored calendar, by all that it says: one that was replaced is another one. */
export function workingTimeOfRow(row: Omit<CalendarContent, 'code'>): WorkingTime {
  const key = `${row.timeZone} ${row.weekly} ${row.exceptions}`;
  const known = kept.get(key);
  if (known) return known;
  const made = workingTimeOf(calendarOf(row));
  const [oldest] = kept.keys();
  if (kept.size >= keptCalendars && oldest !== undefined) kept.delete(oldest);
  kept.set(key, made);
  return made;
}
