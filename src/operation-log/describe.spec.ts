import { describe, expect, it } from 'vitest';
import type { CallbackEvent, OrderEvent } from '../engine/events.js';
import { describe as sentenceOf } from './describe.js';

const delivery = '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30';

/** Each kind of event once, so that one without a sentence does not compile. */
const events: { readonly [Type in CallbackEvent['type']]: CallbackEvent & { readonly type: Type } } = {
  'callback.check.succeeded': { type: 'callback.check.succeeded', msg: '检查成功。' },
  'callback.check.failed': { type: 'callback.check.failed', error: '库存不足' },
  'callback.check.skipped': { type: 'callback.check.skipped', error: 'the business module answered 500' },
  'callback.check.parked': { type: 'callback.check.parked', deliveryId: delivery, error: 'timeout' },
  'callback.check.redelivered': { type: 'callback.check.redelivered', deliveryId: delivery },
  'callback.check.abandoned': {
    type: 'callback.check.abandoned',
    deliveryId: delivery,
    applyStatus: 'in_review',
    reason: 'the module is switched off',
  },
  'callback.execute.succeeded': { type: 'callback.execute.succeeded', msg: 'exported' },
  'callback.execute.failed': { type: 'callback.execute.failed', error: 'disk full' },
  'callback.execute.parked': { type: 'callback.execute.parked', deliveryId: delivery, error: 'timeout' },
  'callback.execute.redelivered': { type: 'callback.execute.redelivered', deliveryId: delivery },
  'callback.execute.abandoned': {
    type: 'callback.execute.abandoned',
    deliveryId: delivery,
    applyStatus: 'completed',
    reason: 'done by hand',
  },
};

describe('the sentence of an event', () => {
  it.each([
    ['callback.check.succeeded', 'the business module lets the order start: 检查成功。'],
    ['callback.check.failed', 'the business module refuses the order: 库存不足'],
    [
      'callback.check.skipped',
      'the business module could not be asked, and its orders go on then: the business module answered 500',
    ],
    [
      'callback.check.parked',
      `the check (delivery ${delivery}) is parked until an administrator acts: timeout`,
    ],
    ['callback.check.redelivered', `an administrator has the check (delivery ${delivery}) sent again`],
    [
      'callback.check.abandoned',
      `an administrator gives the check (delivery ${delivery}) up, and the order goes to in_review: the module is switched off`,
    ],
    ['callback.execute.succeeded', 'the business module has executed the order: exported'],
    ['callback.execute.failed', 'the execution by the business module failed: disk full'],
    [
      'callback.execute.parked',
      `the execution (delivery ${delivery}) is parked until an administrator acts: timeout`,
    ],
    ['callback.execute.redelivered', `an administrator has the execution (delivery ${delivery}) sent again`],
    [
      'callback.execute.abandoned',
      `an administrator gives the execution (delivery ${delivery}) up, and the order goes to completed: done by hand`,
    ],
  ] as const)('given %s, then it holds what matters', (type, sentence) => {
    expect(sentenceOf(events[type])).toBe(sentence);
  });

  it('given any callback event, then it holds every word that somebody said, and which delivery it was', () => {
    for (const event of Object.values(events)) {
      const { type, ...said } = event;
      for (const word of Object.values(said)) expect(sentenceOf(event), type).toContain(word);
    }
  });

  it('given any two callback events, then their sentences differ', () => {
    expect(new Set(Object.values(events).map(sentenceOf)).size).toBe(Object.keys(events).length);
  });

  it.each(['check', 'execute'] as const)(
    'given a %s that succeeds without words, then nothing hangs on',
    (kind) => {
      for (const msg of [null, '']) {
        const sentence = sentenceOf({ type: `callback.${kind}.succeeded`, msg });
        expect(sentence).not.toContain('null');
        expect(sentence).toMatch(/order( start)?$/);
      }
    },
  );

  it('given a rejected order, then it says why, when it was no reviewer who rejected it', () => {
    const rejected = (reason: string, error?: string): OrderEvent => ({
      type: 'order.rejected',
      reason,
      error,
    });
    expect(sentenceOf(rejected('check_failed', '库存不足'))).toBe('the order is rejected: 库存不足');
    expect(sentenceOf(rejected('abandoned', 'done by hand'))).toBe('the order is rejected: done by hand');
    expect(sentenceOf(rejected('step_rejected'))).toBe('the order is rejected');
  });
});
