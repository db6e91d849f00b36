import { cancelOpen, type DirectoryFacts, thenAdvance } from './advance.js';
import type { Attachment, OrderEvent } from './events.js';
import { evolve } from './evolve.js';
import {
  isEnded,
  isLazy,
  openStep,
  type OrderState,
  type Seat,
  type SignPosition,
  type StepState,
} from './order-state.js';
import { happened, refused, type Outcome, type Refusal, wrongField } from './outcome.js';
import { mayDecide, peopleLeft, type Permission } from './permission.js';
import { consultedBy, giversOf, ownSeat, standsIn } from './seats.js';
import { whyBarred } from './separation.js';
import { type Person, userOfSubject } from './vocabulary.js';

/** Somebody to whom work is given, as the directory knows them for the order's team. */
export interface Target {
  readonly person: Person;
  readonly standing: 'active' | 'inactive' | 'unknown';
}

interface SeatCommand {
  readonly actor: Person;
  readonly auditMsg: string | null;
  readonly facts: DirectoryFacts;
}

/** What people do to an order besides deciding it. */
export type ActionCommand =
  /** `transfer`: hands a seat over for good. `ask_opinion`: for an opinion, after which it comes back. */
  | (SeatCommand & { readonly type: 'transfer' | 'ask_opinion'; readonly to: Target })
  /** An administrator gives away the place of somebody who leaves; the shell has judged that they may. */
  | (SeatCommand & { readonly type: 'hand_over'; readonly from: string; readonly to: Target })
  | (SeatCommand & {
      readonly type: 'add_signers';
      readonly signers: readonly Target[];
      readonly position: SignPosition;
    })
  | (SeatCommand & { readonly type: 'remove_signers'; readonly userCodes: readonly string[] })
  | {
      readonly type: 'urge';
      readonly actor: Person;
      readonly auditMsg: string | null;
      /** Milliseconds since 1970. */
      readonly now: number;
      /** Milliseconds that have to pass between two. */
      readonly interval: number;
    }
  /** Whoever may read the order may send a copy of it, or say something about it; the shell has judged that. */
  | { readonly type: 'copy'; readonly actor: Person; readonly to: readonly Target[] }
  | {
      readonly type: 'comment';
      readonly actor: Person;
      readonly text: string;
      readonly attachments: readonly Attachment[];
    }
  | { readonly type: 'detach'; readonly actor: Person };

/** How many added signatures a step can carry. */
export const maxSigners = 100;

export function decideAction(state: OrderState, command: ActionCommand): Outcome {
  switch (command.type) {
    case 'transfer':
    case 'ask_opinion':
      return handOver(state, command);
    case 'hand_over':
      return handOverFor(state, command);
    case 'add_signers':
      return addSigners(state, command);
    case 'remove_signers':
      return removeSigners(state, command);
    case 'urge':
      return urge(state, command);
    case 'copy':
      return copy(command);
    case 'comment': {
      const { text, attachments } = command;
      return happened([{ type: 'order.commented', userCode: command.actor.userCode, text, attachments }]);
    }
    case 'detach':
      return happened([...ended(state), { type: 'order.detached' }]);
  }
}

/** An order that counts no more ends first: nobody is asked to review it any longer. */
const ended = (state: OrderState): OrderEvent[] =>
  isEnded(state) ? [] : [...cancelOpen(state, null), { type: 'order.withdrawn', remark: null }];

type Given<T extends ActionCommand['type']> = Extract<ActionCommand, { type: T }>;

/** An order as it stands once those who have left are out of it, and what the actor may do there. */
function atTheDesk(
  before: OrderState,
  { actor, facts }: SeatCommand,
): { readonly left: OrderEvent[]; readonly state: OrderState; readonly permission: Permission | Refusal } {
  const left = peopleLeft(before, facts);
  const state = left.reduce<OrderState>(evolve, before);
  return { left, state, permission: mayDecide(state, actor) };
}

