import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fingerprintOf,
  requestHashOf,
  sha256,
  type FingerprintParts,
  type RequestHashFields,
} from './fingerprint.js';
import type { HeaderFields, OriginalRequest } from './original.js';

const original: OriginalRequest = {
  method: 'POST',
  host: 'h',
  path: '/users',
  query: 'a=1&b=2',
  headers: [],
};
const base: FingerprintParts = { team: 't1', user: 'ann', original, ignoreQuery: [], body: Buffer.from('x') };

const of = (more: Partial<OriginalRequest>, parts: Partial<FingerprintParts> = {}): string =>
  fingerprintOf({ ...base, ...parts, original: { ...original, ...more } });
const ofQuery = (query: string, ignoreQuery: readonly string[] = []): string =>
  of({ query }, { ignoreQuery });
const typed = (value: string, name = 'content-type'): { headers: HeaderFields } => ({
  headers: [[name, value]],
});

describe('fingerprintOf', () => {
  it('given the same request, then it is the same, whatever its other headers say', () => {
    expect(of({})).toMatch(/^[\da-f]{64}$/);
    expect(of({ headers: [['user-agent', 'x']] })).toBe(of({}));
  });

  it.each<[string, Partial<OriginalRequest>, Partial<FingerprintParts>]>([
    ['another team', {}, { team: 't2' }],
    ['no team', {}, { team: null }],
    ['a team without a name', {}, { team: '' }],
    ['another person', {}, { user: 'bob' }],
    ['HEAD', { method: 'HEAD' }, {}],
    ['GET', { method: 'GET' }, {}],
    ['another host', { host: 'i' }, {}],
    ['another path', { path: '/Users' }, {}],
    ['a slash at the end', { path: '/users/' }, {}],
    ['the path encoded', { path: '/%75sers' }, {}],
    ['another query', { query: 'a=1&b=3' }, {}],
    ['another body', {}, { body: Buffer.from('y') }],
    ['no body', {}, { body: Buffer.alloc(0) }],
    ['a type', typed('text/plain'), {}],
    ['an encoding of the content', typed('gzip', 'content-encoding'), {}],
    ['a key of the caller', typed('k1', 'idempotency-key'), {}],
    ['another key of the caller', typed('k2', 'idempotency-key'), {}],
    ['an override', typed('PUT', 'x-http-method-override'), {}],
    ['an action', {}, { actionId: 'a1' }],
  ])('given %s, then it is another one', (_, more, parts) => {
    expect(of(more, parts)).not.toBe(of({}));
  });

  it.each([
    ['HEAD and GET', of({ method: 'HEAD' }), of({ method: 'GET' })],
    ['two keys of the caller', of(typed('k1', 'idempotency-key')), of(typed('k2', 'idempotency-key'))],
    [
      'boundaries of other letters',
      of(typed('multipart/form-data; boundary=A')),
      of(typed('multipart/form-data; boundary=a')),
    ],
    [
      'quoted boundaries of other letters',
      of(typed('multipart/form-data; boundary="x;B=a"')),
      of(typed('multipart/form-data; boundary="x;b=a"')),
    ],
    ['values of one name in another sequence', ofQuery('a=1&a=2'), ofQuery('a=2&a=1')],
    ['names that some servers take for the same', ofQuery('a.b=1&a_b=2'), ofQuery('a_b=2&a.b=1')],
    ['names in other letters', ofQuery('a=1&A=2'), ofQuery('A=2&a=1')],
    ['parts of a list', ofQuery('a[]=1&a[x]=2'), ofQuery('a[x]=2&a[]=1')],
    ['an encoded value', ofQuery('a=%31'), ofQuery('a=1')],
    ['a parameter behind a semicolon', ofQuery('page=1;id=2', ['page']), ofQuery('page=1', ['page'])],
    [
      'a parameter behind an encoded ampersand',
      ofQuery('page=1%26id=2', ['page']),
      ofQuery('page=1', ['page']),
    ],
    ['a semicolon, in another sequence', ofQuery('a=1;b=2&b=3'), ofQuery('b=3&a=1;b=2')],
    ['a name that is not to be ignored', ofQuery('pages=1', ['page']), ofQuery('', ['page'])],
    ['a name in other letters than the ignored one', ofQuery('Page=1', ['page']), ofQuery('', ['page'])],
  ])('given %s, then they are not the same', (_, one, other) => {
    expect(one).not.toBe(other);
  });

  it.each([
    [
      'types in other letters',
      of(typed('Application/JSON; Charset=utf-8')),
      of(typed('application/json; charset=utf-8')),
    ],
    [
      'other ignored values',
      ofQuery('id=1&page=1&page_size=9', ['page', 'page_size']),
      ofQuery('page=2&id=1', ['page', 'page_size']),
    ],
    ['an ignored parameter alone', ofQuery('page=1', ['page']), ofQuery('', ['page'])],
    ['an ignored name encoded', ofQuery('p%61ge=1', ['page']), ofQuery('', ['page'])],
  ])('given %s, then they are the same', (_, one, other) => {
    expect(one).toBe(other);
  });

  it('given a form that a client sends again under another boundary, then it is the same; other content is not', () => {
    const form = (boundary: string, content: string) =>
      of(typed(`multipart/form-data; boundary=${boundary}`), {
        body: Buffer.from(
          `--${boundary}\r\ncontent-disposition: form-data; name="a"\r\n\r\n${content}\r\n--${boundary}--\r\n`,
        ),
      });
    const one = form('----WebKitFormBoundaryAAAA', 'x');
    expect(form('----WebKitFormBoundaryBBBB', 'x')).toBe(one);
    expect(form('----WebKitFormBoundaryBBBB', 'y')).not.toBe(one);
    // Another part that begins where the first one's boundary stands in the content.
    expect(form('b', 'x--c')).not.toBe(form('c', 'x--c'));
    expect(form('b', 'x\r\n--c')).not.toBe(form('c', 'x\r\n--b'));
  });

  it('given parameters of different names in any sequence, then it is the same', () => {
    const parameters = fc.uniqueArray(
      fc.tuple(
        fc.stringMatching(/^[a-z]{1,5}$/),
        fc
          .string()
          .map(encodeURIComponent)
          .map((v) => v.replaceAll(/%(?:25|26|3B|23|00|0A|0D)/g, '')),
      ),
      { selector: ([name]) => name, minLength: 1 },
    );
    const shuffled = parameters.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    const query = (all: readonly (readonly [string, string])[]): string =>
      all.map(([n, v]) => `${n}=${v}`).join('&');
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        expect(ofQuery(query(all))).toBe(ofQuery(query(other)));
      }),
    );
  });

  it('given characters that move from one part into the next, then it is another one', () => {
    const word = fc.string({ unit: fc.constantFrom('a', '"', ',', '\\', '|', '\0', '\ud800', 'é') });
    const parts = fc.tuple(word, word, word, word, word, word);
    const fingerprint = ([team, user, method, host, path, key]: readonly [
      string,
      string,
      string,
      string,
      string,
      string,
    ]): string =>
      fingerprintOf({
        ...base,
        team,
        user,
        original: { method, host, path, query: '', headers: [['idempotency-key', key]] },
      });
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        expect(fingerprint(one) === fingerprint(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
    expect(fingerprint(['ab', 'c', '', '', '', ''])).not.toBe(fingerprint(['a', 'bc', '', '', '', '']));
  });
});

