import type { StepSnapshot, StepState } from './order-state.js';
import { isLazy, isSuperseded } from './order-state.js';

/** Which stage of a new version of the template is the same place as which step of an order (ADR 0017). */

/**
 * Pairs steps with stages of the same node, the k-th of a node with its k-th. Where the order has other steps of a node
 * than the new version has stages, those that count go first: what was approved is not asked again. A step goes to a
 * stage that says the same before one that does not, so that whoever is moved twice is not moved differently.
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
    const free = new Set(places);
    const pair = (some: readonly StepState[], fits: (step: StepState, stage: StepSnapshot) => boolean) => {
      for (const [index, step] of some.entries()) {
        if (pairs.has(step)) continue;
        const fitting = [...free].filter((stage) => fits(step, stage));
        const place = fitting.find((stage) => stage === places[index]) ?? fitting[0];
        if (!place) continue;
        pairs.set(step, place);
        free.delete(place);
      }
    };
    const counting = own.filter(counts).slice(0, places.length);
    pair(counting, saysTheSame);
    pair(counting, saysAlike);
    pair(counting, anyPlace);
    // Another one is put aside unless its stage is as it was.
    pair(
      own.filter((step) => !counts(step)),
      saysTheSame,
    );
  }
  return pairs;
}

const anyPlace = (): boolean => true;

/** Whether a step is copied from the stage as it is now: nothing of it would change. */
export const isCopyOf = (step: StepSnapshot, stage: StepSnapshot): boolean =>
  saysTheSame(step, stage) && isLazy(step) === isLazy(stage);

const saysTheSame = (step: StepSnapshot, stage: StepSnapshot): boolean =>
  step.nodeVersion === stage.nodeVersion && step.nodeName === stage.nodeName && saysAlike(step, stage);

/**
 * Whether a step asks the same people in the same way, at the same time. The name does not matter, nor which group a code
 * means today: that was settled when the order was opened.
 */
export const asksAlike = (step: StepSnapshot, stage: StepSnapshot): boolean =>
  saysAlike(step, stage) && isLazy(step) === isLazy(stage);

/** The same, whatever follows from the template's policy: that changes with the order. */
const saysAlike = (step: StepSnapshot, stage: StepSnapshot): boolean =>
  step.nodeId === stage.nodeId && JSON.stringify(essence(step)) === JSON.stringify(essence(stage));

const essence = (step: StepSnapshot) => [
  step.auditObjectType,
  step.auditObject,
  step.approvalMode,
  step.minApprovals ?? null,
  step.condition,
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
