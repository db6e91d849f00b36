import { type DirectoryFacts, namedPeople } from './advance.js';
import type { OrderEvent } from './events.js';
import { isEnded, isLazy, openStep, type OrderState, type Seat, type StepState } from './order-state.js';
import type { Refusal } from './outcome.js';
import { whyBarred } from './separation.js';
import { consultedBy, isSpent, ownSeat, seatInTurn, seatOf, sitsOn, standsIn } from './seats.js';
import { type Capacity, type Person, userOfSubject } from './vocabulary.js';

/** On which step somebody may act, through which seat, and in which capacity. */
export interface Permission {
  readonly step: StepState;
  /** Null for a system administrator who does not sit on the step. */
  readonly seat: Seat | null;
  readonly capacity: Capacity;
}

/** Who may decide the open step, and in which capacity; what `can-act` answers (domain rule 4). */
export function mayDecide(state: OrderState, actor: Person): Permission | Refusal {
  const status = state.applyStatus;
  if (isEnded(state)) {
    const detail = `the order is ${status}; nothing is left to decide`;
    return { code: 'order_closed', detail, why: { word: 'order_ended', status } };
  }
  const step = openStep(state);
  if (status !== 'in_review' || !step) {
    const detail = `the order is ${status}; no step is under review`;
    return { code: 'not_in_review', detail, why: { word: 'no_step_open', status } };
  }
  const { applyStep, nodeName } = step;
  const own = ownSeat(step, actor.userCode);
  const barred = barredFrom(state, step, actor.userCode, own);
  if (barred) return barred;
  if (own && own.decision !== null && own.gone === null) {
    const detail = `you have already decided step ${applyStep}`;
    return { code: 'already_decided', detail, why: { word: 'already_decided', applyStep, nodeName } };
  }
  const seat = seatInTurn(step, actor);
  const notNow = 'why' in seat ? seat : null;
  if (!('why' in seat) && (isByName(seat) || isConfirmed(step, actor))) {
    return { step, seat, capacity: capacityOf(seat) };
  }
  if (actor.systemAdmin) return { step, seat: null, capacity: 'system_admin' };
  if (notNow && !own && mayBeConfirmed(step) && actor.confirmed === true) {
    return { step, seat: null, capacity: 'assignee' };
  }
  const passed = state.steps.find((earlier) => earlier.applyStep < applyStep && sitsOn(earlier, actor));
  if (passed && !own) {
    return {
      code: 'already_decided',
      detail: `step ${passed.applyStep} is ${passed.auditStatus}; your part is done`,
      why: {
        word: 'step_passed',
        applyStep: passed.applyStep,
        nodeName: passed.nodeName,
        status: passed.auditStatus,
      },
    };
  }
  if (notNow) return { code: 'forbidden', ...notNow };
  const detail = 'the business system does not confirm that you may decide';
  return { code: 'forbidden', detail, why: { word: 'unconfirmed', applyStep, nodeName } };
}

/** Whose decision would not count, whatever their capacity; whoever stands in is bound by what binds the other. */
function barredFrom(
  state: OrderState,
  step: StepState,
  userCode: string,
  own: Seat | undefined,
): Refusal | null {
  const { applyStep, nodeName } = step;
  const people = own && standsIn(step, own) ? [userCode, own.onBehalfOf ?? userCode] : [userCode];
  for (const person of people) {
    const word = whyBarred(state, step, person);
    if (word === null) continue;
    const detail =
      word === 'own_order'
        ? 'under this template nobody decides their own order'
        : `under this template nobody decides two steps of an order, and ${person === userCode ? 'you have' : `${person} has`} decided another one`;
    return { code: 'forbidden', detail, why: { word, applyStep, nodeName } };
  }
  return null;
}

/**
 * The open step on which it takes the business system's word whether this person may act: its resolver is asked again
 * at every decision (requirement 002, `getApprover`). Null where it does not matter.
 */
export function needsConfirmation(state: OrderState, actor: Person): StepState | null {
  const step = openStep(state);
  if (step?.auditObjectType !== 'resolver' || actor.systemAdmin || actor.subjects.size === 0) return null;
  const own = ownSeat(step, actor.userCode);
  if (own && (own.gone === 'handed_over' || own.decision !== null || (own.gone === null && isByName(own))))
    return null;
  return step;
}

/** Whoever a resolver named is asked for again, by name, when they decide; a seat that came otherwise needs no word of it. */
const isByName = (seat: Seat): boolean => seat.kind !== 'found' || userOfSubject(seat.subject) === null;
/** Whom a resolver names only now decides as well, unless the step counts the people whom it found when it opened. */
const mayBeConfirmed = (step: StepState): boolean =>
  step.auditObjectType === 'resolver' && (step.approvalMode === 'any' || step.people.length === 0);

const isConfirmed = (step: StepState, actor: Person): boolean =>
  step.auditObjectType !== 'resolver' || actor.confirmed === true;

function capacityOf(seat: Seat): Capacity {
  if (seat.kind === 'consulted') return 'consultant';
  if (seat.kind === 'escalated') return 'leader';
  return seat.kind === 'added' ? 'signer' : 'assignee';
}

/** The people of the open step who were found through groups and roles and are no longer there, or are inactive. */
export function peopleLeft(state: OrderState, facts: DirectoryFacts): OrderEvent[] {
  const step = openStep(state);
  if (!step) return [];
  const asked = step.seats.filter(
    (seat) => seat.gone === null && seat.decision === null && !isAskedAtDecision(step, seat),
  );
  if (asked.length === 0) return [];
  // Only where the directory was asked for all of them.
  const known =
    step.subjects.length > 0 &&
    step.subjects.every((subject) => userOfSubject(subject) !== null || facts.members.has(subject));
  const members = new Set(known ? namedPeople(step, facts) : []);
  const userCodes = asked.flatMap((seat) => {
    const userCode = userOfSubject(seat.subject);
    if (userCode === null || isSpent(step, seat)) return [];
    const place = standsIn(step, seat) ? seatOf(step, seat.onBehalfOf ?? '') : seat;
    const holder = (place && userOfSubject(place.subject)) ?? userCode;
    const outside = known && place?.kind === 'found' && !members.has(holder);
    const lapsed = outside || (place?.kind === 'acting' && facts.lapsed?.has(holder));
    // Who may not review has nobody stand in for them either.
    if (lapsed) return [userCode, holder];
    return facts.inactive.has(userCode) ? [userCode, ...(facts.inactive.has(holder) ? [holder] : [])] : [];
  });
  const left = [...new Set(userCodes)];
  return left.length > 0 ? [{ type: 'step.people_left', applyStep: step.applyStep, userCodes: left }] : [];
}

/**
 * Who may come back until somebody decides: of a step that asks its subjects as they are, they block nothing. Neither does
 * who has only acted through a group or role, and waits for nobody's opinion.
 */
const isAskedAtDecision = (step: StepState, seat: Seat): boolean =>
  (isLazy(step) && seat.kind !== 'added' && seat.kind !== 'consulted' && !standsIn(step, seat)) ||
  (seat.kind === 'acting' && consultedBy(step, seat) === undefined);
