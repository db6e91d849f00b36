// @ts-check
/** What `npm run bench -- …` understands. */
import { parseArgs } from 'node:util';

export const usage = `npm run bench [-- options]
  --dialect mysql|sqlite|both   which databases (both)
  --orders N                    orders in the to-do lists (100000)
  --no-scale                    skip the to-do page among 1,000,000 orders
  --against <git ref>           compare this state with another one instead of with the floor
  --quick                       a smoke test: few orders, one short round, nothing written to RESULTS.md`;

export class UsageError extends Error {}

/**
 * @typedef {object} Options
 * @property {import('./database.mjs').Dialect[]} dialects
 * @property {number} orders
 * @property {boolean} scale
 * @property {string | null} against
 * @property {boolean} quick
 * @property {import('./measure.mjs').Effort} effort
 */

/** @param {string[]} args @returns {Options} @throws {UsageError} */
export function readOptions(args) {
  const given = parse(args);
  const { dialect = 'both', orders = given.quick ? '2000' : '100000', quick = false } = given;
  if (!['mysql', 'sqlite', 'both'].includes(dialect))
    throw new UsageError('--dialect is mysql, sqlite or both.');
  if (!/^[1-9]\d{2,6}$/.test(orders)) throw new UsageError('--orders is a number from 100 to 9999999.');
  return {
    dialects: dialect === 'both' ? ['mysql', 'sqlite'] : [/** @type {'mysql' | 'sqlite'} */ (dialect)],
    orders: Number(orders),
    scale: !quick && !given['no-scale'],
    against: given.against ?? null,
    quick,
    effort: quick ? { rounds: 1, seconds: 1, connections: 16 } : { rounds: 5, seconds: 3, connections: 16 },
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
        against: { type: 'string' },
        quick: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
