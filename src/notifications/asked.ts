import type { Seat, StepState } from '../engine/order-state.js';
import { consultedBy } from '../engine/seats.js';
import type { Subject } from '../engine/vocabulary.js';

/** Who is asked on a step at this moment: whoever's turn it is. */
export const askedOn = (step: StepState): Subject[] => subjectsOf(step.seats.filter(isOpen));

/** Whom a decision on a step, or its end, concerns: whoever's turn it was at that moment, and whoever had decided. */
export const concernedBy = (step: StepState): Subject[] =>
  subjectsOf(step.seats.filter((seat) => isOpen(seat) || seat.decision !== null));

/**
 * Who is asked on an open step now and was not before.
 * @param before the same step as it was, in whatever state
 */
export function newlyAsked(before: StepState, now: StepState): Subject[] {
  if (now.auditStatus !== 'in_review') return [];
  const asked = new Set(askedOn(before));
  return subjectsOf(
    now.seats.filter((seat) => (isOpen(seat) && !asked.has(seat.subject)) || isBack(before, now, seat)),
  );
}

/** Who acts through a group has the group's turn; an opinion that is given, or no longer asked for, makes it theirs again. */
function isBack(before: StepState, now: StepState, seat: Seat): boolean {
  if (seat.kind !== 'acting' || seat.gone !== null || seat.decision !== null) return false;
  const waited = before.seats.some((was) => was.subject === seat.subject && consultedBy(before, was));
  return waited && !consultedBy(now, seat);
}

const isOpen = (seat: Seat): boolean => seat.turn === 'open';
const subjectsOf = (seats: readonly Seat[]): Subject[] => seats.map((seat) => seat.subject);
