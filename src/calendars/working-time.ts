import { lengthMs } from '../engine/lengths.js';
import { type Calendar, type DayInterval, dayNumber, timeOfDay, wallDay, weekdays } from './calendar.js';
import { type OffsetStretch, stretchAt } from './zone-offsets.js';

/** How far ahead a moment is looked for: a calendar may have free days enough for a lifetime. */
const horizon = 50 * 366 * wallDay;

/**
 * Counts working time: the time that really passes while the clock on the wall is within working hours. On a day on
 * which the clocks are put forward over an hour of work, that day has an hour less; where they are put back, one more.
 */
export interface WorkingTime {
  /** The first moment at which so many milliseconds of work have passed; 50 years on where there is none before. */
  add(from: number, milliseconds: number): number;
  /** The working time between two moments, in milliseconds; 0 when the second is not later. */
  between(from: number, to: number): number;
  /** A length in milliseconds; a day is the working time of the longest weekday. @throws Error for a text that is none. */
  length(text: string): number;
}

/** Time as it counts without a calendar: every hour. */
export const everyHour: WorkingTime = {
  add: (from, milliseconds) => from + milliseconds,
  between: (from, to) => Math.max(0, to - from),
  length: (text) => lengthOf(text),
};

function lengthOf(text: string, day?: number): number {
  const length = lengthMs(text, day);
  if (length === null) throw new Error(`no length of time: ${text}`);
  return length;
}

/**
 * Within a stretch of one offset the clock on the wall runs evenly, so that the work between two moments is the
 * difference of two sums on the wall. There are a few stretches a year.
 */
export function workingTimeOf(calendar: Calendar): WorkingTime {
  const wall = wallOf(calendar);
  const workOf = (from: number, to: number, { offset }: OffsetStretch): number =>
    wall.workUntil(to + offset) - wall.workUntil(from + offset);

  return {
    add: (from, milliseconds) => {
      const last = from + horizon;
      let left = milliseconds;
      for (let moment = from; left > 0 && moment < last;) {
        const stretch = stretchAt(calendar.timeZone, moment);
        const end = Math.min(stretch.end, last);
        const work = workOf(moment, end, stretch);
        if (work >= left) {
          return (
            wall.momentOf(
              wall.workUntil(moment + stretch.offset) + left,
              moment + stretch.offset,
              end + stretch.offset,
            ) - stretch.offset
          );
        }
        left -= work;
        moment = end;
      }
      return left > 0 ? last : from;
    },
    between: (from, to) => {
      let work = 0;
      for (let moment = from; moment < to;) {
        const stretch = stretchAt(calendar.timeZone, moment);
        const end = Math.min(stretch.end, to);
        work += workOf(moment, end, stretch);
        moment = end;
      }
      return work;
    },
    length: (text) => lengthOf(text, wall.longestDay),
  };
}

/** The hours of a day in milliseconds since midnight, in their sequence. */
type Hours = readonly (readonly [from: number, until: number])[];

/** Working time by the clock on the wall, read as if it were UTC. */
interface Wall {
  readonly longestDay: number;
  /** The work from some fixed moment until this one; negative before it. */
  workUntil(wall: number): number;
  /** The first moment until which so much work is done. It lies between two others, which the caller knows. */
  momentOf(work: number, earliest: number, latest: number): number;
}

function wallOf({ weekly, holidays, makeUpDays }: Calendar): Wall {
  const week: readonly Hours[] = weekdays.map((day) => hoursOf(weekly[day] ?? []));
  const usual = (day: number): Hours => week[weekdayOf(day)] ?? [];
  const special = new Map<number, Hours>();
  for (const date of holidays) special.set(dayNumber(date) ?? 0, []);
  for (const { date, hours, like } of makeUpDays) {
    special.set(dayNumber(date) ?? 0, hoursOf(hours ?? (like && weekly[like]) ?? []));
  }
  const ofDay = (day: number): Hours => special.get(day) ?? usual(day);
  const weekSums = sums(week.map(total));
  const specialDays = [...special.keys()].toSorted((one, other) => one - other);
  const specialSums = sums(specialDays.map((day) => total(ofDay(day)) - total(usual(day))));

  /** The work until a day begins: whole weeks, the days of the one that has begun, and what special days change. */
  const workBefore = (day: number): number =>
    Math.floor((day + mondayShift) / 7) * (weekSums[7] ?? 0) +
    (weekSums[weekdayOf(day)] ?? 0) +
    (specialSums[countBelow(specialDays, day)] ?? 0);

  return {
    longestDay: Math.max(...week.map(total)),
    workUntil: (wall) => {
      const day = Math.floor(wall / wallDay);
      const time = wall - day * wallDay;
      const done = ofDay(day).map(([from, until]) => Math.max(0, Math.min(time, until) - from));
      return workBefore(day) + done.reduce((sum, work) => sum + work, 0);
    },
    momentOf: (work, earliest, latest) => {
      // The first day at whose end the work is done, by halves.
      let low = Math.floor(earliest / wallDay);
      let high = Math.floor(latest / wallDay);
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        if (workBefore(middle + 1) >= work) high = middle;
        else low = middle + 1;
      }
      let left = work - workBefore(low);
      for (const [from, until] of ofDay(low)) {
        if (left <= until - from) return low * wallDay + from + left;
        left -= until - from;
      }
      return latest;
    },
  };
}

/** 1970-01-01 was a Thursday. */
const mondayShift = 3;
const weekdayOf = (day: number): number => (((day + mondayShift) % 7) + 7) % 7;

const hoursOf = (intervals: readonly DayInterval[]): Hours =>
  intervals.map(([from, until]) => [timeOfDay(from) ?? 0, timeOfDay(until) ?? 0]);

const total = (hours: Hours): number => hours.reduce((sum, [from, until]) => sum + until - from, 0);

/** The sums of the first 0, 1, 2, … values. */
function sums(values: readonly number[]): number[] {
  const all = [0];
  for (const value of values) all.push((all.at(-1) ?? 0) + value);
  return all;
}

/** How many of the values, which ascend, are less than this one. */
function countBelow(values: readonly number[], limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? limit) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
