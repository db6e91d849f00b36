import { type ActionCommand, decideAction } from './actions.js';
import { cancelOpen, type DirectoryFacts, rejectsOrder, thenAdvance } from './advance.js';
import { type CallbackCommand, decideCallback } from './callbacks.js';
import type { OrderEvent, StepDecision } from './events.js';
import { evolve } from './evolve.js';
import { decideMove, type MoveCommand } from './moving.js';
import { isEnded, openStep, type OrderState, type StepState } from './order-state.js';
import { happened, refused, type Outcome, type Refusal } from './outcome.js';
import { mayDecide, peopleLeft } from './permission.js';
import { decideReturn, type ReturnCommand } from './returning.js';
import { recount } from './recounting.js';
import { hasPassed, isLost, standsIn } from './seats.js';
import { decideByTime, type TimeCommand } from './overdue.js';
import { withWhatFollows } from './following.js';
import type { Person } from './vocabulary.js';

export type Command =
  | {
      readonly type: 'approve' | 'reject';
      /** Membership as the directory has it at this moment (domain rule 4). */
      readonly actor: Person;
      readonly auditMsg: string | null;
      readonly expectedVersion: number | null;
      readonly facts: DirectoryFacts;
    }
  | { readonly type: 'withdraw'; readonly actor: Person; readonly remark: string | null }
  /** Members have left groups, or become inactive: they neither count nor block any more. */
  | { readonly type: 'recount'; readonly facts: DirectoryFacts }
  | TimeCommand
  | MoveCommand
  | ActionCommand
  | ReturnCommand
  | CallbackCommand;

/**
 * Decides what a command does to an order: the events of one transition, or a refusal. Pure and total: the same state
 * and command always give the same answer, and no state is left without one.
 */
export function decide(state: OrderState, command: Command): Outcome {
  const outcome = decideAlone(state, command);
  return outcome.ok && 'facts' in command && command.facts
    ? happened(withWhatFollows(state, outcome.events, command.facts))
    : outcome;
}

/** What a command does by itself: who stands in, and what time means for it, comes on top. */
function decideAlone(state: OrderState, command: Command): Outcome {
  switch (command.type) {
    case 'approve':
    case 'reject':
      return decideStep(state, command);
    case 'withdraw':
      return withdraw(state, command.actor, command.remark);
    case 'recount':
      return happened(recount(state, command.facts));
    case 'fire_timer':
    case 'reckon_time':
      return decideByTime(state, command);
    case 'move':
      return decideMove(state, command);
    case 'transfer':
    case 'hand_over':
    case 'ask_opinion':
    case 'add_signers':
    case 'remove_signers':
    case 'urge':
    case 'copy':
    case 'comment':
    case 'detach':
      return decideAction(state, command);
    case 'return':
    case 'resubmit':
    case 'reopen':
    case 'take_back':
      return decideReturn(state, command);
    case 'answer_callback':
    case 'skip_check':
    case 'park_callback':
    case 'redeliver_callback':
    case 'abandon_callback':
      return decideCallback(state, command);
    default:
      return unknownCommand(command);
  }
}

/** The version that was read, against the version that is there. */
function staleVersion(state: OrderState, expected: number | null): Refusal | null {
  if (expected === null || expected === state.version) return null;
  const detail = `the order is at version ${state.version}, not ${expected}; read it again before you decide`;
  return { code: 'version_conflict', detail };
}

function decideStep(before: OrderState, command: Extract<Command, { type: 'approve' | 'reject' }>): Outcome {
  const { actor, auditMsg, expectedVersion, facts } = command;
  const left = peopleLeft(before, facts);
  const state = left.reduce<OrderState>(evolve, before);
  const permission = mayDecide(state, actor);
  if (!('code' in permission) || permission.code === 'forbidden' || permission.code === 'already_decided') {
    const stale = staleVersion(before, expectedVersion);
    if (stale) return { ok: false, refusal: stale };
  }
  if ('code' in permission) return { ok: false, refusal: permission };
  const { step, seat, capacity } = permission;
  const decision: StepDecision = {
    applyStep: step.applyStep,
    userCode: actor.userCode,
    auditMsg,
    capacity,
    ...(seat && standsIn(step, seat) ? { onBehalfOf: seat.onBehalfOf ?? '' } : {}),
  };
  const verdict = command.type === 'approve' ? 'approved' : 'rejected';
  if (capacity === 'consultant') {
    const { applyStep, userCode } = decision;
    const given: OrderEvent = { type: 'step.opinion_given', applyStep, userCode, opinion: verdict, auditMsg };
    return happened([...left, ...thenAdvance(state, [given], facts)]);
  }
  return happened([...left, ...vote(state, step, decision, verdict, facts)]);
}

/** A vote closes the step, or leaves it open for the others whom it still needs. */
function vote(
  state: OrderState,
  step: StepState,
  decision: StepDecision,
  verdict: 'approved' | 'rejected',
  facts: DirectoryFacts,
): OrderEvent[] {
  const overrules = decision.capacity === 'system_admin' || decision.capacity === 'leader';
  const open: OrderEvent = {
    type: verdict === 'approved' ? 'step.voted' : 'step.voted_against',
    ...decision,
  };
  const voted = openStep(evolve(state, open)) ?? step;
  if (verdict === 'rejected') {
    if (!overrules && !isLost(voted)) return thenAdvance(state, [open], facts);
    const rejected: OrderEvent = { type: 'step.rejected', ...decision };
    return [rejected, ...rejectsOrder(state, step)];
  }
  if (!overrules && !hasPassed(voted)) return thenAdvance(state, [open], facts);
  return thenAdvance(state, [{ type: 'step.approved', ...decision }], facts);
}

function withdraw(state: OrderState, actor: Person, remark: string | null): Outcome {
  if (actor.userCode !== state.applicant)
    return refused('forbidden', 'only the applicant may withdraw an order');
  if (isEnded(state))
    return refused('order_closed', `the order is ${state.applyStatus} and cannot be withdrawn`);
  if (state.applyStatus === 'executing') {
    return refused(
      'not_in_review',
      'all steps have passed and the business module is executing; it is too late to withdraw',
    );
  }
  return happened([...cancelOpen(state, null), { type: 'order.withdrawn', remark }]);
}

function unknownCommand(command: never): never {
  throw new RangeError(`unknown command ${JSON.stringify(command)}`);
}
