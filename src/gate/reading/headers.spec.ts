import { describe, expect, it } from 'vitest';
import { forwardable, shownHeaders, withoutCredentials } from './headers.js';
import type { HeaderFields } from './original.js';

const names = (headers: HeaderFields): readonly string[] => headers.map(([name]) => name);

describe('forwardable', () => {
  it.each([
    'connection',
    'keep-alive',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'http2-settings',
    'host',
    'content-length',
    'expect',
    'proxy-authorization',
    'proxy-authenticate',
    'proxy-connection',
    'proxy-anything',
    'transfer_encoding',
    'content_length',
  ])('given %s, then it stays behind', (name) => {
    expect(forwardable([[name, 'x']])).toEqual([]);
  });

  it('given headers that Connection names, then they stay behind as well, on any line', () => {
    const headers: HeaderFields = [
      ['connection', 'close, X-One'],
      ['x-one', '1'],
      ['connection', ' x-TWO ,'],
      ['x-two', '2'],
      ['x_two', '2'],
      ['accept', 'a'],
      ['accept', 'b'],
      ['x-three', '3'],
    ];
    expect(forwardable(headers)).toEqual([
      ['accept', 'a'],
      ['accept', 'b'],
      ['x-three', '3'],
    ]);
  });

  it('given a Connection that names what is meant for every recipient, then that goes on', () => {
    const kept = [
      'content-type',
      'content-encoding',
      'authorization',
      'cookie',
      'x-forwarded-for',
      'idempotency-key',
    ];
    expect(
      names(forwardable([['connection', kept.join(',')], ...kept.map((name) => [name, 'x'] as const)])),
    ).toEqual(kept);
  });
});

describe('withoutCredentials', () => {
  it.each([
    'authorization',
    'cookie',
    'cookie2',
    'proxy-authorization',
    'x-api-key',
    'apikey',
    'x-auth-token',
    'x-csrf-token',
    'x-xsrf-token',
    'x-access-key',
    'private-token',
    'x-session-id',
    'x-amz-security-token',
    'x-vault-token',
    'ocp-apim-subscription-key',
    'x_api_key',
    'x-client-secret',
    'x-goog-iap-jwt-assertion',
    'x-auth-user',
    'authentication',
  ])('given %s, then it is a credential', (name) => {
    expect(withoutCredentials([[name, 'x']])).toEqual({ kept: [], credentials: [[name, 'x']] });
  });

  it.each([
    'accept',
    'content-type',
    'idempotency-key',
    'x-request-id',
    'author',
    'x-tenant',
    'user-agent',
    'keyword',
  ])('given %s, then it is kept', (name) => {
    expect(withoutCredentials([[name, 'x']])).toEqual({ kept: [[name, 'x']], credentials: [] });
  });
});

describe('shownHeaders', () => {
  it('given headers of all kinds, then a few harmless ones are shown, without what is secret in them', () => {
    expect(
      shownHeaders([
        ['authorization', 'Bearer abcdef'],
        ['cookie', 'a=b'],
        ['x-anything', 'x'],
        ['content-type', 'application/json'],
        ['referer', 'https://ann:pw@app.example/users?token=t#f'],
        ['user-agent', 'curl Bearer abcdefgh'],
        ['accept-language', 'z'.repeat(600)],
      ]),
    ).toEqual([
      ['content-type', 'application/json'],
      ['referer', 'https://***@app.example/users'],
      ['user-agent', 'curl Bearer ***'],
      ['accept-language', 'z'.repeat(500)],
    ]);
  });
});
