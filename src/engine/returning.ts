import { askOn, type DirectoryFacts, inReview } from './advance.js';
import { conditionHolds } from './conditions/condition.js';
import type { OrderEvent } from './events.js';
import { evolve } from './evolve.js';
import { planPath, start, type Variables } from './open.js';
import { isEnded, isSuperseded, type OrderState, type ResumeWay, type StepState } from './order-state.js';
import { happened, refused, type Outcome, wrongField } from './outcome.js';
import { mayDecide, peopleLeft } from './permission.js';
import { returnedTo } from './repeat.js';
import { decidedElsewhere } from './separation.js';
import { sawOf } from './seen.js';
import type { Person } from './vocabulary.js';

/** What leads an order back on its path. */
export type ReturnCommand =
  | {
      readonly type: 'return';
      readonly actor: Person;
      /** A step that has passed, or 0 for the applicant. */
      readonly toStep: number;
      readonly resume: ResumeWay;
      readonly auditMsg: string | null;
      readonly facts: DirectoryFacts;
    }
  | {
      readonly type: 'resubmit';
      readonly actor: Person;
      readonly remark: string | null;
      /** The new variables, or null to keep those it has. */
      readonly changed: Variables | null;
      /** The variables from now on. */
      readonly variables: Variables;
      readonly facts: DirectoryFacts;
    }
  | {
      readonly type: 'reopen';
      readonly actor: Person;
      readonly auditMsg: string | null;
      readonly facts: DirectoryFacts;
    }
  | {
      readonly type: 'take_back';
      readonly actor: Person;
      /** Left out: the clock of the step stays as the decision left it, until the next command. */
      readonly facts?: DirectoryFacts;
    };

export function decideReturn(state: OrderState, command: ReturnCommand): Outcome {
  switch (command.type) {
    case 'return':
      return giveBack(state, command);
    case 'resubmit':
      return resubmit(state, command);
    case 'reopen':
      return reopen(state, command);
    case 'take_back':
      return takeBack(state, command.actor);
  }
}

type Given<T extends ReturnCommand['type']> = Extract<ReturnCommand, { type: T }>;

/** A reviewer whose turn it is leads the order back: to a step that people have passed, or to the applicant. */
function giveBack(before: OrderState, command: Given<'return'>): Outcome {
  const { actor, toStep, resume, auditMsg, facts } = command;
  const left = peopleLeft(before, facts);
  const state = left.reduce<OrderState>(evolve, before);
  const permission = mayDecide(state, actor);
  if ('code' in permission) return { ok: false, refusal: permission };
  const { step, capacity } = permission;
  if (capacity === 'consultant') {
    return refused('forbidden', 'who is asked for an opinion returns nothing; the reviewer may');
  }
  const target = state.steps.find((one) => one.applyStep === toStep);
  if (toStep !== 0 && (!target || toStep >= step.applyStep || !passedByPeople(target))) {
    const detail = target
      ? `is ${toStep}: step ${toStep} has not been passed by its reviewers; name one that has, or 0 for the applicant`
      : `is ${toStep}: the order has no such step`;
    return { ok: false, refusal: wrongField('toStep', detail) };
  }
  const returned: OrderEvent = {
    type: 'order.returned',
    userCode: actor.userCode,
    capacity,
    fromStep: step.applyStep,
    toStep,
    resume,
    auditMsg,
  };
  const events = [...left, returned];
  if (toStep === 0) return happened(events);
  const now = events.reduce<OrderState>(evolve, before);
  const reached = now.steps.find((one) => one.applyStep === toStep) as StepState;
  // Whoever passed it is asked again, even who would be skipped or repeated on the way forward.
  const asked = askOn(now, reached, facts);
  const people = asked === 'skip' ? { people: [] } : asked;
  return happened([...events, inReview(reached, { ...people, reason: returnedTo })]);
}

/** What the applicant's own place in the flow passed is the applicant's: that leads back to step 0. */
const passedByPeople = (step: StepState): boolean =>
  step.auditStatus === 'approved' ||
  (step.auditStatus === 'auto_approved' && step.reason === 'repeat_approver');