/** A reviewer whose turn it is gives the seat away; a system administrator seats somebody without giving one up. */
function handOver(before: OrderState, command: Given<'transfer' | 'ask_opinion'>): Outcome {
  const { actor, to, auditMsg, facts, type } = command;
  const { left, state, permission } = atTheDesk(before, command);
  if ('code' in permission) return { ok: false, refusal: permission };
  const { step, seat, capacity } = permission;
  const target = to.person.userCode;
  if (target === actor.userCode) return wrong('toUserCode', 'is yourself; name somebody else');
  const refusal = unfit(state, step, to, 'toUserCode', type === 'transfer' ? seat : null);
  if (refusal) return { ok: false, refusal };
  const { applyStep } = step;
  if (type === 'ask_opinion') {
    if (seat === null || capacity === 'consultant') {
      return refused('forbidden', 'only a reviewer of the step asks somebody else for an opinion');
    }
    const asked: OrderEvent = {
      type: 'step.opinion_asked',
      applyStep,
      from: actor.userCode,
      to: target,
      auditMsg,
    };
    return happened(thenAdvance(before, [...left, asked], facts));
  }
  const transferred: OrderEvent = {
    type: 'step.transferred',
    applyStep,
    by: actor.userCode,
    from: seat === null ? null : actor.userCode,
    to: target,
    auditMsg,
  };
  return happened(thenAdvance(before, [...left, transferred], facts, target));
}

/** The place that somebody holds by name on the open step goes to another, whether it is their turn or not. */
function handOverFor(before: OrderState, { actor, from, to, auditMsg, facts }: Given<'hand_over'>): Outcome {
  const target = to.person.userCode;
  if (isEnded(before)) {
    return refused('order_closed', `the order is ${before.applyStatus}; nobody is asked any more`);
  }
  const step = openStep(before);
  const seat = step && ownSeat(step, from);
  if (!step || !seat || seat.gone !== null || seat.decision !== null) {
    return refused('not_awaited', `${from} holds no place on the order that is still to be decided`);
  }
  if (target === from) return wrong('toUserCode', 'holds the place already; name somebody else');
  const refusal = unfit(before, step, to, 'toUserCode', seat);
  if (refusal) return { ok: false, refusal };
  const { applyStep } = step;
  const given: OrderEvent = {
    type: 'step.transferred',
    applyStep,
    by: actor.userCode,
    from,
    to: target,
    auditMsg,
  };
  return happened(thenAdvance(before, [given], facts, target));
}

function addSigners(before: OrderState, command: Given<'add_signers'>): Outcome {
  const { actor, signers, position, auditMsg, facts } = command;
  const { left, state, permission } = atTheDesk(before, command);
  if ('code' in permission) return { ok: false, refusal: permission };
  const { step, capacity } = permission;
  if (capacity === 'consultant') {
    return refused('forbidden', 'who is asked for an opinion adds nobody; the reviewer may');
  }
  const twice = repeatedIn(signers);
  if (twice !== null) return wrong('userCodes', `holds ${twice} twice`);
  for (const signer of signers) {
    const refusal = unfit(state, step, signer, 'userCodes');
    if (refusal) return { ok: false, refusal };
  }
  const userCodes = signers.map(({ person }) => person.userCode);
  const present = step.seats.filter((seat) => seat.kind === 'added' && seat.gone === null).length;
  if (present + userCodes.length > maxSigners) {
    return wrong('userCodes', `would make more than ${maxSigners} added signatures on the step`);
  }
  const added: OrderEvent = {
    type: 'step.signers_added',
    applyStep: step.applyStep,
    by: actor.userCode,
    userCodes,
    position,
    auditMsg,
  };
  return happened(thenAdvance(before, [...left, added], facts, actor.userCode));
}

/** Whoever added a signature, or asked for an opinion, takes it out again while it is not given; so does a system administrator. */
function removeSigners(before: OrderState, command: Given<'remove_signers'>): Outcome {
  const { actor, userCodes, facts } = command;
  if (isEnded(before))
    return refused('order_closed', `the order is ${before.applyStatus}; nobody is asked any more`);
  const step = openStep(before);
  if (!step) {
    return refused('not_in_review', `the order is ${before.applyStatus}; no step is under review`);
  }
  for (const userCode of userCodes) {
    const seat = ownSeat(step, userCode);
    if (!seat || seat.gone !== null || (seat.kind !== 'added' && seat.kind !== 'consulted')) {
      return wrong('userCodes', `holds ${userCode}, who was not added to step ${step.applyStep}`);
    }
    if (seat.by !== actor.userCode && !actor.systemAdmin) {
      return refused(
        'forbidden',
        `${userCode} was added by ${seat.by ?? 'somebody else'}, who may take them out again`,
      );
    }
    if (seat.decision !== null) {
      return refused('already_decided', `${userCode} has already decided step ${step.applyStep}`);
    }
  }
  const removed: OrderEvent = {
    type: 'step.signers_removed',
    applyStep: step.applyStep,
    by: actor.userCode,
    userCodes,
  };
  return happened(thenAdvance(before, [removed], facts, actor.userCode));
}

