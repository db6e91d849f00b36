import { describe, expect, it } from 'vitest';
import type { Adapter } from '../vocabulary.js';
import { isBodiless, readOriginal, type Door, type RawHead } from './adapters.js';
import type { OriginalRequest } from './original.js';

const head = (
  method: string,
  url: string,
  headers: readonly (readonly [string, string])[] = [],
  host = 'Gate.Example',
): RawHead => ({
  method,
  url,
  host,
  rawHeaders: [['Host', host] as const, ...headers].flat(),
});

const read = (adapter: Adapter, door: Door, what: RawHead): OriginalRequest => {
  const original = readOriginal(adapter, door, what);
  if ('why' in original) throw new Error(original.why);
  return original;
};

const why = (adapter: Adapter, door: Door, what: RawHead): string => {
  const original = readOriginal(adapter, door, what);
  return 'why' in original ? original.why : 'nothing';
};

const nginx = [
  ['X-Original-Method', 'delete'],
  ['X-Original-URI', '/users/7?a=1?b'],
] as const;
const forwarded = [
  ['X-Forwarded-Method', 'DELETE'],
  ['X-Forwarded-Uri', '/users/7?a=1'],
  ['X-Forwarded-Host', 'App.Example'],
] as const;

describe('readOriginal', () => {
  it.each<[Adapter, Door, RawHead, Partial<OriginalRequest>]>([
    [
      'proxy',
      'proxy',
      head('DELETE', '/users/7?a=1'),
      { method: 'DELETE', host: 'gate.example', path: '/users/7', query: 'a=1' },
    ],
    ['proxy', 'proxy', head('GET', ''), { path: '/', query: '' }],
    ['proxy', 'proxy', head('GET', '?a'), { path: '/', query: 'a' }],
    ['proxy', 'proxy', head('GET', '//a/%2e%2e;x?'), { path: '//a/%2e%2e;x', query: '' }],
    [
      'envoy',
      'check',
      head('DELETE', '/users/7'),
      { method: 'DELETE', host: 'gate.example', path: '/users/7' },
    ],
    [
      'nginx',
      'check',
      head('GET', '/ignored', nginx),
      { method: 'DELETE', host: 'gate.example', path: '/users/7', query: 'a=1?b' },
    ],
    [
      'nginx',
      'check',
      head('GET', '', [...nginx, ['X-Original-Host', 'App.Example']]),
      { host: 'app.example' },
    ],
    ['nginx', 'hold', head('DELETE', '', nginx), { method: 'DELETE', path: '/users/7' }],
    ['nginx', 'hold', head('PUT', '', nginx.slice(1)), { method: 'PUT', path: '/users/7' }],
    [
      'traefik',
      'check',
      head('GET', '/ignored', forwarded),
      { method: 'DELETE', host: 'app.example', path: '/users/7', query: 'a=1' },
    ],
    [
      'apisix',
      'check',
      head('POST', '', forwarded),
      { method: 'DELETE', host: 'app.example', path: '/users/7', query: 'a=1' },
    ],
  ])('given %s at %s, then the request is told', (adapter, door, what, told) => {
    expect(read(adapter, door, what)).toMatchObject(told);
  });

  it.each<[Adapter, Door, RawHead, string]>([
    ['proxy', 'check', head('GET', '/'), 'an adapter proxy does not come by the door check'],
    ['proxy', 'hold', head('GET', '/'), 'an adapter proxy does not come by the door hold'],
    ['envoy', 'proxy', head('GET', '/'), 'an adapter envoy does not come by the door proxy'],
    ['traefik', 'hold', head('GET', '/', forwarded), 'an adapter traefik does not come by the door hold'],
    ['nginx', 'proxy', head('GET', '/', nginx), 'an adapter nginx does not come by the door proxy'],
    ['submit', 'check', head('GET', '/'), 'an adapter submit does not come by the door check'],
    ['proxy', 'proxy', head('GET', 'users'), 'the path does not begin with a slash'],
    ['nginx', 'check', head('GET', '/', nginx.slice(0, 1)), 'the header x-original-uri is missing'],
    ['nginx', 'check', head('GET', '/', nginx.slice(1)), 'the header x-original-method is missing'],
    [
      'nginx',
      'check',
      head('GET', '/', [...nginx, nginx[0]]),
      'the header x-original-method comes more than once',
    ],
    [
      'nginx',
      'check',
      head('GET', '/', [...nginx, ['x-original-uri', '/free']]),
      'the header x-original-uri comes more than once',
    ],
    ['nginx', 'check', head('GET', '/', forwarded), 'the header x-original-method is missing'],
    [
      'nginx',
      'check',
      head('GET', '/', [['X-Original-Method', ''], nginx[1]]),
      'the header x-original-method is missing',
    ],
    [
      'nginx',
      'check',
      head('GET', '/', [['X-Original-Method', 'GET, DELETE'], nginx[1]]),
      'the method is not a token',
    ],
    [
      'nginx',
      'check',
      head('GET', '/', [nginx[0], ['X-Original-URI', 'http://h/users/7']]),
      'the header x-original-uri does not begin with a slash',
    ],
    ['nginx', 'hold', head('POST', '', nginx), 'the header x-original-method says another method than POST'],
    [
      'nginx',
      'hold',
      head('DELETE', '', [...nginx, nginx[0]]),
      'the header x-original-method comes more than once',
    ],
    [
      'nginx',
      'check',
      head('GET', '', [...nginx, ['X-Original-Host', 'a'], ['X-Original-Host', 'b']]),
      'the header x-original-host comes more than once',
    ],
    ['traefik', 'check', head('GET', '/', nginx), 'the header x-forwarded-method is missing'],
    ['traefik', 'check', head('GET', '/', forwarded.slice(0, 2)), 'the header x-forwarded-host is missing'],
    [
      'apisix',
      'check',
      head('GET', '/', [...forwarded, forwarded[1]]),
      'the header x-forwarded-uri comes more than once',
    ],
    [
      'apisix',
      'check',
      head('GET', '/', [...forwarded.slice(0, 2), ['X-Forwarded-Host', 'a, b']]),
      'the host is not a host',
    ],
    ['proxy', 'proxy', head('GET', '/', [['host', 'other']]), 'the header host comes more than once'],
    ['proxy', 'proxy', { ...head('GET', '/'), rawHeaders: ['Host'] }, 'the headers are not pairs'],
  ])('given %s at %s with %j, then it is refused', (adapter, door, what, reason) => {
    expect(why(adapter, door, what)).toBe(reason);
  });

  it.each<[Adapter, Door]>([
    ['proxy', 'proxy'],
    ['envoy', 'check'],
  ])('given %s and the headers of other adapters, then they tell nothing', (adapter, door) => {
    const original = read(adapter, door, head('GET', '/free', [...nginx, ...forwarded]));
    expect(original).toMatchObject({ method: 'GET', host: 'gate.example', path: '/free', query: '' });
    expect(original.headers).toContainEqual(['x-original-uri', '/users/7?a=1?b']);
    expect(original.headers).toContainEqual(['x-forwarded-uri', '/users/7?a=1']);
  });

  it('given nobody who tells a host, then it is empty', () => {
    expect(read('proxy', 'proxy', { method: 'GET', url: '/', host: null, rawHeaders: [] }).host).toBe('');
  });

  it("given its own headers, the gate's secret and a forged approval, then they go no further, however written", () => {
    const original = read(
      'nginx',
      'check',
      head('GET', '/', [
        ...nginx,
        ['X-Original-Host', 'h'],
        ['X-Gate-Secret', 's'],
        ['x_gate_secret', 's'],
        ['X-Approval-Request-Id', 'forged'],
        ['X_Approval_Request-Id', 'forged'],
        ['Accept', 'a'],
        ['ACCEPT', 'b'],
      ]),
    );
    expect(original.headers).toEqual([
      ['host', 'Gate.Example'],
      ['accept', 'a'],
      ['accept', 'b'],
    ]);
  });
});

