import type { FieldError } from '../http/problem.js';
import {
  type Calendar,
  type DayInterval,
  dayNumber,
  type MakeUpDay,
  timeOfDay,
  type Weekday,
  weekdays,
} from './calendar.js';
import { zoneName } from './zone-offsets.js';

/** The working hours of a calendar as a request gives them: any JSON behind the names. */
export interface GivenCalendar {
  readonly timeZone: string;
  readonly weekly: unknown;
  readonly holidays?: unknown;
  readonly makeUpDays?: unknown;
}

/** Holidays and make-up days together: some 100 years of holidays. */
export const maxDates = 2000;
const maxIntervals = 24;

/** @returns the calendar, its intervals in their sequence; or everything that is wrong with it, by field. */
export function readCalendar(given: GivenCalendar): Calendar | readonly FieldError[] {
  const errors: FieldError[] = [];
  const refuse: Refuse = (field, message) => void errors.push({ field, message });
  const timeZone = zoneName(given.timeZone);
  if (timeZone === null) {
    refuse('timeZone', 'must be a time zone of the IANA database, such as Asia/Shanghai');
  }
  const weekly = readWeekly(given.weekly, refuse);
  const dates = new Map<string, string>();
  const holidays = readList(given.holidays, 'holidays', refuse).filter((date, index): date is string =>
    readDate(date, `holidays[${index}]`, dates, refuse),
  );
  const makeUpDays = readList(given.makeUpDays, 'makeUpDays', refuse).flatMap((day, index) =>
    readMakeUpDay(day, `makeUpDays[${index}]`, dates, refuse),
  );
  if (holidays.length + makeUpDays.length > maxDates) {
    const field = holidays.length > makeUpDays.length ? 'holidays' : 'makeUpDays';
    refuse(field, `must not hold more than ${maxDates} dates, holidays and make-up days together`);
  }
  if (errors.length > 0 || timeZone === null) return errors;
  return { timeZone, weekly, holidays: holidays.toSorted(), makeUpDays };
}

type Refuse = (field: string, message: string) => void;

function readWeekly(given: unknown, refuse: Refuse): Partial<Record<Weekday, readonly DayInterval[]>> {
  const weekly: Partial<Record<Weekday, readonly DayInterval[]>> = {};
  if (!isObject(given)) {
    refuse('weekly', 'must be an object of weekdays, each a list of intervals');
    return weekly;
  }
  const wrong = new Set<string>();
  const noting: Refuse = (field, message) => {
    wrong.add(field);
    refuse(field, message);
  };
  for (const [day, hours] of Object.entries(given)) {
    if (isWeekday(day)) weekly[day] = readHours(hours, `weekly.${day}`, noting);
    else noting(`weekly.${day}`, `must be one of ${weekdays.join(', ')}`);
  }
  if (wrong.size === 0 && weekdays.every((day) => !weekly[day]?.length)) {
    refuse('weekly', 'must hold a working hour: a due time would never come');
  }
  return weekly;
}

function readHours(given: unknown, field: string, refuse: Refuse): DayInterval[] {
  if (!Array.isArray(given)) {
    refuse(field, 'must be a list of intervals, such as [["09:00", "12:00"], ["13:00", "18:00"]]');
    return [];
  }
  if (given.length > maxIntervals) refuse(field, `must not hold more than ${maxIntervals} intervals`);
  const intervals = given
    .slice(0, maxIntervals)
    .flatMap((interval: unknown, index) => readInterval(interval, `${field}[${index}]`, refuse));
  const sorted = intervals.toSorted(([one], [other]) => (one < other ? -1 : 1));
  for (const [index, [from]] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before && before[1] > from) refuse(field, `holds ${from} twice: its intervals overlap`);
  }
  return sorted;
}

function readInterval(given: unknown, field: string, refuse: Refuse): DayInterval[] {
  const [from, until, more] = Array.isArray(given) ? (given as unknown[]) : [];
  if (typeof from !== 'string' || typeof until !== 'string' || more !== undefined) {
    refuse(field, 'must be two times of the day, such as ["09:00", "12:00"]');
    return [];
  }
  const [start, end] = [timeOfDay(from), timeOfDay(until)];
  if (start === null || end === null) {
    refuse(field, 'must hold times from 00:00 to 24:00, such as ["09:00", "12:00"]');
    return [];
  }
  if (start >= end) {
    refuse(field, 'must end after it begins; work past midnight is an interval of each of its days');
    return [];
  }
  return [[from, until]];
}

function readMakeUpDay(
  given: unknown,
  field: string,
  dates: Map<string, string>,
  refuse: Refuse,
): MakeUpDay[] {
  if (!isObject(given)) {
    refuse(field, 'must be an object such as {"date": "2026-10-10", "like": "mon"}');
    return [];
  }
  const { date, hours, like, ...more } = given;
  const [unknown] = Object.keys(more);
  if (unknown !== undefined) refuse(`${field}.${unknown}`, 'should not exist');
  if ((hours === undefined) === (like === undefined)) {
    refuse(field, 'must name its hours, or like: the weekday whose hours it has; not both');
  }
  if (like !== undefined && !isWeekday(like)) {
    refuse(`${field}.like`, `must be one of ${weekdays.join(', ')}`);
  }
  const own = hours === undefined ? [] : readHours(hours, `${field}.hours`, refuse);
  if (!readDate(date, `${field}.date`, dates, refuse)) return [];
  return [{ date, ...(hours === undefined ? {} : { hours: own }), ...(isWeekday(like) ? { like } : {}) }];
}

/** @param dates those that were seen, and in which field */
function readDate(
  given: unknown,
  field: string,
  dates: Map<string, string>,
  refuse: Refuse,
): given is string {
  if (typeof given !== 'string' || dayNumber(given) === null) {
    refuse(field, 'must be a day that there is, such as 2026-10-01, of the years 1970 to 2199');
    return false;
  }
  const earlier = dates.get(given);
  if (earlier !== undefined) refuse(field, `is a date that ${earlier} holds already: ${given}`);
  else dates.set(given, field);
  return earlier === undefined;
}

function readList(given: unknown, field: string, refuse: Refuse): readonly unknown[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) {
    refuse(field, 'must be a list');
    return [];
  }
  if (given.length <= maxDates) return given;
  refuse(field, `must not hold more than ${maxDates} dates`);
  return [];
}

const isObject = (given: unknown): given is Record<string, unknown> =>
  typeof given === 'object' && given !== null && !Array.isArray(given);

const isWeekday = (given: unknown): given is Weekday => weekdays.includes(given as Weekday);
