import { parseCondition } from './condition.js';
import { lookUp } from './evaluate.js';
import type { Condition } from './syntax.js';

/** The values of variables by their names, as a condition writes them. */
export type Values = Readonly<Record<string, unknown>>;

/**
 * The variables that a condition reads, each once and in their sequence, as they are written with dots. A text that is
 * none, blank, or switched off reads nothing.
 */
export const namesIn = (text: string | null): string[] => [
  ...new Set(pathsIn(text).map((path) => path.join('.'))),
];

/** The values that a condition's variables have; a variable that is missing is left out. */
export function valuesIn(text: string | null, variables: Values): Values {
  const values = new Map<string, unknown>();
  for (const path of pathsIn(text)) {
    const value = lookUp(path, variables);
    if (value !== undefined) values.set(path.join('.'), value);
  }
  return Object.fromEntries(values);
}

function pathsIn(text: string | null): (readonly string[])[] {
  const parsed = parseCondition(text ?? '');
  return parsed.ok ? pathsOf(parsed.condition) : [];
}

function pathsOf(condition: Condition): (readonly string[])[] {
  switch (condition.kind) {
    case 'literal':
      return [];
    case 'name':
      return [condition.path];
    case 'and':
    case 'or':
      return condition.parts.flatMap(pathsOf);
    case 'comparison':
      return [condition.left, condition.right].flatMap(pathsOf);
    case 'in':
      return [condition.operand, ...condition.items].flatMap(pathsOf);
    case 'between':
      return [condition.operand, condition.low, condition.high].flatMap(pathsOf);
    case 'not':
    case 'like':
    case 'is_null':
      return pathsOf(condition.operand);
  }
}
