import { describe, expect, it } from 'vitest';
import { CONDITION_LIMITS, conditionHolds, evaluateCondition, parseCondition } from './condition.js';

type Variables = Record<string, unknown>;

function evaluate(text: string, variables: Variables = {}): boolean | null {
  const parsed = parseCondition(text);
  if (!parsed.ok) throw new Error(`${parsed.error.message} at ${parsed.error.position} in ${text}`);
  return evaluateCondition(parsed.condition, variables);
}

function refusal(text: string): { message: string; position: number } {
  const parsed = parseCondition(text);
  if (parsed.ok) throw new Error(`was accepted: ${text}`);
  return parsed.error;
}

describe(evaluateCondition.name, () => {
  const order = {
    type: 'POR',
    amount: '10000.00',
    rate: 0.25,
    urgent: true,
    remark: null,
    金额: 200,
    dept: { name: 'IT', 'a.b': 1, head: { level: 3 } },
    items: [1, 2],
    'a.b': 7,
    'odd `name`': 1,
    in: 5,
  };

  it.each([
    // the examples of requirement 002
    ['amount>100 and rate<0.3', true],
    ["type='POR'", true],
    ['amount>=10000', true],
    ["amount>100 and status='PA'", null],

    // comparisons and their spellings
    ['amount = 10000', true],
    ['amount == 10000', true],
    ['amount <> 10000.01', true],
    ['amount != 10000', false],
    ['rate<=.25 AND rate>=0.250', true],
    ['rate > -1', true],
    ['rate > - 1', true],
    ['rate < +1.', true],
    ['200=金额', true],
    ['type = "POR"', true],
    ['type > "PO" && type < \'POS\'', true],
    ["type = 'por'", false],

    // lists, ranges, patterns, null
    ["type in ('POR', 'SAL')", true],
    ["type NOT IN ('SAL')", true],
    ["type in ('SAL', remark)", null],
    ["type in ('POR', remark)", true],
    ["type not in ('SAL', null)", null],
    ['amount between 1 and 10000 and rate between 0 and 1', true],
    ['amount not between 1 and 9999.99', true],
    ['amount between 20000 and remark', false],
    ["type like 'P%'", true],
    ["type not like 'P__'", false],
    ["remark like '%'", null],
    ['remark is null', true],
    ['remark is not null', false],
    ['missing is null', true],
    ['(remark = 1) is null', true],

    // and, or, not
    ["type='SAL' or type='POR' and amount<1", false],
    ["(type='POR' or type='SAL') and amount<1", false],
    ["type='POR' or type='SAL' and amount<1", true],
    ['not amount = 1', true],
    ['not not urgent', true],
    ['!urgent || !(amount > 1)', false],
    ['remark and 1=2', false],
    ['remark and 1=1', null],
    ['remark or 1=1', true],
    ['not remark', null],
    ['urgent', true],
    ['urgent = true and urgent != false', true],
    ['(amount > 1) = (rate < 1)', true],
    ['amount > 1 = !false', undefined],

    // names
    ["dept.name = 'IT'", true],
    ['dept.head.level = 3', true],
    ["`dept`.`name` = 'IT'", true],
    ['`a.b` = 7 and dept.`a.b` = 1', true],
    ['`odd ``name``` = 1', true],
    ['`in` = 5', true],
    ['dept.in is null', true],
    ['type.length is null', true],
    ['items.length is null', true],
    ['Type is null', true],

    // strings
    ["'it''s' = \"it's\"", true],
    ["'it\\'s' = \"it's\"", true],
    ['"a""b" = \'a"b\'', true],
    ["'\\q' = 'q' and '\\\\' = '\\\\'", true],
    ["'tab\\t' like 'tab_'", true],
    ["'50%' like '50\\%' and '500' not like '50\\%'", true],
    ["'a' = 'a  '", true],
  ])('given an order should evaluate %s as %j', (text, expected) => {
    if (expected === undefined) expect(parseCondition(text).ok).toBe(false);
    else expect(evaluate(text, order)).toBe(expected);
  });

  it.each([
    ['a number and a string that is one', "x = 12.5 and x > '12.499'", { x: 12.5 }, true],
    [
      'a sum of money that a double cannot hold',
      'x > 9007199254740993.01',
      { x: '9007199254740993.02' },
      true,
    ],
    ['a tenth and two tenths as doubles', 'x = 0.3', { x: 0.1 + 0.2 }, false],
    ['a double with an exponent', 'x < 0.00001 and y = 1000000000000000000000', { x: 1e-7, y: 1e21 }, true],
    ['a string that is no number', 'x = 0', { x: 'abc' }, null],
    ['a string that only begins with a number', 'x = 12', { x: '12 apples' }, null],
    ['a string with an exponent', 'x > 1', { x: '1e3' }, null],
    ['an empty string against a number', 'x = 0', { x: '' }, null],
    ['two strings that look like numbers', "x < '9'", { x: '10' }, true],
    ['a mixed list', "x in (1, 'abc')", { x: 'abc' }, true],
    ['a boolean and its number', 'x = 1 and y = 0', { x: true, y: false }, true],
    ['a boolean and a string that is its number', "x = '1'", { x: true }, true],
    ['an array', 'x = 1', { x: [1] }, null],
    ['an object', "x = ''", { x: {} }, null],
    ['an array, which is there', 'x is not null', { x: [] }, true],
    ['an array on its own', 'x', { x: [1] }, null],
    ['a number on its own', 'x', { x: 0.5 }, true],
    ['zero on its own', 'x', { x: '0.00' }, false],
    ['a word on its own', 'x', { x: 'yes' }, null],
    ['a number under a pattern', "x like '12.5'", { x: 12.5 }, true],
    ['what JSON cannot hold', 'x = 1 or x < 1 or x > 1', { x: Number.NaN }, null],
    ['control characters', "x = '\\0\\b\\n\\r\\t\\Z'", { x: '\0\b\n\r\t\x1a' }, true],
  ] satisfies [string, string, Variables, boolean | null][])(
    'given %s should evaluate %s',
    (_given, text, variables, expected) => {
      expect(evaluate(text, variables)).toBe(expected);
    },
  );

  it.each([
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'constructor.name',
    '__proto__.toString',
  ])('given the name %s should take it as missing unless the order has it itself', (name) => {
    expect(evaluate(`${name} is null`, {})).toBe(true);
    const own = JSON.parse(
      '{"__proto__": 1, "constructor": 1, "toString": 1, "hasOwnProperty": 1}',
    ) as Variables;
    expect(evaluate(`${name} is null`, own)).toBe(name.includes('.'));
  });

  it('given a prototype with values or an accessor should take them as missing', () => {
    const variables = Object.create({ amount: 1 }) as Variables;
    Object.defineProperty(variables, 'rate', {
      enumerable: true,
      get: () => expect.unreachable('an accessor ran'),
    });
    expect(evaluate('amount is null and rate is null', variables)).toBe(true);
  });
});

