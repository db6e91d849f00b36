import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileLike, matchesLike } from './like.js';

const matches = (text: string, pattern: string) => matchesLike(text, compileLike(pattern));

/** Every prefix of the text against every prefix of the pattern: slow and plain. Patterns without backslashes only. */
function reference(text: string, pattern: string): boolean {
  const characters = [...text];
  let fits = characters.map(() => false);
  fits.unshift(true);
  for (const wanted of pattern) {
    const before = fits;
    fits = before.map(() => false);
    for (let length = 0; length < fits.length; length++) {
      if (wanted === '%') fits[length] = before[length]! || (length > 0 && fits[length - 1]!);
      else if (length > 0)
        fits[length] = before[length - 1]! && (wanted === '_' || wanted === characters[length - 1]);
    }
  }
  return fits[characters.length]!;
}

describe(matchesLike.name, () => {
  it.each([
    ['', '', true],
    ['', '%', true],
    ['', '_', false],
    ['POR-2026-001', 'POR-%', true],
    ['POR-2026-001', 'por-%', false],
    ['POR-2026-001', '%2026%', true],
    ['POR-2026-001', '____2026____', true],
    ['POR-2026-001', 'POR', false],
    ['aXbXc', 'a%b%c', true],
    ['aa', 'a%a%a', false],
    ['abab', '%ab', true],
    ['采购单', '采_单', true],
    ['\u{20bb7}野家', '_野家', true],
    ['POR ', 'POR', false],
    ['100%', '100\\%', true],
    ['1000', '100\\%', false],
    ['a_b', 'a\\_b', true],
    ['axb', 'a\\_b', false],
    ['a\\b', 'a\\\\b', true],
    ['a\\', 'a\\', true],
    ['abc', '\\abc', true],
  ])('given %j and the pattern %j should answer %j', (text, pattern, expected) => {
    expect(matches(text, pattern)).toBe(expected);
  });

  it('should agree with the plain definition', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\u{20bb7}'), maxLength: 12 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '\u{20bb7}', '%', '_'), maxLength: 8 });
    fc.assert(
      fc.property(text, pattern, (t, p) => matches(t, p) === reference(t, p)),
      { numRuns: 2000 },
    );
  });

  it('should agree with the plain definition on pieces longer than one word of the search', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'a', 'a', 'b'), minLength: 60, maxLength: 160 });
    const piece = fc.record({
      start: fc.nat(60),
      length: fc.integer({ min: 28, max: 70 }),
      hole: fc.nat(27),
    });
    fc.assert(
      fc.property(text, piece, fc.boolean(), (t, { start, length, hole }, spoilt) => {
        const part = t.slice(start, start + length).split('');
        if (part.length > hole) part[hole] = spoilt ? 'b' : '_';
        const p = `%${part.join('')}%`;
        return matches(t, p) === reference(t, p);
      }),
      { numRuns: 500 },
    );
  });

  it('given a megabyte and the worst patterns should still answer (anything worse than linear would run into the timeout)', () => {
    const text = 'a'.repeat(1_000_000);
    expect(matches(text, `%${'a'.repeat(1000)}b%`)).toBe(false);
    expect(matches(text, `%${'a_'.repeat(500)}b%`)).toBe(false);
    expect(matches(text, `${'%a'.repeat(900)}%b`)).toBe(false);
    expect(matches(text, `${'%_'.repeat(900)}%b%`)).toBe(false);
  });
});
