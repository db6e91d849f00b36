import type { LikePattern } from './like.js';
import type { ComparisonOperator, Value } from './values.js';

/** A condition that was read without error; made by `parseCondition` only, so it keeps the limits. Immutable. */
export type Condition =
  | { readonly kind: 'literal'; readonly value: Value }
  | { readonly kind: 'name'; readonly path: readonly string[] }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly operand: Condition }
  | {
      readonly kind: 'comparison';
      readonly operator: ComparisonOperator;
      readonly left: Condition;
      readonly right: Condition;
    }
  | { readonly kind: 'in'; readonly operand: Condition; readonly items: readonly Condition[] }
  | {
      readonly kind: 'between';
      readonly operand: Condition;
      readonly low: Condition;
      readonly high: Condition;
    }
  | { readonly kind: 'like'; readonly operand: Condition; readonly pattern: LikePattern }
  | { readonly kind: 'is_null'; readonly operand: Condition };

/** What a condition may cost. They bound reading and evaluating, so that a hostile text ends in an error and quickly. */
export const CONDITION_LIMITS = {
  /** Characters of the text, in UTF-16 code units (`text.length`). */
  length: 2000,
  /** Literals, names and operators together; each item of an `in` list counts. */
  nodes: 200,
  /** Brackets, `not` and `!` inside one another. */
  depth: 20,
} as const;

export interface ConditionError {
  /** One readable sentence in English, without the final full stop. */
  readonly message: string;
  /** Where the error starts: 0-based index into the text as given, in UTF-16 code units; the text's length at its end. */
  readonly position: number;
}

/** Thrown by the lexer and the parser; never leaves this folder, `parseCondition` turns it into a result. */
export class ConditionSyntaxError extends Error {
  constructor(
    message: string,
    readonly position: number,
  ) {
    super(message);
  }
}
