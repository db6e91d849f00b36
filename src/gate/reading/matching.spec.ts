import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActionRule } from '../rules.js';
import { chooseMatch, judgeHead } from './matching.js';
import type { HeaderFields, OriginalRequest } from './original.js';
import { smuggledPaths } from './smuggled-paths.spec-support.js';
import { compileTemplate } from './templates.js';

const action = (method: string, path: string, more: Partial<ActionRule> = {}): ActionRule => {
  const template = compileTemplate(path);
  if ('why' in template) throw new Error(template.why);
  return {
    id: `${method} ${path}`,
    scope: '',
    name: 'an action',
    method,
    template,
    provider: 'internal',
    businessType: 'bt',
    upstream: null,
    mode: 'replay',
    hold: 401,
    ignoreQuery: [],
    waitTtl: 60,
    passTtl: 60,
    resultTtl: 60,
    deleted: false,
    ...more,
  };
};

const request = (method: string, path: string, query = '', headers: HeaderFields = []): OriginalRequest => ({
  method,
  host: 'h',
  path,
  query,
  headers,
});

const namesOf = (verdict: ReturnType<typeof judgeHead>): readonly string[] =>
  verdict.kind === 'named' ? verdict.matches.map((match) => match.action.id) : [];

describe('judgeHead', () => {
  const actions = [
    action('DELETE', '/users/{id}'),
    action('GET', '/users/{id}'),
    action('POST', '/users'),
    action('PUT', '/users/me', { deleted: true }),
  ];

  it.each([
    ['DELETE', '/users/7', 'DELETE /users/{id}'],
    ['delete', '/users/7/', 'DELETE /users/{id}'],
    ['GET', '/Users/7', 'GET /users/{id}'],
    ['HEAD', '/users/7', 'GET /users/{id}'],
    ['POST', '/users', 'POST /users'],
    ['PUT', '/users/me', 'PUT /users/me'],
  ])('given %s %s, then %s names it', (method, path, id) => {
    expect(namesOf(judgeHead(actions, request(method, path)))).toEqual([id]);
  });

  it.each([
    ['GET', '/', false],
    ['POST', '/things', false],
    ['PATCH', '/users/7', false],
    ['PROPFIND', '/users/7', false],
    ['POST', '/users/7', true],
    ['POST', '/users/7;x', true],
    ['PUT', '/users/7%2fx', false],
    ['GET', '/files/a%2fb//c', false],
  ])(
    'given %s %s, then it is free, and whether its form could name a method is %s',
    (method, path, mayHide) => {
      expect(judgeHead(actions, request(method, path))).toEqual({ kind: 'free', mayHide });
    },
  );

  it('given the values of names, then they are told decoded', () => {
    const verdict = judgeHead(actions, request('DELETE', '/users/%E5%BC%A0'));
    expect(verdict).toMatchObject({ kind: 'named', matches: [{ params: { id: '张' } }] });
  });

  it.each(Object.entries(smuggledPaths))('given %s, then none leads past the action', (_, paths) => {
    const held = [action('DELETE', '/admin/users/{id}')];
    for (const path of paths) {
      expect(judgeHead(held, request('DELETE', path)).kind, path).not.toBe('free');
      expect(judgeHead(held, request('GET', path)).kind, path).toBe('free');
    }
  });

  it('the corpus holds at least sixty spellings, each once', () => {
    const all = Object.values(smuggledPaths).flat();
    expect(all.length).toBeGreaterThanOrEqual(60);
    expect(new Set(all).size).toBe(all.length);
  });

  it('given a path of more readings than can be looked at, then it is refused where there is an action of the method', () => {
    const path = '//a\\b/%2e%2e;x/c%252f..%00d/.%09/e#f%3fg//;h';
    expect(judgeHead(actions, request('DELETE', path)).kind).toBe('refused');
    expect(judgeHead(actions, request('PATCH', path)).kind).toBe('free');
    expect(judgeHead([], request('DELETE', path)).kind).toBe('free');
  });

  it.each([
    ['a header that overrides', request('POST', '/users/7', '', [['x-http-method-override', 'DELETE']])],
    ['one in lower case, with blanks', request('POST', '/users/7', '', [['x-http-method', ' delete ']])],
    ['one with underscores', request('POST', '/users/7', '', [['x_method_override', 'DELETE']])],
    ['HEAD for a GET', request('POST', '/users/7', '', [['x-http-method-override', 'HEAD']])],
    ['a parameter', request('POST', '/users/7', 'a=1&_method=DELETE')],
    ['a parameter in other letters', request('POST', '/users/7', '%5FMETHOD=%64elete')],
    ['its own method and an override', request('DELETE', '/users/7', '', [['x-method-override', 'PATCH']])],
    ['a doubtful path and an override', request('POST', '/users//7', '_method=delete')],
    [
      'a compressed form',
      request('POST', '/users/7', '', [
        ['content-type', 'application/x-www-form-urlencoded'],
        ['content-encoding', 'gzip'],
      ]),
    ],
  ])('given %s, then the request is refused', (_, original) => {
    expect(judgeHead(actions, original).kind).toBe('refused');
  });

  it.each([
    ['an override to what no action names', request('POST', '/users/7', '_method=patch')],
    ['an override elsewhere', request('POST', '/things/7', '_method=delete')],
    ['a parameter that only sounds like it', request('POST', '/users/7', 'payment_method=delete')],
  ])('given %s, then it is free', (_, original) => {
    expect(judgeHead(actions, original).kind).toBe('free');
  });

  describe.each(['x-original-url', 'x-rewrite-url', 'x_original_url', 'x-rewrite_url'])(
    'the header %s, by which some servers route',
    (header) => {
      const judged = (method: string, path: string, url: string, query = '', more: HeaderFields = []) =>
        judgeHead(actions, request(method, path, query, [[header, url], ...more]));

      it.each([
        ['a path', '/users/7'],
        ['a path with a query', '/users/7?a=//b'],
        ['a path without a slash before it', 'users/7'],
        ['a doubtful path', '/x/..//users/%37'],
        ['an absolute URL', 'https://shop.example:8443/users/7?a=1'],
        ['the second of two that were joined', '/free, /users/7'],
        ['a path that cannot be read', '//a\\b/%2e%2e;x/c%252f..%00d/.%09/e#f%3fg//;h'],
      ])('given %s of an action, then the request is refused', (_, url) => {
        expect(judged('DELETE', '/free', url)).toEqual({
          kind: 'refused',
          why: `the header ${header} names another path, which needs approval`,
        });
        // Also where its own path is an action's.
        expect(judged('DELETE', '/users/8', url).kind).toBe('refused');
        expect(judged('PATCH', '/free', url).kind).toBe('free');
      });

      it('given a method named beside it, then the request is refused', () => {
        expect(judged('POST', '/free', '/users/7', '_method=delete').kind).toBe('refused');
        expect(judged('POST', '/free', '/users/7?_method=delete').kind).toBe('refused');
        expect(judged('POST', '/free', '/users/7', '', [['x-http-method', 'DELETE']]).kind).toBe('refused');
      });

      it('given a path of an action of another method, then the form could name it', () => {
        expect(judged('POST', '/free', '/users/7')).toEqual({ kind: 'free', mayHide: true });
        expect(judged('POST', '/users/8', '/free')).toEqual({ kind: 'free', mayHide: true });
      });

      it.each(['', '/', '/free', 'https://shop.example/free?x=/users/7'])(
        'given %j, which is no action, then it tells nothing',
        (url) => {
          expect(judged('DELETE', '/elsewhere', url)).toEqual({ kind: 'free', mayHide: false });
          expect(namesOf(judged('DELETE', '/users/7', url))).toEqual(['DELETE /users/{id}']);
        },
      );

      it("given the request's own path and query, then it tells nothing else", () => {
        const id = ['DELETE /users/{id}'];
        expect(namesOf(judged('DELETE', '/users/7', '/users/7'))).toEqual(id);
        expect(namesOf(judged('DELETE', '/users/7', 'https://h/users/7?a=1', 'a=1'))).toEqual(id);
        expect(namesOf(judged('DELETE', '/users/7,8', '/users/7,8?a=1,2', 'a=1,2'))).toEqual(id);
        expect(judged('DELETE', '/users/7', '/users/7?a=2', 'a=1').kind).toBe('refused');
      });
    },
  );

  it('given such a header twice, then both are looked at', () => {
    const headers: HeaderFields = [
      ['x-original-url', '/free'],
      ['x-original-url', '/users/7'],
    ];
    expect(judgeHead(actions, request('DELETE', '/free', '', headers)).kind).toBe('refused');
  });

  it('given a parameter _method that is no method, then it overrides nothing', () => {
    expect(judgeHead(actions, request('DELETE', '/users/7', '_method=card')).kind).toBe('named');
  });

  it('given several actions, then those alive come first, then those of more literals, then by id', () => {
    const several = [
      action('PUT', '/users/{id}', { id: 'b' }),
      action('PUT', '/users/me', { id: 'z' }),
      action('PUT', '/users/me', { id: 'a', deleted: true }),
      action('PUT', '/users/{name}', { id: 'a2', scope: 't1' }),
      action('PUT', '/{all}/{id}', { id: 'a1' }),
    ];
    expect(namesOf(judgeHead(several, request('PUT', '/users/me')))).toEqual(['z', 'a2', 'b', 'a1', 'a']);
  });

  it('given a thousand actions, then a plain path costs little', () => {
    const many = Array.from({ length: 1_000 }, (_, at) =>
      action('GET', `/api/v1/things${at}/{id}/parts/{part}`),
    );
    judgeHead(many, request('GET', '/'));
    const from = performance.now();
    for (let at = 0; at < 10_000; at += 1) judgeHead(many, request('GET', `/api/v1/others${at}/7/parts/8`));
    expect((performance.now() - from) / 10_000).toBeLessThan(0.1);
  });
});

