import { namesIn, type Values, valuesIn } from './conditions/names.js';
import type { Saw } from './events.js';
import type { StepSnapshot } from './order-state.js';

/** How much of one value is kept, and of all values together, in characters of JSON: the log is no copy of the variables. */
const longestText = 200;
const longestObject = 1_000;
const longestOfAll = 50_000;

/** Stands for a value that is too long to keep: how many characters of JSON it had. */
export interface LeftOut {
  readonly leftOut: number;
}

/**
 * What the conditions of steps see of an order's variables, for the log: whoever wonders about a path finds the values
 * there, whatever becomes of the variables. Undefined where no condition names any.
 */
export function sawOf(
  steps: readonly Pick<StepSnapshot, 'applyStep' | 'condition'>[],
  variables: Values,
): Saw | undefined {
  let left = longestOfAll;
  const keep = (value: unknown): unknown => {
    const short = shortened(value);
    const length = lengthOf(short);
    if (length > left) return leftOut(value);
    left -= length;
    return short;
  };
  const saw = steps.flatMap(({ applyStep, condition }) => {
    if (namesIn(condition).length === 0) return [];
    const seen = Object.entries(valuesIn(condition, variables));
    return [
      [String(applyStep), Object.fromEntries(seen.map(([name, value]) => [name, keep(value)]))] as const,
    ];
  });
  return saw.length > 0 ? Object.fromEntries(saw) : undefined;
}

/** A value that is short enough to be told. */
function shortened(value: unknown): unknown {
  if (typeof value === 'string') {
    const characters = Array.from(value);
    return characters.length > longestText ? `${characters.slice(0, longestText).join('')}…` : value;
  }
  return typeof value === 'object' && value !== null && lengthOf(value) > longestObject
    ? leftOut(value)
    : value;
}

const leftOut = (value: unknown): LeftOut => ({ leftOut: lengthOf(value) });

/** Variables are JSON; what is none counts as nothing. */
const lengthOf = (value: unknown): number => (JSON.stringify(value) as string | undefined)?.length ?? 0;
