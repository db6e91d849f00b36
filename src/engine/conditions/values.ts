import {
  compareDecimals,
  type Decimal,
  decimalFromNumber,
  decimalFromText,
  decimalToText,
  isZero,
  type Order,
} from './decimal.js';
import { compareTexts } from './text.js';

/**
 * What a value is while a condition is evaluated.
 *
 * `null` is SQL's NULL. Booleans are the numbers 1 and 0. A text carries the number it looks like, if any, so that it is read
 * once and not for each item of a list. `opaque` is a value that exists but compares with nothing: an
 * array, an object, or what JSON cannot hold.
 */
export type Value =
  | null
  | { readonly kind: 'number'; readonly decimal: Decimal }
  | { readonly kind: 'text'; readonly text: string; readonly decimal: Decimal | null }
  | { readonly kind: 'opaque' };

export type ComparisonOperator = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** A truth value of SQL's three-valued logic; null is "unknown". */
export type Truth = boolean | null;

export const TRUE: Value = { kind: 'number', decimal: decimalFromText('1')! };
export const FALSE: Value = { kind: 'number', decimal: decimalFromText('0')! };
const OPAQUE: Value = { kind: 'opaque' };

/** Takes over a value of an order's variables; whatever is no JSON (NaN, a function, a Date) is opaque. */
export function fromJson(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return textValue(value);
  if (typeof value === 'boolean') return value ? TRUE : FALSE;
  if (typeof value === 'number') {
    const decimal = decimalFromNumber(value);
    return decimal === null ? OPAQUE : { kind: 'number', decimal };
  }
  return OPAQUE;
}

export function textValue(text: string): Value {
  return { kind: 'text', text, decimal: decimalFromText(text) };
}

/** What a value says as a condition of its own: true for a number other than 0, or a string that looks like one. */
export function truthOfValue(value: Value): Truth {
  const decimal = decimalOf(value);
  return decimal === null ? null : !isZero(decimal);
}

/** Compares two values (the rules are listed at `evaluateCondition`); unknown if either is null, or they do not compare. */
export function compareValues(operator: ComparisonOperator, left: Value, right: Value): Truth {
  const order = orderOf(left, right);
  if (order === null) return null;
  switch (operator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

function orderOf(left: Value, right: Value): Order | null {
  if (left?.kind === 'text' && right?.kind === 'text') return compareTexts(left.text, right.text);
  const leftDecimal = decimalOf(left);
  const rightDecimal = decimalOf(right);
  return leftDecimal === null || rightDecimal === null ? null : compareDecimals(leftDecimal, rightDecimal);
}

/** The number that a value is or looks like; null if there is none. */
function decimalOf(value: Value): Decimal | null {
  return value === null || value.kind === 'opaque' ? null : value.decimal;
}

/** A value as the text that `like` sees, a number in its shortest plain form; null if it has none. */
export function textOf(value: Value): string | null {
  if (value?.kind === 'text') return value.text;
  return value?.kind === 'number' ? decimalToText(value.decimal) : null;
}