describe('requestHashOf', () => {
  const fields: RequestHashFields = {
    id: 'r1',
    team: 't1',
    user: 'ann',
    actionId: 'a1',
    mode: 'replay',
    method: 'POST',
    upstream: 'http://u',
    host: 'h',
    path: '/p',
    query: 'q',
    headers: [
      ['accept', 'x'],
      ['b', 'c'],
    ],
    bodyHash: sha256('x'),
    bodyBytes: 1,
  };

  it('given the fields in another sequence, then it is the same', () => {
    const turned = Object.fromEntries(Object.entries(fields).toReversed()) as unknown as RequestHashFields;
    expect(requestHashOf(turned)).toBe(requestHashOf(fields));
  });

  it.each<[string, Partial<RequestHashFields>]>([
    ['id', { id: 'r2' }],
    ['team', { team: null }],
    ['user', { user: 'bob' }],
    ['action', { actionId: 'a2' }],
    ['mode', { mode: 'retry-once' }],
    ['method', { method: 'PUT' }],
    ['upstream', { upstream: null }],
    ['host', { host: 'i' }],
    ['path', { path: '/P' }],
    ['query', { query: '' }],
    [
      'headers',
      {
        headers: [
          ['accept', 'y'],
          ['b', 'c'],
        ],
      },
    ],
    [
      'sequence of headers',
      {
        headers: [
          ['b', 'c'],
          ['accept', 'x'],
        ],
      },
    ],
    [
      'border between headers',
      {
        headers: [
          ['accept', 'x,b'],
          ['c', ''],
        ],
      },
    ],
    ['hash of the body', { bodyHash: sha256('y') }],
    ['length of the body', { bodyBytes: 2 }],
  ])('given another %s, then it is another one', (_, more) => {
    expect(requestHashOf({ ...fields, ...more })).not.toBe(requestHashOf(fields));
  });
});

describe('sha256', () => {
  it('given abc, then it is what FIPS 180 says', () => {
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(sha256('abc')).toBe(abc);
    expect(sha256(Buffer.from('abc'))).toBe(abc);
  });
});
