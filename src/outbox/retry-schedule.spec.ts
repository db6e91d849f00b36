import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aroundJitter } from '../runtime/jitter.js';
import { nextPause } from './retry-schedule.js';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const schedule = [5 * second, 30 * second, 2 * minute, 10 * minute, 30 * minute];
const exact = (milliseconds: number): number => milliseconds;

describe(nextPause.name, () => {
  it('given a schedule, then its pauses come in turn, and behind the last one nothing is tried', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7].map((failures) => nextPause(failures, schedule, undefined, exact));
    expect(pauses).toEqual([...schedule, null, null]);
    expect(nextPause(1, [], undefined, exact)).toBeNull();
  });

  it('given a pause, then it is spread by a fifth at most', () => {
    expect(nextPause(2, schedule, undefined, (milliseconds, share) => milliseconds * (1 + share))).toBe(
      36 * second,
    );
    expect(nextPause(2, schedule, undefined, (milliseconds, share) => milliseconds * (1 - share))).toBe(
      24 * second,
    );
  });

  it.each([
    ['shorter than the pause', second, 5 * second],
    ['nothing', 0, 5 * second],
    ['longer than the pause', hour, hour],
    ['a day', day, day],
    ['longer than a day', 30 * day, day],
    ['for ever', Number.POSITIVE_INFINITY, day],
  ])('given a Retry-After that asks for %s, then it is honoured up to a day', (_name, asked, expected) => {
    expect(nextPause(1, schedule, asked, exact)).toBe(expected);
  });

  it('given a Retry-After, then it is not shortened by the spread, and does not prolong the schedule', () => {
    const early = (milliseconds: number) => milliseconds * 0.8;
    expect(nextPause(1, schedule, 5 * second, early)).toBe(5 * second);
    expect(nextPause(schedule.length + 1, schedule, hour, exact)).toBeNull();
  });

  it('given pauses longer than a day, then the schedule stands', () => {
    expect(nextPause(1, [3 * day], undefined, exact)).toBe(3 * day);
    expect(nextPause(1, [3 * day], hour, exact)).toBe(3 * day);
  });

  it('given any schedule and any wish, then the pause is whole, long enough, and never much longer than both', () => {
    const pauses = fc.array(fc.integer({ min: 1, max: 90 * day }), { maxLength: 12 });
    const wish = fc.option(fc.integer({ min: 0, max: 2 * day }), { nil: undefined });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 14 }), pauses, wish, (failures, given, retryAfter) => {
        const pause = nextPause(failures, given, retryAfter, aroundJitter);
        if (failures > given.length) {
          expect(pause).toBeNull();
          return;
        }
        const planned = given[failures - 1] as number;
        const asked = Math.min(retryAfter ?? 0, day);
        // The database counts in whole milliseconds.
        expect(Number.isInteger(pause)).toBe(true);
        expect(pause).toBeGreaterThanOrEqual(Math.max(Math.round(planned * 0.8), asked));
        expect(pause).toBeLessThanOrEqual(Math.max(Math.round(planned * 1.2), asked));
      }),
      { numRuns: 2000 },
    );
  });
});
