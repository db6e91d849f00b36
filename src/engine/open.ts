import {
  advance,
  type DirectoryFacts,
  fallbackOf,
  fewest,
  isDeserted,
  peopleAsked,
  sitsOnNow,
  unasked,
} from './advance.js';
import { conditionHolds } from './conditions/condition.js';
import type { OrderEvent } from './events.js';
import { evolve } from './evolve.js';
import { withWhatFollows } from './following.js';
import { heirOf, sitters } from './evolve-step.js';
import { sawOf } from './seen.js';
import { isFound, isLazy, type OrderState, type StepSnapshot, type StepState } from './order-state.js';
import { happened, refused, type Outcome } from './outcome.js';
import { type AutoApprove, type Dedupe, userOfSubject } from './vocabulary.js';

export type Variables = Readonly<Record<string, unknown>>;

/** Everything that decides what an order looks like when it is opened: the template's copy, the policy, the facts. */
export interface Opening {
  readonly autoApprove: AutoApprove;
  readonly dedupe: Dedupe;
  /** Left out: somebody may decide several steps. */
  readonly distinct?: boolean;
  readonly templateVersion?: number;
  readonly hasCheck: boolean;
  readonly hasExecute: boolean;
  readonly variables: Variables;
  readonly stages: readonly StepSnapshot[];
  readonly facts: DirectoryFacts;
}

/**
 * Opens an order (domain rules 1 to 3). Refuses with `approver_not_found` when a step that somebody has to review
 * resolves to nobody. With a check the order waits `initiating` for its answer; the steps skipped by their
 * condition are known already, the automatic approvals come after the check.
 */
export function open(opening: Opening): Outcome {
  const path = planPath(opening);
  const orphan = path.find((planned) => planned.problem !== null);
  if (orphan?.problem) return refused('approver_not_found', orphan.problem);

  const saw = sawOf(opening.stages, opening.variables);
  const events: OrderEvent[] = [
    {
      type: 'order.opened',
      applicant: opening.facts.applicant.userCode,
      applicantSystemAdmin: opening.facts.applicant.systemAdmin,
      autoApprove: opening.autoApprove,
      hasExecute: opening.hasExecute,
      ...(opening.dedupe === 'none' ? {} : { dedupe: opening.dedupe }),
      ...(opening.distinct ? { distinct: true } : {}),
      ...(opening.templateVersion === undefined ? {} : { templateVersion: opening.templateVersion }),
      ...(saw ? { saw } : {}),
      steps: opening.stages,
    },
  ];
  for (const { stage, outcome, reason } of path) {
    if (outcome === 'skipped' && reason === 'condition_false') {
      events.push({ type: 'step.skipped', applyStep: stage.applyStep, reason });
    }
  }
  if (opening.hasCheck) return happened([...events, { type: 'check.requested' }]);
  const opened = events.reduce<OrderState | null>(evolve, null) as OrderState;
  return happened(withWhatFollows(null, [...events, ...start(opened, opening.facts)], opening.facts));
}

/** Starts the walk of an order: the automatic approvals of requirement 003's case 4, then the first step. */
export function start(opened: OrderState, facts: DirectoryFacts): OrderEvent[] {
  const waiting = opened.steps.filter((step) => step.auditStatus === 'waiting');
  const last = lastApplicantStep(waiting, opened.autoApprove, facts);
  const events: OrderEvent[] = waiting
    .filter((step) => step.applyStep <= last)
    .map((step) => ({
      type: 'step.auto_approved',
      applyStep: step.applyStep,
      reason: sitsOnNow(step, facts) ? 'applicant_node' : 'before_applicant_node',
    }));
  return [...events, ...advance(events.reduce<OrderState>(evolve, opened), facts)];
}

/** One stage of the path that an order would take if it were opened now. */
export interface PlannedStep {
  readonly stage: StepSnapshot;
  readonly outcome: 'review' | 'auto_approved' | 'skipped';
  /**
   * A stable word: `condition_false`, `nobody_found`, `applicant_node`, `before_applicant_node`, `repeat_approver`,
   * `asks_admin`, `asks_fallback`, `approver_not_found`, `unasked`, or empty for a plain review.
   */
  readonly reason: string;
  /** The people whom it would ask, as far as they are known. */
  readonly people: readonly string[];
  /** Why an order with this stage cannot be opened, for a person. */
  readonly problem: string | null;
}

/** What a path is planned from; an order under way plans the steps that it has still before it. */
export type Plan = Pick<Opening, 'autoApprove' | 'dedupe' | 'distinct' | 'variables' | 'stages' | 'facts'> & {
  /** Of an order under way where nobody may decide two steps: who has decided one that is not walked again. */
  readonly barred?: ReadonlySet<string>;
};

