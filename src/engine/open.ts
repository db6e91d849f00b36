import { advance, sitsOn, type DirectoryFacts } from './advance.js';
import { conditionHolds } from './conditions/condition.js';
import type { OrderEvent } from './events.js';
import { evolve } from './evolve.js';
import type { OrderState, StepSnapshot } from './order-state.js';
import { happened, refused, type Outcome } from './outcome.js';
import type { AutoApprove } from './vocabulary.js';

/** Everything that decides what an order looks like when it is opened: the template's copy, the policy, the facts. */
export interface Opening {
  readonly autoApprove: AutoApprove;
  readonly hasCheck: boolean;
  readonly hasExecute: boolean;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly stages: readonly OpeningStage[];
  readonly facts: DirectoryFacts;
}

export interface OpeningStage extends StepSnapshot {
  /** Whether at least one active person can be found for the stage (domain rule 1). */
  readonly reachable: boolean;
}

/**
 * Opens an order (domain rules 1 to 3). Refuses with `approver_not_found` when a step that somebody has to review
 * resolves to nobody. With a check the order waits `initiating` for its answer; the steps skipped by their
 * condition are known already, the automatic approvals come after the check.
 */
export function open(opening: Opening): Outcome {
  const path = planPath(opening);
  const orphan = path.find((planned) => planned.outcome === 'review' && !planned.stage.reachable);
  if (orphan) return refused('approver_not_found', orphanDetail(orphan.stage));

  const events: OrderEvent[] = [
    {
      type: 'order.opened',
      applicant: opening.facts.applicant.userCode,
      applicantSystemAdmin: opening.facts.applicant.systemAdmin,
      autoApprove: opening.autoApprove,
      hasExecute: opening.hasExecute,
      steps: opening.stages.map(snapshotOf),
    },
  ];
  for (const { stage, outcome, reason } of path) {
    if (outcome === 'skipped') events.push({ type: 'step.skipped', applyStep: stage.applyStep, reason });
  }
  if (opening.hasCheck) return happened([...events, { type: 'check.requested' }]);
  const opened = events.reduce<OrderState | null>(evolve, null) as OrderState;
  return happened([...events, ...start(opened, opening.facts)]);
}

/** Starts the walk of an opened order: the automatic approvals of requirement 003's case 4, then the first step. */
export function start(opened: OrderState, facts: DirectoryFacts): OrderEvent[] {
  const last = lastApplicantStep(
    opened.steps.filter((step) => step.auditStatus === 'waiting'),
    opened.autoApprove,
    facts,
  );
  const events: OrderEvent[] = opened.steps
    .filter((step) => step.auditStatus === 'waiting' && step.applyStep <= last)
    .map((step) => ({
      type: 'step.auto_approved',
      applyStep: step.applyStep,
      reason: sitsOn(step, facts.applicant) ? 'applicant_node' : 'before_applicant_node',
    }));
  return [...events, ...advance(events.reduce<OrderState>(evolve, opened), facts)];
}

/** One stage of the path that an order would take if it were opened now. */
export interface PlannedStep {
  readonly stage: OpeningStage;
  readonly outcome: 'review' | 'auto_approved' | 'skipped';
  /** A stable word: `condition_false`, `applicant_node`, `before_applicant_node`, or empty for a review. */
  readonly reason: string;
}

/** Tells the whole path without opening anything: the preview, and what {@link open} judges reachability by. */
export function planPath(opening: Opening): PlannedStep[] {
  const kept = opening.stages.filter((stage) => conditionHolds(stage.condition, opening.variables));
  const last = lastApplicantStep(kept, opening.autoApprove, opening.facts);
  return opening.stages.map((stage) => {
    if (!kept.includes(stage)) return { stage, outcome: 'skipped', reason: 'condition_false' };
    const sits = sitsOn(stage, opening.facts.applicant);
    if (sits && opening.autoApprove !== 'never') {
      return { stage, outcome: 'auto_approved', reason: 'applicant_node' };
    }
    if (stage.applyStep <= last) return { stage, outcome: 'auto_approved', reason: 'before_applicant_node' };
    return { stage, outcome: 'review', reason: '' };
  });
}

/** The last step on which the applicant sits, under the one policy that passes everything up to it; 0 for none. */
function lastApplicantStep(
  steps: readonly StepSnapshot[],
  autoApprove: AutoApprove,
  facts: DirectoryFacts,
): number {
  if (autoApprove !== 'through_applicant_node') return 0;
  return steps.filter((step) => sitsOn(step, facts.applicant)).at(-1)?.applyStep ?? 0;
}

const snapshotOf = ({ reachable: _, ...snapshot }: OpeningStage): StepSnapshot => snapshot;

const orphanDetail = (stage: OpeningStage): string =>
  `stage ${stage.applyStep} "${stage.nodeName}" finds nobody who could review it` +
  ` (${stage.auditObjectType}: ${stage.auditObject.join(', ')}); add an active person to it and open the order again`;
