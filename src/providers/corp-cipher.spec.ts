import { createCipheriv, randomBytes } from 'node:crypto';
import { decrypt, encrypt, getSignature } from '@wecom/crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCorpMessage, sealCorpMessage } from './corp-cipher.js';

const keys = {
  token: 'mryue',
  aesKey: 'Yue0EfdN5900c1ce5cf6A152c63DDe1808a60c5ecd7',
  owners: ['dingappkey', 'ding6ccabc44d2c8d38b'],
};
const checkUrl = {
  signature: '03044561471240d4a14bb09372dfcfd4fd0e40cb',
  timestamp: '1608001896814',
  nonce: 'WL4PK6yA',
  encrypt:
    '0vJiX6vliEpwG3U45CtXqi+m8PXbQRARJ8p8BbDuD1EMTDf0jKpQ79QS93qEk7XHpP6u+oTTrd15NRPvNvmBKyDCYxxOK+HZeKju4yhELOFchzNukR+t8SB/qk4ROMu3',
};
const then = new Date(1_608_001_896_814);
const later = (milliseconds: number): Date => new Date(then.getTime() + milliseconds);

/** As the console makes them: 32 bytes, so that the last character holds no more than their last bits. */
const anyAesKey = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('base64').slice(0, 43));
/** Whole characters: half a pair of surrogates does not survive UTF-8. */
const anyText = fc.string({ unit: 'grapheme', maxLength: 200 });

