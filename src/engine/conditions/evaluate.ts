import { matchesLike } from './like.js';
import type { Condition } from './syntax.js';
import {
  compareValues,
  FALSE,
  fromJson,
  textOf,
  type Truth,
  TRUE,
  truthOfValue,
  type Value,
} from './values.js';

/**
 * Evaluates a condition over an order's variables.
 *
 * Total: it answers for every condition that was read and every JSON object, and throws nothing. Its depth of recursion is
 * bounded by the limits the condition was read under, its time by the condition's length times the length of the values.
 *
 * - A variable that is missing or null is NULL. Only own properties count, so `constructor` is missing as well.
 * - NULL compared with anything is unknown; `and`, `or` and `not` treat unknown as SQL does (false and unknown = false).
 * - Numbers, true (1) and false (0) compare with each other exactly, as decimals.
 * - Two strings compare as utf8mb4_bin does, even if both look like numbers.
 * - A string compared with a number counts as that number if it is a plain decimal from end to end ("12.50"); otherwise the
 *   comparison is unknown. MariaDB would take "abc" for 0 and "12 apples" for 12; no rule should rest on that.
 * - An array or object is not null, and every other comparison with it is unknown.
 * - A value standing alone is true if it is a number other than 0; a string counts as the number that it looks like.
 *
 * @returns true, false, or null for unknown
 */
export function evaluateCondition(
  condition: Condition,
  variables: Readonly<Record<string, unknown>>,
): boolean | null {
  return truthOf(condition, variables);
}

/** The names, as they are written with dots, that a condition asks for and the variables do not have (or have as null). */
export function unknownNames(
  condition: Condition,
  variables: Readonly<Record<string, unknown>>,
): readonly string[] {
  switch (condition.kind) {
    case 'literal':
      return [];
    case 'name':
      return fromJson(lookUp(condition.path, variables)) === null ? [condition.path.join('.')] : [];
    case 'and':
    case 'or':
      return condition.parts.flatMap((part) => unknownNames(part, variables));
    case 'comparison':
      return [condition.left, condition.right].flatMap((part) => unknownNames(part, variables));
    case 'in':
      return [condition.operand, ...condition.items].flatMap((part) => unknownNames(part, variables));
    case 'between':
      return [condition.operand, condition.low, condition.high].flatMap((part) =>
        unknownNames(part, variables),
      );
    case 'not':
    case 'like':
      return unknownNames(condition.operand, variables);
    case 'is_null':
      // Asking whether something is there is no lack of it.
      return [];
  }
}

function truthOf(condition: Condition, variables: unknown): Truth {
  switch (condition.kind) {
    case 'literal':
    case 'name':
      return truthOfValue(valueOf(condition, variables));
    case 'and':
      return conjunction(condition.parts, (part) => truthOf(part, variables));
    case 'or':
      return disjunction(condition.parts, (part) => truthOf(part, variables));
    case 'not':
      return negation(truthOf(condition.operand, variables));
    case 'comparison':
      return compareValues(
        condition.operator,
        valueOf(condition.left, variables),
        valueOf(condition.right, variables),
      );
    case 'in': {
      const value = valueOf(condition.operand, variables);
      return disjunction(condition.items, (item) => compareValues('=', value, valueOf(item, variables)));
    }
    case 'between': {
      const value = valueOf(condition.operand, variables);
      const notBelow = compareValues('>=', value, valueOf(condition.low, variables));
      const notAbove = compareValues('<=', value, valueOf(condition.high, variables));
      return conjunction([notBelow, notAbove], (truth) => truth);
    }
    case 'like': {
      const text = textOf(valueOf(condition.operand, variables));
      return text === null ? null : matchesLike(text, condition.pattern);
    }
    case 'is_null':
      return valueOf(condition.operand, variables) === null;
  }
}

/** False if any is false, otherwise unknown if any is unknown; stops at the first false. */
function conjunction<T>(parts: readonly T[], truth: (part: T) => Truth): Truth {
  let result: Truth = true;
  for (const part of parts) {
    const value = truth(part);
    if (value === false) return false;
    if (value === null) result = null;
  }
  return result;
}

/** True if any is true, otherwise unknown if any is unknown; stops at the first true. */
function disjunction<T>(parts: readonly T[], truth: (part: T) => Truth): Truth {
  return negation(conjunction(parts, (part) => negation(truth(part))));
}

function negation(truth: Truth): Truth {
  return truth === null ? null : !truth;
}

function valueOf(condition: Condition, variables: unknown): Value {
  if (condition.kind === 'literal') return condition.value;
  if (condition.kind === 'name') return fromJson(lookUp(condition.path, variables));
  const truth = truthOf(condition, variables);
  return truth === null ? null : truth ? TRUE : FALSE;
}

/**
 * Follows a path of own properties through objects. Arrays end it, so that `items.length` is no property of the order; so do
 * accessors, which JSON does not make and which could run code.
 * @returns undefined for what is not there
 */
export function lookUp(path: readonly string[], variables: unknown): unknown {
  let holder: unknown = variables;
  for (const name of path) {
    if (typeof holder !== 'object' || holder === null || Array.isArray(holder)) return undefined;
    holder = Object.getOwnPropertyDescriptor(holder, name)?.value;
  }
  return holder;
}
