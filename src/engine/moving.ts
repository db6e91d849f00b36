import { advance, askOn, type DirectoryFacts, inReview } from './advance.js';
import { conditionHolds } from './conditions/condition.js';
import { asksAlike, counterpartsOf, isCopyOf } from './counterparts.js';
import type { OrderEvent } from './events.js';
import { evolve } from './evolve.js';
import { planPath, type Variables } from './open.js';
import {
  isEnded,
  openStep,
  type OrderState,
  type StepSnapshot,
  type StepState,
  supersededReason,
} from './order-state.js';
import { happened, type Outcome, refused } from './outcome.js';
import { returnedTo } from './repeat.js';
import { seatOf } from './seats.js';
import { decidedElsewhere, whyBarred } from './separation.js';
import { sawOf } from './seen.js';
import { type AutoApprove, type Dedupe, maxStages, userOfSubject } from './vocabulary.js';

/** The version of its template that an order is to be led over to (ADR 0017, docs/versions.md). */
export interface NewVersion {
  /** Who leads it over. */
  readonly userCode: string;
  /** Null for an order that is older than versions. */
  readonly fromVersion: number | null;
  readonly toVersion: number;
  readonly autoApprove: AutoApprove;
  readonly dedupe: Dedupe;
  readonly distinct: boolean;
  /** The new version's stages, copied for this order; `applyStep` is the stage's number. */
  readonly stages: readonly StepSnapshot[];
  readonly variables: Variables;
}

export interface MoveCommand extends NewVersion {
  readonly type: 'move';
  /** Of the order as it would be after the move: {@link movedState}. */
  readonly facts: DirectoryFacts;
}

/** Why an order stays as it is. */
export type StayReason = 'ended' | 'executing' | 'up_to_date';
/** Why it cannot be moved. */
export type ConflictReason = 'no_counterpart' | 'votes_cast' | 'too_many_steps' | 'approver_not_found';

/** What a move does to an order, or why it does nothing. */
export interface MovePlan {
  readonly outcome: 'stay' | 'move' | 'conflict';
  /** Empty for a move. */
  readonly reason: StayReason | ConflictReason | '';
  /** For a person; null where the reason says it all. */
  readonly detail: string | null;
  /** The step that is open now. */
  readonly from: StepSnapshot | null;
  /** The step that is open then, numbered as its stage of the new version. */
  readonly to: StepSnapshot | null;
  /** Whether a step is opened that was not open, or the open one anew. */
  readonly reopened: boolean;
  /** Who loses a place on the open step that was given to them by a person: added signatures, transfers, opinions. */
  readonly unseated: readonly string[];
  /** What is to be walked behind the open step. */
  readonly ahead: readonly StepSnapshot[];
  /** What would have been walked, and is not in the new version. */
  readonly dropped: readonly StepSnapshot[];
  /** Empty for all but a move. */
  readonly events: readonly OrderEvent[];
}

/** Leads an order over to a version of its template. */
export function decideMove(state: OrderState, command: MoveCommand): Outcome {
  const plan = planMove(state, command);
  if (plan.outcome !== 'conflict') return happened(plan.events);
  const code = plan.reason === 'approver_not_found' ? plan.reason : 'not_awaited';
  return refused(code, plan.detail ?? plan.reason);
}

/** The order as it is once its steps are those of the new version, before anything opens; null where nothing moves. */
export function movedState(state: OrderState, version: NewVersion): OrderState | null {
  const layout = layOut(state, version);
  return layout.outcome === 'move' ? laidOut(state, layout) : null;
}

/** Tells what a move does, without doing it; {@link decideMove} does the same. */
export function planMove(state: OrderState, command: Omit<MoveCommand, 'type'>): MovePlan {
  const layout = layOut(state, command);
  const open = openStep(state);
  const nothing = { from: open, to: null, reopened: false, unseated: [], ahead: [], dropped: [], events: [] };
  if (layout.outcome !== 'move') {
    const { outcome, reason, detail } = layout;
    return { ...nothing, outcome, reason, detail };
  }
  const orphan = orphanOf(laidOut(state, layout), layout, command);
  if (orphan !== null) {
    return { ...nothing, outcome: 'conflict', reason: 'approver_not_found', detail: orphan };
  }
  const events = [...layout.events, ...openedAnew(state, layout, command.facts)];
  const after = events.reduce<OrderState>(evolve, state);
  const now = openStep(after);
  const asStage = (step: StepState): StepSnapshot => ({
    ...step,
    applyStep: layout.stageNos.get(step.applyStep) ?? 0,
  });
  return {
    outcome: 'move',
    reason: '',
    detail: null,
    from: open,
    to: now && asStage(now),
    reopened: events.some((event) => event.type === 'step.in_review'),
    unseated: layout.moved.present && open ? givenBy(open) : [],
    ahead: after.steps.filter((step) => step.auditStatus === 'waiting').map(asStage),
    dropped: layout.dropped,
    events,
  };
}

type Moved = Extract<OrderEvent, { type: 'order.moved' }>;

