import { invalid, notFound, Problem } from '../http/problem.js';

/** The roles that a token can carry; a person without one is a member of the team. */
export const tokenRoles = ['system_admin', 'team_admin'] as const;
export type TokenRole = (typeof tokenRoles)[number];

/** Who is calling: a person with a token, or a service account with an API key. */
export type Principal = UserPrincipal | ServicePrincipal;

export interface UserPrincipal {
  readonly kind: 'user';
  readonly userCode: string;
  /** The team; null for system administrators, who have none. */
  readonly accCode: string | null;
  readonly roles: readonly TokenRole[];
}

export interface ServicePrincipal {
  readonly kind: 'service';
  readonly keyId: string;
  readonly accCodes: readonly string[];
  /** The business types it may open orders of; null for all. */
  readonly businessTypes: readonly string[] | null;
  /** Whether it keeps the directory of its team, or without a team the installation's, and does nothing else. */
  readonly directory: boolean;
}

export const isSystemAdmin = (principal: Principal): boolean =>
  principal.kind === 'user' && principal.roles.includes('system_admin');

export const isTeamAdmin = (principal: Principal): boolean =>
  principal.kind === 'user' && principal.roles.includes('team_admin');

/** A stable key of the credential, for rate limits and idempotency records. */
export const credentialOf = (principal: Principal): string =>
  principal.kind === 'user' ? `u:${principal.accCode ?? ''}/${principal.userCode}` : `k:${principal.keyId}`;

/**
 * The teams whose objects exist for a caller: a list, or `all` for system administrators. Every repository method that
 * reads or writes a team's objects takes one.
 */
export type TeamScope = 'all' | readonly string[];

export function scopeOf(principal: Principal): TeamScope {
  if (isSystemAdmin(principal)) return 'all';
  if (principal.kind === 'service') return principal.accCodes;
  return principal.accCode === null ? [] : [principal.accCode];
}

/**
 * The team in which a call works: the caller's own; a system administrator names one with `accCode`, or none.
 * @throws Problem 404 when somebody else names a team that is not theirs: for them it does not exist.
 */
export function teamOf(principal: UserPrincipal, named: string | null | undefined): string | null {
  if (isSystemAdmin(principal)) return named ?? null;
  if (named !== undefined && named !== null && named !== principal.accCode) throw notFound(`team ${named}`);
  return principal.accCode;
}

/**
 * The same for callers of either kind: an API key of one team works there, one of several names the team.
 * @throws Problem 400 when the key does not say which team; 404 when the team does not exist for the caller.
 */
export function actingTeam(principal: Principal, named: string | undefined): string | null {
  if (principal.kind === 'user') return teamOf(principal, named);
  const team = named ?? (principal.accCodes.length === 1 ? principal.accCodes[0] : undefined);
  if (team === undefined) throw invalid('accCode', 'is required: this API key acts for several teams');
  if (!principal.accCodes.includes(team)) throw notFound(`team ${team}`);
  return team;
}

/** The caller as a person; routes for people only declare so, and this keeps the types honest. */
export function asUser(principal: Principal): UserPrincipal {
  if (principal.kind === 'user') return principal;
  throw new Problem('forbidden', 'this call is for people; an API key cannot make it');
}
