import { type CallbackCommand, decideCallback } from './callbacks.js';
import { cancelOpen, sitsOn, thenAdvance, type DirectoryFacts } from './advance.js';
import type { OrderEvent, StepDecision } from './events.js';
import { isEnded, openStep, type OrderState, type StepState } from './order-state.js';
import { happened, refused, type Outcome, type Refusal } from './outcome.js';
import type { Capacity, Person } from './vocabulary.js';

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
  | CallbackCommand;

/**
 * Decides what a command does to an order: the events of one transition, or a refusal. Pure and total: the same state
 * and command always give the same answer, and no state is left without one.
 */
export function decide(state: OrderState, command: Command): Outcome {
  switch (command.type) {
    case 'approve':
    case 'reject':
      return decideStep(state, command);
    case 'withdraw':
      return withdraw(state, command.actor, command.remark);
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

/** Who may decide the open step, and in which capacity; what `can-act` answers (domain rule 4). */
export function mayDecide(
  state: OrderState,
  actor: Person,
): { readonly step: StepState; readonly capacity: Capacity } | Refusal {
  if (isEnded(state))
    return { code: 'order_closed', detail: `the order is ${state.applyStatus}; nothing is left to decide` };
  const step = openStep(state);
  if (state.applyStatus !== 'in_review' || !step) {
    return { code: 'not_in_review', detail: `the order is ${state.applyStatus}; no step is under review` };
  }
  if (state.autoApprove === 'never' && actor.userCode === state.applicant) {
    return { code: 'forbidden', detail: 'under this template nobody decides their own order' };
  }
  if (step.votes.some((vote) => vote.userCode === actor.userCode)) {
    return { code: 'already_decided', detail: `you have already decided step ${step.applyStep}` };
  }
  if (step.approvalMode === 'all' ? asked(step, actor) : sitsOn(step, actor))
    return { step, capacity: 'assignee' };
  if (actor.systemAdmin) return { step, capacity: 'system_admin' };
  const passed = state.steps.find((earlier) => earlier.applyStep < step.applyStep && sitsOn(earlier, actor));
  if (passed) {
    return {
      code: 'already_decided',
      detail: `step ${passed.applyStep} is ${passed.auditStatus}; your part is done`,
    };
  }
  return { code: 'forbidden', detail: `you are not a reviewer of step ${step.applyStep} "${step.nodeName}"` };
}

/** An `all` step asks the people it found when it opened; who has left the group since may no longer decide. */
const asked = (step: StepState, actor: Person): boolean =>
  step.people.includes(actor.userCode) && sitsOn(step, actor);

function decideStep(state: OrderState, command: Extract<Command, { type: 'approve' | 'reject' }>): Outcome {
  const { actor, auditMsg, expectedVersion, facts } = command;
  const permission = mayDecide(state, actor);
  if (!('code' in permission) || permission.code === 'forbidden' || permission.code === 'already_decided') {
    if (expectedVersion !== null && expectedVersion !== state.version) {
      return refused(
        'version_conflict',
        `the order is at version ${state.version}, not ${expectedVersion}; read it again before you decide`,
      );
    }
  }
  if ('code' in permission) return { ok: false, refusal: permission };
  const { step, capacity } = permission;
  const decision: StepDecision = { applyStep: step.applyStep, userCode: actor.userCode, auditMsg, capacity };
  if (command.type === 'reject') {
    const rejected: OrderEvent = { type: 'step.rejected', ...decision };
    return happened([
      rejected,
      ...cancelOpen(state, step),
      { type: 'order.rejected', reason: 'step_rejected' },
    ]);
  }
  if (capacity === 'assignee' && step.votes.length + 1 < step.requiredApprovals) {
    return happened([{ type: 'step.voted', ...decision }]);
  }
  return happened(thenAdvance(state, [{ type: 'step.approved', ...decision }], facts));
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