/** Which steps an order has after a move. */
interface Layout {
  readonly outcome: 'move';
  readonly moved: Moved;
  /** What brings the steps about: the move, and those that are passed over since. */
  readonly events: readonly OrderEvent[];
  /** The numbers of the stages behind the steps. */
  readonly stageNos: ReadonlyMap<number, number>;
  readonly dropped: readonly StepSnapshot[];
}

interface NoMove {
  readonly outcome: 'stay' | 'conflict';
  readonly reason: StayReason | ConflictReason;
  readonly detail: string | null;
}

const laidOut = (state: OrderState, { events }: Layout): OrderState =>
  events.reduce<OrderState>(evolve, state);

const isPassed = ({ auditStatus }: StepState): boolean =>
  auditStatus === 'approved' || auditStatus === 'auto_approved' || auditStatus === 'rejected';

/** Judges by the steps alone; who would be asked is judged in {@link planMove}. */
function layOut(state: OrderState, version: NewVersion): Layout | NoMove {
  if (isEnded(state)) return { outcome: 'stay', reason: 'ended', detail: null };
  if (state.applyStatus === 'executing') return { outcome: 'stay', reason: 'executing', detail: null };
  const { returned } = state;
  const open = openStep(state);
  // After a return that leads through everything again, nothing counts as walked.
  const again = returned?.resume === 'again';
  const anchor = returned?.resume === 'back' ? returned.fromStep : 0;
  const counts = (step: StepState): boolean =>
    step === open || (!again && isPassed(step)) || step.applyStep === anchor;
  const walked = again ? [] : state.steps.filter((step) => step === open || isPassed(step));
  const behind = walked.at(-1)?.applyStep ?? 0;
  const pairs = counterpartsOf(
    state.steps.filter((step) => step.applyStep <= Math.max(behind, anchor)),
    version.stages,
    counts,
  );
  const back = state.steps.find((step) => step.applyStep === anchor) ?? null;
  const lost = [open, back].find((step) => step !== null && !pairs.has(step));
  if (lost) return noCounterpart(lost, lost === back, version);

  const prefix = state.steps.filter((step) => step.applyStep <= behind);
  // What was skipped, or waits among walked steps, stays where its stage is the same; else it is judged anew.
  const stays = (step: StepState): boolean => {
    const stage = pairs.get(step);
    return stage !== undefined && isCopyOf(step, stage);
  };
  const superseded = prefix.filter(
    (step) => !walked.includes(step) && step.reason !== supersededReason && !stays(step),
  );
  const placed = new Map<number, number>();
  for (const step of prefix) {
    const stage = superseded.includes(step) ? undefined : pairs.get(step);
    if (stage) placed.set(stage.applyStep, step.applyStep);
  }
  const ahead = version.stages
    .filter((stage) => !placed.has(stage.applyStep))
    .map((stage, index): StepSnapshot => {
      placed.set(stage.applyStep, behind + index + 1);
      return { ...stage, applyStep: behind + index + 1 };
    });
  if (behind + ahead.length > maxStages) return tooManySteps(behind, ahead.length);

  const stage = open && pairs.get(open);
  const present =
    open && stage && !(asksAlike(open, stage) && maySit(state, open, version))
      ? { ...stage, applyStep: open.applyStep }
      : null;
  if (present && open && isVotedOn(open)) return votesCast(open);
  return layoutOf(state, version, {
    behind,
    ahead,
    present,
    superseded,
    placed,
    back: pairs.get(back as StepState),
  });
}

/** Whether everybody whom the open step waits for by name could still decide it under the new version's policies. */
const maySit = (state: OrderState, open: StepState, { autoApprove, distinct }: NewVersion): boolean =>
  !open.people.some(
    (userCode) =>
      seatOf(open, userCode)?.decision === null &&
      whyBarred(state, open, userCode) === null &&
      whyBarred({ ...state, autoApprove, distinct }, open, userCode) !== null,
  );

interface Found {
  readonly behind: number;
  readonly ahead: readonly StepSnapshot[];
  readonly present: StepSnapshot | null;
  readonly superseded: readonly StepState[];
  /** By the number of a stage, that of its step. */
  readonly placed: ReadonlyMap<number, number>;
  /** The stage to which a returned order goes straight back. */
  readonly back: StepSnapshot | undefined;
}

