import { describe, expect, it } from 'vitest';
import { circleOf, complaintOf, complaintOfEnd, overlapping, type Standing } from './delegation-rules.js';

const day = 86_400_000;
const now = new Date('2026-11-22T08:30:00.500Z');
/** So many days from now. */
const on = (days: number): Date => new Date(now.getTime() + days * day);

const delegation = (from: string, to: string, more: Partial<Standing> = {}): Standing => ({
  from,
  to,
  startsAt: on(1),
  endsAt: on(10),
  businessTypes: null,
  ...more,
});

const fieldOf = (wanted: Standing): string | undefined => complaintOf(wanted, now)?.field;

describe('complaintOf', () => {
  it('given two people and a period ahead, has nothing to say', () => {
    expect(complaintOf(delegation('ann', 'bob'), now)).toBeNull();
    expect(fieldOf(delegation('ann', 'bob', { startsAt: now }))).toBeUndefined();
  });

  it('given oneself, names the stand-in', () => {
    expect(fieldOf(delegation('ann', 'ann'))).toBe('toUserCode');
  });

  it.each([
    ['a start a minute ago', -60_000, undefined],
    ['a start more than a minute ago', -60_001, 'startsAt'],
  ])('given %s, says %s', (_name, milliseconds, field) => {
    const startsAt = new Date(now.getTime() + milliseconds);
    expect(fieldOf(delegation('ann', 'bob', { startsAt }))).toBe(field);
  });

  it.each([
    ['an end now', { startsAt: now, endsAt: now }, 'endsAt'],
    ['an end that is past', { startsAt: now, endsAt: on(-1) }, 'endsAt'],
    ['an end at the start', { startsAt: on(1), endsAt: on(1) }, 'startsAt'],
    ['an end before the start', { startsAt: on(2), endsAt: on(1) }, 'startsAt'],
    ['366 days', { startsAt: on(1), endsAt: on(367) }, undefined],
    [
      'a second more than 366 days',
      { startsAt: on(1), endsAt: new Date(on(367).getTime() + 1000) },
      'endsAt',
    ],
  ])('given %s, says so', (_name, period, field) => {
    expect(fieldOf(delegation('ann', 'bob', period))).toBe(field);
    expect(complaintOfEnd(period, now)?.field).toBe(field);
  });

  it('given one that has begun long ago, lets its end be moved', () => {
    expect(complaintOfEnd({ startsAt: on(-30), endsAt: on(1) }, now)).toBeNull();
  });
});

describe('overlapping', () => {
  const stands = delegation('ann', 'bob', { businessTypes: ['a', 'b'] });

  it.each<[string, Partial<Standing>, boolean]>([
    ['the same period and all types', {}, true],
    ['a type in common', { businessTypes: ['b', 'c'] }, true],
    ['no type in common', { businessTypes: ['c'] }, false],
    ['one day in common', { startsAt: on(9), endsAt: on(20) }, true],
    ['a start at its end', { startsAt: on(10), endsAt: on(20) }, false],
    ['an end at its start', { startsAt: on(0), endsAt: on(1) }, false],
    ['a period around it', { startsAt: on(0), endsAt: on(20) }, true],
  ])('given %s, answers %s', (_name, more, overlaps) => {
    expect(overlapping(delegation('ann', 'carol', more), [stands])).toBe(overlaps ? stands : null);
  });

  it("given somebody else's, answers none", () => {
    expect(overlapping(delegation('carol', 'bob'), [stands])).toBeNull();
  });
});

describe('circleOf', () => {
  const wanted = delegation('ann', 'bob');

  it.each<[string, Standing[], string[] | null]>([
    ['nobody else', [], null],
    ['the way back', [delegation('bob', 'ann')], ['ann', 'bob', 'ann']],
    [
      'a way back over two people',
      [delegation('bob', 'carol'), delegation('dave', 'ann'), delegation('carol', 'dave')],
      ['ann', 'bob', 'carol', 'dave', 'ann'],
    ],
    ['the same stand-in', [delegation('carol', 'bob')], null],
    ['a way back afterwards', [delegation('bob', 'ann', { startsAt: on(10), endsAt: on(12) })], null],
    [
      'a way back for other types',
      [
        delegation('bob', 'carol', { businessTypes: ['a', 'b'] }),
        delegation('carol', 'ann', { businessTypes: ['c'] }),
      ],
      null,
    ],
    [
      'a way back for a type in common',
      [
        delegation('bob', 'carol', { businessTypes: ['a', 'b'] }),
        delegation('carol', 'ann', { businessTypes: ['b', 'c'] }),
      ],
      ['ann', 'bob', 'carol', 'ann'],
    ],
    [
      'parts of a way back at different times',
      [
        delegation('bob', 'carol', { startsAt: on(1), endsAt: on(3) }),
        delegation('carol', 'ann', { startsAt: on(3), endsAt: on(5) }),
      ],
      null,
    ],
    [
      'a way back on the second of two ways',
      [
        delegation('bob', 'dave', { startsAt: on(1), endsAt: on(3) }),
        delegation('bob', 'carol', { startsAt: on(3), endsAt: on(5) }),
        delegation('carol', 'ann', { startsAt: on(4), endsAt: on(5) }),
      ],
      ['ann', 'bob', 'carol', 'ann'],
    ],
  ])('given %s, answers it', (_name, others, circle) => {
    expect(circleOf(wanted, others)).toEqual(circle);
  });

  it('given a circle of others, which cannot be, ends all the same', () => {
    expect(circleOf(wanted, [delegation('bob', 'carol'), delegation('carol', 'bob')])).toBeNull();
  });
});
