import type { Why } from './outcome.js';
import { isLazy, type Seat, type SeatKind, type StepState } from './order-state.js';
import { type Person, type Subject, userOfSubject, userSubject } from './vocabulary.js';

/** Seats of a step: whose turn it is, who may decide, and whether the step has what it needs (domain rule 4). */

export const newSeat = (subject: Subject, kind: SeatKind, more: Partial<Seat> = {}): Seat => ({
  subject,
  kind,
  turn: 'waiting',
  gone: null,
  position: null,
  by: null,
  decision: null,
  capacity: null,
  auditMsg: null,
  onBehalfOf: null,
  ...more,
});

export const seatOf = (step: StepState, userCode: string): Seat | undefined =>
  step.seats.find((seat) => seat.subject === userSubject(userCode));

/** Still asked, and not yet decided. */
const pending = (seat: Seat): boolean => seat.gone === null && seat.decision === null;

/** The opinion that the holder of a seat is waiting for. */
export const consultedBy = (step: StepState, seat: Seat): Seat | undefined =>
  step.seats.find(
    (other) => other.kind === 'consulted' && pending(other) && userSubject(other.by ?? '') === seat.subject,
  );

/**
 * The seats whose approvals the step's mode counts: the people whom it asks, or whatever the stage names. Somebody whom
 * it asks and who was added as a signer before counts as both.
 */
function baseSeats(step: StepState): Seat[] {
  const lazy = isLazy(step);
  const asked = new Set(step.people.map(userSubject));
  return step.seats.filter((seat) => {
    if (seat.kind === 'consulted' || seat.kind === 'escalated' || isSubstitute(seat)) return false;
    if (seat.kind === 'added') return asked.has(seat.subject);
    return lazy || seat.decision !== null || asked.has(seat.subject);
  });
}

/** Whether a step asks the holder of a seat as one of its people. */
export const asksByName = ({ people }: StepState, { subject }: Seat): boolean =>
  people.includes(userOfSubject(subject) ?? '');

/** A group or role that is asked because nobody else was found; the first of its people to decide decides. */
const isSubstitute = (seat: Seat): boolean => seat.kind === 'found' && userOfSubject(seat.subject) === null;

/** What somebody of a group or role decided that was asked because nobody else was found. */
const substituted = (step: StepState, decision: Seat['decision']): boolean =>
  step.seats.some((seat) => isSubstitute(seat) && seat.gone === null) &&
  step.seats.some(
    (seat) =>
      seat.decision === decision &&
      (seat.kind === 'acting' || (seat.kind === 'named' && !asksByName(step, seat))),
  );

/** Added signatures, each of which the step needs besides what its mode asks. */
const signerSeats = (step: StepState, position?: Seat['position']): Seat[] =>
  step.seats.filter(
    (seat) => seat.kind === 'added' && seat.gone === null && (!position || seat.position === position),
  );

const approved = (seat: Seat): boolean => seat.decision === 'approved';
const rejected = (seat: Seat): boolean => seat.decision === 'rejected';

/** How many approvals the step's mode asks for. */
function quorum(step: StepState, base: readonly Seat[]): number {
  if (step.approvalMode === 'threshold') return step.minApprovals ?? 1;
  if (step.approvalMode === 'any') return 1;
  return Math.max(1, base.filter((seat) => seat.gone === null || seat.decision !== null).length);
}

/** Approvals that the step needs in all: what its mode asks for, and every added signature. */
const requiredApprovals = (step: StepState, base: readonly Seat[]): number =>
  quorum(step, base) + signerSeats(step).filter((seat) => !base.includes(seat)).length;

/** Whether what the mode asks for is there. Whoever has left neither counts nor blocks; a vote once cast stays. */
function baseIsMet(step: StepState, base: readonly Seat[]): boolean {
  if (substituted(step, 'approved')) return true;
  const approvals = base.filter(approved).length;
  if (step.approvalMode === 'any' || step.approvalMode === 'threshold')
    return approvals >= quorum(step, base);
  return approvals > 0 && !base.some(pending);
}

/** Whether everybody has approved whom the step needs. */
export const hasPassed = (step: StepState): boolean =>
  baseIsMet(step, baseSeats(step)) && signerSeats(step).every(approved);

/** Whether N of a `threshold` step can no longer be reached; elsewhere every rejection counts (domain rule 4). */
export function isLost(step: StepState): boolean {
  if (signerSeats(step).some(rejected) || substituted(step, 'rejected')) return true;
  const base = baseSeats(step);
  const against = base.some(rejected);
  if (step.approvalMode !== 'threshold') return against;
  // Whoever is asked because nobody else was found can still decide alone.
  if (!against || step.seats.some((seat) => isSubstitute(seat) && pending(seat))) return false;
  return base.filter((seat) => approved(seat) || pending(seat)).length < quorum(step, base);
}

