import { createCipheriv, createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openLark, sealLark, whyNotSigned } from './lark.crypto.js';

/** The vectors of integrations.md §1. */
const vector = {
  key: 'test key',
  timestamp: '1700000000',
  nonce: 'abc',
  body: '{"encrypt":"AQEBAQEBAQEBAQEBAQEBAUlXlr62Ua4r1Zt6qKQErvOtVHcdz/DPj2ekwH0iLNZhfN0DTjio1pEweRCCzV+e72+XEX72iKJMMmCP6hIrCxw="}',
  signature: '90e7c3c515fb7a16c24ff6df7e37a958eb71ef1142105947b9be2013e70bf0a9',
} as const;
const now = new Date(1_700_000_000_000);
const headers = {
  'x-lark-request-timestamp': vector.timestamp,
  'x-lark-request-nonce': vector.nonce,
  'x-lark-signature': vector.signature,
};
const body = Buffer.from(vector.body);

describe('openLark', () => {
  it("given the vendor's vector, then it is opened", () => {
    expect(openLark('P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=', 'test key')).toBe('hello world');
  });

  it('given the signed vector, then its challenge is read', () => {
    const { encrypt } = JSON.parse(vector.body) as { readonly encrypt: string };
    expect(openLark(encrypt, vector.key)).toBe('{"challenge":"ok","token":"vt","type":"url_verification"}');
  });

  it('given any text and key, then what is sealed is opened, and with no other key', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.string({ minLength: 1 }),
        fc.string(),
        (text, key, other) => {
          const sealed = sealLark(text, key);
          expect(openLark(sealed, key)).toBe(text);
          if (other !== key) expect(openLark(sealed, other)).not.toBe(text);
        },
      ),
    );
  });

  it('given anything else, then it is null, and nothing is thrown', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (sealed) => {
        expect(openLark(sealed, 'test key') ?? 'text').toBeTypeOf('string');
      }),
    );
    for (const sealed of ['', 'AA==', 'A'.repeat(21) + '=', Buffer.alloc(32).toString('base64')]) {
      expect(openLark(sealed, 'test key')).toBeNull();
    }
  });

  it('given a byte that is changed on the way, then its padding or its text is wrong', () => {
    const sealed = Buffer.from(sealLark('{"a":1}', 'test key'), 'base64');
    for (let at = 16; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 0xff;
      expect(openLark(changed.toString('base64'), 'test key')).not.toBe('{"a":1}');
    }
  });

  it('given bytes that are no UTF-8, then it is null', () => {
    const latin = Buffer.from('{"a":"\xe9"}', 'latin1');
    const sealed = sealLark('placeholder', 'test key');
    expect(openLark(sealed, 'test key')).toBe('placeholder');
    expect(openLark(sealLark(latin.toString('latin1'), 'test key'), 'test key')).toBe('{"a":"é"}');
    expect(openLark(sealBytes(latin, 'test key'), 'test key')).toBeNull();
  });

  it('given an empty key, then nothing is opened, and nothing is sealed', () => {
    expect(openLark(sealBytes(Buffer.from('hello'), ''), '')).toBeNull();
    expect(() => sealLark('hello', '')).toThrow('empty');
  });
});

describe('whyNotSigned', () => {
  const why = (more: object = {}, raw: Buffer = body, key: string = vector.key, at: Date = now) =>
    whyNotSigned({ ...headers, ...more }, raw, key, at);

  it('given the vector, then it is signed', () => {
    expect(why()).toBeNull();
  });

  it('given the same JSON in other bytes, then it is not', () => {
    expect(why({}, Buffer.from(vector.body.replace(':', ': ')))).toContain('signature');
  });

  it.each([
    ['another key', why({}, body, 'other key')],
    ['no key', why({ 'x-lark-signature': digest(`${vector.timestamp}${vector.nonce}`) }, body, '')],
    ['another nonce', why({ 'x-lark-request-nonce': 'abd' })],
    ['another time', why({ 'x-lark-request-timestamp': '1700000001' })],
    ['no signature', why({ 'x-lark-signature': undefined })],
    ['several signatures', why({ 'x-lark-signature': [vector.signature, vector.signature] })],
    ['an empty signature', why({ 'x-lark-signature': '' })],
    ['a time that is none', why({ 'x-lark-request-timestamp': '17e8' })],
  ])('given %s, then it is not signed', (_what, reason) => {
    expect(reason).toBeTypeOf('string');
  });

  it('given 300 seconds, then it counts; one more in either direction, and it does not', () => {
    const at = (seconds: number) => why({}, body, vector.key, new Date(now.getTime() + seconds * 1000));
    expect([at(300), at(-300)]).toEqual([null, null]);
    expect(at(301)).toContain('301 s ago');
    expect(at(-301)).toContain('301 s ahead');
  });
});

function digest(text: string): string {
  return createHash('sha256').update(text).update(body).digest('hex');
}

/** What `sealLark` does, of any bytes and with any key. */
function sealBytes(bytes: Buffer, key: string): string {
  const iv = Buffer.alloc(16, 1);
  const cipher = createCipheriv('aes-256-cbc', createHash('sha256').update(key).digest(), iv);
  return Buffer.concat([iv, cipher.update(bytes), cipher.final()]).toString('base64');
}
