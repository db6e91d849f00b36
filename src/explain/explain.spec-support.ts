import { expect } from 'vitest';
import type { OrderEvent } from '../engine/events.js';
import type { Both } from '../http/language.js';
import type { Explained } from './explanation.js';

/** Whatever is data in these specs is a word with a number, so that what remains of a Chinese sentence is Chinese. */
const data = /[A-Za-z]+\d+/g;
const leaks = /undefined|null|NaN|\[object|\?\?/;

/** Expects a sentence in both languages, each in its own. */
export function expectSaid({ en, zh }: Both, about: string): void {
  expect(en.trim(), about).not.toBe('');
  expect(zh.trim(), about).not.toBe('');
  expect(en, about).not.toMatch(leaks);
  expect(zh, about).not.toMatch(leaks);
  expect(en, about).not.toMatch(/\p{Script=Han}/u);
  expect(zh.replaceAll(data, '').replaceAll('UTC', ''), about).not.toMatch(/[A-Za-z]{2}/);
  expect(zh, about).toMatch(/\p{Script=Han}/u);
}

/** Every sentence of an explanation, with where it stands. */
export const sentencesOf = ({
  summary,
  policies,
  because,
  steps,
}: Explained): [where: string, text: Both][] => [
  ['summary', summary],
  ...Object.entries(policies).map(([name, { text }]): [string, Both] => [name, text as Both]),
  ...because.map(({ rule, text }): [string, Both] => [rule, text]),
  ...steps.flatMap(({ step, sentence, ...told }): [string, Both][] => [
    [`step ${step.applyStep}`, sentence],
    ...told.because.map(({ rule, text }): [string, Both] => [`step ${step.applyStep}: ${rule}`, text]),
    ...told.earlier.map(({ round, text }): [string, Both] => [
      `step ${step.applyStep}, round ${round}`,
      text,
    ]),
  ]),
];

/** Transitions of a log, one second apart. */
export const pastOf = (log: readonly (readonly OrderEvent[])[], userCode: string = 'u1') =>
  log.map((events, index) => ({ userCode, events, time: new Date(Date.UTC(2026, 0, 1, 0, 0, index)) }));
