import type { StepSnapshot, StepState } from './order-state.js';
import { isLazy, isSuperseded } from './order-state.js';

/** Which stage of a new version of the template is the same place as which step of an order (ADR 0017). */

/**
 * Pairs steps with stages of the same node, the k-th of a node with its k-th. Where the new version has fewer stages of a
 * node than the order has steps, those that count go first: what was approved is not asked again.
 * @param steps in their sequence; those that an earlier move has put aside are nobody's counterpart
 * @param counts whether a step has passed, or must find its counterpart for another reason
 */
export function counterpartsOf(
  steps: readonly StepState[],
  stages: readonly StepSnapshot[],
  counts: (step: StepState) => boolean,
): ReadonlyMap<StepState, StepSnapshot> {
  const pairs = new Map<StepState, StepSnapshot>();
  for (const nodeId of new Set(stages.map((stage) => stage.nodeId))) {
    const places = stages.filter((stage) => stage.nodeId === nodeId);
    const own = steps.filter((step) => step.nodeId === nodeId && !isSuperseded(step));
    const room = places.length - own.filter(counts).length;
    let others = 0;
    const seated = own.filter((step) => counts(step) || others++ < room);
    for (const [index, step] of seated.entries()) {
      const place = places[index];
      if (place) pairs.set(step, place);
    }
  }
  return pairs;
}

/** Whether a step is copied from the stage as it is now: nothing of it would change. */
export const isCopyOf = (step: StepSnapshot, stage: StepSnapshot): boolean =>
  step.nodeVersion === stage.nodeVersion && step.nodeName === stage.nodeName && asksAlike(step, stage);

/**
 * Whether a step asks the same people in the same way, at the same time. The name does not matter, nor which group a code
 * means today: that was settled when the order was opened.
 */
export const asksAlike = (step: StepSnapshot, stage: StepSnapshot): boolean =>
  step.nodeId === stage.nodeId && JSON.stringify(essence(step)) === JSON.stringify(essence(stage));

const essence = (step: StepSnapshot) => [
  step.auditObjectType,
  step.auditObject,
  step.approvalMode,
  step.minApprovals ?? null,
  step.condition,
  isLazy(step),
  step.finding
    ? [
        step.finding.restrictTo,
        step.finding.pastVacant,
        step.finding.whenNobody,
        step.finding.fallback,
        step.finding.chosen,
      ]
    : null,
  step.timing
    ? [
        step.timing.calendar,
        step.timing.due,
        step.timing.remindBefore,
        step.timing.remindAfter,
        step.timing.then,
        step.timing.levels,
        step.timing.every,
      ]
    : null,
];
