import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type Calendar, type DayInterval, type MakeUpDay, wallDay, weekdays } from './calendar.js';
import { workingTimeOf } from './working-time.js';

/**
 * How many random calendars: CALENDAR_RUNS, from FC_SEED. Without one every run of the suite looks elsewhere; the seed
 * is printed, so that what it found can be found again.
 */
const runs = {
  numRuns: Number(process.env.CALENDAR_RUNS || 200),
  seed: Number(process.env.FC_SEED || Date.now() % 2 ** 31),
};
const seen = { calendars: 0, minutes: 0, changes: 0 };
afterAll(() => {
  const { calendars, minutes, changes } = seen;
  process.stdout.write(
    `working time: seed ${runs.seed}, ${calendars} random calendars agree minute by minute over ${minutes} minutes, ` +
      `${changes} of them over a change of the clocks\n`,
  );
});

const minute = 60_000;

/** Zones with what makes zones difficult: none of it, an hour, half an hour, an odd offset, a day that was left out. */
const zones = [
  'Asia/Shanghai',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'America/St_Johns',
  'Africa/Casablanca',
  'America/Havana',
  'UTC',
];

const clocks = new Map(
  zones.map((timeZone) => [
    timeZone,
    new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    }),
  ]),
);

/** What a clock on the wall shows: `2026-10-01` and `09:30`. */
function wallClock(zone: string, moment: number): { date: string; time: string } {
  const parts: Record<string, string> = {};
  for (const { type, value } of clocks.get(zone)?.formatToParts(moment) ?? []) parts[type] = value;
  return { date: `${parts.year}-${parts.month}-${parts.day}`, time: `${parts.hour}:${parts.minute}` };
}

const weekdayOf = (date: string): (typeof weekdays)[number] =>
  weekdays[(new Date(`${date}T12:00:00Z`).getUTCDay() + 6) % 7] ?? 'mon';

/** Whether people work in the minute that begins then: times of the day compare as texts. */
function isWorking({ timeZone, weekly, holidays, makeUpDays }: Calendar, moment: number): boolean {
  const { date, time } = wallClock(timeZone, moment);
  const special = makeUpDays.find((day) => day.date === date);
  const hours = holidays.includes(date)
    ? []
    : special
      ? (special.hours ?? weekly[special.like ?? 'mon'])
      : weekly[weekdayOf(date)];
  return (hours ?? []).some(([from, until]) => from <= time && time < until);
}

const shown = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

/** Up to three intervals of a day, apart or touching, to the minute. */
const hours: fc.Arbitrary<DayInterval[]> = fc
  .uniqueArray(
    fc.oneof(
      fc.integer({ min: 0, max: 1440 }),
      fc.integer({ min: 0, max: 48 }).map((n) => n * 30),
    ),
    {
      minLength: 0,
      maxLength: 6,
    },
  )
  .map((times) => {
    const sorted = times.toSorted((one, other) => one - other);
    const intervals: DayInterval[] = [];
    for (let at = 0; at + 1 < sorted.length; at += 2) {
      intervals.push([shown(sorted[at] ?? 0), shown(sorted[at + 1] ?? 0)]);
    }
    return intervals;
  });

const weekly = fc
  .tuple(hours, hours, hours, hours, hours, hours, hours)
  .map((days) => Object.fromEntries(days.map((day, index) => [weekdays[index] ?? 'mon', day])))
  .filter((week) => Object.values(week).some((day) => day.length > 0));

/** How far the wall clock is ahead of a whole minute of UTC. */
const offsetAt = (zone: string, moment: number): number => {
  const { date, time } = wallClock(zone, moment);
  return Date.parse(`${date}T${time}:00Z`) - moment;
};

/** About when the clocks of a zone change. */
const changes = (zone: string): number[] => {
  const found: number[] = [];
  for (let year = 2010; year <= 2030; year++) {
    for (let day = 0; day < 366; day += 2) {
      const at = Date.UTC(year, 0, 1) + day * wallDay;
      if (offsetAt(zone, at) !== offsetAt(zone, at + 2 * wallDay)) found.push(at + wallDay);
    }
  }
  return found;
};
const changesOf = new Map(zones.map((zone) => [zone, changes(zone)]));

