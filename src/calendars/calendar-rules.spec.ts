import { describe, expect, it } from 'vitest';
import { type GivenCalendar, maxDates, readCalendar } from './calendar-rules.js';

const given = (more: Partial<GivenCalendar>): GivenCalendar => ({
  timeZone: 'Asia/Shanghai',
  weekly: { mon: [['09:00', '18:00']] },
  ...more,
});

/** The names of the wrong fields; empty for a calendar. */
const wrong = (more: Partial<GivenCalendar>): string[] => {
  const read = readCalendar(given(more));
  return 'timeZone' in read ? [] : read.map(({ field }) => field);
};

describe('a calendar', () => {
  it('needs a zone and a working hour', () => {
    expect(readCalendar(given({}))).toEqual({
      timeZone: 'Asia/Shanghai',
      weekly: { mon: [['09:00', '18:00']] },
      holidays: [],
      makeUpDays: [],
    });
    expect(wrong({ timeZone: 'Mars/Base' })).toEqual(['timeZone']);
    expect(wrong({ timeZone: '+08:00' })).toEqual(['timeZone']);
    expect(wrong({ weekly: {} })).toEqual(['weekly']);
    expect(wrong({ weekly: { mon: [], sun: [] } })).toEqual(['weekly']);
    // A make-up day alone is over some day, and then no due time would ever come.
    expect(wrong({ weekly: {}, makeUpDays: [{ date: '2026-10-10', hours: [['09:00', '18:00']] }] })).toEqual([
      'weekly',
    ]);
    for (const weekly of [null, [], 'mon']) expect(wrong({ weekly })).toEqual(['weekly']);
    expect(wrong({ weekly: { mo: [['09:00', '18:00']] } })).toEqual(['weekly.mo']);
  });

  it('has intervals that begin before they end, and do not overlap', () => {
    const mon = (...intervals: unknown[]): string[] => wrong({ weekly: { mon: intervals } });
    expect(mon(['00:00', '24:00'])).toEqual([]);
    expect(mon(['09:00', '12:00'], ['12:00', '18:00'])).toEqual([]);
    expect(mon(['09:00', '12:00'], ['11:59', '18:00'])).toEqual(['weekly.mon']);
    expect(mon(['09:00', '18:00'], ['10:00', '11:00'])).toEqual(['weekly.mon']);
    expect(mon(['18:00', '09:00'])).toEqual(['weekly.mon[0]']);
    expect(mon(['09:00', '09:00'])).toEqual(['weekly.mon[0]']);
    for (const bad of [
      ['9:00', '18:00'],
      ['09:00', '24:01'],
      ['09:00', '25:00'],
      ['24:00', '24:00'],
      ['09:60', '18:00'],
    ]) {
      expect(mon(bad)).toEqual(['weekly.mon[0]']);
    }
    for (const bad of [['09:00'], ['09:00', '10:00', '11:00'], '09:00-18:00', null, [9, 18], {}]) {
      expect(mon(bad)).toEqual(['weekly.mon[0]']);
    }
    expect(wrong({ weekly: { mon: '09:00-18:00' } })).toEqual(['weekly.mon']);
    const minutes = Array.from({ length: 25 }, (_, index) => [`09:${index + 10}`, `09:${index + 11}`]);
    expect(mon(...minutes)).toEqual(['weekly.mon']);
  });

  it('puts its intervals into their sequence', () => {
    const read = readCalendar(
      given({
        weekly: {
          mon: [
            ['13:00', '18:00'],
            ['09:00', '12:00'],
          ],
        },
      }),
    );
    expect(read).toMatchObject({
      weekly: {
        mon: [
          ['09:00', '12:00'],
          ['13:00', '18:00'],
        ],
      },
    });
  });

  it('has dates that there are, each once', () => {
    expect(wrong({ holidays: ['2028-02-29'] })).toEqual([]);
    for (const date of [
      '2026-02-29',
      '2026-02-30',
      '2026-13-01',
      '2026-1-1',
      '1969-12-31',
      '2200-01-01',
      20_261_001,
      null,
    ]) {
      expect(wrong({ holidays: [date] })).toEqual(['holidays[0]']);
      expect(wrong({ makeUpDays: [{ date, like: 'mon' }] })).toEqual(['makeUpDays[0].date']);
    }
    expect(wrong({ holidays: ['2026-10-01', '2026-10-02', '2026-10-01'] })).toEqual(['holidays[2]']);
    expect(wrong({ holidays: ['2026-10-01'], makeUpDays: [{ date: '2026-10-01', like: 'mon' }] })).toEqual([
      'makeUpDays[0].date',
    ]);
    expect(wrong({ holidays: '2026-10-01' })).toEqual(['holidays']);
  });

  it('has make-up days with hours of their own, or like a weekday', () => {
    const day = (more: object): string[] => wrong({ makeUpDays: [{ date: '2026-10-10', ...more }] });
    expect(day({ like: 'mon' })).toEqual([]);
    expect(day({ hours: [['10:00', '11:00']] })).toEqual([]);
    expect(day({ hours: [] })).toEqual([]);
    expect(day({})).toEqual(['makeUpDays[0]']);
    expect(day({ like: 'mon', hours: [['10:00', '11:00']] })).toEqual(['makeUpDays[0]']);
    expect(day({ like: 'monday' })).toEqual(['makeUpDays[0].like']);
    expect(day({ hours: [['11:00', '10:00']] })).toEqual(['makeUpDays[0].hours[0]']);
    expect(day({ like: 'mon', why: 'golden week' })).toEqual(['makeUpDays[0].why']);
    expect(wrong({ makeUpDays: ['2026-10-10'] })).toEqual(['makeUpDays[0]']);
  });

  it('has as many dates as some hundred years have holidays', () => {
    const dates = Array.from({ length: maxDates + 1 }, (_, index) =>
      new Date(index * 86_400_000).toISOString().slice(0, 10),
    );
    expect(wrong({ holidays: dates.slice(1) })).toEqual([]);
    expect(wrong({ holidays: dates })).toEqual(['holidays']);
    const [date, ...others] = dates;
    expect(wrong({ holidays: others, makeUpDays: [{ date, like: 'mon' }] })).toEqual(['holidays']);
  });

  it('tells all that is wrong at once', () => {
    expect(wrong({ timeZone: '', weekly: { mon: 1 }, holidays: ['x'], makeUpDays: [{}] })).toEqual([
      'timeZone',
      'weekly.mon',
      'holidays[0]',
      'makeUpDays[0]',
      'makeUpDays[0].date',
    ]);
  });
});
