import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { aroundJitter, fullJitter } from './jitter.js';

/** The least and the most that `Math.random` answers. */
const least = 0;
const most = 1 - 2 ** -53;

const withChance = (chance: number) => vi.spyOn(Math, 'random').mockReturnValue(chance);

describe('jitter', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([
    [least, 800],
    [0.25, 900],
    [0.5, 1000],
    [0.75, 1100],
    [most, 1200],
  ])('given the chance %d, then a second with a share of 20 %% is %d ms', (chance, expected) => {
    withChance(chance);
    expect(aroundJitter(1000, 0.2)).toBeCloseTo(expected, 9);
  });

  it('given any chance, then it stays within the share, and is the duration itself without one', () => {
    const anyChance = fc.oneof(
      fc.constantFrom(least, most),
      fc.double({ min: least, max: most, noNaN: true }),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 86_400_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        anyChance,
        (milliseconds, share, chance) => {
          withChance(chance);
          const jittered = aroundJitter(milliseconds, share);
          expect(Math.abs(jittered - milliseconds)).toBeLessThanOrEqual(milliseconds * share + 1e-6);
          expect(aroundJitter(milliseconds, 0)).toBe(milliseconds);
          expect(fullJitter(milliseconds)).toBe(milliseconds * chance);
        },
      ),
    );
  });

  it('given what failed together, then it does not come back together', () => {
    const pauses = Array.from({ length: 1000 }, () => aroundJitter(1000, 0.2));
    expect(new Set(pauses).size).toBeGreaterThan(990);
    expect(Math.min(...pauses)).toBeLessThan(850);
    expect(Math.max(...pauses)).toBeGreaterThan(1150);
    expect(pauses.reduce((sum, pause) => sum + pause, 0) / pauses.length).toBeCloseTo(1000, -2);
  });
});