describe('openCorpMessage', () => {
  it('given the published vector of DingTalk, then it opens', () => {
    expect(openCorpMessage(keys, checkUrl, then)).toEqual({
      ok: true,
      message: '{"EventType":"check_url"}',
      owner: 'ding6ccabc44d2c8d38b',
    });
  });

  it.each([300_000, -300_000])('given a message %d ms after it was sent, then it opens', (age) => {
    expect(openCorpMessage(keys, checkUrl, later(age))).toMatchObject({ ok: true });
  });

  it.each([
    [300_001, 'the message is of another time: 300 s ago'],
    [-300_001, 'the message is of another time: 300 s ahead'],
    [86_400_000, 'the message is of another time: 86400 s ago'],
  ])('given a message %d ms after it was sent, then it is refused', (age, why) => {
    expect(openCorpMessage(keys, checkUrl, later(age))).toEqual({ ok: false, why });
  });

  it('given a time in seconds, then it counts seconds', () => {
    const sent = {
      timestamp: '1608001896',
      nonce: 'n',
      chance: randomBytes(16),
    };
    const message = sealCorpMessage(keys, 'hello', 'dingappkey', sent);
    expect(openCorpMessage(keys, message, then)).toMatchObject({ ok: true, message: 'hello' });
    expect(openCorpMessage(keys, message, later(301_000))).toMatchObject({ ok: false });
  });

  it.each([
    ['another token', { ...keys, token: 'mryue2' }, checkUrl, 'the signature does not fit'],
    ['another key', { ...keys, aesKey: 'Z'.repeat(42) + 'g' }, checkUrl, 'does not open with this key'],
    ['no 43 characters as the key', { ...keys, aesKey: 'abc' }, checkUrl, 'does not open with this key'],
    ['another addressee', { ...keys, owners: ['ding6ccabc44d2c8d38'] }, checkUrl, 'to somebody else'],
    ['no addressees', { ...keys, owners: [] }, checkUrl, 'to somebody else'],
    ['another nonce', keys, { ...checkUrl, nonce: 'WL4PK6yB' }, 'the signature does not fit'],
    ['a signature cut short', keys, { ...checkUrl, signature: '03044561' }, 'the signature does not fit'],
    ['a longer time', keys, { ...checkUrl, timestamp: '16080018968140' }, 'the signature does not fit'],
    ['no signature', keys, { ...checkUrl, signature: undefined }, 'is missing'],
    ['no message', keys, { ...checkUrl, encrypt: '' }, 'is missing'],
  ])('given %s, then it is refused', (_, mine, message, why) => {
    const opened = openCorpMessage(mine, message, then);
    expect(opened.ok ? opened : opened.why).toContain(why);
  });

  it.each(['', 'soon', '-1', '1e12', '1608001896.814', ' 1608001896814', '9'.repeat(40)])(
    'given the signed time "%s", then it is refused',
    (timestamp) => {
      const { nonce, encrypt: closed } = checkUrl;
      const signature = getSignature(keys.token, timestamp, nonce, closed);
      expect(openCorpMessage(keys, { signature, timestamp, nonce, encrypt: closed }, then)).toMatchObject({
        ok: false,
      });
    },
  );

  it('given signed garbage of any kind, then it is refused and nothing is thrown', () => {
    const anyGarbage = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('base64')),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => {
        const whole = Buffer.alloc(Math.ceil((bytes.length + 1) / 16) * 16);
        whole.set(bytes);
        return whole.toString('base64');
      }),
    );
    fc.assert(
      fc.property(anyGarbage, fc.string(), (garbage, nonce) => {
        const { timestamp } = checkUrl;
        const signature = getSignature(keys.token, timestamp, nonce, garbage);
        const message = { signature, timestamp, nonce, encrypt: garbage };
        expect(openCorpMessage(keys, message, then).ok).toBe(false);
      }),
    );
  });

  it.each([
    ['padding of more than a block', 33, 5],
    ['no padding', 0, 5],
    ['a message longer than all of it', 7, 6],
  ])('given what the right key closed with %s, then it is refused', (_, padding, length) => {
    const key = Buffer.from(`${keys.aesKey}=`, 'base64');
    const head = Buffer.alloc(20);
    head.writeUInt32BE(length, 16);
    const content = Buffer.concat([head, Buffer.from('hello')]);
    const plain = Buffer.concat([content, Buffer.alloc(64 - content.length, padding)]);
    // As long as its last byte says: what stands before is message and addressee.
    const whole = plain.subarray(0, padding === 7 ? 32 : 64);
    const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
    const closed = Buffer.concat([cipher.update(whole), cipher.final()]).toString('base64');
    const { timestamp, nonce } = checkUrl;
    const signature = getSignature(keys.token, timestamp, nonce, closed);
    const mine = { ...keys, owners: ['', '!!!!!!'] };
    expect(openCorpMessage(mine, { signature, timestamp, nonce, encrypt: closed }, then)).toEqual({
      ok: false,
      why: 'the message does not open with this key',
    });
  });

  it('given what the right key closed in a wrong form, then it is refused and nothing is thrown', () => {
    const key = Buffer.from(`${keys.aesKey}=`, 'base64');
    const closedOf = (plain: Uint8Array): string => {
      const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
      return Buffer.concat([cipher.update(plain), cipher.final()]).toString('base64');
    };
    const anyBlocks = fc
      .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 255 }), fc.infiniteStream(fc.nat(255)))
      .map(([blocks, last, bytes]) => {
        const plain = Uint8Array.from(bytes.take(blocks * 16));
        // Most of the padding is plausible, so that what lies behind it is reached as well.
        plain.fill(last, Math.max(0, plain.length - last));
        return plain;
      });
    fc.assert(
      fc.property(anyBlocks, (plain) => {
        const { timestamp, nonce } = checkUrl;
        const closed = closedOf(plain);
        const signature = getSignature(keys.token, timestamp, nonce, closed);
        const opened = openCorpMessage(keys, { signature, timestamp, nonce, encrypt: closed }, then);
        expect(opened.ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('given a message of the reference implementation, then it opens, and never for another addressee', () => {
    fc.assert(
      fc.property(anyAesKey, anyText, anyText, anyText, anyText, (aesKey, token, text, owner, nonce) => {
        const timestamp = String(then.getTime());
        const closed = encrypt(aesKey, text, owner);
        const signature = getSignature(token, timestamp, `n${nonce}`, closed);
        const message = { signature, timestamp, nonce: `n${nonce}`, encrypt: closed };
        expect(openCorpMessage({ token, aesKey, owners: [owner] }, message, then)).toEqual({
          ok: true,
          message: text,
          owner,
        });
        const others = { token, aesKey, owners: [`${owner}x`] };
        expect(openCorpMessage(others, message, then).ok).toBe(false);
      }),
    );
  });
});

describe('sealCorpMessage', () => {
  it('given the vector and its chance, then the same bytes and signature come out', () => {
    const { random } = decrypt(keys.aesKey, checkUrl.encrypt);
    const { timestamp, nonce } = checkUrl;
    const sealed = sealCorpMessage(keys, '{"EventType":"check_url"}', 'ding6ccabc44d2c8d38b', {
      timestamp,
      nonce,
      chance: random,
    });
    expect(sealed).toEqual(checkUrl);
  });

  it('given any message, then the reference implementation reads the same, under the same signature', () => {
    fc.assert(
      fc.property(anyAesKey, anyText, anyText, anyText, (aesKey, token, text, owner) => {
        const chance = randomBytes(16);
        const sealed = sealCorpMessage({ token, aesKey }, text, owner, {
          timestamp: '1608001896',
          nonce: 'n',
          chance,
        });
        expect(sealed.encrypt).toBe(encrypt(aesKey, text, owner, chance));
        expect(sealed.signature).toBe(getSignature(token, '1608001896', 'n', sealed.encrypt));
        expect(decrypt(aesKey, sealed.encrypt)).toMatchObject({ message: text, id: owner });
      }),
    );
  });
});
