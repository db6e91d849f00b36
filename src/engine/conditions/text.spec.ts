import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareTexts } from './text.js';

/** Padding to the same length and comparing code point by code point: the definition, word for word. */
function reference(left: string, right: string): number {
  const a = Array.from(left, (character) => character.codePointAt(0)!);
  const b = Array.from(right, (character) => character.codePointAt(0)!);
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? 0x20) - (b[index] ?? 0x20);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

describe(compareTexts.name, () => {
  it.each([
    ['POR', 'POR', 0],
    ['POR', 'por', -1],
    ['POR', 'POR  ', 0],
    ['', '  ', 0],
    ['a', 'a\t', 1],
    ['a', 'a b', -1],
    ['10', '9', -1],
    ['é', 'e\u0301', 1],
    ['\u{20bb7}', '\uff5e', 1],
    ['金额', '金額', 1],
  ])('given %j and %j should answer %i', (left, right, expected) => {
    expect(compareTexts(left, right)).toBe(expected);
    expect(compareTexts(right, left)).toBe(expected === 0 ? 0 : -expected);
  });

  it('should agree with the definition', () => {
    const unit = fc.oneof(
      fc.constantFrom(' ', '\t', 'a', 'A', '\uffff', '\ue000', '\ud7ff', '\u{10000}'),
      fc.string(),
    );
    const text = fc.array(unit, { maxLength: 6 }).map((units) => units.join(''));
    fc.assert(fc.property(text, text, (left, right) => compareTexts(left, right) === reference(left, right)));
  });
});
