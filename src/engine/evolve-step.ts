import type { OrderEvent, StandIn, StepDecision } from './events.js';
import { isLazy, type Seat, type SeatKind, type StepSnapshot, type StepState } from './order-state.js';
import {
  asksByName,
  isSpent,
  newSeat,
  ownSeat,
  seatOf,
  standsIn,
  withClosedTurns,
  withSeat,
  withTurns,
} from './seats.js';
import type { ClockReading, StepClock } from './timing.js';
import { type Subject, userOfSubject, userSubject } from './vocabulary.js';

type Copied = Extract<OrderEvent, { type: 'order.opened' | 'order.moved' }>;
export type StepEvent = Extract<OrderEvent, { applyStep: number }>;

/** A step as it is copied from its template. */
export function evolveStep(step: null, event: Copied, snapshot: StepSnapshot): StepState;
/** What an event does to its step. */
export function evolveStep(step: StepState, event: StepEvent): StepState;
export function evolveStep(
  step: StepState | null,
  event: Copied | StepEvent,
  snapshot?: StepSnapshot,
): StepState {
  if (event.type === 'order.opened' || event.type === 'order.moved')
    return waitingStep(snapshot as StepSnapshot);
  return changed(step as StepState, event);
}

function changed(step: StepState, event: StepEvent): StepState {
  switch (event.type) {
    case 'step.skipped':
      return { ...withClosedTurns(step), auditStatus: 'skipped', reason: event.reason };
    case 'step.cancelled':
      return { ...withClosedTurns(step), auditStatus: 'cancelled' };
    case 'step.auto_approved':
      return autoApproved(step, event.reason, event.people ?? []);
    case 'step.in_review':
      return inReview(step, event);
    case 'step.voted':
      return withTurns(withVote(step, event, 'approved'));
    case 'step.voted_against':
      return withTurns(withVote(step, event, 'rejected'));
    case 'step.approved':
      return closed(withVote(step, event, 'approved'), event, 'approved');
    case 'step.rejected':
      return closed(withVote(step, event, 'rejected'), event, 'rejected');
    case 'step.vote_repeated':
      return withTurns(withVote(step, { ...event, auditMsg: null, capacity: 'repeat' }, 'approved'));
    case 'step.people_left':
      return withTurns(withoutPeople(step, event.userCodes, 'left'));
    case 'step.passed':
      return { ...withClosedTurns(step), auditStatus: 'approved', auditUserCode: event.userCode };
    case 'step.transferred':
      return withTurns(transferred(step, event));
    case 'step.stood_in':
      return withTurns(event.standIns.reduce<StepState>(stoodIn, step));
    case 'step.escalated':
      return withTurns(fired(escalated(step, event.userCodes), event.timers, event.level));
    case 'step.reminded':
      return fired(step, event.timers);
    case 'step.timed_out':
      return {
        ...withClosedTurns(fired(step, event.timers)),
        auditStatus: event.verdict === 'approved' ? 'auto_approved' : 'rejected',
        reason: 'timed_out',
      };
    case 'step.clock_stopped':
      return { ...step, clock: stoppedClock(step.clock, event.used) };
    case 'step.clock_started':
    case 'step.clock_set':
      return { ...step, clock: startedClock(step.clock, event.clock) };
    case 'step.opinion_asked':
      return withTurns(
        withSeat(
          ownSeat(step, event.from)?.gone === null
            ? step
            : withSeat(step, newSeat(userSubject(event.from), 'acting')),
          newSeat(userSubject(event.to), 'consulted', { by: event.from, onBehalfOf: event.from }),
        ),
      );
    case 'step.opinion_given':
      return withTurns(withVote(step, { ...event, capacity: 'consultant' }, event.opinion));
    case 'step.signers_added':
      return withTurns(
        event.userCodes.reduce<StepState>(
          (now, userCode) =>
            withSeat(
              now,
              newSeat(userSubject(userCode), 'added', { position: event.position, by: event.by }),
            ),
          { ...step, people: step.people.filter((userCode) => !event.userCodes.includes(userCode)) },
        ),
      );
    case 'step.signers_removed':
      return withTurns(withoutPeople(step, event.userCodes, 'removed'));
    case 'step.decision_taken_back':
    case 'order.reopened':
      return withTurns({
        ...withoutDecisions(step, [event.userCode]),
        auditStatus: 'in_review',
        auditUserCode: null,
        auditMsg: null,
        // Reopened, the step has its time anew; a decision that is taken back was made within it.
        clock: event.type === 'order.reopened' ? null : step.clock,
      });
  }
}

