import type { DirectoryFacts } from './advance.js';
import { decide, type Command } from './decide.js';
import type { OrderEvent } from './events.js';
import { evolveAll } from './evolve.js';
import { open, type Opening, type OpeningStage } from './open.js';
import type { OrderState } from './order-state.js';
import type { Outcome } from './outcome.js';
import {
  groupSubject,
  type ApprovalMode,
  type AutoApprove,
  type Person,
  roleSubject,
  userSubject,
} from './vocabulary.js';

/** A small directory for engine tests: who is in which group. */
export type Groups = Readonly<Record<string, readonly string[]>>;

export interface StageGiven {
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly mode?: ApprovalMode;
  readonly condition?: string;
}

export interface FlowGiven {
  readonly stages: readonly StageGiven[];
  readonly applicant?: string;
  readonly autoApprove?: AutoApprove;
  readonly groups?: Groups;
  readonly hasExecute?: boolean;
  readonly hasCheck?: boolean;
  readonly variables?: Record<string, unknown>;
  readonly inactive?: readonly string[];
}

export const group = (code: string): string => groupSubject('t1', code);

export function person(userCode: string, groups: Groups = {}): Person {
  const systemAdmin = userCode === 'root';
  const memberOf = Object.keys(groups).filter((code) => groups[code]?.includes(userCode));
  return {
    userCode,
    systemAdmin,
    subjects: new Set([
      userSubject(userCode),
      ...memberOf.map(group),
      ...(systemAdmin ? [roleSubject('system_admin')] : []),
    ]),
  };
}

export const factsOf = (
  applicant: string,
  groups: Groups = {},
  inactive: readonly string[] = [],
): DirectoryFacts => ({
  inactive: new Set(inactive),
  applicant: person(applicant, groups),
  members: new Map(Object.entries(groups).map(([code, members]) => [group(code), members])),
});

export function opening(flow: FlowGiven): Opening {
  const groups = flow.groups ?? {};
  return {
    autoApprove: flow.autoApprove ?? 'through_applicant_node',
    hasCheck: flow.hasCheck ?? false,
    hasExecute: flow.hasExecute ?? false,
    variables: flow.variables ?? {},
    facts: factsOf(flow.applicant ?? 'ann', groups, flow.inactive),
    stages: flow.stages.map((stage, index): OpeningStage => {
      const objects = stage.groups ?? stage.users ?? [];
      return {
        applyStep: index + 1,
        nodeId: `n${index + 1}`,
        nodeName: `node ${index + 1}`,
        auditObjectType: stage.groups ? 'group' : 'user',
        auditObject: objects,
        approvalMode: stage.mode ?? 'any',
        condition: stage.condition ?? null,
        subjects: objects.map(stage.groups ? group : userSubject),
        reachable: stage.groups
          ? objects.some((code) => (groups[code] ?? []).length > 0)
          : objects.length > 0,
      };
    }),
  };
}

/** Opens and expects that it works. */
export function opened(flow: FlowGiven): { state: OrderState; log: OrderEvent[][] } {
  const outcome = open(opening(flow));
  if (!outcome.ok) throw new Error(outcome.refusal.detail);
  return { state: evolveAll(null, outcome.events), log: [[...outcome.events]] };
}

/** A decision of somebody, as the directory has them now. */
export const decision = (
  type: 'approve' | 'reject',
  actor: string,
  flow: FlowGiven,
  expectedVersion: number | null = null,
): Command => ({
  type,
  actor: person(actor, flow.groups),
  auditMsg: null,
  expectedVersion,
  facts: factsOf(flow.applicant ?? 'ann', flow.groups, flow.inactive),
});

/** Decides and applies; the state stays as it is when the engine refuses. */
export function apply(state: OrderState, command: Command): { outcome: Outcome; state: OrderState } {
  const outcome = decide(state, command);
  return { outcome, state: outcome.ok ? evolveAll(state, outcome.events) : state };
}

export const statuses = (state: OrderState): string[] => state.steps.map((step) => step.auditStatus);