describe('a body that Envoy sends in part', () => {
  it.each<[string, boolean]>([
    ['true', true],
    ['false', false],
  ])('given the word %s, then the request is refused: %s', (word, refused) => {
    const original = readOriginal(
      'envoy',
      'check',
      head('POST', '/x', [['X-Envoy-Auth-Partial-Body', word]]),
    );
    expect('why' in original).toBe(refused);
  });
});

describe('isBodiless', () => {
  const told = (name: string, method: string) => [[name, method]] as const;
  it.each<[Adapter, string, readonly (readonly [string, string])[], boolean, boolean]>([
    ['nginx', 'GET', told('X-Original-Method', 'get'), false, true],
    ['nginx', 'GET', told('X-Original-Method', 'DELETE'), false, false],
    // nginx never sends one, whatever is said of it.
    ['nginx', 'GET', told('X-Original-Method', 'POST'), true, false],
    ['nginx', 'GET', [...told('X-Original-Method', 'POST'), ['X-Original-Body', ':']], false, false],
    ['nginx', 'GET', [], false, false],
    [
      'nginx',
      'GET',
      [...told('X-Original-Method', 'GET'), ...told('X-Original-Method', 'POST')],
      false,
      false,
    ],
    ['traefik', 'GET', told('X-Forwarded-Method', 'PUT'), false, false],
    ['traefik', 'GET', told('X-Forwarded-Method', 'PUT'), true, true],
    ['apisix', 'POST', told('X-Forwarded-Method', 'HEAD'), false, true],
    ['envoy', 'GET', [], false, true],
    ['envoy', 'PATCH', [], false, false],
    ['envoy', 'PATCH', [], true, true],
  ])(
    'given %s and %s with %j, bodies sent along: %s, then there is none: %s',
    (adapter, method, headers, forwards, none) => {
      expect(isBodiless(adapter, head(method, '/', headers), forwards)).toBe(none);
    },
  );
});
