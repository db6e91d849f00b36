import type { DirectoryFacts } from './advance.js';
import type { CallbackAnswer } from './callbacks.js';
import { decide, type Command } from './decide.js';
import type { AbandonedTo, OrderEvent } from './events.js';
import { evolveAll } from './evolve.js';
import { open, type Opening, type OpeningStage } from './open.js';
import type { OrderState } from './order-state.js';
import type { Outcome } from './outcome.js';
import {
  groupSubject,
  type ApprovalMode,
  type AutoApprove,
  type CallbackKind,
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

/** What the business module answers, with the directory as it is now. */
export const answer = (
  callback: CallbackKind,
  result: boolean,
  flow: FlowGiven,
  words: Partial<CallbackAnswer> = {},
): Command => ({
  type: 'answer_callback',
  callback,
  answer: { result, msg: null, error: null, ...words },
  facts: factsOf(flow.applicant ?? 'ann', flow.groups, flow.inactive),
});

/** An administrator gives the callback of delivery d1 up. */
export const abandon = (callback: CallbackKind, applyStatus: AbandonedTo, flow: FlowGiven): Command => ({
  type: 'abandon_callback',
  callback,
  deliveryId: 'd1',
  applyStatus,
  reason: 'the module is gone',
  facts: factsOf(flow.applicant ?? 'ann', flow.groups, flow.inactive),
});

/** Decides and applies; the state stays as it is when the engine refuses. */
export function apply(state: OrderState, command: Command): { outcome: Outcome; state: OrderState } {
  const outcome = decide(state, command);
  return { outcome, state: outcome.ok ? evolveAll(state, outcome.events) : state };
}

export const statuses = (state: OrderState): string[] => state.steps.map((step) => step.auditStatus);

/** Who appears in random orders: few, so that they meet. */
export const people = ['ann', 'bob', 'carol', 'dave', 'root'];

/** Somebody does something, or something becomes of a callback, in a directory that may have changed since. */
export interface Action {
  readonly type: Command['type'];
  /** Of the people's commands. */
  readonly actor: string;
  readonly callback: CallbackKind;
  readonly result: boolean;
  readonly error: string | null;
  readonly applyStatus: AbandonedTo;
  readonly groups: Groups | null;
}

export function commandOf(action: Action, given: FlowGiven): Command {
  const { type, actor, callback, result, error, applyStatus, groups } = action;
  const flow = { ...given, groups: groups ?? given.groups };
  const deliveryId = 'd1';
  switch (type) {
    case 'approve':
    case 'reject':
      return decision(type, actor, flow);
    case 'withdraw':
      return { type, actor: person(actor, flow.groups), remark: null };
    case 'answer_callback':
      return answer(callback, result, flow, { error });
    case 'skip_check':
      return { type, error: 'HTTP 500', facts: factsOf(flow.applicant ?? 'ann', flow.groups) };
    case 'park_callback':
      return { type, callback, deliveryId, error: 'HTTP 500' };
    case 'redeliver_callback':
      return { type, callback, deliveryId };
    case 'abandon_callback':
      return abandon(callback, applyStatus, flow);
  }
}

/** An order's life under random actions: its states, and the log and the actions that led to each of them. */
export interface Walk {
  readonly states: readonly OrderState[];
  readonly log: readonly (readonly OrderEvent[])[];
  /** What the engine allowed; null for the opening. */
  readonly done: readonly (Action | null)[];
}

/** @returns null when the order cannot be opened. */
export function walk(given: FlowGiven, actions: readonly Action[]): Walk | null {
  const outcome = open(opening(given));
  if (!outcome.ok) return null;
  let state = evolveAll(null, outcome.events);
  const states = [state];
  const log = [outcome.events];
  const done: (Action | null)[] = [null];
  for (const action of actions) {
    const next = decide(state, commandOf(action, given));
    if (!next.ok) continue;
    state = evolveAll(state, next.events);
    states.push(state);
    log.push(next.events);
    done.push(action);
  }
  return { states, log, done };
}