/** Of a lost `threshold` step, whose rejection it is put down to. */
export const lastAgainst = (step: StepState): Seat | undefined => {
  const against = baseSeats(step).filter(rejected);
  const place = (seat: Seat) => step.people.indexOf(userOfSubject(seat.subject) ?? '');
  return against.toSorted((one, other) => place(one) - place(other)).at(-1);
};

/** Whose votes, all of them repeated, a step consists of; empty when anybody has decided it. */
export function repeatedOnly(step: StepState): string[] {
  const votes = step.seats.filter((seat) => seat.decision !== null && seat.kind !== 'consulted');
  if (votes.some((seat) => seat.capacity !== 'repeat')) return [];
  return votes.flatMap((seat) => userOfSubject(seat.subject) ?? []);
}

/**
 * Says whose turn it is on an open step: signatures added before come first, then what the mode asks for and those
 * added beside it, then those added after; a sequence one by one; who waits for an opinion after whoever gives it.
 */
export function withTurns(step: StepState): StepState {
  const asked = baseSeats(step);
  const phase = phaseOf(step, asked);
  const base = new Set(phase === 'base' ? asked : []);
  const opinions = step.seats.filter((seat) => seat.kind === 'consulted' && pending(seat));
  const waitForThem = new Set(opinions.map((seat) => userSubject(seat.by ?? '')));
  const next = step.approvalMode === 'sequential' ? nextInSequence(step) : null;
  const givers = giversOf(step);
  const own = (seat: Seat): Seat['turn'] => {
    if (!pending(seat)) return 'closed';
    // Who is asked because it takes too long waits for nobody.
    if (seat.kind === 'escalated') return 'open';
    if (seat.kind === 'added') return signerTurn(seat.position, base.has(seat) ? 'after' : phase);
    if (phase === 'before') return 'waiting';
    if (phase !== 'base') return 'closed';
    if (isSubstitute(seat) || seat.kind === 'acting') return 'open';
    if (!base.has(seat)) return 'waiting';
    return next === null || seat.subject === next ? 'open' : 'waiting';
  };
  const turn = (seat: Seat): Seat['turn'] => {
    if (opinions.includes(seat)) {
      const asking = step.seats.find((other) => other.subject === userSubject(seat.by ?? ''));
      return asking ? own(asking) : 'waiting';
    }
    // Who acts through a group has the group's turn.
    if (waitForThem.has(seat.subject) || (seat.kind === 'acting' && pending(seat))) return 'waiting';
    return own(seat);
  };
  return {
    ...step,
    requiredApprovals: requiredApprovals(step, asked),
    seats: step.seats.map((seat) => {
      const now = turn(seat);
      const gone = givers.has(seat.subject) && isSpent(step, seat) ? 'handed_over' : seat.gone;
      return now === seat.turn && gone === seat.gone ? seat : { ...seat, turn: now, gone };
    }),
  };
}

type Phase = 'before' | 'base' | 'with' | 'after';

function phaseOf(step: StepState, base: readonly Seat[]): Phase {
  if (signerSeats(step, 'before').some(pending)) return 'before';
  if (!baseIsMet(step, base)) return 'base';
  return signerSeats(step, 'with').some(pending) ? 'with' : 'after';
}

function signerTurn(position: Seat['position'], phase: Phase): Seat['turn'] {
  if (position === 'before') return 'open';
  if (phase === 'before') return 'waiting';
  return position === 'with' || phase === 'after' ? 'open' : 'waiting';
}

function nextInSequence(step: StepState): Subject | null {
  const next = step.people.find((userCode) => {
    const seat = seatOf(step, userCode);
    return seat !== undefined && pending(seat) && seat.kind !== 'added' && seat.kind !== 'consulted';
  });
  return next === undefined ? null : userSubject(next);
}

/** All turns of a step that is over. */
export const withClosedTurns = (step: StepState): StepState => ({
  ...step,
  seats: step.seats.map((seat) => (seat.turn === 'open' ? { ...seat, turn: 'closed' } : seat)),
});

/** Puts a seat on a step, or what is new of one that is there. */
export function withSeat(step: StepState, seat: Seat): StepState {
  const known = step.seats.some((other) => other.subject === seat.subject);
  return {
    ...step,
    seats: known
      ? step.seats.map((other) => (other.subject === seat.subject ? seat : other))
      : [...step.seats, seat],
  };
}