/** How three kinds of naive servers find the path that they route by. */
const decode = (path: string): string =>
  path.replaceAll(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
const collapse = (path: string): string => path.replaceAll(/\/{2,}/g, '/');
const resolve = (path: string): string => {
  const kept: string[] = [];
  for (const segment of path.split('/').slice(1)) {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}`;
};
const servers: Readonly<Record<string, (raw: string) => string>> = {
  'decodes once, collapses slashes and resolves dots': (raw) => resolve(collapse(decode(raw))),
  'decodes once and resolves dots': (raw) => resolve(decode(raw)),
  'decodes twice, collapses and resolves': (raw) => resolve(collapse(decode(decode(raw)))),
  'resolves before it decodes': (raw) => decode(resolve(collapse(raw))),
  'takes backslashes for slashes and strips parameters': (raw) =>
    resolve(
      collapse(
        decode(raw)
          .replaceAll('\\', '/')
          .replaceAll(/;[^/]*/g, ''),
      ),
    ),
  'strips parameters before it decodes': (raw) => resolve(collapse(decode(raw.replaceAll(/;[^/]*/g, '')))),
  'reads it as a URL (WHATWG)': (raw) => {
    try {
      return decode(new URL(raw, 'http://host').pathname);
    } catch {
      return '/nowhere-at-all';
    }
  },
};

/** A letter as it is, or encoded once or twice. */
const written = (text: string): fc.Arbitrary<string> =>
  fc.array(fc.nat({ max: 49 }), { minLength: text.length, maxLength: text.length }).map((ways) =>
    [...text]
      .map((letter, at) => {
        const hex = letter.charCodeAt(0).toString(16).padStart(2, '0');
        const way = ways[at] ?? 0;
        return way < 46 ? letter : way < 49 ? `%${hex}` : `%25${hex}`;
      })
      .join(''),
  );

describe('no spelling leads past an action', () => {
  const held = [action('DELETE', '/admin/users/{id}')];
  const detour = fc.constantFrom(
    '',
    '',
    '',
    '',
    '',
    '',
    '.',
    '.',
    'x/..',
    'x/..',
    '..',
    ';a',
    '..;',
    '\\',
    '\\..',
    '.\\',
  );
  const spelled = fc
    .tuple(detour, detour, detour, detour)
    .map(([a, b, c, d]) => `/${a}/admin/${b}/users/${c}/7/${d}`)
    .chain((path) => fc.nat({ max: 3 }).map((tidy) => (tidy > 0 ? collapse(path) : path)))
    .chain(written)
    .map((path) => (path.startsWith('/') ? path : `/${path}`));

  it.each(Object.entries(servers))('given a server that %s', (_, route) => {
    let led = 0;
    fc.assert(
      fc.property(spelled, (raw) => {
        if (held[0]?.template.match(route(raw)) == null) return;
        led += 1;
        expect(judgeHead(held, request('DELETE', raw)).kind).not.toBe('free');
      }),
      { numRuns: 2_000 },
    );
    expect(led).toBeGreaterThan(50);
  });

  it('given plain paths of no action, then they are free', () => {
    const segment = fc.stringMatching(/^[a-z0-9_-]{1,8}$/);
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 5 }), (segments) => {
        fc.pre(!(segments.length === 3 && segments[0] === 'admin' && segments[1] === 'users'));
        expect(judgeHead(held, request('DELETE', `/${segments.join('/')}`)).kind).toBe('free');
      }),
    );
  });
});

describe('chooseMatch', () => {
  const match = (id: string, scope: string, deleted = false) => ({
    action: action('GET', '/x', { id, scope, deleted }),
    params: {},
  });
  const matches = [match('p', ''), match('a', 't1'), match('b', 't1'), match('c', 't2', true)];

  it.each([
    ['t1', 'a'],
    ['t3', 'p'],
    ['t2', 'p'],
    [null, 'p'],
    ['', 'p'],
  ])('given the team %s, then %s counts', (team, id) => {
    expect(chooseMatch(matches, team)?.action.id).toBe(id);
  });

  it('given only a deleted one, then it counts still', () => {
    expect(chooseMatch([match('c', 't2', true)], 't2')?.action.id).toBe('c');
  });

  it('given only those of another team, then none counts', () => {
    expect(chooseMatch([match('a', 't1')], 't2')).toBeNull();
    expect(chooseMatch([match('a', 't1')], null)).toBeNull();
  });
});
