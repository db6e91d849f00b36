// @ts-check
/** What `npm run bench -- …` understands. */
import { parseArgs } from 'node:util';

/** The contests of a full run, in their order. */
const parts = /** @type {const} */ (['floor', 'scale', 'callbacks', 'gate']);
/** @typedef {typeof parts[number]} Part */

export const usage = `npm run bench [-- options]
  --dialect mysql|sqlite|both   which databases (both)
  --orders N                    orders in the to-do lists (100000)
  --no-scale                    skip the to-do page among 1,000,000 orders
  --only ${parts.join('|')}  one part of the run alone; nothing written to RESULTS.md
  --against <git ref>           compare this state with another one instead of with the floor
  --quick                       a smoke test: few orders, one short round, nothing written to RESULTS.md`;

export class UsageError extends Error {}

/**
 * @typedef {object} Options
 * @property {import('./database.mjs').Dialect[]} dialects
 * @property {number} orders
 * @property {Part[]} parts
 * @property {string | null} against
 * @property {boolean} whole whether the figures are those that RESULTS.md holds
 * @property {import('./measure.mjs').Effort} effort
 * @property {import('./callbacks/contest.mjs').CallbackEffort} callbackEffort
 * @property {import('./gate/contest.mjs').GateEffort} gateEffort
 */

/** @param {string[]} args @returns {Options} @throws {UsageError} */
export function readOptions(args) {
  const given = parse(args);
  const { dialect = 'both', orders = given.quick ? '2000' : '100000', quick = false, only, against } = given;
  if (!['mysql', 'sqlite', 'both'].includes(dialect))
    throw new UsageError('--dialect is mysql, sqlite or both.');
  if (!/^[1-9]\d{2,6}$/.test(orders)) throw new UsageError('--orders is a number from 100 to 9999999.');
  if (only !== undefined && !parts.some((part) => part === only))
    throw new UsageError(`--only is one of ${parts.join(', ')}.`);
  if (only !== undefined && against !== undefined)
    throw new UsageError('--only and --against do not go together.');
  const usual = parts.filter((part) => part !== 'scale' || !(quick || given['no-scale']));
  return {
    dialects: dialect === 'both' ? ['mysql', 'sqlite'] : [/** @type {'mysql' | 'sqlite'} */ (dialect)],
    orders: Number(orders),
    parts: parts.filter((part) => (only === undefined ? usual.includes(part) : part === only)),
    against: against ?? null,
    whole: !quick && only === undefined && against === undefined,
    effort: quick ? { rounds: 1, seconds: 1, connections: 16 } : { rounds: 5, seconds: 3, connections: 16 },
    callbackEffort: quick
      ? { rounds: 1, seconds: 2, backlog: 200, pile: 1_000 }
      : { rounds: 3, seconds: 6, backlog: 2_000, pile: 10_000 },
    gateEffort: quick ? { rounds: 1, seconds: 0.25 } : { rounds: 6, seconds: 0.25 },
  };
}

/** @param {string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args,
      options: {
        dialect: { type: 'string' },
        orders: { type: 'string' },
        'no-scale': { type: 'boolean' },
        only: { type: 'string' },
        against: { type: 'string' },
        quick: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
