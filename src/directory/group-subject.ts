import { isGroupSubject, type Subject } from '../engine/vocabulary.js';
import type { GroupRow } from './group.entity.js';

/** What names one group: the team that owns it (empty for the platform), and its code there. */
export type GroupKey = Pick<GroupRow, 'scope' | 'code'>;

/** The scope of the platform's groups and departments. */
export const platform = '';

/** The group behind `g:<scope>/<code>`. Codes hold no slash, so the last one ends the scope, whatever a team is called. */
export function groupOfSubject(subject: Subject): GroupKey {
  const slash = subject.lastIndexOf('/');
  return { scope: subject.slice('g:'.length, slash), code: subject.slice(slash + 1) };
}

/** The groups and the roles among some subjects; people, who are neither, are left out. */
export function askedOf(subjects: readonly Subject[]): { groups: GroupKey[]; roles: string[] } {
  return {
    groups: subjects.filter(isGroupSubject).map(groupOfSubject),
    roles: subjects.flatMap((subject) => (subject.startsWith('r:') ? [subject.slice('r:'.length)] : [])),
  };
}
