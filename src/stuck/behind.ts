import { fromDbTime } from '../database/dialect.js';
import { isGroupSubject, type Subject, userOfSubject } from '../engine/vocabulary.js';
import type { GroupBehind, HolderBehind, PersonBehind, SeatBehind } from './behind.repository.js';

/** What the directory says of those who sit on some orders. */
export interface Directory {
  readonly groups: readonly GroupBehind[];
  readonly holders: readonly HolderBehind[];
  readonly people: ReadonlyMap<string, PersonBehind>;
}

/** A group that the open step asks as it is. */
export interface AskedGroup {
  readonly scope: string;
  readonly code: string;
  readonly name: string;
  readonly members: readonly string[];
}

/** Who is behind the open seats of an order that nobody can decide. */
export interface Behind {
  /** Groups and roles without people are named too. */
  readonly subjects: readonly Subject[];
  readonly groups: readonly AskedGroup[];
  /** Whose decision would count if they were active. */
  readonly inactive: readonly PersonBehind[];
  /** Active, but their decision would not count. */
  readonly barred: readonly string[];
  /** When the directory last changed any of it; null when it knows nothing of it. */
  readonly changed: Date | null;
}

/** Reads off who is behind the open seats of one order's open step. @param team the order's @param seats all of the order */
export function behindSeats(
  team: string | null,
  applyStep: number,
  seats: readonly SeatBehind[],
  { groups, holders, people }: Directory,
): Behind {
  const here = seats.filter((seat) => seat.apply_step === applyStep);
  const open = here.filter((seat) => seat.state === 1);
  const subjects = open.map((seat) => seat.subject);
  const asked = groups.filter((group) => subjects.includes(group.subject));
  const codes = new Set(
    subjects.flatMap((subject) => {
      const user = userOfSubject(subject);
      if (user !== null) return [user];
      const held = holders.filter((holder) => holder.subject === subject);
      return held.map((holder) => holder.user_code);
    }),
  );
  const isHere = ({ acc_code: listing }: PersonBehind) =>
    team === null || listing === null || listing === team;
  const barred = barredFrom(here);
  const inactive: PersonBehind[] = [];
  const cannot: string[] = [];
  for (const code of codes) {
    const person = people.get(code);
    const isInactive = person?.active === 0 && isHere(person);
    if (isInactive && !barred.has(code)) inactive.push(person);
    else if (!isInactive && barred.has(code)) cannot.push(code);
  }
  const changes = [...inactive, ...asked].map((row) => fromDbTime(row.update_time).getTime());
  return {
    subjects,
    groups: asked.map(({ subject, scope, code, name }) => ({
      scope,
      code,
      name,
      members: holders.filter((holder) => holder.subject === subject).map((holder) => holder.user_code),
    })),
    inactive,
    barred: cannot,
    changed: changes.length > 0 ? new Date(Math.max(...changes)) : null,
  };
}

/** Whose decision on the step would not count, by the same rule as `eligible` in reach.sql.ts. */
function barredFrom(here: readonly SeatBehind[]): ReadonlySet<string> {
  const barred = new Set(here.map((seat) => seat.barred_user_code).filter((code) => code !== ''));
  for (const { subject, gone } of here) {
    const user = userOfSubject(subject);
    if (user !== null && (gone === 'handed_over' || gone === 'left' || gone === 'delegated'))
      barred.add(user);
  }
  return barred;
}

/** The groups, and the roles, among the open seats of orders. */
export function sharedSubjects(seats: readonly SeatBehind[]): { groups: Subject[]; roles: Subject[] } {
  const shared = new Set(seats.filter((seat) => seat.state === 1).map((seat) => seat.subject));
  return {
    groups: [...shared].filter(isGroupSubject),
    roles: [...shared].filter((subject) => subject.startsWith('r:')),
  };
}