/** A step before its turn comes. */
const waitingStep = (step: StepSnapshot): StepState => ({
  // Field by field: a spread of a snapshot costs more than all the rest of an opening's state.
  applyStep: step.applyStep,
  nodeId: step.nodeId,
  nodeName: step.nodeName,
  auditObjectType: step.auditObjectType,
  auditObject: step.auditObject,
  approvalMode: step.approvalMode,
  ...(step.minApprovals === undefined ? {} : { minApprovals: step.minApprovals }),
  condition: step.condition,
  subjects: step.subjects,
  ...(step.finding === undefined ? {} : { finding: step.finding }),
  ...(step.nodeVersion === undefined ? {} : { nodeVersion: step.nodeVersion }),
  ...(step.timing === undefined ? {} : { timing: step.timing }),
  ...(step.byName ? { byName: step.byName } : {}),
  auditStatus: 'waiting',
  requiredApprovals: 1,
  people: [],
  seats: [...new Set(step.subjects)].map((subject) => newSeat(subject, 'named')),
  auditUserCode: null,
  auditMsg: null,
  reason: null,
  clock: null,
});

/**
 * A step that is walked again: what was decided on it no longer counts, whom it found is found anew; transfers and
 * added signatures stay, with those who have them now.
 * @param clock one that stands still, and will go on when the step opens
 */
export const resetStep = (step: StepState, clock: StepClock | null = null): StepState => ({
  ...step,
  auditStatus: 'waiting',
  requiredApprovals: 1,
  people: [],
  seats: step.seats.map((seat): Seat => {
    const found = seat.kind === 'found' || (seat.kind === 'taken' && seat.by === null);
    const acted = seat.kind === 'acting' || seat.kind === 'consulted';
    const intime = seat.kind === 'escalated' && clock === null;
    // Whether somebody stands in is asked anew.
    const over = found || acted || intime || seat.gone === 'handed_over' || standsIn(step, seat);
    const back = seat.gone === 'left' || seat.gone === 'delegated' ? null : seat.gone;
    return { ...withoutDecision(seat), turn: 'waiting', gone: over ? 'past' : back };
  }),
  auditUserCode: null,
  auditMsg: null,
  reason: null,
  clock,
});

/** A step as if these people had not decided on it. */
export const withoutDecisions = (step: StepState, userCodes: readonly string[]): StepState => ({
  ...step,
  seats: step.seats.map((seat) =>
    userCodes.includes(userOfSubject(seat.subject) ?? '') ? withoutDecision(seat) : seat,
  ),
});

/** A step that no longer asks these people; nobody waits any more for the opinions that they asked for. */
function withoutPeople(step: StepState, userCodes: readonly string[], gone: 'left' | 'removed'): StepState {
  const leaves = (seat: Seat): boolean => userCodes.includes(userOfSubject(seat.subject) ?? '');
  // In whose place somebody sat who leaves, sits there again.
  const back = new Map(
    step.seats
      .filter((seat) => leaves(seat) && seat.gone === null && standsIn(step, seat))
      .map((seat) => [userSubject(seat.onBehalfOf ?? ''), userOfSubject(seat.subject) ?? '']),
  );
  const seats = step.seats.map((seat): Seat => {
    if (leaves(seat)) return { ...seat, gone };
    // A signature that is taken out is taken out, whoever would have signed.
    if (back.has(seat.subject) && gone === 'removed') return { ...seat, gone };
    if (back.has(seat.subject)) return { ...seat, gone: seat.kind === 'acting' ? 'past' : null };
    const moot = seat.kind === 'consulted' && seat.gone === null && seat.decision === null;
    return moot && userCodes.includes(seat.by ?? '') ? { ...seat, gone: 'removed' } : seat;
  });
  const places = new Map([...back].map(([subject, by]) => [by, userOfSubject(subject) ?? by]));
  return { ...step, seats, people: step.people.map((userCode) => places.get(userCode) ?? userCode) };
}

const withoutDecision = (seat: Seat): Seat =>
  seat.decision === null && seat.capacity === null
    ? seat
    : { ...seat, decision: null, capacity: null, auditMsg: null };

