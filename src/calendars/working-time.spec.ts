import { describe, expect, it } from 'vitest';
import type { Calendar } from './calendar.js';
import { everyHour, workingTimeOf } from './working-time.js';
import { zoneName } from './zone-offsets.js';

const hour = 3_600_000;
const officeDay = [
  ['09:00', '12:00'],
  ['13:00', '18:00'],
] as const;
const office: Calendar = {
  timeZone: 'Asia/Shanghai',
  weekly: { mon: officeDay, tue: officeDay, wed: officeDay, thu: officeDay, fri: officeDay },
  holidays: [],
  makeUpDays: [],
};
const allDay = [['00:00', '24:00']] as const;
const always = (timeZone: string): Calendar => ({
  timeZone,
  weekly: { mon: allDay, tue: allDay, wed: allDay, thu: allDay, fri: allDay, sat: allDay, sun: allDay },
  holidays: [],
  makeUpDays: [],
});

/** A moment by its wall clock and offset. */
const at = (text: string): number => Date.parse(text);
const until = (calendar: Calendar, from: string, length: string): string => {
  const time = workingTimeOf(calendar);
  return new Date(time.add(at(from), time.length(length))).toISOString();
};
const iso = (text: string): string => new Date(at(text)).toISOString();

describe('working time of a calendar', () => {
  it('passes during working hours only', () => {
    // Friday, an hour before the end: the rest is done on Monday.
    expect(until(office, '2026-11-20T17:00+08:00', '2h')).toBe(iso('2026-11-23T10:00+08:00'));
    // Over lunch.
    expect(until(office, '2026-11-23T11:30+08:00', '1h')).toBe(iso('2026-11-23T13:30+08:00'));
    // What is done when the day ends is not due the next morning.
    expect(until(office, '2026-11-23T09:00+08:00', '8h')).toBe(iso('2026-11-23T18:00+08:00'));
    expect(until(office, '2026-11-21T09:00+08:00', '1s')).toBe(iso('2026-11-23T09:00:01+08:00'));
  });

  it('has days as long as the longest of the week', () => {
    const short = { ...office, weekly: { ...office.weekly, fri: [['09:00', '12:00']] as const } };
    expect(workingTimeOf(short).length('2d')).toBe(16 * hour);
    expect(until(office, '2026-11-20T10:00+08:00', '1d')).toBe(iso('2026-11-23T10:00+08:00'));
    expect(workingTimeOf(office).length('90m')).toBe(1.5 * hour);
    expect(everyHour.length('2d')).toBe(48 * hour);
  });

  it('leaves holidays out, and counts the days on which they are made up for', () => {
    const golden: Calendar = {
      ...office,
      holidays: ['2026-10-01', '2026-10-02'],
      makeUpDays: [
        { date: '2026-10-10', like: 'mon' },
        { date: '2026-10-11', hours: [['10:00', '11:00']] },
      ],
    };
    expect(until(golden, '2026-09-30T17:00+08:00', '2h')).toBe(iso('2026-10-05T10:00+08:00'));
    expect(until(golden, '2026-10-09T18:00+08:00', '8h')).toBe(iso('2026-10-10T18:00+08:00'));
    expect(until(golden, '2026-10-09T18:00+08:00', '10h')).toBe(iso('2026-10-12T10:00+08:00'));
  });

  it('is an hour shorter or longer on the days on which the clocks change', () => {
    const night = always('Europe/Berlin');
    const time = workingTimeOf(night);
    expect(time.between(at('2026-03-29T00:00+01:00'), at('2026-03-30T00:00+02:00'))).toBe(23 * hour);
    expect(time.between(at('2026-10-25T00:00+02:00'), at('2026-10-26T00:00+01:00'))).toBe(25 * hour);
    const early: Calendar = { ...night, weekly: { sun: [['01:00', '04:00']] } };
    expect(until(early, '2026-03-29T00:00+01:00', '2h')).toBe(iso('2026-03-29T04:00+02:00'));
    expect(until(early, '2026-10-25T00:00+02:00', '4h')).toBe(iso('2026-10-25T04:00+01:00'));
  });

  it('knows clocks that change by half an hour, and a day that never was', () => {
    const island = workingTimeOf({ ...always('Australia/Lord_Howe'), weekly: { sun: allDay } });
    expect(island.between(at('2026-04-04T00:00Z'), at('2026-04-06T00:00Z'))).toBe(24.5 * hour);
    const samoa = workingTimeOf(always('Pacific/Apia'));
    expect(samoa.between(at('2011-12-29T00:00-10:00'), at('2012-01-01T00:00+14:00'))).toBe(48 * hour);
    const friday = workingTimeOf({ ...always('Pacific/Apia'), weekly: { fri: allDay } });
    expect(friday.between(at('2011-12-29T00:00-10:00'), at('2012-01-01T00:00+14:00'))).toBe(0);
  });

  it('gives up looking after fifty years', () => {
    const holidays: string[] = [];
    for (let day = at('2026-11-22'); holidays.length < 1990; day += 7 * 24 * hour) {
      holidays.push(new Date(day).toISOString().slice(0, 10));
    }
    const scarce = workingTimeOf({
      timeZone: 'America/New_York',
      weekly: { sun: [['23:59', '24:00']] },
      holidays,
      makeUpDays: [],
    });
    const from = at('2026-11-22T00:00Z');
    const found = scarce.add(from, 365 * 24 * hour);
    expect((found - from) / (365 * 24 * hour)).toBeGreaterThan(50);
    expect((found - from) / (365 * 24 * hour)).toBeLessThan(51);
  });
});

describe('the name of a time zone', () => {
  it('is one of the IANA database, in its spelling', () => {
    expect(zoneName('asia/shanghai')).toBe('Asia/Shanghai');
    expect(zoneName('UTC')).toBe('UTC');
    for (const name of ['Mars/Base', '+08:00', '8', '', 'Asia/Shanghai ']) expect(zoneName(name)).toBeNull();
  });
});