/** The applicant sends a returned order off again; every stage's condition is judged anew (requirement 002). */
function resubmit(state: OrderState, command: Given<'resubmit'>): Outcome {
  const { actor, remark, changed, variables, facts } = command;
  if (actor.userCode !== state.applicant) {
    return refused('forbidden', 'only the applicant resubmits an order');
  }
  if (isEnded(state)) return refused('order_closed', `the order is ${state.applyStatus}; open a new one`);
  const { returned } = state;
  if (!returned) {
    return refused(
      'not_awaited',
      `the order is ${state.applyStatus}; only one that was returned is resubmitted`,
    );
  }
  const ahead = state.steps.filter(
    (step) => !isSuperseded(step) && (returned.resume === 'again' || isAhead(step)),
  );
  const { autoApprove, dedupe, distinct } = state;
  const staying = state.steps.filter((step) => !ahead.includes(step));
  const barred = decidedElsewhere({ ...state, steps: staying }, 0);
  const plan = { autoApprove, dedupe, distinct, barred, variables, stages: ahead, facts };
  const orphan = planPath(plan).find((planned) => planned.problem !== null);
  if (orphan?.problem) return refused('approver_not_found', orphan.problem);

  const holds = (step: StepState): boolean => conditionHolds(step.condition, variables);
  const walk = ahead.filter(holds).map((step) => step.applyStep);
  const saw = sawOf(ahead, variables);
  const events: OrderEvent[] = [
    {
      type: 'order.resubmitted',
      remark,
      ...(changed ? { variables: changed } : {}),
      walk,
      ...(saw ? { saw } : {}),
    },
  ];
  for (const step of ahead) {
    if (holds(step) || isSkippedByCondition(step)) continue;
    events.push({ type: 'step.skipped', applyStep: step.applyStep, reason: 'condition_false' });
  }
  if (state.hasCheck) return happened([...events, { type: 'check.requested' }]);
  return happened([...events, ...start(events.reduce<OrderState>(evolve, state), facts)]);
}

const isSkippedByCondition = (step: StepState): boolean =>
  step.auditStatus === 'skipped' && step.reason === 'condition_false';

/** Straight back to the one who returned it: what was passed stays passed. */
const isAhead = (step: StepState): boolean => step.auditStatus === 'waiting' || isSkippedByCondition(step);

/** Whoever rejected an order thinks better of it (requirement 002: 审批不通过, then 通过). */
function reopen(state: OrderState, { actor, auditMsg }: Given<'reopen'>): Outcome {
  if (state.applyStatus !== 'rejected') {
    const detail = `the order is ${state.applyStatus}; only a rejected one is reopened`;
    return isEnded(state) ? refused('order_closed', detail) : refused('not_awaited', detail);
  }
  const step = state.steps.find((one) => one.auditStatus === 'rejected');
  if (!step) {
    return refused('order_closed', 'the order was not rejected by a reviewer; open a new one');
  }
  const { applyStep, auditUserCode } = step;
  const mine = step.auditUserCode === actor.userCode;
  if (!mine) {
    return refused(
      'forbidden',
      `step ${applyStep} was rejected by ${auditUserCode ?? 'somebody else'}, who alone may reopen it`,
    );
  }
  const reopened: OrderEvent = { type: 'order.reopened', applyStep, userCode: actor.userCode, auditMsg };
  const permission = mayDecide(evolve(state, reopened), { ...actor, confirmed: true });
  return 'code' in permission ? { ok: false, refusal: permission } : happened([reopened]);
}

/** A decision is its author's as long as nobody has acted on it. */
function takeBack(state: OrderState, actor: Person): Outcome {
  if (isEnded(state))
    return refused('order_closed', `the order is ${state.applyStatus}; nothing is left to take back`);
  const { lastDecision } = state;
  if (!lastDecision || state.applyStatus !== 'in_review') {
    return refused('not_awaited', 'there is no decision on which nobody has acted yet');
  }
  const { applyStep, userCode } = lastDecision;
  if (userCode !== actor.userCode) {
    return refused('forbidden', `the last decision is ${userCode}'s, who alone may take it back`);
  }
  const taken: OrderEvent = { type: 'step.decision_taken_back', applyStep, userCode };
  const permission = mayDecide(evolve(state, taken), { ...actor, confirmed: true });
  return 'code' in permission ? { ok: false, refusal: permission } : happened([taken]);
}
