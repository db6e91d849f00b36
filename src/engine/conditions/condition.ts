import { isBlank } from './characters.js';
import { evaluateCondition, unknownNames } from './evaluate.js';
import { parseExpressionText } from './parser.js';
import { type Condition, CONDITION_LIMITS, type ConditionError, ConditionSyntaxError } from './syntax.js';
import { FALSE, TRUE } from './values.js';

export { evaluateCondition } from './evaluate.js';
export { type Condition, CONDITION_LIMITS, type ConditionError } from './syntax.js';

/**
 * A stage's condition (requirement 002, `cond`): text in the manner of an SQL condition over the order's variables.
 *
 *     amount>100 and rate<0.3
 *     type='POR' and (金额 >= 10000 or order.urgent) and dept not in ('IT', 'HR') and remark is not null
 *
 * operators     `or` `||`, `and` `&&`, `not`, `!`, `=` `==` `!=` `<>` `<` `<=` `>` `>=`, `in (…)`, `between … and …`,
 *               `like '…'` (`%`, `_`, backslash), each of these three also with `not`; `is null`, `is not null`
 * values        names (`amount`, `order.amount`, `金额`, `` `any characters` ``), numbers without exponent, strings in single
 *               or double quotes, `true`, `false`, `null`, brackets
 * not there     functions, arithmetic, comments, subqueries
 *
 * Keywords are written in any case; names are case-sensitive, as JSON's are. What is accepted is read as MariaDB reads it
 * (`==` and names of more than two parts are ours); what values mean, and where that differs, is told at
 * `evaluateCondition`.
 *
 * Two special forms come from requirement 002: a blank text always holds, and a text that is `0` or begins with `0 and ` never
 * does. The latter is how a stage is switched off, so what follows is not read: it may be unfinished, and `0 and a or b` does
 * not hold either, whatever the precedence of `or` would say.
 *
 * @returns the condition, or why and where the text is none; never throws
 */
export function parseCondition(
  text: string,
): { ok: true; condition: Condition } | { ok: false; error: ConditionError } {
  if (text.length > CONDITION_LIMITS.length) {
    const message = `A condition has at most ${CONDITION_LIMITS.length} characters`;
    return { ok: false, error: { message, position: CONDITION_LIMITS.length } };
  }
  if (isBlank(text)) return { ok: true, condition: { kind: 'literal', value: TRUE } };
  if (isSwitchedOff(text)) return { ok: true, condition: { kind: 'literal', value: FALSE } };
  try {
    return { ok: true, condition: parseExpressionText(text) };
  } catch (error) {
    if (!(error instanceof ConditionSyntaxError)) throw error;
    return { ok: false, error: { message: error.message, position: error.position } };
  }
}

/**
 * Says whether a stage's condition holds for an order.
 *
 * Only true holds: false and unknown do not. Null, undefined and blank texts hold (requirement 002). A text that does not parse
 * does not hold; it cannot be met here, since a template with such a text is refused when it is saved.
 */
export function conditionHolds(
  text: string | null | undefined,
  variables: Readonly<Record<string, unknown>>,
): boolean {
  const parsed = parseCondition(text ?? '');
  return parsed.ok && evaluateCondition(parsed.condition, variables) === true;
}

/** The variables that a stage's condition asks for and an order does not have, each once; for whoever wonders about a path. */
export function missingVariables(
  text: string | null,
  variables: Readonly<Record<string, unknown>>,
): readonly string[] {
  const parsed = parseCondition(text ?? '');
  return parsed.ok ? [...new Set(unknownNames(parsed.condition, variables))] : [];
}

/** `0`, or text that begins with `0 and `; blanks around it and capital letters make no difference. */
function isSwitchedOff(text: string): boolean {
  const trimmed = text.trim();
  if (trimmed === '0') return true;
  let index = 1;
  while (index < trimmed.length && isBlank(trimmed[index]!)) index++;
  const follows = trimmed[index + 3];
  return (
    trimmed[0] === '0' &&
    index > 1 &&
    trimmed.slice(index, index + 3).toLowerCase() === 'and' &&
    (follows === undefined || isBlank(follows))
  );
}
