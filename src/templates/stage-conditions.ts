import { parseCondition } from '../engine/conditions/condition.js';
import { Problem } from '../http/problem.js';

/**
 * Refuses a list of stages with a condition that could not be read later: what is saved can be walked.
 * @throws Problem 422 condition_invalid, with one entry for each wrong stage.
 */
export function requireReadableConditions(stages: readonly { condition?: string | null }[]): void {
  const wrong = stages.flatMap(({ condition }, index) => {
    const parsed = parseCondition(condition ?? '');
    return parsed.ok ? [] : [{ index, ...parsed.error }];
  });
  if (wrong.length === 0) return;
  throw new Problem(
    'condition_invalid',
    wrong
      .map(({ index, message, position }) => `stage ${index + 1}, at position ${position}: ${message}`)
      .join('; '),
    { errors: wrong.map(({ index, message }) => ({ field: `stages[${index}].condition`, message })) },
  );
}