/** Tells the whole path without opening anything: the preview, and what {@link open} judges reachability by. */
export function planPath(plan: Plan): PlannedStep[] {
  const kept = new Set(plan.stages.filter((stage) => conditionHolds(stage.condition, plan.variables)));
  const last = lastApplicantStep([...kept], plan.autoApprove, plan.facts);
  const walked: (readonly string[])[] = [];
  return plan.stages.map((stage) => {
    const barred = plan.distinct ? new Set([...(plan.barred ?? []), ...walked.flat()]) : new Set<string>();
    const planned = kept.has(stage)
      ? planStep(plan, stage, last, barred)
      : nothing(stage, 'skipped', 'condition_false');
    if (planned.outcome === 'skipped') return planned;
    const earlier =
      plan.dedupe === 'none' ? [] : (plan.dedupe === 'consecutive' ? walked.slice(-1) : walked).flat();
    const certain =
      planned.outcome === 'review' && planned.problem === null ? votesOf(planned, earlier, plan.facts) : [];
    const repeated =
      planned.outcome === 'review' && certain.length > 0 && certain.every((one) => earlier.includes(one));
    walked.push(certain);
    return repeated ? { ...planned, outcome: 'auto_approved', reason: 'repeat_approver' } : planned;
  });
}

/**
 * Who will have approved a step once it has passed, as far as that is certain: everybody of whom it needs everybody;
 * where it needs fewer, those who have approved before and are enough.
 */
function votesOf(
  { stage, people, reason }: PlannedStep,
  earlier: readonly string[],
  facts: DirectoryFacts,
): string[] {
  if (reason !== '' && reason !== 'asks_fallback') return [];
  const needed = ['any', 'threshold'].includes(stage.approvalMode) ? fewest(stage) : people.length;
  const known = stage.subjects.every(
    (subject) => userOfSubject(subject) !== null || facts.members.has(subject),
  );
  if (known && people.length <= needed) return [...people];
  const repeating = people.filter((userCode) => earlier.includes(userCode));
  return repeating.length >= needed ? repeating.slice(0, needed) : [];
}

const nothing = (stage: StepSnapshot, outcome: PlannedStep['outcome'], reason: string): PlannedStep => ({
  stage,
  outcome,
  reason,
  people: [],
  problem: null,
});

function planStep(
  plan: Plan,
  stage: StepSnapshot | StepState,
  last: number,
  barred: ReadonlySet<string>,
): PlannedStep {
  const { facts, autoApprove } = plan;
  const { applyStep } = stage;
  const order = { autoApprove, applicant: facts.applicant.userCode, barred };
  const asked = peopleAsked(order, stage, facts);
  const people = 'seats' in stage ? sitters(stage, asked) : asked;
  if (autoApprove !== 'never' && sitsOnNow(stage, facts)) {
    return { ...nothing(stage, 'auto_approved', 'applicant_node'), people };
  }
  if (applyStep <= last) return { ...nothing(stage, 'auto_approved', 'before_applicant_node'), people };
  const review: PlannedStep = { ...nothing(stage, 'review', ''), people };
  const found = facts.found.get(applyStep);
  const needed = fewest(stage);
  const short = isLazy(stage) ? isDeserted(stage, facts) : people.length < needed;
  if (!short) return review;
  if (isFound(stage) && !found) return { ...review, reason: unasked };
  const failure = isFound(stage) ? (found?.problem ?? null) : null;
  const { whenNobody = 'refuse' } = stage.finding ?? {};
  // Under `never` an applicant who alone sits there opens the order; an administrator decides it (ADR 0009).
  const alone = people.length === 0 && !isFound(stage) && sitsOnNow(stage, facts);
  if (whenNobody === 'refuse' && autoApprove === 'never' && alone) return review;
  if (failure === null && whenNobody === 'skip') return nothing(stage, 'skipped', 'nobody_found');
  if (failure === null && whenNobody === 'admin') return { ...review, reason: 'asks_admin' };
  const named = failure === null ? fallbackOf(order, stage, facts) : [];
  // Who has handed their place over is asked in the person of whoever has it, and that one counts once.
  const others = 'seats' in stage ? named.map((userCode) => heirOf(stage, userCode)) : named;
  const all = [...new Set([...people, ...others])];
  if (others.length > 0 && all.length >= needed) return { ...review, people: all, reason: 'asks_fallback' };
  return { ...review, reason: 'approver_not_found', problem: orphanDetail(stage, people.length, failure) };
}

/** The last step on which the applicant sits, under the one policy that passes everything up to it; 0 for none. */
function lastApplicantStep(
  steps: readonly StepSnapshot[],
  autoApprove: AutoApprove,
  facts: DirectoryFacts,
): number {
  if (autoApprove !== 'through_applicant_node') return 0;
  return steps.filter((step) => sitsOnNow(step, facts)).at(-1)?.applyStep ?? 0;
}

function orphanDetail(stage: StepSnapshot, found: number, failure: string | null): string {
  const place = `stage ${stage.applyStep} "${stage.nodeName}"`;
  if (failure !== null) return `${place}: ${failure}`;
  if (found > 0) {
    return `${place} takes ${stage.minApprovals ?? 1} approvals and finds only ${found} who could review it; add people to it and open the order again`;
  }
  return (
    `${place} finds nobody who could review it` +
    ` (${stage.auditObjectType}${stage.auditObjectType === 'resolver' ? '' : `: ${stage.auditObject.join(', ')}`}); add an active person to it and open the order again`
  );
}
