import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from './fingerprint.js';
import { shownBody, shownQuery } from './redact.js';

const json = 'application/json';
const form = 'application/x-www-form-urlencoded';
const multipart = 'multipart/form-data; boundary=b';
const shown = (type: string | null, body: string | Buffer): unknown => shownBody(type, Buffer.from(body));
const shownJson = (value: unknown): unknown => shown(json, JSON.stringify(value));
const summary = (type: string | null, body: string | Buffer): unknown => ({
  contentType: type,
  bytes: Buffer.from(body).length,
  sha256: sha256(Buffer.from(body)),
});
const size = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

const secretNames = [
  'password',
  'Passwd',
  'PWD',
  'pass_word',
  'user-password',
  'newPassword',
  'secret',
  'clientSecret',
  'client_secret',
  'token',
  'accessToken',
  'refresh-token',
  'api_key',
  'apiKey',
  'API-KEY',
  'x-api-key',
  'authorization',
  'Authorization',
  'card',
  'cardNumber',
  'credit_card',
  'cvv',
  'CVC',
  'pin',
  'PIN',
  'pin_code',
  'userPin',
  'otp',
  'cookie',
  'session_id',
  'privateKey',
  '密码',
  '用户密码',
  '验证码',
  'ｐａｓｓｗｏｒｄ',
  'p\u00adassword',
  'pass\u200bword',
];

