import { describe, expect, it } from 'vitest';
import type { Why } from '../engine/outcome.js';
import type { Capacity } from '../engine/vocabulary.js';
import { languageOf } from '../http/language.js';
import { whyMay, whyNot } from './why.texts.js';

/** Each word once, so that one without a sentence does not compile. */
const words: Record<Why['word'], Why> = {
  order_ended: { word: 'order_ended', status: 'completed' },
  no_step_open: { word: 'no_step_open', status: 'initiating' },
  own_order: { word: 'own_order' },
  decided_elsewhere: { word: 'decided_elsewhere', applyStep: 1, nodeName: 'n1' },
  already_decided: { word: 'already_decided', applyStep: 1, nodeName: 'n1' },
  step_passed: { word: 'step_passed', applyStep: 1, nodeName: 'n1', status: 'auto_approved' },
  not_reviewer: { word: 'not_reviewer', applyStep: 1, nodeName: 'n1' },
  handed_over: { word: 'handed_over', applyStep: 1, nodeName: 'n1' },
  delegated: { word: 'delegated', applyStep: 1, nodeName: 'n1', userCode: 'u1' },
  no_longer_reviewer: { word: 'no_longer_reviewer', applyStep: 1, nodeName: 'n1' },
  waits_for_opinion: { word: 'waits_for_opinion', applyStep: 1, nodeName: 'n1', userCode: 'u1' },
  not_their_turn: { word: 'not_their_turn', applyStep: 1, nodeName: 'n1' },
  unconfirmed: { word: 'unconfirmed', applyStep: 1, nodeName: 'n1' },
};
const capacities: Record<Capacity, true> = {
  assignee: true,
  system_admin: true,
  signer: true,
  consultant: true,
  repeat: true,
  leader: true,
};
const chinese = (text: string): void => {
  expect(text).toMatch(/\p{Script=Han}/u);
  expect(text.replaceAll(/[a-z]\d/g, '')).not.toMatch(/[A-Za-z]|undefined|null/);
};

describe('why somebody may decide, or not', () => {
  it.each(Object.values(words))('given $word, then it is said in both languages', (why) => {
    const { en, zh } = whyNot(why, 'as the engine says it');
    expect(en).toBe('as the engine says it');
    chinese(zh);
  });

  it('given two words, then their sentences differ', () => {
    const said = Object.values(words).map((why) => whyNot(why, '').zh);
    expect(new Set(said).size).toBe(said.length);
  });

  it.each(Object.keys(capacities) as Capacity[])(
    'given %s, then it is said in both languages',
    (capacity) => {
      const { en, zh } = whyMay({ applyStep: 1, nodeName: 'n1' }, capacity, 'u1');
      expect(en).toMatch(/^you are .* step 1 "n1", standing in for u1$/);
      chinese(zh);
    },
  );
});

describe('the language of an answer', () => {
  it.each([
    ['zh', 'en', 'zh'],
    [undefined, 'zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
    [undefined, 'en;q=0.2, zh;q=0.9', 'zh'],
    [undefined, 'zh;q=0, en', 'en'],
    [undefined, 'zhuang', 'en'],
    [undefined, 'ZH-Hant', 'zh'],
    [undefined, '*', 'en'],
    [undefined, ';;q=x,', 'en'],
    [undefined, undefined, 'en'],
  ] as const)('given lang %s and Accept-Language %s, then it is %s', (named, accepted, language) => {
    expect(languageOf(named, accepted)).toBe(language);
  });
});
