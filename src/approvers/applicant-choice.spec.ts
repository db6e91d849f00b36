import { describe, expect, it } from 'vitest';
import { type Listed, wrongChoices } from './applicant-choice.js';

describe(wrongChoices.name, () => {
  const listed: Listed = new Map([
    ['bob', 'active'],
    ['away', 'inactive'],
  ]);

  it.each<[string, readonly string[], readonly string[], readonly string[]]>([
    ['candidates, keeps them', ['bob', 'zoe'], ['zoe', 'bob'], []],
    ['candidates, refuses others, listed or not', ['zoe'], ['bob', 'zoe', 'eve'], ['bob', 'eve']],
    ['candidates, refuses the inactive', ['away', 'zoe'], ['away', 'zoe'], ['away']],
    ['no candidates, keeps who is listed as active', [], ['bob'], []],
    ['no candidates, refuses the inactive and unlisted', [], ['bob', 'away', 'zoe'], ['away', 'zoe']],
    ['nobody chosen, refuses nobody', ['bob'], [], []],
  ])('given %s', (_name, candidates, chosen, wrong) => {
    expect(wrongChoices(candidates, chosen, listed)).toEqual(wrong);
  });
});
