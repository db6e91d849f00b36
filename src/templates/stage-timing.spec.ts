import { describe, expect, it } from 'vitest';
import type { Problem } from '../http/problem.js';
import {
  calendarsOf,
  requireKnownCalendars,
  requireSensibleTimings,
  timingColumn,
  timingIn,
} from './stage-timing.js';

const fieldsOf = (check: () => void): string[] => {
  try {
    check();
    return [];
  } catch (error) {
    return ((error as Problem).more.errors ?? []).map(({ field }) => field);
  }
};

describe(timingColumn.name, () => {
  it('should write the same timing as the same text, however it was given', () => {
    const whole = {
      every: '1d',
      levels: 1,
      then: 'remind' as const,
      remindAfter: [],
      remindBefore: ['1h'],
      due: '2d',
      calendar: null,
    };
    expect(timingColumn({ due: '2d', remindBefore: ['1h'] })).toBe(timingColumn(whole));
    expect(timingIn(timingColumn(whole))).toEqual(whole);
  });

  it('should write nothing for no timing', () => {
    expect([timingColumn(null), timingColumn(undefined), timingIn(null)]).toEqual([null, null, null]);
  });
});

describe(requireSensibleTimings.name, () => {
  it('should name every wrong field with its stage', () => {
    const stages = [{ timing: { due: '0s' } }, {}, { timing: null }, { timing: { due: '1d', every: 'x' } }];
    expect(fieldsOf(() => requireSensibleTimings(stages))).toEqual([
      'stages[0].timing.due',
      'stages[3].timing.every',
    ]);
    expect(fieldsOf(() => requireSensibleTimings([{ timing: { due: '1d' } }]))).toEqual([]);
  });
});

describe(requireKnownCalendars.name, () => {
  it('should name the stages whose calendar is not known', () => {
    const stages = ['a', 'b', 'a', null].map((calendar) => ({ timing: { due: '1d', calendar } }));
    expect(calendarsOf([...stages, {}])).toEqual(['a', 'b']);
    expect(fieldsOf(() => requireKnownCalendars(stages, new Set(['b'])))).toEqual([
      'stages[0].timing.calendar',
      'stages[2].timing.calendar',
    ]);
  });
});
