import type { DirectoryFacts } from './advance.js';
import { type FlowGiven, factsIn, opening, type StageGiven } from './engine.spec-support.js';
import { movedState, type MoveCommand, type NewVersion } from './moving.js';
import { isLazy, type OrderState, type StepSnapshot } from './order-state.js';
import { userOfSubject } from './vocabulary.js';

/** A stage of a new version: of which node, and what that says now. */
export interface NewStage extends StageGiven {
  /** `n1` is the node of a flow's first stage. */
  readonly node: string;
  /** Left out: as the flow has it. */
  readonly version?: number;
}

export interface VersionGiven {
  readonly stages: readonly NewStage[];
  readonly toVersion?: number;
  readonly fromVersion?: number | null;
  readonly autoApprove?: NewVersion['autoApprove'];
  readonly dedupe?: NewVersion['dedupe'];
  readonly distinct?: boolean;
}

/** The stages of a flow's own template, to be changed: `{ node: 'n1', ...what it says }`. */
export const stagesOf = (flow: FlowGiven): NewStage[] =>
  flow.stages.map((stage, index) => ({ node: `n${index + 1}`, ...stage }));

/** A flow whose steps name the version of their nodes, as orders have it that are opened now. */
export const versioned = (flow: FlowGiven) => {
  const made = opening(flow);
  return { ...made, templateVersion: 1, stages: made.stages.map((stage) => ({ ...stage, nodeVersion: 1 })) };
};

export function snapshotsOf({ stages, distinct }: VersionGiven, flow: FlowGiven): StepSnapshot[] {
  return opening({ ...flow, stages }).stages.map((stage, index): StepSnapshot => {
    const { node = '', version = 1 } = stages[index] ?? {};
    const nodeName = `node ${node.slice(1)}`;
    return { ...stage, nodeId: node, nodeName, nodeVersion: version, ...(distinct ? { byName: true } : {}) };
  });
}

/** The command that leads an order over, with what the directory of the flow knows about the steps that it would have. */
export function moving(state: OrderState, given: VersionGiven, flow: FlowGiven): MoveCommand {
  const version: NewVersion = {
    userCode: 'tina',
    fromVersion: given.fromVersion === undefined ? 1 : given.fromVersion,
    toVersion: given.toVersion ?? 2,
    autoApprove: given.autoApprove ?? state.autoApprove,
    dedupe: given.dedupe ?? state.dedupe,
    distinct: given.distinct ?? state.distinct,
    stages: snapshotsOf(given, flow),
    variables: flow.variables ?? {},
  };
  return { type: 'move', ...version, facts: factsAfter(movedState(state, version) ?? state, flow) };
}

/** What the directory knows about the steps of an order, whatever flow they are from. */
export function factsAfter(state: OrderState, flow: FlowGiven): DirectoryFacts {
  const facts = factsIn(flow);
  const isThere = (subject: string): boolean =>
    (userOfSubject(subject) === null
      ? (facts.members.get(subject) ?? [])
      : [userOfSubject(subject) ?? '']
    ).some(
      (one) =>
        !facts.inactive.has(one) && (state.autoApprove !== 'never' || one !== facts.applicant.userCode),
    );
  const deserted = state.steps.filter((step) => isLazy(step) && !step.subjects.some(isThere));
  return { ...facts, deserted: new Set(deserted.map((step) => step.applyStep)) };
}