describe('shownBody', () => {
  it('given no body, then nothing is shown', () => {
    expect(shownBody(json, Buffer.alloc(0))).toBeNull();
  });

  it('given JSON, then it is shown with secrets masked at any depth', () => {
    expect(
      shownJson({
        name: 'ann',
        age: 7,
        on: true,
        none: null,
        list: [{ password: 'x', roles: ['a'] }],
        card: { no: 1 },
      }),
    ).toEqual({
      name: 'ann',
      age: 7,
      on: true,
      none: null,
      list: [{ password: '***', roles: ['a'] }],
      card: '***',
    });
  });

  it.each(secretNames)(
    'given a secret named %s, then it is masked in JSON, forms, parts, texts and queries',
    (name) => {
      expect(shownJson({ a: { [name]: 'hunter2' } })).toEqual({ a: { [name]: '***' } });
      expect(shownJson([{ name, value: 'hunter2' }])).toEqual([{ name, value: '***' }]);
      expect(JSON.stringify(shownJson({ payload: JSON.stringify({ [name]: 'hunter2' }) }))).not.toContain(
        'hunter2',
      );
      expect(shown(form, `a=1&${encodeURIComponent(name)}=hunter2`)).toEqual({ a: '1', [name]: '***' });
      expect(
        JSON.stringify(
          shown(multipart, `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\nhunter2\r\n--b--`),
        ),
      ).toContain('"value":"***"');
      for (const line of [
        `${name}=hunter2`,
        `${name}: hunter2`,
        `"${name}": "hunter2"`,
        `x='1' ${name} = 'hunter2'`,
        `<${name}>hunter2</${name}>`,
      ]) {
        expect(shown('text/plain', line), line).not.toContain('hunter2');
      }
      expect(shownQuery(`a=1&${encodeURIComponent(name)}=hunter2&b=2`)).toBe(
        `a=1&${encodeURIComponent(name)}=***&b=2`,
      );
    },
  );

  it.each([
    'name',
    'title',
    'amount',
    'shipping',
    'opinion',
    'author',
    'keyword',
    'compass',
    '名称',
    '审批意见',
  ])('given what is named %s, then it is shown', (name) => {
    expect(shownJson({ [name]: 'x' })).toEqual({ [name]: 'x' });
  });

  it.each([
    ['Bearer abcdef.ghijk', 'Bearer ***'],
    ['basic dXNlcjpwYXNz', 'basic ***'],
    ['see eyJhbGciOi.eyJzdWIi.c2ln here', 'see *** here'],
    ['https://ann:pw@host/x', 'https://***@host/x'],
    ['-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----', '***'],
  ])('given the text %s under any name, then %s is shown', (text, masked) => {
    expect(shownJson({ a: text })).toEqual({ a: masked });
    expect(shown('text/plain', text)).toBe(masked);
  });

  it('given numbers that would be rounded, then they are shown to the letter', () => {
    expect(shown(json, '{"id":12345678901234567890,"n":1.10,"m":-7,"s":"1.10"}')).toEqual({
      id: '12345678901234567890',
      n: '1.10',
      m: -7,
      s: '1.10',
    });
  });

  it.each([
    ['a name twice', json, '{"amount":1,"amount":1000}'],
    ['a name twice, deep and with escapes', json, '{"a":[{"x":1,"\\u0078":2}]}'],
    ['no JSON', json, '{"pass\\u0077ord":"hunter2"'],
    ['bytes that are no text', json, Buffer.from([0x22, 0xff, 0x22])],
    ['an unknown character set', 'text/plain; charset=klingon', 'x'],
    ['a file', 'application/octet-stream', Buffer.from([0, 1, 2])],
    ['nothing said about it', null, '{"password":"hunter2"}'],
    ['a multipart body without a boundary', 'multipart/form-data', 'x'],
    ['a multipart body that is none', multipart, 'hunter2'],
    ['much of it', json, JSON.stringify('x'.repeat(300_000))],
  ])('given %s, then type, length and hash are shown', (_, type, body) => {
    expect(shown(type, body)).toEqual(summary(type, body));
  });

  it('given a form with a name twice, then both values are shown', () => {
    expect(shown(`${form}; charset=utf-8`, 'a=1&a=2&b=+%E5%BC%A0&user[password]=x&%2570assword=y&c')).toEqual(
      {
        a: ['1', '2'],
        b: ' 张',
        'user[password]': '***',
        '%70assword': '***',
        c: '',
      },
    );
  });

  it('given a text, then its first 2,000 characters are shown', () => {
    expect(shown('text/plain', 'a'.repeat(3_000))).toBe(`${'a'.repeat(2_000)}…`);
    expect(shown('text/xml', '<a><b>1</b><Password>hunter2</Password></a>')).toBe(
      '<a><b>1</b><Password>***</Password></a>',
    );
    expect(shown('text/xml', '<a><password x="1"><![CDATA[hunter2]]>')).not.toContain('hunter2');
    expect(shown('text/plain; charset=gbk', Buffer.from([0xd5, 0xc5]))).toBe('张');
  });

  it('given a multipart body, then its parts are named, and small texts are shown', () => {
    const body = [
      '--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nA trip\r\n',
      '--b\r\nContent-Disposition: form-data; name="data"\r\nContent-Type: application/json\r\n\r\n{"token":"x","a":1}\r\n',
      '--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\x00\x01\r\n\r\n',
      '--b\r\nContent-Disposition: form-data; name="big"\r\n\r\n',
      'x'.repeat(3_000),
      '\r\n--b--\r\n',
    ].join('');
    expect(shown(multipart, body)).toEqual([
      { name: 'title', filename: null, contentType: null, bytes: 6, value: 'A trip' },
      {
        name: 'data',
        filename: null,
        contentType: 'application/json',
        bytes: 19,
        value: '{"token":"***","a":1}',
      },
      { name: 'file', filename: 'a.png', contentType: 'image/png', bytes: 4 },
      { name: 'big', filename: null, contentType: null, bytes: 3_000 },
    ]);
  });

  it('given __proto__ as a name, then it changes nothing but its own name', () => {
    const value = shown(json, '{"__proto__":{"admin":true},"constructor":{"prototype":1}}') as object;
    expect(JSON.stringify(value)).toBe('{"[__proto__]":{"admin":true},"constructor":{"prototype":1}}');
    expect('admin' in Object.assign({}, value)).toBe(false);
    expect(JSON.stringify(shown(form, '__proto__=x'))).toBe('{"[__proto__]":"x"}');
  });

  it('given JSON of many levels, then twelve are shown', () => {
    expect(shown(json, '['.repeat(30) + ']'.repeat(30))).toEqual(
      JSON.parse(`${'['.repeat(12)}"…"${']'.repeat(12)}`),
    );
  });

  it('given more than fits, then long texts and lists are cut', () => {
    const value = shownJson({
      text: 'a'.repeat(20_000),
      list: Array.from({ length: 80 }, (_, at) => at),
      password: 'x',
    }) as Record<string, unknown>;
    expect(value).toMatchObject({ text: `${'a'.repeat(500)}…`, password: '***' });
    expect(value['list']).toHaveLength(51);
    expect(size(value)).toBeLessThan(16 * 1024);
  });

  it('given much of everything, then the hash stands for it', () => {
    const body = JSON.stringify(
      Array.from({ length: 50 }, () => Array.from({ length: 50 }, () => 'x'.repeat(50))),
    );
    expect(shown(json, body)).toEqual(summary(json, body));
  });

  it.each([
    ['deep JSON', json, '['.repeat(100_000) + ']'.repeat(100_000)],
    [
      'JSON in JSON in JSON',
      json,
      Array.from({ length: 9 }).reduce<string>(
        (text) => JSON.stringify({ a: text }),
        '{"password":"hunter2"}',
      ),
    ],
    ['many fields', form, 'a=1&'.repeat(60_000)],
    ['many parts', multipart, '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'.repeat(5_000)],
  ])('given %s, then it is shown in time, and small', (_, type, body) => {
    const from = performance.now();
    const value = shown(type, body);
    expect(performance.now() - from).toBeLessThan(3_000);
    expect(size(value)).toBeLessThanOrEqual(16 * 1024);
    expect(JSON.stringify(value)).not.toContain('hunter2');
  });

  it('given anything at all, then it answers with at most 16 KB, and throws nothing', () => {
    const type = fc.option(
      fc.oneof(
        fc.constantFrom(json, form, multipart, 'text/plain', 'text/xml; charset=utf-16le'),
        fc.string(),
      ),
    );
    const body = fc.oneof(
      fc.uint8Array(),
      fc.string().map((text) => Buffer.from(`--b\r\n${text}\r\n\r\n--b`)),
      fc.json().map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(type, body, (contentType, bytes) => {
        expect(size(shownBody(contentType, Buffer.from(bytes)) ?? null)).toBeLessThanOrEqual(16 * 1024);
      }),
    );
  });

  it('given a marked secret anywhere in JSON, then it is not let through', () => {
    const marked = 'S3CR3T-MARK';
    const name = fc.constantFrom(...secretNames);
    const secret = fc
      .tuple(name, fc.constantFrom<unknown>(marked, [marked], { deep: marked }, `a ${marked} b`))
      .map(([key, value]) => ({ [key]: value }));
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        secret,
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie('tree'), { maxKeys: 4, noNullPrototype: true }),
        tie('tree').map((inner) => ({ nested: JSON.stringify(inner) })),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        expect(JSON.stringify(shownJson(value))).not.toContain(marked);
      }),
      { numRuns: 500 },
    );
  });
});

describe('shownQuery', () => {
  it.each([
    ['', ''],
    ['a=1&b=%E5%BC%A0&c', 'a=1&b=%E5%BC%A0&c'],
    ['a=1;token=x&b', 'a=1;token=***&b'],
    ['%74oken=x', '%74oken=***'],
    ['a=Bearer%20abcdefgh', 'a=***'],
    ['eyJhbGciOi.eyJzdWIi.c2ln', '***'],
    ['to=https%3A%2F%2Fann%3Apw%40host', 'to=***'],
    ['a=b=password=x', 'a=***'],
    [`a=${'x'.repeat(3_000)}`, `a=${'x'.repeat(1_998)}…`],
  ])('given %s, then %s is shown', (query, text) => {
    expect(shownQuery(query)).toBe(text);
  });
});
