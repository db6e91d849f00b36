import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { namesIn, valuesIn } from './names.js';

describe('the variables that a condition reads', () => {
  it.each<[text: string, names: string[]]>([
    ['', []],
    ['0', []],
    ['0 and amount > 5', []],
    ['amount >', []],
    ['1 = 1', []],
    ['amount > 100 and rate < 0.3 or not amount < 3', ['amount', 'rate']],
    ['order.urgent', ['order.urgent']],
    ["dept not in ('IT', other) and 金额 between low and 9", ['dept', 'other', '金额', 'low']],
    ["remark is not null and title like 'a%'", ['remark', 'title']],
    ['!(a or `b c`)', ['a', 'b c']],
  ])('given %j, then they are %j', (text, names) => {
    expect(namesIn(text)).toEqual(names);
  });

  it('given no condition, then there are none', () => {
    expect(namesIn(null)).toEqual([]);
  });

  it('given any text, then the answer is a list, and no error', () => {
    const words = fc.constantFrom(
      'amount',
      '(',
      ')',
      ' and ',
      '>',
      '0',
      "'",
      'not ',
      '`',
      'in (',
      '.',
      '金额',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words).map((parts) => parts.join('')),
        ),
        (text) => {
          expect(Array.isArray(namesIn(text))).toBe(true);
        },
      ),
    );
  });
});

describe('the values that a condition reads', () => {
  const variables = { amount: 12, order: { urgent: false }, empty: null, items: [1] };

  it('given variables that are there, null, or missing, then only the missing are left out', () => {
    expect(valuesIn('amount > 1 and order.urgent and empty is null and gone = 1', variables)).toEqual({
      amount: 12,
      'order.urgent': false,
      empty: null,
    });
  });

  it('given what is no variable of the order, then it is missing', () => {
    expect(valuesIn('constructor = 1 and items.length = 1 and amount.x = 1', variables)).toEqual({});
  });

  it('given a variable with the name of a prototype, then it is a value like any other', () => {
    const own = JSON.parse('{"__proto__": 5}') as Record<string, unknown>;
    const values = valuesIn('`__proto__` = 5', own);
    expect(Object.entries(values)).toEqual([['__proto__', 5]]);
  });
});
