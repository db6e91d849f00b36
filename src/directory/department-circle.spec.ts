import { describe, expect, it } from 'vitest';
import { circlesAmong, circleThrough, type ParentLink } from './department-circle.js';

/** `t1/a>b` is team t1's department a below b; `/a` is the platform's, with nothing above it. */
const link = (text: string): ParentLink => {
  const [, scope = '', code = '', parent] = /^(.*)\/([^>]+)(?:>(.+))?$/.exec(text) ?? [];
  return { scope, code, parentCode: parent ?? null };
};

describe(circleThrough, () => {
  it.each([
    ['itself as its parent', ['/a>a'], '/a', ['', 'a → a']],
    ['two', ['/a>b', '/b>a'], '/a', ['', 'a → b → a']],
    ['three', ['/a>b', '/b>c', '/c>a'], '/b', ['', 'b → c → a → b']],
    ['none', ['/a>b', '/b>c', '/c'], '/a', null],
    ['a parent that does not exist', ['/a>b'], '/a', null],
    ['a circle above it that it is no part of', ['/a>b', '/b>c', '/c>b'], '/a', null],
    ['a circle through a department of the platform', ['/a>b', '/b', 't1/b>a'], 't1/b', ['t1', 'b → a → b']],
    [
      "a department of the platform that closes one in a team's view",
      ['/a>b', '/b', 't1/b>a'],
      '/a',
      ['t1', 'a → b → a'],
    ],
    [
      'a circle that the team hides by its own department',
      ['/a>b', '/b>c', '/c', 't1/c>b', 't1/b'],
      't1/c',
      null,
    ],
    ['a department that the other team has an own one of', ['/a>b', '/b', 't1/b>a', 't1/a'], '/a', null],
    ["another team's departments", ['t1/a>b', 't1/b', 't2/b>a', 't2/a'], 't1/a', null],
  ])('given %s, finds it', (_what, links, key, found) => {
    const circle = circleThrough(links.map(link), link(key));

    expect(circle && [circle.scope, circle.codes.join(' → ')]).toEqual(found);
  });
});

describe(circlesAmong, () => {
  it.each([
    ['no circle', ['/a>b', '/b>c', '/c', '/d>x'], '', []],
    [
      'itself as its parent, and another of two',
      ['/a>a', '/b>c', '/c>b', '/d>b'],
      '',
      [' a → a', ' b → c → b'],
    ],
    ["one in a team's view alone", ['/a>b', '/b', 't1/b>a'], '', ['t1 a → b → a']],
    ['one of another team', ['/a', 't2/b>c', 't2/c>b', 't1/d'], 't1', []],
    ["one that the platform's closes for the team", ['/a>b', 't1/b>a'], 't1', ['t1 a → b → a']],
  ])('given %s, finds what there is', (_what, links, scope, found) => {
    const circles = circlesAmong(links.map(link), scope);

    expect(circles.map((circle) => `${circle.scope} ${circle.codes.join(' → ')}`)).toEqual(found);
  });
});
