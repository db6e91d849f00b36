import type { OrderState, StepState } from './order-state.js';
import { standsIn } from './seats.js';
import { userOfSubject } from './vocabulary.js';

/**
 * Separation of duties (docs/delegation.md). Under `never` the applicant's own decision never counts; under `distinct`
 * nobody decides two steps of one order. Whoever stands in for somebody is bound by what binds them.
 */

/** Who has decided another step of the order, by themselves or through whoever stood in for them; opinions are none. */
export function decidedElsewhere(state: OrderState, applyStep: number): ReadonlySet<string> {
  const people = new Set<string>();
  for (const step of state.steps) {
    if (step.applyStep === applyStep) continue;
    for (const seat of step.seats) {
      if (seat.decision === null || seat.kind === 'consulted') continue;
      people.add(userOfSubject(seat.subject) ?? '');
      if (standsIn(step, seat)) people.add(seat.onBehalfOf ?? '');
    }
  }
  return people;
}

/** Why a person's decision on a step would not count: a word, or null when it would. */
export function whyBarred(
  state: OrderState,
  step: StepState,
  userCode: string,
): 'own_order' | 'decided_elsewhere' | null {
  if (state.autoApprove === 'never' && userCode === state.applicant) return 'own_order';
  if (state.distinct && decidedElsewhere(state, step.applyStep).has(userCode)) return 'decided_elsewhere';
  return null;
}