describe(conditionHolds.name, () => {
  it.each([undefined, null, '', '  \n\t', '\u3000'])('given no condition (%j) should hold', (text) => {
    expect(conditionHolds(text, {})).toBe(true);
  });

  it.each(['0', ' 0 ', '0 and amount>1', '0 AND amount>1 or 1=1', ' 0  and\n((((', '0 and ', '0.0', 'false'])(
    'given a condition switched off (%j) should not hold',
    (text) => {
      expect(conditionHolds(text, { amount: 5 })).toBe(false);
    },
  );

  it.each(['0=0', '0 and_1 or 1=1', '00 and 1 or 1', '0 or 1', '0 && 1 || 1', '0 and(1) or 1'])(
    'given a condition that only resembles one switched off (%j) should read it',
    (text) => {
      expect(parseCondition(text)).toMatchObject(text.includes('_') ? { ok: false } : { ok: true });
      expect(conditionHolds(text, {})).toBe(!text.includes('_'));
    },
  );

  it('given unknown should not hold', () => {
    expect(conditionHolds('amount > 1', {})).toBe(false);
    expect(conditionHolds('not amount > 1', {})).toBe(false);
  });

  it('given a text that does not parse should not hold', () => {
    expect(conditionHolds('amount >', { amount: 1 })).toBe(false);
  });
});

