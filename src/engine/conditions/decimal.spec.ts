import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareDecimals,
  type Decimal,
  decimalFromNumber,
  decimalFromText,
  decimalToText,
} from './decimal.js';

const digits = (max: number) => fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: max });
const plainDecimal = fc
  .tuple(fc.constantFrom('', '-', '+'), digits(30), fc.option(digits(30)))
  .filter(([, integer, fraction]) => integer + (fraction ?? '') !== '')
  .map(([sign, integer, fraction]) => sign + integer + (fraction === null ? '' : `.${fraction}`));

/** The number times 10^40, by BigInt: another way to the same order. */
function scaled(text: string): bigint {
  const unsigned = text.startsWith('-') || text.startsWith('+') ? text.slice(1) : text;
  const [integer = '', fraction = ''] = unsigned.split('.');
  const magnitude = BigInt(integer + fraction.padEnd(40, '0'));
  return text.startsWith('-') ? -magnitude : magnitude;
}

function order(left: Decimal | null, right: Decimal | null): number {
  if (left === null || right === null) throw new Error('not a decimal');
  return compareDecimals(left, right);
}

describe(decimalFromText.name, () => {
  it.each([
    ['0', '0'],
    ['-0.00', '0'],
    ['+007.50', '7.5'],
    ['.5', '0.5'],
    ['5.', '5'],
    [
      '12345678901234567890123456789.000000000000000000001',
      '12345678901234567890123456789.000000000000000000001',
    ],
  ])('given %s should read %s', (text, shortest) => {
    const decimal = decimalFromText(text);
    expect(decimal && decimalToText(decimal)).toBe(shortest);
  });

  it.each([
    '',
    '-',
    '.',
    '-.',
    '1.2.3',
    ' 1',
    '1 ',
    '1e3',
    '0x10',
    '1,000',
    '--1',
    '¥5',
    '１２',
    '٣',
    'NaN',
    'Infinity',
  ])('given %j should read no number', (text) => {
    expect(decimalFromText(text)).toBeNull();
  });
});

describe(decimalFromNumber.name, () => {
  it.each([
    [0.1, '0.1'],
    [-0, '0'],
    [1e21, '1000000000000000000000'],
    [-1.5e22, '-15000000000000000000000'],
    [1.2345e-7, '0.00000012345'],
    [123456789.12, '123456789.12'],
  ])('given %d should read %s', (number, shortest) => {
    const decimal = decimalFromNumber(number);
    expect(decimal && decimalToText(decimal)).toBe(shortest);
  });

  it('given what JSON cannot hold should read no number', () => {
    expect([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(decimalFromNumber)).toEqual([
      null,
      null,
      null,
    ]);
  });

  it('should read every double as a decimal that reads back as the same double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        const text = decimalToText(decimalFromNumber(number)!);
        return Number(text) === number && !text.includes('e');
      }),
    );
  });
});

describe(compareDecimals.name, () => {
  it('should order decimals as exact arithmetic does', () => {
    fc.assert(
      fc.property(plainDecimal, plainDecimal, (left, right) => {
        const difference = scaled(left) - scaled(right);
        const expected = difference === 0n ? 0 : difference < 0n ? -1 : 1;
        return order(decimalFromText(left), decimalFromText(right)) === expected;
      }),
    );
  });

  it('should order doubles as doubles are ordered', () => {
    const double = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(double, double, (left, right) => {
        return order(decimalFromNumber(left), decimalFromNumber(right)) === Math.sign(left - right) + 0;
      }),
    );
  });

  it('given amounts that a double cannot tell apart should tell them apart', () => {
    expect(order(decimalFromText('9007199254740993.01'), decimalFromText('9007199254740993.02'))).toBe(-1);
  });
});
