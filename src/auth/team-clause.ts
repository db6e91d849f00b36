import { places } from '../database/sql.js';
import type { TeamScope } from './principal.js';

/** ` AND <column> IN (…)` for the teams that exist for a caller; nothing for system administrators. */
export function teamClause(
  scope: TeamScope,
  column: string,
): { readonly sql: string; readonly values: readonly string[] } {
  if (scope === 'all') return { sql: '', values: [] };
  if (scope.length === 0) return { sql: ' AND 1 = 0', values: [] };
  return { sql: ` AND ${column} IN (${places(scope.length)})`, values: scope };
}