function layoutOf(
  state: OrderState,
  version: NewVersion,
  { behind, ahead, present, superseded, placed, back }: Found,
): Layout | NoMove {
  const { userCode, fromVersion, toVersion, autoApprove, dedupe, distinct, variables } = version;
  const same = ahead.findIndex((step, index) => !isAsBefore(state.steps[behind + index], step));
  const kept = behind + (same < 0 ? ahead.length : same);
  const fresh = ahead.slice(kept - behind);
  const unchanged =
    present === null &&
    superseded.length === 0 &&
    kept === state.steps.length &&
    fresh.length === 0 &&
    fromVersion === toVersion &&
    state.autoApprove === autoApprove &&
    state.dedupe === dedupe &&
    state.distinct === distinct;
  if (unchanged) return { outcome: 'stay', reason: 'up_to_date', detail: null };

  const copied = [...(present ? [present] : []), ...fresh];
  const saw = sawOf(copied, variables);
  const returnedFrom =
    state.returned && (back ? placed.get(back.applyStep) : fromStepAfter(state, ahead, behind));
  const moved: Moved = {
    type: 'order.moved',
    userCode,
    fromVersion,
    toVersion,
    autoApprove,
    dedupe,
    distinct,
    present,
    kept,
    ahead: fresh,
    ...(returnedFrom ? { returnedFrom } : {}),
    ...(saw ? { saw } : {}),
  };
  const skip = ({ applyStep }: StepSnapshot, reason: string): OrderEvent => ({
    type: 'step.skipped',
    applyStep,
    reason,
  });
  return {
    outcome: 'move',
    moved,
    events: [
      moved,
      ...superseded.map((step) => skip(step, supersededReason)),
      ...copied
        .filter((step) => !conditionHolds(step.condition, variables))
        .map((step) => skip(step, 'condition_false')),
    ],
    stageNos: new Map([...placed].map(([stageNo, applyStep]) => [applyStep, stageNo])),
    dropped: droppedBy(
      [...superseded, ...state.steps.slice(behind)].filter((step) => step.auditStatus === 'waiting'),
      ahead,
    ),
  };
}

/** A step that is still to be walked, and would be copied as it is, in the place that it has. */
const isAsBefore = (step: StepState | undefined, stage: StepSnapshot): boolean =>
  step !== undefined && step.reason !== supersededReason && isCopyOf(step, stage);

/** Where the step of a return is now that leads through everything again: it may be gone, and only tells the applicant. */
const fromStepAfter = (state: OrderState, ahead: readonly StepSnapshot[], behind: number): number => {
  const from = state.steps.find((step) => step.applyStep === state.returned?.fromStep);
  const place = ahead.find((step) => step.nodeId === from?.nodeId)?.applyStep;
  return place ?? Math.max(1, Math.min(state.returned?.fromStep ?? 1, behind + ahead.length));
};

/** The steps that are not there any more, one for each that no step ahead takes the place of. */
function droppedBy(waiting: readonly StepState[], ahead: readonly StepSnapshot[]): StepSnapshot[] {
  const left = ahead.map((step) => step.nodeId);
  return waiting.filter(({ nodeId }) => {
    const place = left.indexOf(nodeId);
    if (place >= 0) left.splice(place, 1);
    return place < 0;
  });
}

/** Whether somebody has decided on a step; an opinion is none, and what repeats by itself will do so again. */
const isVotedOn = (step: StepState): boolean =>
  step.seats.some(
    (seat) => seat.decision !== null && seat.kind !== 'consulted' && seat.capacity !== 'repeat',
  );

const givenBy = (step: StepState): string[] =>
  step.seats
    .filter((seat) => seat.gone === null && seat.by !== null)
    .flatMap((seat) => userOfSubject(seat.subject) ?? []);

/** What follows where the open step was copied anew: it is opened like any other that the order reaches. */
function openedAnew(state: OrderState, layout: Layout, facts: DirectoryFacts): OrderEvent[] {
  const { present } = layout.moved;
  if (!present) return [];
  const after = laidOut(state, layout);
  const step = after.steps.find((one) => one.applyStep === present.applyStep);
  // Whoever was asked once more by a return is asked once more, even who would be passed over on the way forward.
  if (step?.auditStatus === 'waiting' && openStep(state)?.reason === returnedTo) {
    const asked = askOn(after, step, facts);
    if (asked !== 'skip') return [inReview(step, { ...asked, reason: returnedTo })];
  }
  return advance(after, facts);
}

/** Why somebody could not be found for a step that the move brings; null where all can be reviewed. */
function orphanOf(after: OrderState, { moved }: Layout, command: Omit<MoveCommand, 'type'>): string | null {
  const { autoApprove, dedupe, distinct, variables, facts } = command;
  const stages = after.steps.filter((step) => step.auditStatus === 'waiting');
  const barred = decidedElsewhere(after, 0);
  const copied = new Set([moved.present, ...moved.ahead].flatMap((step) => step?.applyStep ?? []));
  const path = planPath({ autoApprove, dedupe, distinct, barred, variables, stages, facts });
  return path.find(({ stage, problem }) => problem !== null && copied.has(stage.applyStep))?.problem ?? null;
}

const noCounterpart = (step: StepState, back: boolean, { toVersion }: NewVersion): NoMove => ({
  outcome: 'conflict',
  reason: 'no_counterpart',
  detail:
    `step ${step.applyStep} "${step.nodeName}" ${back ? 'has returned the order, which goes straight back to it' : 'is open'},` +
    ` and version ${toVersion} of the template has no such stage; let it be decided first, or keep its node in the template`,
});

const votesCast = (step: StepState): NoMove => ({
  outcome: 'conflict',
  reason: 'votes_cast',
  detail: `step ${step.applyStep} "${step.nodeName}" would be asked otherwise, and somebody has decided on it already; let it be decided first`,
});

const tooManySteps = (behind: number, ahead: number): NoMove => ({
  outcome: 'conflict',
  reason: 'too_many_steps',
  detail: `${behind} steps stay and ${ahead} would come; an order has at most ${maxStages}`,
});
