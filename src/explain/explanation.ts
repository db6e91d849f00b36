import type { OrderEvent } from '../engine/events.js';
import { evolve } from '../engine/evolve.js';
import { isSuperseded, type OrderState, type StepState } from '../engine/order-state.js';
import { type Both, both } from '../http/language.js';
import { auditStatusWords } from '../orders/why.texts.js';
import { conditionJudged } from './conditions.texts.js';
import { onOrder } from './order-events.texts.js';
import { type Policies, policiesOf } from './policies.texts.js';
import { type Reason, reason as reasonFor } from './reason.js';
import { type Outcome, outcomeOf, sentenceOn, summaryOf, type WaitsFor, waitsFor } from './standing.texts.js';
import { onStep, type StepEvent } from './step-events.texts.js';
import { nothing, place } from './wording.js';

/** What an order did at one moment, as its log has it. */
export interface Past {
  readonly userCode: string;
  readonly time: Date;
  readonly events: readonly OrderEvent[];
}

/** A reason, and when it came about and through whom; null where that was not recorded. */
export interface Because extends Reason {
  readonly at: Date | null;
  readonly by: string | null;
}

/** A round that a step has been through before; only the last one counts. */
export interface EarlierRound {
  readonly round: number;
  readonly until: Date;
  readonly text: Both;
}

export interface StepExplained {
  readonly step: StepState;
  readonly outcome: Outcome;
  readonly sentence: Both;
  readonly waitsFor: WaitsFor | null;
  readonly because: readonly Because[];
  readonly earlier: readonly EarlierRound[];
}

export interface Explained {
  readonly policies: Policies;
  readonly summary: Both;
  readonly because: readonly Because[];
  readonly steps: readonly StepExplained[];
}

/** What is collected of one step while its order's log is read. */
interface Collected {
  because: Because[];
  readonly earlier: EarlierRound[];
}

/**
 * Tells why an order is where it is: reads its log once more, and says of each event which rule decided, and upon what.
 * @param state the order as it is now
 * @param history its log, oldest first; what it does not hold is told from the state
 */
export function explained(state: OrderState, history: readonly Past[]): Explained {
  const order: Because[] = [];
  const steps = new Map<number, Collected>();
  const of = (applyStep: number): Collected => {
    const known = steps.get(applyStep) ?? { because: [], earlier: [] };
    steps.set(applyStep, known);
    return known;
  };
  let before: OrderState | null = null;
  let parked = false;
  for (const past of history) {
    const stamp = (reason: Reason): Because => ({ ...reason, at: past.time, by: past.userCode });
    for (const event of past.events) {
      const after: OrderState | null = replayed(before, event);
      if (!after) continue;
      const scene = { event, before, after };
      if (isOnStep(event)) {
        of(event.applyStep).because.push(...onStep({ ...scene, event }).map(stamp));
      } else {
        const reason = stamp(onOrder({ event }));
        order.push(reason);
        for (const applyStep of alsoOn(event)) of(applyStep).because.push(reason);
      }
      closeRounds(before, after, event, past.time, of);
      for (const { applyStep, reason } of judged(event, before, after, past.events)) {
        const collected = of(applyStep);
        collected.because = [...collected.because.filter(({ rule }) => rule !== 'condition'), stamp(reason)];
      }
      parked = isParked(event) || (parked && !isCallback(event));
      before = after;
    }
  }
  if (!before) order.push({ ...unrecorded, at: null, by: null });
  return {
    policies: policiesOf(state),
    summary: summaryOf(state, parked),
    because: order,
    steps: state.steps.map((step) => ({
      step,
      outcome: outcomeOf(step),
      sentence: sentenceOn(step, state),
      waitsFor: waitsFor(step),
      because: steps.get(step.applyStep)?.because ?? [],
      earlier: steps.get(step.applyStep)?.earlier ?? [],
    })),
  };
}

/** Of an order that is older than its log. */
const unrecorded = reasonFor(
  'not_recorded',
  both('how the order came here is not recorded', '申请单如何到达此处没有记录'),
);

/** A log that was altered by hand is told as far as it can be replayed; `logs/verify` says what is wrong with it. */
function replayed(before: OrderState | null, event: OrderEvent): OrderState | null {
  if (before === null && event.type !== 'order.opened') return null;
  try {
    return evolve(before, event);
  } catch {
    return before;
  }
}

const isOnStep = (event: OrderEvent): event is StepEvent => event.type.startsWith('step.');
const isCallback = (event: OrderEvent): boolean => event.type.startsWith('callback.');
const isParked = (event: OrderEvent): boolean =>
  event.type === 'callback.check.parked' || event.type === 'callback.execute.parked';

