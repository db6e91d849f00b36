import type { SqlValue } from '../database/sql.js';
import { invalid } from '../http/problem.js';

/** The scope of what belongs to the platform. */
export const platform = '';

/** What names a group, a department or a calendar: the team that owns it (empty for the platform), and its code there. */
interface OwnedKey {
  readonly scope: string;
  readonly code: string;
}

/** A team's view, the platform's objects only (team null), or every object of the installation. */
export type Sight = { readonly team: string | null } | 'all';

type Condition = readonly [sql: string, values: readonly SqlValue[]];

/**
 * One page of a table of groups, departments or calendars, by scope, then code: what follows the select list. A team sees its own and
 * those of the platform that it has no own one for.
 * @param table its rows go by `o`
 */
export function pageInSight(table: string, sight: Sight, after: OwnedKey | null, take: number): Condition {
  const conditions = [inSight(table, sight), after === null ? null : beyond(after)].filter(
    (part) => part !== null,
  );
  const where = conditions.map(([sql]) => ` AND ${sql}`).join('');
  return [
    `FROM ${table} o WHERE 1 = 1${where} ORDER BY o.scope, o.code LIMIT ?`,
    [...conditions.flatMap(([, values]) => values), take],
  ];
}

function inSight(table: string, sight: Sight): Condition | null {
  if (sight === 'all') return null;
  if (sight.team === null) return ['o.scope = ?', [platform]];
  return [
    `(o.scope = ? OR (o.scope = ? AND NOT EXISTS
       (SELECT 1 FROM ${table} own WHERE own.scope = ? AND own.code = o.code)))`,
    [sight.team, platform, sight.team],
  ];
}

const beyond = ({ scope, code }: OwnedKey): Condition => [
  '(o.scope > ? OR (o.scope = ? AND o.code > ?))',
  [scope, scope, code],
];

/** The key by which such a list goes on; codes hold no comma, so the last one ends the scope. */
export const cursorOf = ({ scope, code }: OwnedKey): string => `${scope},${code}`;

/** @throws Problem 400 for the cursor of another list. */
export function keyOfCursor(cursor: string | null): OwnedKey | null {
  if (cursor === null) return null;
  const comma = cursor.lastIndexOf(',');
  if (comma === -1) throw invalid('cursor', 'is not the nextCursor of an earlier page');
  return { scope: cursor.slice(0, comma), code: cursor.slice(comma + 1) };
}
