import { isZero } from './decimal.js';
import { type Sign, type Token, tokenize } from './lexer.js';
import { compileLike } from './like.js';
import { type Condition, CONDITION_LIMITS, ConditionSyntaxError } from './syntax.js';
import { type ComparisonOperator, FALSE, textValue, TRUE, type Value } from './values.js';

/**
 * How tightly the operators bind, from loose to tight, as in MariaDB ("Operator Precedence"): `or` `||`, `and` `&&`, `not`,
 * comparisons, and `!`, which takes only the operand after it.
 */
const POWER = { or: 1, and: 2, not: 3, comparison: 4, operand: 5 } as const;

const COMPARISON_OPERATORS: readonly ComparisonOperator[] = ['=', '!=', '<', '<=', '>', '>='];

/** What may follow an operand as a comparison; `not` begins `not in`, `not between` and `not like`. */
const COMPARISONS: readonly Sign[] = [...COMPARISON_OPERATORS, 'is', 'in', 'between', 'like', 'not'];

const INFIX_POWERS: ReadonlyMap<Sign, number> = new Map<Sign, number>([
  ['or', POWER.or],
  ['and', POWER.and],
  ...COMPARISONS.map((sign) => [sign, POWER.comparison] as const),
]);

/** Where the parser stands. `nodes` and `depth` count against `CONDITION_LIMITS`. */
interface Reading {
  readonly text: string;
  readonly tokens: readonly Token[];
  index: number;
  nodes: number;
  depth: number;
}

/**
 * Reads a whole expression by top-down operator precedence (Pratt).
 *
 * The language is the part of MariaDB's in which nobody has to know the precedence of comparisons among themselves: what
 * MariaDB reads in a surprising way (`a = b = c`, `0 < a < 9`, `!a = b`) is refused and has to be written with brackets.
 * Everything that is accepted has the same structure in MariaDB.
 *
 * @throws ConditionSyntaxError if the text is no expression or exceeds the limits on nodes and depth
 */
export function parseExpressionText(text: string): Condition {
  const reading: Reading = { text, tokens: tokenize(text), index: 0, nodes: 0, depth: 0 };
  const condition = parseExpression(reading, POWER.or);
  if (peek(reading).kind !== 'end') throw unexpected(reading, "'and', 'or' or the end of the condition");
  return condition;
}

function parseExpression(reading: Reading, minimumPower: number): Condition {
  const first = peek(reading);
  let left = parsePrefix(reading, minimumPower);
  let compared = false;
  for (;;) {
    const token = peek(reading);
    const power = token.kind === 'sign' ? INFIX_POWERS.get(token.sign) : undefined;
    if (token.kind !== 'sign' || power === undefined || power < minimumPower) return left;
    if (token.sign === 'and' || token.sign === 'or') {
      advance(reading);
      countNode(reading, token);
      left = join(token.sign, left, parseExpression(reading, power + 1));
      continue;
    }
    if (compared) {
      throw new ConditionSyntaxError(
        "Comparisons cannot follow one another; join them with 'and' or use brackets",
        token.position,
      );
    }
    if (isSign(first, '!')) {
      throw new ConditionSyntaxError(
        "'!' takes only the operand after it; write !(…) or (!…), or use 'not'",
        first.position,
      );
    }
    left = parseComparison(reading, left);
    compared = true;
  }
}

/** `a and b and c` becomes one node, so that long chains do not make deep trees. */
function join(kind: 'and' | 'or', left: Condition, right: Condition): Condition {
  const parts = left.kind === kind ? left.parts : [left];
  return { kind, parts: [...parts, right] };
}

/** Reads what an expression may begin with: a literal, a name, a bracket, `not` or `!`. */
function parsePrefix(reading: Reading, minimumPower: number): Condition {
  const token = peek(reading);
  switch (token.kind) {
    case 'number':
      advance(reading);
      return literal(reading, token, { kind: 'number', decimal: token.decimal });
    case 'text':
      advance(reading);
      return literal(reading, token, textValue(token.text));
    case 'name':
      return parseName(reading, token);
    case 'sign':
      return parsePrefixSign(reading, token.sign, minimumPower);
    case 'end':
      throw unexpected(reading, 'a name or a value');
  }
}

function parsePrefixSign(reading: Reading, sign: Sign, minimumPower: number): Condition {
  const token = peek(reading);
  switch (sign) {
    case 'true':
    case 'false':
      advance(reading);
      return literal(reading, token, sign === 'true' ? TRUE : FALSE);
    case 'null':
      advance(reading);
      return literal(reading, token, null);
    case '-':
    case '+':
      return parseSignedNumber(reading, sign);
    case '(':
      return parseBrackets(reading);
    case 'not':
      if (minimumPower > POWER.not) {
        throw unexpected(reading, "a name or a value ('not …' needs brackets here)");
      }
      return parseNegation(reading, POWER.not);
    case '!':
      return parseNegation(reading, POWER.operand);
    default:
      throw unexpected(reading, 'a name or a value');
  }
}

function parseName(reading: Reading, token: Token & { kind: 'name' }): Condition {
  advance(reading);
  const next = peek(reading);
  if (isSign(next, '(')) {
    throw new ConditionSyntaxError('Functions are not available in conditions', token.position);
  }
  countNode(reading, token);
  return { kind: 'name', path: token.path };
}

