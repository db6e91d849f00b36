import { groupSubject, roleSubject, type Subject, userSubject } from '../engine/vocabulary.js';
import { type GroupKey, platform } from './group-subject.js';
import type { MembershipChange } from './membership-changes.port.js';
import { rolesOfColumn, type UserRow } from './user.entity.js';

/** What the directory holds of a person at one moment. */
export interface Standing {
  /** Null for somebody who is not listed. */
  readonly row: Pick<UserRow, 'accCode' | 'roles' | 'active'> | null;
  readonly groups: readonly GroupKey[];
}

/**
 * What a person loses from one moment to the next, one change for each team concerned:
 * - groups, in the group's team;
 * - roles, in the team of the listing that gave them: taken away, or given by the listing of another team from now on;
 * - made inactive: all groups, and the person, in the team of the listing.
 */
export function lossesOf(userCode: string, before: Standing, after: Standing): MembershipChange[] {
  const lost = new Map<string | null, Set<Subject>>();
  const lose = (team: string | null, subject: Subject): void => {
    const subjects = lost.get(team);
    if (subjects) subjects.add(subject);
    else lost.set(team, new Set([subject]));
  };

  const kept = new Set(after.groups.map(subjectOf));
  for (const group of before.groups) {
    if (!kept.has(subjectOf(group))) lose(teamOfScope(group.scope), subjectOf(group));
  }
  const roles = new Set(rolesIn(after));
  for (const role of rolesIn(before)) {
    if (!roles.has(role) || moved(before, after)) lose(before.row?.accCode ?? null, roleSubject(role));
  }
  if (after.row && isInactive(after) && (!isInactive(before) || moved(before, after))) {
    for (const group of before.groups) lose(after.row.accCode, subjectOf(group));
    lose(after.row.accCode, userSubject(userCode));
  }
  return [...lost].map(([team, subjects]) => ({
    team,
    left: [...subjects].map((subject) => ({ userCode, subject })),
  }));
}

const subjectOf = ({ scope, code }: GroupKey): Subject => groupSubject(scope, code);
/** The team that a group's members matter to; null for all. */
export const teamOfScope = (scope: string): string | null => (scope === platform ? null : scope);
const isInactive = ({ row }: Standing): boolean => row?.active === 0;
const rolesIn = ({ row }: Standing): string[] => (row?.active === 1 ? rolesOfColumn(row.roles) : []);
/** Whether another team's listing speaks for the person from now on. */
const moved = (before: Standing, after: Standing): boolean =>
  after.row !== null &&
  before.row !== null &&
  after.row.accCode !== null &&
  after.row.accCode !== before.row.accCode;