/** Whether a person sits on a step: by name, through a group, or through a role. */
export const sitsOn = (step: { readonly subjects: readonly Subject[] }, person: Person): boolean =>
  step.subjects.some((subject) => person.subjects.has(subject));

/** Why it is not a person's turn on a step: as a word, and for the person. */
export interface NotNow {
  readonly why: Why;
  readonly detail: string;
}

/**
 * The seat through which a person may act on an open step right now: their own, or that of a group or role.
 * @returns the reason when there is none
 */
export function seatInTurn(step: StepState, person: Person): Seat | NotNow {
  const { applyStep, nodeName } = step;
  const place = `step ${applyStep} "${nodeName}"`;
  const no = (word: Why['word'], detail: string, userCode?: string): NotNow => ({
    why: { word, applyStep, nodeName, ...(userCode === undefined ? {} : { userCode }) },
    detail,
  });
  const stranger = no('not_reviewer', `you are not a reviewer of ${place}`);
  // Somebody inactive sits nowhere, not even under their own name.
  if (!person.subjects.has(userSubject(person.userCode))) return stranger;
  const own = ownSeat(step, person.userCode);
  if (own?.gone === 'handed_over') return no('handed_over', `you have handed ${place} over`);
  if (own?.gone === 'delegated') {
    const by = standInFor(step, person.userCode);
    return no('delegated', `${by} stands in for you on ${place}`, by);
  }
  const left = no('no_longer_reviewer', `you are no longer a reviewer of ${place}`);
  if (own && own.gone !== null) return left;
  const asked = own && consultedBy(step, own);
  if (asked) {
    const by = userOfSubject(asked.subject) ?? '';
    return no('waits_for_opinion', `you wait for the opinion of ${by} on ${place}`, by);
  }
  // Who was found through a group or a role has to be a member still; a rule's find, or a gift, is theirs by name.
  const lapsed = own?.kind === 'found' && step.subjects.length > 0 && !sitsOn(step, person);
  if (own?.turn === 'open') return lapsed ? left : own;
  const shared = step.seats.find(
    (other) => other !== own && other.turn === 'open' && person.subjects.has(other.subject),
  );
  if (shared && (!own || own.kind === 'acting')) return own ?? shared;
  return own ? no('not_their_turn', `it is not your turn on ${place} yet`) : stranger;
}

/** Who sits in the place of somebody who has delegated it. */
const standInFor = (step: StepState, userCode: string): string => {
  const seat = step.seats.find(
    (one) => one.onBehalfOf === userCode && one.gone === null && standsIn(step, one),
  );
  return (seat && userOfSubject(seat.subject)) ?? 'somebody';
};

/** A person's seat, as far as it says anything about now. */
export function ownSeat(step: StepState, userCode: string): Seat | undefined {
  const seat = seatOf(step, userCode);
  return seat && isSpent(step, seat) ? undefined : seat;
}

/** In whose place somebody else sits. Whatever they are asked for besides, they have handed their own place over. */
export const giversOf = (step: StepState): ReadonlySet<Subject> =>
  new Set(
    step.seats.flatMap(({ kind, by, onBehalfOf }) =>
      // Who only stood in has nothing of theirs.
      kind === 'taken' && by !== null && onBehalfOf !== null ? [userSubject(onBehalfOf)] : [],
    ),
  );

/**
 * What says nothing about now: a seat of an earlier round, a signature that was taken out, an opinion that was given, and
 * somebody whom the step does not ask: named by the stage and not active when it opened, or found once and not when it was
 * asked anew.
 */
export const isSpent = (step: StepState, seat: Seat): boolean =>
  seat.gone === 'past' ||
  seat.gone === 'removed' ||
  (seat.kind === 'consulted' && seat.gone === null && (seat.decision !== null || !isAwaited(step, seat))) ||
  (isOfStage(seat) && pending(seat) && !isLazy(step) && !asksByName(step, seat));

/** A place that comes from what the stage says, rather than from somebody's act. */
const isOfStage = (seat: Seat): boolean =>
  seat.kind === 'named' || (seat.kind === 'found' && !isSubstitute(seat));

/** Whether somebody sits on a seat for a person who has delegated it. */
export const standsIn = (step: StepState, seat: Seat): boolean =>
  seat.onBehalfOf !== null &&
  (seat.kind === 'added' || seat.by === null) &&
  step.seats.some(
    (other) => other.subject === userSubject(seat.onBehalfOf ?? '') && other.gone === 'delegated',
  );

/** Whether the holder of a seat still waits for this opinion, rather than having gone. */
const isAwaited = (step: StepState, seat: Seat): boolean =>
  step.seats.some((other) => other.subject === userSubject(seat.by ?? '') && pending(other));