/** An open step asks people, each with a seat of their own, or its groups and roles as they are. */
function inReview(step: StepState, event: Extract<OrderEvent, { type: 'step.in_review' }>): StepState {
  const wasOpen = step.auditStatus === 'in_review';
  const people = sitters(step, event.people);
  // Who has left, or only acted through a group, is asked anew like anybody else.
  const before = wasOpen ? step.seats.map((seat) => asBefore(step, seat)) : step.seats;
  const seats = new Map(before.map((seat) => [seat.subject, seat]));
  const seatIfMissing = (subject: Subject, kind: SeatKind) => {
    const known = seats.get(subject);
    // An opinion that was given is no place to decide from.
    if (!known || known.gone !== null || known.kind === 'consulted')
      seats.set(subject, newSeat(subject, kind));
  };
  for (const userCode of people) seatIfMissing(userSubject(userCode), 'found');
  const others: string[] = [];
  for (const subject of event.subjects ?? []) {
    const named = userOfSubject(subject);
    if (named === null) seatIfMissing(subject, 'found');
    else others.push(heirOf(step, named));
  }
  for (const userCode of others) seatIfMissing(userSubject(userCode), 'taken');
  return withTurns({
    ...step,
    auditStatus: 'in_review',
    reason: event.reason ?? null,
    // Asked anew while it is open, the step has the time that it had.
    clock: event.clock ? startedClock(step.clock, event.clock) : wasOpen ? step.clock : null,
    people: isLazy(step) ? people : [...new Set([...people, ...others])],
    seats: [...seats.values()],
  });
}

/** A seat of an open step that is asked anew. */
const asBefore = (step: StepState, seat: Seat): Seat => {
  if (seat.decision !== null) {
    // It is one vote of those who were asked then, and no word of a role that is asked now.
    const voted = seat.kind === 'acting' || (seat.kind === 'named' && asksByName(step, seat));
    return voted ? { ...seat, kind: 'found' } : seat;
  }
  const over = seat.gone === 'left' || (seat.kind === 'acting' && seat.gone === null);
  return over ? { ...seat, gone: 'past' } : seat;
};

/**
 * Who will sit on a step that asks people: those found, or to whom their seats were handed over when it was walked
 * before, and besides whoever else was seated then.
 */
export const sitters = (step: StepState, people: readonly string[]): string[] =>
  isLazy(step)
    ? [...people]
    : [
        ...new Set([
          ...people.map((userCode) => heirOf(step, userCode)),
          ...taken(step)
            .filter((seat) => seat.gone === null)
            .flatMap((seat) => userOfSubject(seat.subject) ?? []),
        ]),
      ];

/** Places that were handed over, by whom they were handed to: rows keep no sequence of seats, and a replay has another. */
const taken = (step: StepState): Seat[] =>
  step.seats
    .filter((seat) => seat.kind === 'taken')
    .toSorted((one, other) => (one.subject < other.subject ? -1 : 1));

/** Who sits in a person's place on a step that was walked before: to whom it was handed over, or themselves. */
export const heirOf = (step: StepState, userCode: string): string => {
  const heir = taken(step).find((seat) => seat.gone === null && seat.onBehalfOf === userCode);
  return (heir && userOfSubject(heir.subject)) ?? userCode;
};

function autoApproved(step: StepState, reason: string, people: readonly string[]): StepState {
  const voted = people.reduce(
    (now, userCode) =>
      withVote(now, { applyStep: step.applyStep, userCode, auditMsg: null, capacity: 'repeat' }, 'approved'),
    step,
  );
  return {
    ...withClosedTurns(voted),
    auditStatus: 'auto_approved',
    reason,
    auditUserCode: people[0] ?? null,
  };
}

/**
 * A decision on the seat of the person; who acts through a group, or as administrator, gets one. What a seat was in an
 * earlier round, before the step asked anew, or for an opinion, is no place to vote from; whoever handed theirs over, or
 * left, and decides as administrator is still gone.
 */