describe(parseCondition.name, () => {
  it.each([
    ['amount >', 8, 'Expected a name or a value, found the end of the condition'],
    ['amount > > 1', 9, 'Expected a name or a value, found >'],
    ['amount 5', 7, "Expected 'and', 'or' or the end of the condition, found 5"],
    ['(a = 1', 0, 'This bracket is never closed'],
    ['(a = 1 b', 7, "Expected 'and', 'or' or ')', found b"],
    ['a = 1)', 5, "Expected 'and', 'or' or the end of the condition, found )"],
    ['a in 1', 5, "Expected a list in brackets after 'in', found 1"],
    ['a in ()', 6, 'Expected a name or a value, found )'],
    ['a in (1, 2', 5, 'This bracket is never closed'],
    ['a in (1 2)', 8, "Expected ',' or ')', found 2"],
    ['a between 1 or 2', 12, "Expected the word 'and' between the two bounds, found or"],
    ['a between 1 && 2', 12, "Expected the word 'and' between the two bounds, found &&"],
    ['a is 1', 5, "Expected 'null' or 'not null', found 1"],
    ['a is not 1', 9, "Expected 'null', found 1"],
    ['a not = 1', 6, "Expected 'in', 'between' or 'like' after 'not', found ="],
    ["a li\u212ae 'x'", 2, "Expected 'and', 'or' or the end of the condition, found li\u212ae"],
    ['a like b', 7, "Expected a pattern in quotes after 'like', found b"],
    ['0 < a < 9', 6, "Comparisons cannot follow one another; join them with 'and' or use brackets"],
    ['a = b is null', 6, "Comparisons cannot follow one another; join them with 'and' or use brackets"],
    ['!a = 1', 0, "'!' takes only the operand after it; write !(…) or (!…), or use 'not'"],
    ['a = not b', 4, "Expected a name or a value ('not …' needs brackets here), found not"],
    ['-a > 1', 1, "Expected a number after '-' (there is no arithmetic), found a"],
    ['a - 1 > 0', 2, "Expected 'and', 'or' or the end of the condition, found -"],
    ['sleep(10)', 0, 'Functions are not available in conditions'],
    ["a = 'x", 4, "The string that begins here has no closing '"],
    ['a = "x\\"', 4, 'The string that begins here has no closing "'],
    ['`a', 0, 'The name that begins here has no closing `'],
    ['`` = 1', 0, 'A name in backticks must not be empty'],
    ['a. = 1', 2, 'A name must follow the point'],
    ['a.5 = 1', 2, 'A name must follow the point'],
    ['a > 1e3', 4, 'Write numbers without an exponent'],
    ['a > 100and b', 4, 'Leave a blank after a number; names do not begin with a digit'],
    ['a > 1.2.3', 4, 'A number has only one decimal point'],
    ['a = ?', 4, "'?' has no meaning here"],
    ['a = 1; drop table x', 5, "';' has no meaning here"],
    ['a = 1 -- x', 6, "Expected 'and', 'or' or the end of the condition, found -"],
    ['a = 1 /* x */', 6, "'/' has no meaning here"],
    ['（a = 1）', 0, "'（' has no meaning here; write the half-width ( instead"],
    ['a ＞ 1', 2, "'＞' has no meaning here; write the half-width > instead"],
    ['a = ‘x’', 4, "'‘' has no meaning here; write the plain quote ' instead"],
    ['a in (1，2)', 7, "'，' has no meaning here; write the plain comma , instead"],
    ['a ≥ 1', 2, "'≥' has no meaning here; write >= instead"],
    ['a = 1\u200b', 5, 'U+200B has no meaning here'],
    ['金额 = 𠮷 𠮷', 8, "Expected 'and', 'or' or the end of the condition, found 𠮷"],
    [
      `a = 1 ${'x'.repeat(30)}`,
      6,
      `Expected 'and', 'or' or the end of the condition, found ${'x'.repeat(20)}…`,
    ],
  ])('given %s should refuse it at %i', (text, position, message) => {
    expect(refusal(text)).toEqual({ message, position });
  });

  it('given more characters than allowed should refuse the text', () => {
    const fits = `a = '${'x'.repeat(CONDITION_LIMITS.length - 6)}'`;
    expect(fits).toHaveLength(CONDITION_LIMITS.length);
    expect(parseCondition(fits).ok).toBe(true);
    expect(refusal(`${fits} `)).toEqual({
      message: 'A condition has at most 2000 characters',
      position: 2000,
    });
  });

  it('given more nodes than allowed should refuse the text where they run out', () => {
    const list = (items: number) => `a in (${Array.from({ length: items }, () => '1').join(',')})`;
    expect(parseCondition(list(CONDITION_LIMITS.nodes - 2)).ok).toBe(true);
    expect(refusal(list(CONDITION_LIMITS.nodes - 1))).toEqual({
      message: 'A condition has at most 200 names, values and operators',
      position: list(CONDITION_LIMITS.nodes - 1).length - 2,
    });
  });

  it.each([
    ['(', ')'],
    ['not ', ''],
    ['!', ''],
    ['!(', ')'],
  ])('given %s nested deeper than allowed should refuse the text', (open, close) => {
    const levels = CONDITION_LIMITS.depth / (open === '!(' ? 2 : 1);
    const nested = (depth: number) => open.repeat(depth) + 'true' + close.repeat(depth);
    expect(evaluate(nested(levels))).toBe(true);
    expect(refusal(nested(levels + 1))).toEqual({
      message: 'Brackets and negations go at most 20 levels deep',
      position: levels * open.length,
    });
  });
});
