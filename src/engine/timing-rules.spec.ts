import { describe, expect, it } from 'vitest';
import { lengthMs } from './lengths.js';
import { completeTiming, type GivenTiming, timingErrors } from './timing-rules.js';

describe('a length of time', () => {
  it.each([
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['8h', 28_800_000],
    ['2d', 172_800_000],
    ['0s', 0],
  ])('%s is %i milliseconds', (text, milliseconds) => {
    expect(lengthMs(text)).toBe(milliseconds);
  });

  it.each(['', '5', 'd', '-1d', '1.5h', '1h30m', ' 2d', '2 d', '2D', '2w', '2ms', '123456789s', '٢d'])(
    '%j is none',
    (text) => {
      expect(lengthMs(text)).toBeNull();
    },
  );

  it('counts days as the calendar does', () => {
    expect(lengthMs('3d', 1_000)).toBe(3_000);
    expect(lengthMs('3s', 1_000)).toBe(3_000);
  });
});

/** The names of the wrong fields. */
const wrong = (given: GivenTiming): string[] => timingErrors(given).map(({ field }) => field);

describe('the timing of a stage', () => {
  it('needs no more than a due time', () => {
    expect(timingErrors({ due: '2d' })).toEqual([]);
    expect(completeTiming({ due: '2d' })).toEqual({
      calendar: null,
      due: '2d',
      remindBefore: [],
      remindAfter: [],
      then: 'remind',
      levels: 1,
      every: '1d',
    });
  });

  it('is due after a second at the earliest, and a year at the latest', () => {
    expect(wrong({ due: '1s' })).toEqual([]);
    expect(wrong({ due: '365d' })).toEqual([]);
    expect(wrong({ due: '8760h' })).toEqual([]);
    expect(wrong({ due: '0s' })).toEqual(['due']);
    expect(wrong({ due: '0d' })).toEqual(['due']);
    expect(wrong({ due: '366d' })).toEqual(['due']);
    expect(wrong({ due: '8761h' })).toEqual(['due']);
    expect(wrong({ due: '36500d' })).toEqual(['due']);
    expect(wrong({ due: 'soon' })).toEqual(['due']);
  });

  it('reminds after the step has opened', () => {
    expect(wrong({ due: '2d', remindBefore: ['1d', '47h'] })).toEqual([]);
    expect(wrong({ due: '2d', remindBefore: ['1h', '2d'] })).toEqual(['remindBefore[1]']);
    expect(wrong({ due: '2d', remindBefore: ['48h'] })).toEqual(['remindBefore[0]']);
    expect(wrong({ due: '2d', remindAfter: ['30d'] })).toEqual([]);
  });

  it('leaves to the calendar how many hours a working day has', () => {
    expect(wrong({ calendar: 'cn', due: '20h', remindBefore: ['1d'] })).toEqual([]);
    expect(wrong({ calendar: null, due: '20h', remindBefore: ['1d'] })).toEqual(['remindBefore[0]']);
    expect(wrong({ calendar: 'cn', due: '1d', remindBefore: ['24h'] })).toEqual(['remindBefore[0]']);
    expect(wrong({ calendar: 'cn', due: '3d', remindBefore: ['1d', '24h'] })).toEqual([]);
  });

  it('reminds at no moment twice, and not endlessly', () => {
    expect(wrong({ due: '2d', remindBefore: ['1h', '60m'] })).toEqual(['remindBefore[1]']);
    expect(wrong({ due: '2d', remindAfter: ['1h', '2h', '1h'] })).toEqual(['remindAfter[2]']);
    expect(wrong({ due: '2d', remindBefore: ['1h'], remindAfter: ['1h'] })).toEqual([]);
    const hours = Array.from({ length: 11 }, (_, index) => `${index + 1}h`);
    expect(wrong({ due: '2d', remindAfter: hours.slice(1) })).toEqual([]);
    expect(wrong({ due: '2d', remindAfter: hours })).toEqual(['remindAfter']);
  });

  it('asks one to five leaders, with time for each', () => {
    for (const levels of [1, 5]) expect(wrong({ due: '2d', then: 'escalate', levels })).toEqual([]);
    for (const levels of [0, 6, 1.5]) {
      expect(wrong({ due: '2d', then: 'escalate', levels })).toEqual(['levels']);
    }
    expect(wrong({ due: '2d', then: 'escalate', levels: 3, every: '0h' })).toEqual(['every']);
    expect(wrong({ due: '2d', then: 'escalate', levels: 3, every: '4h' })).toEqual([]);
  });

  it('knows what to do when nobody decided', () => {
    expect(wrong({ due: '2d', then: 'explode' as never })).toEqual(['then']);
  });
});