interface Case {
  readonly calendar: Calendar;
  readonly from: number;
  /** Minutes that the naive model walks through. */
  readonly span: number;
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    timeZone: fc.constantFrom(...zones),
    near: fc.nat(),
    around: fc.integer({ min: -2900, max: -300 }),
  })
  .chain(({ timeZone, near, around }) => {
    const known = changesOf.get(timeZone) ?? [];
    const overChange = known.length > 0 && near % 4 !== 0;
    const middle = overChange
      ? (known[near % known.length] ?? 0)
      : Date.UTC(2012 + (near % 18), near % 12, near % 28);
    const from = middle + around * minute;
    const dates = Array.from({ length: 12 }, (_, index) =>
      new Date(middle + (index - 5) * wallDay).toISOString().slice(0, 10),
    );
    const makeUp: fc.Arbitrary<Omit<MakeUpDay, 'date'>> = fc.oneof(
      hours.map((own) => ({ hours: own })),
      fc.constantFrom(...weekdays).map((like) => ({ like })),
    );
    return fc.record({
      calendar: fc
        .record({
          weekly,
          days: fc.shuffledSubarray(dates, { maxLength: 6 }),
          makeUp: fc.array(makeUp, { maxLength: 3 }),
        })
        .map(({ days, makeUp: kinds, ...rest }) => ({
          timeZone,
          weekly: rest.weekly,
          makeUpDays: kinds
            .slice(0, days.length)
            .map((kind, index) => ({ date: days[index] ?? '', ...kind })),
          holidays: days.slice(kinds.length),
        })),
      from: fc.constant(from),
      span: fc.integer({ min: 1, max: 4500 }),
    });
  });

describe('working time', () => {
  it('is what a count minute by minute finds', { timeout: 3_600_000 }, () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 0, max: minute - 1 }), ({ calendar, from, span }, extra) => {
        const time = workingTimeOf(calendar);
        let work = 0;
        /** The moments at which 1, 2, 3, … minutes of work are done. */
        const done: number[] = [];
        for (let passed = 0; passed < span; passed++) {
          if (!isWorking(calendar, from + passed * minute)) continue;
          work += minute;
          done.push(from + (passed + 1) * minute);
        }
        expect(time.between(from, from + span * minute)).toBe(work);
        for (const share of [1, Math.ceil(done.length / 3), done.length]) {
          const moment = done[share - 1];
          if (moment === undefined) continue;
          expect(time.add(from, share * minute)).toBe(moment);
          // To the millisecond: the minute that was last was worked all through.
          expect(time.add(from, share * minute - extra)).toBe(extra === 0 ? moment : moment - extra);
          expect(time.between(from, moment - extra)).toBe(share * minute - extra);
        }
        seen.calendars += 1;
        seen.minutes += span;
        if (offsetAt(calendar.timeZone, from) !== offsetAt(calendar.timeZone, from + span * minute))
          seen.changes += 1;
      }),
      runs,
    );
  });

  it('adds what it counts, and counts what it adds', () => {
    const lengths = fc.integer({ min: 0, max: 400 * wallDay });
    fc.assert(
      fc.property(cases, lengths, lengths, ({ calendar, from }, one, other) => {
        const time = workingTimeOf(calendar);
        const work = Math.floor(one / 10);
        const until = time.add(from, work);
        expect(time.between(from, until)).toBe(work);
        // No earlier moment would do.
        if (work > 0) expect(time.between(from, until - 1)).toBe(work - 1);
        expect(time.add(from, time.between(from, from + one))).toBeLessThanOrEqual(from + one);
        // Part after part is the whole.
        const [early, late] = [from + Math.min(one, other), from + Math.max(one, other)];
        expect(time.between(from, early) + time.between(early, late)).toBe(time.between(from, late));
        const more = Math.floor(other / 10);
        const last = time.add(from, work + more);
        expect(time.add(until, more)).toBe(more === 0 ? until : last);
        expect(last).toBeGreaterThanOrEqual(until);
        expect(time.between(from, late)).toBeLessThanOrEqual(late - from);
        expect(time.between(late, early)).toBe(0);
      }),
      runs,
    );
  });
});