function parseSignedNumber(reading: Reading, sign: '-' | '+'): Condition {
  const token = advance(reading);
  const number = peek(reading);
  if (number.kind !== 'number') {
    throw unexpected(reading, `a number after '${sign}' (there is no arithmetic)`);
  }
  advance(reading);
  const negative = sign === '-' && !isZero(number.decimal);
  return literal(reading, token, { kind: 'number', decimal: { ...number.decimal, negative } });
}

function parseBrackets(reading: Reading): Condition {
  const token = advance(reading);
  const condition = nest(reading, token, () => parseExpression(reading, POWER.or));
  closeBracket(reading, token, "'and', 'or' or ')'");
  return condition;
}

function parseNegation(reading: Reading, operandPower: number): Condition {
  const token = advance(reading);
  countNode(reading, token);
  return negate(nest(reading, token, () => parseExpression(reading, operandPower)));
}

/** Reads the operator after `left` and what belongs to it. */
function parseComparison(reading: Reading, left: Condition): Condition {
  const token = peek(reading);
  countNode(reading, token);
  const operator = COMPARISON_OPERATORS.find((candidate) => accept(reading, candidate));
  if (operator !== undefined) return { kind: 'comparison', operator, left, right: parseOperand(reading) };
  if (accept(reading, 'is')) {
    const negated = accept(reading, 'not');
    if (!accept(reading, 'null')) throw unexpected(reading, negated ? "'null'" : "'null' or 'not null'");
    const test: Condition = { kind: 'is_null', operand: left };
    return negated ? negate(test) : test;
  }
  if (accept(reading, 'not')) {
    return negate(parseRange(reading, left, "'in', 'between' or 'like' after 'not'"));
  }
  return parseRange(reading, left, 'an operator');
}

/** Reads the comparisons that may stand after `not`. */
function parseRange(reading: Reading, operand: Condition, expected: string): Condition {
  if (accept(reading, 'in')) return { kind: 'in', operand, items: parseItems(reading) };
  if (accept(reading, 'between')) {
    const low = parseOperand(reading);
    // MariaDB takes `&&` for the logical `and` only.
    if (spelling(reading, peek(reading)) === '&&' || !accept(reading, 'and')) {
      throw unexpected(reading, "the word 'and' between the two bounds");
    }
    return { kind: 'between', operand, low, high: parseOperand(reading) };
  }
  if (accept(reading, 'like')) {
    const token = peek(reading);
    // Only a literal, so that the cost of matching is bounded by the length of the condition (see like.ts).
    if (token.kind !== 'text') throw unexpected(reading, "a pattern in quotes after 'like'");
    advance(reading);
    countNode(reading, token);
    return { kind: 'like', operand, pattern: compileLike(token.text) };
  }
  throw unexpected(reading, expected);
}

function parseItems(reading: Reading): readonly Condition[] {
  const token = peek(reading);
  if (!accept(reading, '(')) throw unexpected(reading, "a list in brackets after 'in'");
  const items = nest(reading, token, () => {
    const list = [parseOperand(reading)];
    while (accept(reading, ',')) list.push(parseOperand(reading));
    return list;
  });
  closeBracket(reading, token, "',' or ')'");
  return items;
}

function parseOperand(reading: Reading): Condition {
  return parseExpression(reading, POWER.operand);
}

function negate(operand: Condition): Condition {
  return { kind: 'not', operand };
}

function literal(reading: Reading, token: Token, value: Value): Condition {
  countNode(reading, token);
  return { kind: 'literal', value };
}

function closeBracket(reading: Reading, open: Token, expected: string): void {
  if (accept(reading, ')')) return;
  if (peek(reading).kind === 'end') {
    throw new ConditionSyntaxError('This bracket is never closed', open.position);
  }
  throw unexpected(reading, expected);
}

function countNode(reading: Reading, token: Token): void {
  reading.nodes++;
  if (reading.nodes <= CONDITION_LIMITS.nodes) return;
  const message = `A condition has at most ${CONDITION_LIMITS.nodes} names, values and operators`;
  throw new ConditionSyntaxError(message, token.position);
}

/** Reads something one level deeper; the only way by which the parser calls itself more than a fixed number of times. */
function nest<T>(reading: Reading, token: Token, read: () => T): T {
  if (reading.depth === CONDITION_LIMITS.depth) {
    const message = `Brackets and negations go at most ${CONDITION_LIMITS.depth} levels deep`;
    throw new ConditionSyntaxError(message, token.position);
  }
  reading.depth++;
  const result = read();
  reading.depth--;
  return result;
}

function peek(reading: Reading): Token {
  return reading.tokens[reading.index]!;
}

/** Takes the next token; at the end it stays there. */
function advance(reading: Reading): Token {
  const token = peek(reading);
  if (token.kind !== 'end') reading.index++;
  return token;
}

function accept(reading: Reading, sign: Sign): boolean {
  if (!isSign(peek(reading), sign)) return false;
  advance(reading);
  return true;
}

function isSign(token: Token, sign: Sign): boolean {
  return token.kind === 'sign' && token.sign === sign;
}

/** A token as it is written in the text. */
function spelling(reading: Reading, token: Token): string {
  return reading.text.slice(token.position, token.end);
}

/** The error for the next token when something else was due. Quotes at most 20 characters of what was found. */
function unexpected(reading: Reading, expected: string): ConditionSyntaxError {
  const token = peek(reading);
  const [...characters] = spelling(reading, token);
  const shown = characters.length > 20 ? `${characters.slice(0, 20).join('')}…` : characters.join('');
  const found = token.kind === 'end' ? 'the end of the condition' : shown;
  return new ConditionSyntaxError(`Expected ${expected}, found ${found}`, token.position);
}
