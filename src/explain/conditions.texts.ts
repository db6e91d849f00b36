import { namesIn } from '../engine/conditions/names.js';
import type { Saw } from '../engine/events.js';
import type { StepSnapshot } from '../engine/order-state.js';
import { both } from '../http/language.js';
import { type Reason, reason } from './reason.js';
import { listed, nothing, together, value } from './wording.js';

/**
 * What a step's condition made of the variables; null for a step without one.
 * @param saw what all conditions saw; undefined where that was not recorded
 */
export function conditionJudged(
  { applyStep, condition }: Pick<StepSnapshot, 'applyStep' | 'condition'>,
  holds: boolean,
  saw: Saw | undefined,
): Reason | null {
  if (condition === null || condition.trim() === '') return null;
  const verdict = holds
    ? both(`the condition ${condition} holds`, `条件 ${condition} 成立`)
    : both(`the condition ${condition} does not hold`, `条件 ${condition} 不成立`);
  const names = namesIn(condition);
  const values = saw?.[applyStep];
  const data = { condition, holds, values: values ?? null };
  if (names.length === 0) {
    const off = holds ? nothing : both('; the stage is switched off by it', '，该环节因此停用');
    return reason('condition', together(verdict, off), { ...data, values: {} });
  }
  if (!values) {
    const unknown = both('; the values that it saw are not recorded', '，当时的取值没有记录');
    return reason('condition', together(verdict, unknown), data);
  }
  const seen = Object.entries(values).map(([name, one]) => {
    const { en, zh } = value(one);
    return both(`${name} = ${en}`, `${name} = ${zh}`);
  });
  const missing = names.filter((name) => !Object.hasOwn(values, name));
  const gaps = missing.map((name) => both(`${name} is not there`, `${name} 未提供`));
  const what = listed([...seen, ...gaps]);
  return reason('condition', together(verdict, both(`: ${what.en}`, `：${what.zh}`)), { ...data, missing });
}
