import type { OrderEvent, StepDecision } from './events.js';
import type { OrderState, StepSnapshot, StepState, Vote } from './order-state.js';

/**
 * Applies the events of one committed command and counts the version up by one.
 * @param state null before the first command.
 * @throws RangeError when the first event of a new order is not `order.opened`: such a log is not this service's.
 */
export function evolveAll(state: OrderState | null, events: readonly OrderEvent[]): OrderState {
  const next = events.reduce<OrderState | null>(evolve, state);
  if (!next) throw new RangeError('an order starts with order.opened');
  return { ...next, version: (state?.version ?? 0) + 1 };
}

/** Rebuilds an order from its log: one list of events for each transition, in the order of their numbers. */
export const replay = (transitions: readonly (readonly OrderEvent[])[]): OrderState | null =>
  transitions.reduce<OrderState | null>(evolveAll, null);

/** Applies one event; the version is counted by {@link evolveAll}, once for each command. */
export function evolve(state: OrderState | null, event: OrderEvent): OrderState {
  if (event.type === 'order.opened') {
    return {
      applyStatus: 'initiating',
      version: 0,
      applicant: event.applicant,
      applicantSystemAdmin: event.applicantSystemAdmin,
      autoApprove: event.autoApprove,
      hasExecute: event.hasExecute,
      error: null,
      steps: event.steps.map(waitingStep),
    };
  }
  if (!state) throw new RangeError(`an order starts with order.opened, not with ${event.type}`);
  switch (event.type) {
    case 'check.requested':
    case 'callback.check.succeeded':
    case 'callback.check.failed':
    case 'callback.check.skipped':
    case 'callback.check.parked':
    case 'callback.check.redelivered':
    case 'callback.check.abandoned':
    case 'callback.execute.succeeded':
    case 'callback.execute.failed':
    case 'callback.execute.parked':
    case 'callback.execute.redelivered':
    case 'callback.execute.abandoned':
      return state;
    case 'step.skipped':
      return withStep(state, event.applyStep, { auditStatus: 'skipped', reason: event.reason });
    case 'step.auto_approved':
      return withStep(inReview(state), event.applyStep, {
        auditStatus: 'auto_approved',
        reason: event.reason,
      });
    case 'step.in_review':
      return withStep(inReview(state), event.applyStep, {
        auditStatus: 'in_review',
        requiredApprovals: event.requiredApprovals,
        people: event.people,
      });
    case 'step.voted':
      return withVote(state, event, 'approved', {});
    case 'step.approved':
      return withVote(state, event, 'approved', closedBy(event, 'approved'));
    case 'step.rejected':
      return withVote(state, event, 'rejected', closedBy(event, 'rejected'));
    case 'step.cancelled':
      return withStep(state, event.applyStep, { auditStatus: 'cancelled' });
    case 'order.rejected':
      return { ...state, applyStatus: 'rejected', error: event.error ?? null };
    case 'order.withdrawn':
      return { ...state, applyStatus: 'withdrawn' };
    case 'order.executing':
      return { ...state, applyStatus: 'executing' };
    case 'order.completed':
      return { ...state, applyStatus: 'completed' };
    default:
      return unknownEvent(event);
  }
}

const waitingStep = (step: StepSnapshot): StepState => ({
  // Field by field: a spread of a snapshot costs more than all the rest of an opening's state.
  applyStep: step.applyStep,
  nodeId: step.nodeId,
  nodeName: step.nodeName,
  auditObjectType: step.auditObjectType,
  auditObject: step.auditObject,
  approvalMode: step.approvalMode,
  condition: step.condition,
  subjects: step.subjects,
  auditStatus: 'waiting',
  requiredApprovals: 1,
  people: [],
  votes: [],
  auditUserCode: null,
  auditMsg: null,
  reason: null,
});

const inReview = (state: OrderState): OrderState => ({ ...state, applyStatus: 'in_review' });

const closedBy = (event: StepDecision, auditStatus: 'approved' | 'rejected'): Partial<StepState> => ({
  auditStatus,
  auditUserCode: event.userCode,
  auditMsg: event.auditMsg,
});

function withVote(
  state: OrderState,
  event: StepDecision,
  decision: Vote['decision'],
  change: Partial<StepState>,
): OrderState {
  const vote: Vote = {
    userCode: event.userCode,
    decision,
    auditMsg: event.auditMsg,
    capacity: event.capacity,
  };
  const votes = state.steps.find((step) => step.applyStep === event.applyStep)?.votes ?? [];
  return withStep(state, event.applyStep, { ...change, votes: [...votes, vote] });
}

const withStep = (state: OrderState, applyStep: number, change: Partial<StepState>): OrderState => ({
  ...state,
  steps: state.steps.map((step) => (step.applyStep === applyStep ? { ...step, ...change } : step)),
});

function unknownEvent(event: never): never {
  throw new RangeError(`unknown event ${JSON.stringify(event)}`);
}
