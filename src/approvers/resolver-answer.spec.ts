import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseUserCodes } from './resolver-answer.js';

const named = (codes: unknown) => parseUserCodes(JSON.stringify({ user_codes: codes }));
const notJson = { why: 'the answer is not JSON' };
const notObject = { why: 'the answer is not a JSON object' };
const noList = { why: 'the user_codes of the answer are no list' };
const noCode = { why: 'the answer names somebody by what is no user code' };

describe(parseUserCodes.name, () => {
  it.each<[string, unknown, readonly string[]]>([
    ['people', ['u1', '张三'], ['u1', '张三']],
    ['nobody', [], []],
    ['somebody twice', ['u1', 'u2', 'u1'], ['u1', 'u2']],
    ['64 characters', ['x'.repeat(64), '😀'.repeat(64)], ['x'.repeat(64), '😀'.repeat(64)]],
  ])('given %s, then those are the people', (_name, codes, userCodes) => {
    expect(named(codes)).toEqual({ userCodes });
  });

  it('given further fields, then nobody reads them', () => {
    expect(parseUserCodes('{"ok":false,"user_codes":["u1"],"users":["u2"]}')).toEqual({ userCodes: ['u1'] });
  });

  it.each<[string, string, { readonly why: string }]>([
    ['nothing', '', notJson],
    ['a login page', '<!DOCTYPE html><html><body>login</body></html>', notJson],
    ['half an answer', '{"user_codes":["u1"]', notJson],
    ['a list alone', '["u1"]', notObject],
    ['null', 'null', notObject],
    ['a text', '"u1"', notObject],
    ['no list', '{}', noList],
    ['a list of another name', '{"userCodes":["u1"]}', noList],
    ['one text', '{"user_codes":"u1"}', noList],
    ['null for a list', '{"user_codes":null}', noList],
    ['an object for a list', '{"user_codes":{"0":"u1","length":1}}', noList],
  ])('given %s, then it is no answer', (_name, body, answer) => {
    expect(parseUserCodes(body)).toEqual(answer);
  });

  it.each<[string, unknown]>([
    ['a number', 1],
    ['null', null],
    ['a list', ['u1']],
    ['an object', { id: 'u1' }],
    ['nothing', ''],
    ['two codes in one', 'u1,u2'],
    ['outer blanks', ' u1'],
    ['a line end', 'u1\n'],
    ['half a character', '\ud800'],
    ['65 characters', 'x'.repeat(65)],
    ['the service itself', 'system'],
  ])('given %s among the codes, then nobody is found by the rest', (_name, code) => {
    expect(named(['u1', code, 'u2'])).toEqual(noCode);
  });

  it('given more than 200 people, then it is no answer', () => {
    const codes = (count: number) => Array.from({ length: count }, (_, index) => `u${index}`);
    expect(named(codes(200))).toEqual({ userCodes: codes(200) });
    expect(named(codes(201))).toEqual({ why: 'the answer names more than 200 people' });
    expect(named(codes(10_000))).toEqual({ why: 'the answer names more than 200 people' });
  });

  it('given anything at all, never throws, and names different codes or says why not', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((value) => JSON.stringify({ user_codes: value })),
        ),
        (body) => {
          const answer = parseUserCodes(body);
          if ('why' in answer) expect(answer.why).not.toBe('');
          else expect(new Set(answer.userCodes).size).toBe(answer.userCodes.length);
        },
      ),
    );
  });
});