/** The steps on which an event of the order says something as well. */
function alsoOn(event: OrderEvent): number[] {
  if (event.type === 'order.returned') return [event.fromStep];
  return event.type === 'order.reopened' ? [event.applyStep] : [];
}

/** A step that waits again after it was walked has a new round before it; that its condition held is still so. */
function closeRounds(
  before: OrderState | null,
  after: OrderState,
  event: OrderEvent,
  until: Date,
  of: (applyStep: number) => Collected,
): void {
  if (!before) return;
  for (const step of before.steps) {
    const now = after.steps.find((one) => one.applyStep === step.applyStep);
    const again = now?.auditStatus === 'waiting' && step.auditStatus !== 'waiting';
    const anew = event.type === 'order.moved' && event.present?.applyStep === step.applyStep;
    if (!again && !anew) continue;
    const collected = of(step.applyStep);
    // Steps that the end of the order had cancelled wait again without having had a round.
    if (step.auditStatus !== 'cancelled' && !isSuperseded(step)) {
      const round = collected.earlier.length + 1;
      collected.earlier.push({ round, until, text: roundOf(step, event) });
    }
    collected.because = collected.because.filter(({ rule }) => rule === 'condition');
  }
}

function roundOf(step: StepState, event: OrderEvent): Both {
  const status = auditStatusWords[step.auditStatus];
  const who =
    step.auditUserCode === null ? nothing : both(` by ${step.auditUserCode}`, `（${step.auditUserCode}）`);
  const end = endOf(event);
  return both(`${status.en}${who.en}; ${end.en}`, `${status.zh}${who.zh}；${end.zh}`);
}

function endOf(event: OrderEvent): Both {
  switch (event.type) {
    case 'order.returned': {
      const to = place(event.toStep);
      return event.toStep === 0
        ? both(
            `then ${event.userCode} returned the order to its applicant`,
            `之后 ${event.userCode} 将申请单退回给申请人`,
          )
        : both(
            `then ${event.userCode} returned the order to ${to.en}`,
            `之后 ${event.userCode} 将申请单退回到${to.zh}`,
          );
    }
    case 'order.resubmitted':
      return both('then the applicant resubmitted the order', '之后申请人重新提交');
    case 'step.decision_taken_back':
      return both(`then ${event.userCode} took a decision back`, `之后 ${event.userCode} 收回决定`);
    case 'order.moved':
      return both(
        `then ${event.userCode} moved the order to version ${event.toVersion}`,
        `之后 ${event.userCode} 将申请单迁移到第 ${event.toVersion} 版`,
      );
    default:
      return both('then it began anew', '之后重新开始');
  }
}

/** The conditions that an event has judged, each with what came out. */
function judged(
  event: OrderEvent,
  before: OrderState | null,
  after: OrderState,
  beside: readonly OrderEvent[],
): { applyStep: number; reason: Reason }[] {
  if (event.type !== 'order.opened' && event.type !== 'order.resubmitted' && event.type !== 'order.moved') {
    return [];
  }
  const skipped = new Set(
    beside.flatMap((one) =>
      one.type === 'step.skipped' && one.reason === 'condition_false' ? [one.applyStep] : [],
    ),
  );
  const holds = ({ applyStep }: StepState): boolean =>
    event.type === 'order.resubmitted' ? event.walk.includes(applyStep) : !skipped.has(applyStep);
  return stepsJudged(event, before, after).flatMap((step) => {
    const reason = conditionJudged(step, holds(step), event.saw);
    return reason ? [{ applyStep: step.applyStep, reason }] : [];
  });
}

function stepsJudged(
  event: Extract<OrderEvent, { type: 'order.opened' | 'order.resubmitted' | 'order.moved' }>,
  before: OrderState | null,
  after: OrderState,
): readonly StepState[] {
  switch (event.type) {
    case 'order.opened':
      return after.steps;
    case 'order.moved': {
      const ahead = new Set(event.ahead.map(({ applyStep }) => applyStep));
      return after.steps.filter(({ applyStep }) => ahead.has(applyStep));
    }
    case 'order.resubmitted':
      return (before?.steps ?? []).filter(
        (step) =>
          before?.returned?.resume === 'again' ||
          event.walk.includes(step.applyStep) ||
          (step.auditStatus === 'skipped' && step.reason === 'condition_false') ||
          step.auditStatus === 'waiting',
      );
  }
}
