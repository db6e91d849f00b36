import type { OrderEvent } from './events.js';
import { evolveStep, resetStep, type StepEvent, stoppedClock, withoutDecisions } from './evolve-step.js';
import { isSuperseded, type LastDecision, type OrderState, type StepState } from './order-state.js';
import type { StepClock } from './timing.js';

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
      dedupe: event.dedupe ?? 'none',
      distinct: event.distinct ?? false,
      hasCheck: false,
      hasExecute: event.hasExecute,
      error: null,
      returned: null,
      lastDecision: null,
      urgedAt: null,
      steps: event.steps.map((step) => evolveStep(null, event, step)),
    };
  }
  if (!state) throw new RangeError(`an order starts with order.opened, not with ${event.type}`);
  switch (event.type) {
    case 'check.requested':
      return { ...state, hasCheck: true };
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
    case 'order.copied':
    case 'order.commented':
    case 'order.detached':
      return state;
    case 'step.cancelled':
    case 'step.people_left':
    case 'step.passed':
    case 'step.stood_in':
    case 'step.reminded':
    case 'step.escalated':
    case 'step.clock_stopped':
    case 'step.clock_started':
    case 'step.clock_set':
      return { ...state, steps: stepsAfter(state, event) };
    case 'step.timed_out':
      return { ...state, steps: stepsAfter(state, event), lastDecision: null };
    case 'step.skipped':
      return { ...state, steps: stepsAfter(state, event), lastDecision: walkedSince(state, event) };
    case 'step.auto_approved':
    case 'step.in_review':
      return {
        ...state,
        applyStatus: 'in_review',
        steps: stepsAfter(state, event),
        lastDecision: walkedSince(state, event),
      };
    case 'step.vote_repeated':
      return { ...state, steps: stepsAfter(state, event), lastDecision: repeatedSince(state, event) };
    case 'step.voted':
    case 'step.voted_against':
    case 'step.approved':
    case 'step.rejected': {
      const { applyStep, userCode } = event;
      const lastDecision: LastDecision = { applyStep, userCode, walked: [], repeated: [] };
      return { ...state, steps: stepsAfter(state, event), lastDecision };
    }
    case 'step.transferred':
    case 'step.opinion_asked':
    case 'step.opinion_given':
    case 'step.signers_added':
    case 'step.signers_removed':
      return { ...state, steps: stepsAfter(state, event), lastDecision: null };
    case 'step.decision_taken_back':
      return takenBack(state, event);
    case 'order.returned':
      return returned(state, event);
    case 'order.moved':
      return moved(state, event);
    case 'order.resubmitted':
      return {
        ...state,
        applyStatus: 'initiating',
        returned: null,
        // A clock on a step that waits is one that stands still since the return: it goes on.
        steps: state.steps.map((step) =>
          event.walk.includes(step.applyStep) ? resetStep(step, step.clock) : step,
        ),
      };
    case 'order.reopened':
      return {
        ...state,
        applyStatus: 'in_review',
        error: null,
        lastDecision: null,
        steps: state.steps.map((step) => {
          if (step.applyStep === event.applyStep) return evolveStep(step, event);
          return step.auditStatus === 'cancelled' ? { ...step, auditStatus: 'waiting' } : step;
        }),
      };
    case 'order.urged':
      return { ...state, urgedAt: event.at };
    case 'order.rejected':
      return { ...state, applyStatus: 'rejected', error: event.error ?? null, lastDecision: null };
    case 'order.withdrawn':
      return { ...state, applyStatus: 'withdrawn', returned: null, lastDecision: null };
    case 'order.executing':
      return { ...state, applyStatus: 'executing', lastDecision: null };
    case 'order.completed':
      return { ...state, applyStatus: 'completed', lastDecision: null };
    default:
      return unknownEvent(event);
  }
}

/** What happened since a decision goes with it; what was there before stays. */
const walkedSince = ({ lastDecision }: OrderState, { applyStep }: StepEvent): LastDecision | null =>
  lastDecision && { ...lastDecision, walked: [...lastDecision.walked, applyStep] };

