import type { OrderEvent } from './events.js';
import { evolve } from './evolve.js';
import { openStep, type OrderState, type StepState } from './order-state.js';
import { hasPassed, seatInTurn, standsIn } from './seats.js';
import { whyBarred } from './separation.js';
import { type Person, userOfSubject } from './vocabulary.js';

/**
 * People who have approved before and are asked again (domain rule 5): their approval counts by itself. Whether they
 * come by name, through a group, by a transfer or an added signature makes no difference.
 */

/** Who has approved so far, as the template's `dedupe` counts it for a step. */
function approversBefore(state: OrderState, step: StepState): string[] {
  if (state.dedupe === 'none') return [];
  const walked = state.steps.filter(
    (earlier) => earlier.applyStep < step.applyStep && earlier.auditStatus !== 'skipped',
  );
  const counted = state.dedupe === 'consecutive' ? walked.slice(-1) : walked;
  // Sorted, so that it does not depend on the order in which seats are stored.
  return [...new Set(counted.filter(isPassed).flatMap(approversOf))].toSorted();
}

const isPassed = (step: StepState): boolean =>
  step.auditStatus === 'approved' || step.auditStatus === 'auto_approved';

/** The people whose approval stands on a step; an opinion is none. */
export const approversOf = (step: StepState): string[] =>
  step.seats
    .filter((seat) => seat.decision === 'approved' && seat.kind !== 'consulted')
    .flatMap((seat) => userOfSubject(seat.subject) ?? []);

/** Everybody whose approval stands anywhere: whose membership the shell has to know under `dedupe`. */
export const allApprovers = (state: OrderState): string[] => [...new Set(state.steps.flatMap(approversOf))];

/** The reason of a step that is open again because the order was returned to it. */
export const returnedTo = 'returned';

/**
 * The approvals that repeat on the open step, one after the other as turns come.
 * @param people who has approved before, as the directory has them at this moment
 */
export function repeatedVotes(
  state: OrderState,
  people: ReadonlyMap<string, Person>,
): Extract<OrderEvent, { type: 'step.vote_repeated' }>[] {
  const events: Extract<OrderEvent, { type: 'step.vote_repeated' }>[] = [];
  const first = openStep(state);
  // Whoever passed a step that the order was returned to is asked again.
  if (!first || state.dedupe === 'none' || first.reason === returnedTo) return events;
  const { applyStep } = first;
  const approvers = approversBefore(state, first)
    .map((userCode) => people.get(userCode) ?? null)
    .filter((person) => person !== null)
    .filter((person) => whyBarred(state, first, person.userCode) === null);
  for (let now = state; ;) {
    const step = openStep(now);
    if (!step || hasPassed(step)) return events;
    const next = approvers.find((person) => votes(step, person));
    if (!next) return events;
    const event = { type: 'step.vote_repeated', applyStep, userCode: next.userCode } as const;
    events.push(event);
    now = evolve(now, event);
  }
}

/**
 * Whether it is a person's turn to vote as themselves; whoever is asked for an opinion is not asked for a vote. Who has
 * acted through a group, and thinks better of it, decides anew; who stands in looks at it with that person's eyes.
 */
function votes(step: StepState, person: Person): boolean {
  const seat = seatInTurn(step, person);
  return (
    !('why' in seat) &&
    !['consulted', 'acting', 'escalated'].includes(seat.kind) &&
    !standsIn(step, seat) &&
    seat.decision === null
  );
}
