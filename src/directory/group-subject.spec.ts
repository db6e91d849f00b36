import { describe, expect, it } from 'vitest';
import { groupSubject } from '../engine/vocabulary.js';
import { groupOfSubject } from './group-subject.js';

describe(groupOfSubject, () => {
  it.each([
    ['a group of a team', 't1', 'finance'],
    ['a group of the platform', '', 'finance'],
    ['a team whose code holds a slash', 'east/t1', 'finance'],
    ['a team whose code looks like a subject', 'g:t1', 'u:ann'],
  ])('gives back the key behind the subject of %s', (_what, scope, code) => {
    expect(groupOfSubject(groupSubject(scope, code))).toEqual({ scope, code });
  });
});