const repeatedSince = (
  { lastDecision }: OrderState,
  { applyStep, userCode }: Extract<OrderEvent, { type: 'step.vote_repeated' }>,
): LastDecision | null =>
  lastDecision?.applyStep === applyStep
    ? { ...lastDecision, repeated: [...lastDecision.repeated, userCode] }
    : lastDecision;

/** The flow as if the last decision had not been made. */
function takenBack(
  state: OrderState,
  event: Extract<OrderEvent, { type: 'step.decision_taken_back' }>,
): OrderState {
  const { walked = [], repeated = [] } = state.lastDecision ?? {};
  return {
    ...state,
    applyStatus: 'in_review',
    lastDecision: null,
    steps: state.steps.map((step) => {
      if (step.applyStep === event.applyStep) return evolveStep(withoutDecisions(step, repeated), event);
      return walked.includes(step.applyStep) ? resetStep(step, clockBefore(step)) : step;
    }),
  };
}

/** A clock that had gone on when the step opened stands still again, with what it had used before and what has fired since. */
const clockBefore = ({ clock }: StepState): StepClock | null =>
  clock && clock.used > 0 ? stoppedClock(clock, clock.used) : null;

/** The steps behind a return wait again: all of them, or only the two ends when it leads straight back. */
function returned(state: OrderState, event: Extract<OrderEvent, { type: 'order.returned' }>): OrderState {
  const { fromStep, toStep, resume, userCode } = event;
  const again = ({ applyStep }: StepState): boolean =>
    applyStep === fromStep ||
    (resume === 'again' ? applyStep >= toStep && applyStep < fromStep : applyStep === toStep);
  return {
    ...state,
    lastDecision: null,
    ...(toStep === 0 ? { applyStatus: 'initiating', returned: { by: userCode, fromStep, resume } } : {}),
    steps: state.steps.map((step) => {
      if (!again(step) || !isWalked(step)) return step;
      const { used } = event;
      const stopped =
        step.applyStep === fromStep && used !== undefined ? stoppedClock(step.clock, used) : null;
      return resetStep(step, stopped);
    }),
  };
}

/**
 * What was walked stays as it is; the open step is of the new version if that says so, and all behind it. Whether people
 * are asked by name follows from the policy: also on a step to which the order may come back.
 */
function moved(state: OrderState, event: Extract<OrderEvent, { type: 'order.moved' }>): OrderState {
  const { autoApprove, dedupe, distinct, present, kept, ahead, returnedFrom } = event;
  const stay = state.steps.slice(0, kept);
  return {
    ...state,
    autoApprove,
    dedupe,
    distinct,
    lastDecision: null,
    returned:
      state.returned && returnedFrom !== undefined
        ? { ...state.returned, fromStep: returnedFrom }
        : state.returned,
    steps: [
      ...stay.map((step) => {
        if (step.applyStep === present?.applyStep) return evolveStep(null, event, present);
        return state.distinct === distinct ? step : askingByName(step, distinct);
      }),
      ...ahead.map((snapshot) => evolveStep(null, event, snapshot)),
    ],
  };
}

function askingByName(step: StepState, distinct: boolean): StepState {
  const { byName: _before, ...rest } = step;
  return distinct ? { ...rest, byName: true } : rest;
}

/** Whether walking has done something to a step; one that its condition skips, or a move, is not walked. */
const isWalked = (step: StepState): boolean =>
  step.auditStatus !== 'waiting' &&
  !isSuperseded(step) &&
  !(step.auditStatus === 'skipped' && step.reason === 'condition_false');

const stepsAfter = ({ steps }: OrderState, event: StepEvent): StepState[] =>
  steps.map((step) => (step.applyStep === event.applyStep ? evolveStep(step, event) : step));

function unknownEvent(event: never): never {
  throw new RangeError(`unknown event ${JSON.stringify(event)}`);
}