function withVote(step: StepState, event: StepDecision, decision: Seat['decision']): StepState {
  const { capacity, auditMsg, userCode } = event;
  const own = seatOf(step, userCode);
  const usable =
    own !== undefined &&
    own.gone !== 'past' &&
    own.gone !== 'removed' &&
    (own.kind !== 'found' || !isSpent(step, own)) &&
    (own.kind !== 'consulted' || capacity === 'consultant');
  const seat = usable ? own : newSeat(userSubject(userCode), 'acting');
  return withSeat(step, { ...seat, turn: 'closed', decision, capacity, auditMsg });
}

function transferred(
  step: StepState,
  { by, from, to }: Extract<OrderEvent, { type: 'step.transferred' }>,
): StepState {
  const own = from === null ? undefined : ownSeat(step, from);
  const giving = own?.gone === null ? own : undefined;
  const kind = giving?.kind === 'added' || giving?.kind === 'consulted' ? giving.kind : 'taken';
  // Handed on, a place stays that of whom it was first; who gets their own back stands in for nobody.
  const first = kind === 'added' ? null : (giving?.onBehalfOf ?? (kind === 'taken' ? from : null));
  const represented = giving && standsIn(step, giving) ? giving.onBehalfOf : null;
  const given = newSeat(userSubject(to), kind, {
    by: kind === 'taken' ? (from ?? by) : (giving?.by ?? null),
    position: giving?.position ?? null,
    onBehalfOf: first === to ? null : first,
  });
  const left =
    from === null
      ? step
      : withSeat(step, {
          ...(giving ?? newSeat(userSubject(from), 'acting')),
          gone: 'handed_over',
          onBehalfOf: null,
        });
  return {
    ...withSeat(represented === null ? left : withoutReturn(left, represented), given),
    people: peopleAfter(step, from, to, kind),
  };
}

/** Who stood in for somebody has given their place away, and so it is theirs no longer. */
const withoutReturn = (step: StepState, represented: string): StepState => {
  const seat = seatOf(step, represented);
  return seat ? withSeat(step, { ...seat, gone: 'handed_over' }) : step;
};

/** Somebody sits in the place of a person who has delegated their work; also beside the group of that person. */
function stoodIn(step: StepState, standIn: StandIn): StepState {
  const own = seatOf(step, standIn.for);
  const place =
    own?.gone === null && own.decision === null ? own : newSeat(userSubject(standIn.for), 'acting');
  const added = place.kind === 'added';
  const seat = newSeat(userSubject(standIn.by), added ? 'added' : 'taken', {
    by: added ? place.by : null,
    position: place.position,
    onBehalfOf: standIn.for,
  });
  return {
    ...withSeat(withSeat(step, { ...place, gone: 'delegated' }), seat),
    people: peopleAfter(step, standIn.for, standIn.by, 'added'),
  };
}

/** Leaders may decide an overdue step besides those who are asked. */
const escalated = (step: StepState, userCodes: readonly string[]): StepState =>
  userCodes.reduce<StepState>(
    (now, userCode) => withSeat(now, newSeat(userSubject(userCode), 'escalated')),
    step,
  );

/** Timers that have fired do so no more. */
const fired = (step: StepState, names: readonly string[], level?: number): StepState => ({
  ...step,
  clock: step.clock && {
    ...step.clock,
    timers: step.clock.timers.filter(({ name }) => !names.includes(name)),
    fired: [...step.clock.fired, ...names],
    level: level ?? step.clock.level,
  },
});

/** A clock that stands still, after it has run for so long. */
export const stoppedClock = (clock: StepClock | null, used: number): StepClock | null =>
  clock && { ...clock, running: false, used };

/** A clock that begins to run, or goes on: what has fired stays so. */
const startedClock = (before: StepClock | null, reading: ClockReading): StepClock => ({
  ...reading,
  running: true,
  fired: before?.fired ?? [],
  level: before?.level ?? 0,
});

/** The receiver comes in the place of the giver, or last; once, whatever place they had before. */
function peopleAfter(step: StepState, from: string | null, to: string, kind: SeatKind): readonly string[] {
  const others = step.people.filter((userCode) => userCode !== to);
  if (from !== null && others.includes(from)) {
    return others.map((userCode) => (userCode === from ? to : userCode));
  }
  return kind === 'taken' && !isLazy(step) ? [...others, to] : others;
}

const closed = (step: StepState, event: StepDecision, auditStatus: 'approved' | 'rejected'): StepState => ({
  ...withClosedTurns(step),
  auditStatus,
  auditUserCode: event.userCode,
  auditMsg: event.auditMsg,
});
