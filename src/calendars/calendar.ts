/** The days of the week as calendars name them, Monday first. */
export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

/** From a time of the day until another, which may be `24:00`: `["09:00", "12:00"]`. */
export type DayInterval = readonly [from: string, until: string];

/** A day on which people work although its weekday says otherwise, or other hours than usual. */
export interface MakeUpDay {
  readonly date: string;
  /** Its working hours. */
  readonly hours?: readonly DayInterval[];
  /** The weekday whose hours it has, where it names none itself. */
  readonly like?: Weekday;
}

/** When people work. Dates are local to the zone: `2026-10-01`. */
export interface Calendar {
  /** Of the IANA database, `Asia/Shanghai`. */
  readonly timeZone: string;
  /** A weekday that is left out is free. Intervals are in their sequence and apart. */
  readonly weekly: Readonly<Partial<Record<Weekday, readonly DayInterval[]>>>;
  readonly holidays: readonly string[];
  readonly makeUpDays: readonly MakeUpDay[];
}

const minute = 60_000;
const hour = 60 * minute;
/** A day by the clock on the wall, which is what calendars speak of. */
export const wallDay = 24 * hour;

/** @returns milliseconds since midnight; null for a text that is no time of the day. */
export function timeOfDay(text: string): number | null {
  const [, hours, minutes] = /^([01]\d|2[0-4]):([0-5]\d)$/.exec(text) ?? [];
  if (hours === undefined || minutes === undefined) return null;
  const time = Number(hours) * hour + Number(minutes) * minute;
  return time <= wallDay ? time : null;
}

/** @returns days since 1970-01-01; null for a text that is no date of the calendar, or not of the years 1970 to 2199. */
export function dayNumber(text: string): number | null {
  if (!/^(19[7-9]|20\d|21\d)\d-\d\d-\d\d$/.test(text)) return null;
  const moment = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(moment) || new Date(moment).toISOString().slice(0, 10) !== text) return null;
  return moment / wallDay;
}
