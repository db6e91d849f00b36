import { advance, askOn, type DirectoryFacts, inReview, isDeserted, thenAdvance } from './advance.js';
import type { OrderEvent } from './events.js';
import { evolve } from './evolve.js';
import { isLazy, openStep, type OrderState, type Seat, type StepState } from './order-state.js';
import { peopleLeft } from './permission.js';
import { isSpent, ownSeat } from './seats.js';
import { userOfSubject } from './vocabulary.js';

/**
 * Lets the open step follow the directory: who may no longer review neither counts nor blocks. Where that leaves nobody,
 * the stage is asked anew whom it finds, and its policy for nobody applies as if it opened now: somebody inactive is
 * never the only one who is asked.
 */
export function recount(before: OrderState, facts: DirectoryFacts): OrderEvent[] {
  const left = peopleLeft(before, facts);
  const events = left.length > 0 ? thenAdvance(before, left, facts) : [];
  const state = events.reduce<OrderState>(evolve, before);
  const step = openStep(state);
  if (!step || !isAbandoned(step, facts)) return events;
  const asked = askOn(state, step, facts);
  if (asked === 'skip') {
    const skipped: OrderEvent = { type: 'step.skipped', applyStep: step.applyStep, reason: 'nobody_found' };
    return [...events, skipped, ...advance(evolve(state, skipped), facts)];
  }
  // Who is represented here has a place already: somebody else's.
  const isFree = (userCode: string | null): boolean =>
    userCode === null || ownSeat(step, userCode)?.gone !== 'delegated';
  const people = asked.people.filter(isFree);
  const subjects = (asked.subjects ?? []).filter((subject) => isFree(userOfSubject(subject)));
  if (people.length + subjects.length === 0) return events;
  const anew = { ...asked, people, ...(asked.subjects ? { subjects } : {}) };
  return thenAdvance(before, [...events, inReview(step, anew)], facts);
}

/** Whether nobody is left who could decide an open step, but an administrator. */
const isAbandoned = (step: StepState, facts: DirectoryFacts): boolean =>
  (!isLazy(step) || isDeserted(step, facts)) && !step.seats.some((seat) => isAwaited(step, seat));

/**
 * Somebody by name, or whoever is asked because nobody else was found. Who only acts through a group or as administrator
 * has no place of their own, and a stage's own groups are judged by their members.
 */
const isAwaited = (step: StepState, seat: Seat): boolean =>
  seat.gone === null &&
  seat.decision === null &&
  seat.kind !== 'acting' &&
  !isSpent(step, seat) &&
  (seat.kind === 'found' ||
    (userOfSubject(seat.subject) !== null && !(isLazy(step) && seat.kind === 'named')));
