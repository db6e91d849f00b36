import { describe, expect, it } from 'vitest';
import { open } from './open.js';
import { opening } from './engine.spec-support.js';
import { sawOf } from './seen.js';

const step = (applyStep: number, condition: string | null) => ({ applyStep, condition });

describe('what conditions have seen', () => {
  it('given steps with conditions that hold and that do not, then each has the values that it names', () => {
    const steps = [step(1, 'amount > 5'), step(2, ''), step(3, 'amount > 9 or missing = 1'), step(4, '0')];
    expect(sawOf(steps, { amount: 6, other: 1 })).toEqual({ 1: { amount: 6 }, 3: { amount: 6 } });
  });

  it('given no condition that names anything, then there is nothing to keep', () => {
    expect(sawOf([step(1, ''), step(2, '1 = 1')], { amount: 6 })).toBeUndefined();
  });

  it('given a condition whose variables are all missing, then it has seen nothing, and that is kept', () => {
    expect(sawOf([step(1, 'gone = 1')], {})).toEqual({ 1: {} });
  });

  it('given a long text, then its beginning is kept', () => {
    const saw = sawOf([step(1, "text = 'a'")], { text: '金'.repeat(300) });
    expect(saw).toEqual({ 1: { text: `${'金'.repeat(200)}…` } });
  });

  it('given a large object, then its size is kept in its place', () => {
    const items = Array.from({ length: 600 }, () => 1);
    expect(sawOf([step(1, 'items is null')], { items })).toEqual({ 1: { items: { leftOut: 1201 } } });
    expect(sawOf([step(1, 'items is null')], { items: [1] })).toEqual({ 1: { items: [1] } });
  });

  it('given many conditions with much to see, then all of it stays bounded', () => {
    const steps = Array.from({ length: 255 }, (_, index) => step(index + 1, 'a = 1 or b = 1 or c = 1'));
    const text = 'x'.repeat(200);
    const saw = sawOf(steps, { a: text, b: text, c: text });
    expect(JSON.stringify(saw).length).toBeLessThan(100_000);
    expect(saw?.[1]).toEqual({ a: text, b: text, c: text });
    expect(saw?.[255]?.['c']).toEqual({ leftOut: 202 });
  });

  it('given an order that opens, then its opening keeps them', () => {
    const outcome = open(
      opening({
        stages: [
          { users: ['bob'], condition: 'amount > 5' },
          { users: ['carol'], condition: 'amount > 50' },
        ],
        variables: { amount: 10 },
      }),
    );
    expect(outcome).toMatchObject({
      ok: true,
      events: [{ saw: { 1: { amount: 10 }, 2: { amount: 10 } } }, {}, {}],
    });
  });
});