/** Who is named twice. */
const repeatedIn = (targets: readonly Target[]): string | null => {
  const userCodes = targets.map(({ person }) => person.userCode);
  return userCodes.find((userCode, index) => userCodes.indexOf(userCode) !== index) ?? null;
};

/**
 * Why somebody cannot be given a place on a step: unknown, inactive, there already, or the applicant under `never`.
 * @param given the place that they would get
 */
function unfit(
  state: OrderState,
  step: StepState,
  { person, standing }: Target,
  field: string,
  given: Seat | null = null,
): Refusal | null {
  const { userCode } = person;
  if (standing === 'unknown')
    return wrongField(field, `holds ${userCode}, whom the directory does not list for the team`);
  if (standing === 'inactive') return wrongField(field, `holds ${userCode}, who is not active`);
  const barred = whyBarred(state, step, userCode);
  if (barred !== null) {
    const why =
      barred === 'own_order'
        ? 'the applicant: under this template nobody decides their own order'
        : 'who has decided another step: under this template nobody decides two';
    return wrongField(field, `holds ${userCode}, ${why}`);
  }
  const seat = ownSeat(step, userCode);
  const acted = seat?.kind === 'acting' && seat.decision === null && !consultedBy(step, seat);
  const asked = seat !== undefined && seat.gone === null && !acted;
  // Back from whoever stands in; another place that was theirs once would be a second one beside what they delegated.
  const back = given !== null && given.onBehalfOf === userCode && standsIn(step, given);
  const represented = seat?.gone === 'delegated' && !back;
  if (!asked && !represented && (back || hasGivenUp(step, seat) || !sharesSeat(step, person))) return null;
  return {
    code: 'already_exists',
    detail: `${userCode} is already on step ${step.applyStep} "${step.nodeName}"`,
  };
}

/** Whether a person gave a place of their own away, and may get it back; an opinion that was handed on is no place. */
const hasGivenUp = (step: StepState, seat: Seat | undefined): boolean =>
  seat?.gone === 'handed_over' && (seat.kind !== 'consulted' || giversOf(step).has(seat.subject));

/** Whether a person sits on the step through a group or role that is asked as it is, rather than for its people. */
const sharesSeat = (step: StepState, person: Person): boolean =>
  step.seats.some(
    (seat) =>
      seat.gone === null &&
      userOfSubject(seat.subject) === null &&
      (isLazy(step) || seat.kind === 'found') &&
      person.subjects.has(seat.subject),
  );

function urge(state: OrderState, { actor, auditMsg, now, interval }: Given<'urge'>): Outcome {
  if (actor.userCode !== state.applicant && !actor.systemAdmin) {
    return refused('forbidden', 'only the applicant urges the reviewers of an order');
  }
  if (!openStep(state)) {
    return refused('not_in_review', `the order is ${state.applyStatus}; nobody is asked to review it`);
  }
  const wait = state.urgedAt === null ? 0 : state.urgedAt + interval - now;
  if (wait > 0) {
    const retryAfter = Math.ceil(wait / 1000);
    const detail = `the reviewers were urged a moment ago; once more in ${retryAfter} s`;
    return { ok: false, refusal: { code: 'rate_limited', detail, retryAfter } };
  }
  return happened([{ type: 'order.urged', userCode: actor.userCode, auditMsg, at: now }]);
}

function copy({ actor, to }: Given<'copy'>): Outcome {
  for (const { person, standing } of to) {
    // Reading is no work that could be stuck with somebody unknown: the directory need not list them (ADR 0007).
    if (standing === 'inactive') return wrong('userCodes', `holds ${person.userCode}, who is not active`);
  }
  const userCodes = [...new Set(to.map(({ person }) => person.userCode))];
  return happened([{ type: 'order.copied', userCode: actor.userCode, userCodes }]);
}

const wrong = (field: string, detail: string): Outcome => ({ ok: false, refusal: wrongField(field, detail) });
