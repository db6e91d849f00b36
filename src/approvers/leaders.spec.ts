import { describe, expect, it } from 'vitest';
import { nthLeader, type Post } from './leaders.js';

/** `bob` is an active leader, `(bob)` an inactive one, an empty text a vacant post; departments are d1, d2 and so on. */
const chainOf = (...leaders: readonly string[]): Post[] =>
  leaders.map((given, index) => {
    const leader = given.replaceAll(/[()]/g, '');
    return {
      code: `d${index + 1}`,
      leader: leader === '' ? null : leader,
      leaderActive: leader === given && leader !== '',
    };
  });
const found = (chain: readonly Post[], n: number, pastVacant: boolean): string | null => {
  const leader = nthLeader(chain, 'ann', n, pastVacant);
  return leader && `${leader.userCode} of ${leader.department} at ${leader.level}`;
};

describe(nthLeader.name, () => {
  it.each<[string, readonly string[], number, string | null]>([
    ['the own department', ['bob', 'carol'], 1, 'bob of d1 at 1'],
    ['the one above', ['bob', 'carol'], 2, 'carol of d2 at 2'],
    ['more levels than there are', ['bob', 'carol'], 3, null],
    ['no department', [], 1, null],
    ['a vacant post', ['', 'carol'], 1, null],
    ['an inactive leader', ['(bob)', 'carol'], 1, null],
    ['the applicant', ['ann', 'carol'], 1, null],
    ['a vacant post below', ['', 'carol'], 2, 'carol of d2 at 2'],
    ['one person in two departments', ['bob', 'bob'], 2, 'bob of d2 at 2'],
    ['no number', ['bob'], Number('x'), null],
    ['zero', ['bob'], 0, null],
  ])('given %s, asks the post itself', (_name, leaders, n, expected) => {
    expect(found(chainOf(...leaders), n, false)).toBe(expected);
  });

  it.each<[string, readonly string[], number, string | null]>([
    ['a vacant post', ['', 'carol'], 1, 'carol of d2 at 2'],
    ['an inactive leader', ['(bob)', 'carol'], 1, 'carol of d2 at 2'],
    ['the applicant', ['ann', 'carol'], 1, 'carol of d2 at 2'],
    ['all of them below', ['', '(bob)', 'ann', 'dave', 'eve'], 2, 'eve of d5 at 5'],
    ['nothing to pass', ['bob', 'carol'], 2, 'carol of d2 at 2'],
    ['one person in two departments', ['bob', 'bob', 'carol'], 2, 'carol of d3 at 3'],
    ['the same with a vacant post between', ['bob', '', 'bob', 'carol'], 2, 'carol of d4 at 4'],
    ['somebody who returns above another', ['bob', 'carol', 'bob'], 3, 'bob of d3 at 3'],
    ['fewer such posts than asked for', ['bob', '', 'ann'], 2, null],
    ['vacant posts only', ['', '(bob)', 'ann'], 1, null],
    ['no department', [], 1, null],
  ])('given pastVacant and %s, counts upwards', (_name, leaders, n, expected) => {
    expect(found(chainOf(...leaders), n, true)).toBe(expected);
  });
});
