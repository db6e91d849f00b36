import { isSystemAdmin, type Principal, type TeamScope } from '../auth/principal.js';
import { platformScope } from '../directory/directory-search.service.js';
import { Problem } from '../http/problem.js';

/** Who keeps the directory: one team's administrator or key, or those of the whole installation. */
export interface Keeper {
  /** Whose people, groups and departments exist for them. */
  readonly sight: TeamScope;
  /** Their team; null for the whole installation. */
  readonly team: string | null;
  /** What they make belongs to this team; empty: to the platform. */
  readonly scope: string;
  /** Under which code they are told of. */
  readonly code: string;
}

/** @throws Problem 403 for an API key that does not keep the directory */
export function keeperOf(principal: Principal): Keeper {
  if (principal.kind === 'user') {
    const team = isSystemAdmin(principal) ? null : principal.accCode;
    return keeper(team, principal.userCode);
  }
  if (!principal.directory) throw new Problem('forbidden', 'this API key does not keep the directory');
  return keeper(principal.accCodes[0] ?? null, `api-key:${principal.keyId}`);
}

const keeper = (team: string | null, code: string): Keeper => ({
  sight: team === null ? 'all' : [team],
  team,
  scope: team ?? platformScope,
  code,
});

/** The scopes of the groups that somebody leaves who goes: the team's and the platform's, as far as the keeper sees. */
export const scopesLeft = ({ team }: Keeper): TeamScope => (team === null ? 'all' : [platformScope, team]);
