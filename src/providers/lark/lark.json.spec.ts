import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJson } from './lark.json.js';

describe('readJson', () => {
  it('given an int64 without quotation marks, then no digit is lost', () => {
    const text = '{"message_id":7012345678901234567,"ids":[-7012345678901234567, 9007199254740993],"n":12}';
    expect(readJson(text)).toEqual({
      message_id: '7012345678901234567',
      ids: ['-7012345678901234567', '9007199254740993'],
      n: 12,
    });
  });

  it('given digits inside texts, fractions and exponents, then they stay what they are', () => {
    const text =
      '{"7012345678901234567":"a 7012345678901234567 \\" 7012345678901234567","x":1.2345678901234567890,"y":1e300}';
    expect(readJson(text)).toEqual({
      '7012345678901234567': 'a 7012345678901234567 " 7012345678901234567',
      x: Number('1.2345678901234567890'),
      y: 1e300,
    });
  });

  it('given any JSON, then it is read as JSON.parse does, as long as its numbers fit', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify({ value, long: '7012345678901234567' });
        expect(readJson(text)).toEqual(JSON.parse(text, (_key, one: unknown) => fitting(one)));
      }),
    );
  });

  it('given what is no JSON, or nested a hundred thousand times, then nothing is thrown', () => {
    expect(readJson('{"a":')).toBeUndefined();
    expect(readJson('')).toBeUndefined();
    expect(readJson(`${'['.repeat(100_000)}7012345678901234567`)).toBeUndefined();
    expect(() => readJson('['.repeat(100_000) + '7012345678901234567' + ']'.repeat(100_000))).not.toThrow();
  });
});

/** Integers of 1e16 to 1e21 are written with all their digits, and become texts. */
const fitting = (value: unknown): unknown =>
  typeof value === 'number' &&
  Number.isInteger(value) &&
  !Number.isSafeInteger(value) &&
  Math.abs(value) < 1e21
    ? JSON.stringify(value)
    : value;
