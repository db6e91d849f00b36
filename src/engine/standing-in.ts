import type { DirectoryFacts } from './advance.js';
import type { OrderEvent, StandIn } from './events.js';
import { evolve } from './evolve.js';
import { isLazy, openStep, type OrderState, type Seat, type StepState } from './order-state.js';
import { decidedElsewhere } from './separation.js';
import { ownSeat } from './seats.js';
import { userOfSubject } from './vocabulary.js';

/**
 * Standing in (docs/delegation.md): who has delegated their work for a time is represented by somebody else wherever
 * they would be asked: when a step opens, at a transfer to them, and as an added signature.
 */

type Facts = Pick<DirectoryFacts, 'delegations' | 'inactive'>;

/** Who stands in for somebody on a step; null when nobody does, or nobody may. */
export function standInOf(
  state: OrderState,
  step: StepState,
  userCode: string,
  facts: Pick<DirectoryFacts, 'delegations'>,
): StandIn | null {
  const barred = state.distinct ? decidedElsewhere(state, step.applyStep) : new Set<string>();
  // Nobody reviews the applicant's order in the applicant's name, nor for somebody who may not decide it.
  const isBarred = (person: string): boolean => person === state.applicant || barred.has(person);
  if (isBarred(userCode)) return null;
  return representative(userCode, facts, isBarred, (person) => !isAsked(step, person));
}

/**
 * The last free and active person to whom delegations lead. They lead on only from where that is allowed, and never
 * through somebody who is barred: nobody chooses who decides in a place that they may not take themselves.
 */
export function representative(
  userCode: string,
  { delegations: known = [] }: Pick<DirectoryFacts, 'delegations'>,
  isBarred: (userCode: string) => boolean,
  isFree: (userCode: string) => boolean,
): StandIn | null {
  const passed = new Set([userCode]);
  const delegations: string[] = [];
  let last: StandIn | null = null;
  for (let holder = userCode; ;) {
    const next = known.find(({ from }) => from === holder);
    if (!next || passed.has(next.to) || isBarred(next.to)) return last;
    passed.add(next.to);
    delegations.push(next.id);
    if (next.toActive && isFree(next.to))
      last = { by: next.to, for: userCode, delegations: [...delegations] };
    if (!next.redelegate) return last;
    holder = next.to;
  }
}

/** Whoever sits on the step has a place of their own; whoever has decided it, or gave a place away, has had one. */
const isAsked = (step: StepState, userCode: string): boolean => {
  const seat = ownSeat(step, userCode);
  return seat !== undefined && (seat.gone !== 'left' || seat.decision !== null);
};

/** What follows from delegations for the work that a command has just given to people; nothing where nobody delegates. */
export function standIns(
  before: OrderState | null,
  events: readonly OrderEvent[],
  facts: Facts,
): OrderEvent[] {
  if (!facts.delegations?.length) return [];
  const state = events.reduce<OrderState | null>(evolve, before);
  const step = state && openStep(state);
  if (!state || !step) return [];
  const { applyStep } = step;
  const found: StandIn[] = [];
  let now = step;
  for (const userCode of newlyAsked(step, events, facts)) {
    // Who stands in for another since a moment ago does that; nobody stands in for two.
    const standIn = found.some(({ by }) => by === userCode) ? null : standInOf(state, now, userCode, facts);
    if (!standIn) continue;
    found.push(standIn);
    const after = evolve(state, { type: 'step.stood_in', applyStep, standIns: found });
    now = openStep(after) ?? now;
  }
  return found.length > 0 ? [{ type: 'step.stood_in', applyStep, standIns: found }] : [];
}

/** The people whom the last events ask on the open step: all of them when it has just opened. */
function newlyAsked(
  step: StepState,
  events: readonly OrderEvent[],
  { delegations = [], inactive }: Facts,
): string[] {
  const people = new Set<string>();
  const give = (userCode: string) => {
    const seat = ownSeat(step, userCode);
    if (seat && isGiven(seat)) people.add(userCode);
  };
  for (const event of events) {
    if (!('applyStep' in event) || event.applyStep !== step.applyStep) continue;
    if (event.type === 'step.in_review') {
      for (const seat of step.seats) give(userOfSubject(seat.subject) ?? '');
      for (const { from, subjects } of delegations) {
        const shares = isLazy(step) && step.subjects.some((subject) => subjects.has(subject));
        if (shares && !ownSeat(step, from)) people.add(from);
      }
    } else if (event.type === 'step.transferred') give(event.to);
    else if (event.type === 'step.signers_added') event.userCodes.forEach(give);
  }
  // Who may not review has nobody stand in for them either.
  return [...people].filter((userCode) => !inactive.has(userCode));
}

/** A place of a person's own that is still to be decided. */
const isGiven = ({ gone, decision, kind }: Seat): boolean =>
  gone === null && decision === null && ['named', 'found', 'taken', 'added'].includes(kind);
