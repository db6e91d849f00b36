import type { Target } from './actions.js';
import type { Delegation, DirectoryFacts, Found } from './advance.js';
import type { CallbackAnswer } from './callbacks.js';
import { type Command, decide } from './decide.js';
import type { AbandonedTo, OrderEvent } from './events.js';
import { evolveAll } from './evolve.js';
import { open, type Opening } from './open.js';
import {
  type FindingRule,
  isLazy,
  type OrderState,
  plainFinding,
  type ResumeWay,
  type SignPosition,
  type StepSnapshot,
} from './order-state.js';
import type { Outcome } from './outcome.js';
import type { Present, Timing } from './timing.js';
import {
  type ApprovalMode,
  type AuditObjectType,
  type AutoApprove,
  type CallbackKind,
  type Dedupe,
  groupSubject,
  type Person,
  roleSubject,
  userOfSubject,
  userSubject,
} from './vocabulary.js';

/** A small directory for engine tests: who is in which group. */
export type Groups = Readonly<Record<string, readonly string[]>>;

export interface StageGiven {
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  /** Found by a rule: whom {@link FlowGiven.found} names for the step. */
  readonly found?: Exclude<AuditObjectType, 'user' | 'group' | 'role'>;
  readonly mode?: ApprovalMode;
  readonly min?: number;
  readonly condition?: string;
  readonly finding?: Partial<FindingRule>;
  readonly timing?: Timing;
}

/** Somebody has delegated their work. */
export interface DelegationGiven {
  readonly from: string;
  readonly to: string;
  readonly redelegate?: boolean;
}

export interface FlowGiven {
  readonly stages: readonly StageGiven[];
  readonly applicant?: string;
  readonly autoApprove?: AutoApprove;
  readonly dedupe?: Dedupe;
  readonly groups?: Groups;
  readonly hasExecute?: boolean;
  readonly hasCheck?: boolean;
  readonly variables?: Record<string, unknown>;
  readonly inactive?: readonly string[];
  /** Of each step that a rule finds people for: whom it finds, or what went wrong. */
  readonly found?: Readonly<Record<number, readonly string[] | string>>;
  readonly distinct?: boolean;
  readonly delegations?: readonly DelegationGiven[];
  readonly lapsed?: readonly string[];
  readonly present?: Present;
}

export const group = (code: string): string => groupSubject('t1', code);

/** Root is a system administrator, tina one of the team; inactive people are known by nothing. */
export function person(userCode: string, groups: Groups = {}, inactive: readonly string[] = []): Person {
  if (inactive.includes(userCode)) return { userCode, systemAdmin: false, subjects: new Set() };
  const systemAdmin = userCode === 'root';
  const memberOf = Object.keys(groups).filter((code) => groups[code]?.includes(userCode));
  return {
    userCode,
    systemAdmin,
    subjects: new Set([
      userSubject(userCode),
      ...memberOf.map(group),
      ...(systemAdmin ? [roleSubject('system_admin')] : []),
      ...(userCode === 'tina' ? [roleSubject('team_admin')] : []),
    ]),
  };
}

/** Somebody as the directory of a flow has them now. */
export const personIn = (userCode: string, flow: Pick<FlowGiven, 'groups' | 'inactive'>): Person =>
  person(userCode, flow.groups, flow.inactive);

export const factsOf = (
  applicant: string,
  groups: Groups = {},
  inactive: readonly string[] = [],
): DirectoryFacts => factsIn({ stages: [], applicant, groups, inactive });

/** What the directory knows about a flow now. */
export function factsIn(flow: FlowGiven): DirectoryFacts {
  const { groups = {}, inactive = [], applicant = 'ann', found = {} } = flow;
  const names = new Set([
    ...everybody,
    ...Object.values(groups).flat(),
    ...flow.stages.flatMap((stage) => stage.users ?? []),
  ]);
  const steps = flow.stages.map((stage, index) => stageOf(stage, index, flow.distinct));
  return {
    inactive: new Set(inactive),
    applicant: person(applicant, groups),
    members: new Map(Object.entries(groups).map(([code, members]) => [group(code), members])),
    found: new Map(
      Object.entries(found).map(([step, people]): [number, Found] => [
        Number(step),
        typeof people === 'string'
          ? { people: [], problem: people }
          : { people: people.filter((one) => !inactive.includes(one)), problem: null },
      ]),
    ),
    deserted: new Set(
      steps.filter((step) => isLazy(step) && !canBeReviewed(step, flow)).map((step) => step.applyStep),
    ),
    approvers: new Map([...names].map((userCode) => [userCode, person(userCode, groups, inactive)])),
    ...(flow.delegations ? { delegations: flow.delegations.map((one) => delegationIn(flow, one)) } : {}),
    ...(flow.lapsed ? { lapsed: new Set(flow.lapsed) } : {}),
    ...(flow.present ? { present: flow.present } : {}),
  };
}

const delegationIn = (flow: FlowGiven, { from, to, redelegate = false }: DelegationGiven): Delegation => ({
  id: `${from}>${to}`,
  from,
  to,
  redelegate,
  toActive: !flow.inactive?.includes(to),
  subjects: personIn(from, flow).subjects,
});

const everybody = ['ann', 'bob', 'bea', 'carol', 'dave', 'eve', 'root', 'tina', 'zoe'];

function canBeReviewed(
  step: StepSnapshot,
  { groups = {}, inactive = [], applicant = 'ann', autoApprove }: FlowGiven,
) {
  const members = new Map(Object.entries(groups).map(([code, people]) => [group(code), people]));
  return step.subjects
    .flatMap((subject) => userOfSubject(subject) ?? members.get(subject) ?? [])
    .some((one) => !inactive.includes(one) && (autoApprove !== 'never' || one !== applicant));
}

function stageOf(stage: StageGiven, index: number, byName = false): StepSnapshot {
  const objects = stage.found ? [] : (stage.groups ?? stage.users ?? []);
  return {
    applyStep: index + 1,
    nodeId: `n${index + 1}`,
    nodeName: `node ${index + 1}`,
    auditObjectType: stage.found ?? (stage.groups ? 'group' : 'user'),
    auditObject: objects,
    approvalMode: stage.mode ?? 'any',
    ...(stage.min === undefined ? {} : { minApprovals: stage.min }),
    condition: stage.condition ?? null,
    subjects: stage.finding?.restrictTo ? [] : objects.map(stage.groups ? group : userSubject),
    ...(stage.finding ? { finding: { ...plainFinding, ...stage.finding } } : {}),
    ...(stage.timing ? { timing: stage.timing } : {}),
    ...(byName ? { byName } : {}),
  };
}

export const opening = (flow: FlowGiven): Opening => ({
  autoApprove: flow.autoApprove ?? 'through_applicant_node',
  dedupe: flow.dedupe ?? 'none',
  ...(flow.distinct ? { distinct: true } : {}),
  hasCheck: flow.hasCheck ?? false,
  hasExecute: flow.hasExecute ?? false,
  variables: flow.variables ?? {},
  facts: factsIn(flow),
  stages: flow.stages.map((stage, index) => stageOf(stage, index, flow.distinct)),
});

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
): Command => ({ type, actor: personIn(actor, flow), auditMsg: null, expectedVersion, facts: factsIn(flow) });

export const target = (userCode: string, flow: FlowGiven): Target => ({
  person: personIn(userCode, flow),
  standing: userCode === 'nobody' ? 'unknown' : flow.inactive?.includes(userCode) ? 'inactive' : 'active',
});

/** What people do to an order besides deciding it, in the directory of a flow. */
export const acting = (flow: FlowGiven) => {
  const by = (actor: string) => ({ actor: personIn(actor, flow), auditMsg: null, facts: factsIn(flow) });
  return {
    approve: (actor: string) => decision('approve', actor, flow),
    reject: (actor: string) => decision('reject', actor, flow),
    transfer: (actor: string, to: string): Command => ({
      type: 'transfer',
      ...by(actor),
      to: target(to, flow),
    }),
    askOpinion: (actor: string, to: string): Command => ({
      type: 'ask_opinion',
      ...by(actor),
      to: target(to, flow),
    }),
    handOver: (actor: string, from: string, to: string): Command => ({
      type: 'hand_over',
      ...by(actor),
      from,
      to: target(to, flow),
    }),
    addSigners: (actor: string, userCodes: readonly string[], position: SignPosition): Command => ({
      type: 'add_signers',
      ...by(actor),
      signers: userCodes.map((userCode) => target(userCode, flow)),
      position,
    }),
    removeSigners: (actor: string, userCodes: readonly string[]): Command => ({
      type: 'remove_signers',
      ...by(actor),
      userCodes,
    }),
    giveBack: (actor: string, toStep: number, resume: ResumeWay = 'again'): Command => ({
      type: 'return',
      ...by(actor),
      toStep,
      resume,
    }),
    resubmit: (actor: string, changed: Record<string, unknown> | null = null): Command => ({
      type: 'resubmit',
      actor: personIn(actor, flow),
      remark: null,
      changed,
      variables: changed ?? flow.variables ?? {},
      facts: factsIn(flow),
    }),
    reopen: (actor: string): Command => ({ type: 'reopen', ...by(actor) }),
    takeBack: (actor: string): Command => ({
      type: 'take_back',
      actor: personIn(actor, flow),
      facts: factsIn(flow),
    }),
    fire: (...leaders: readonly string[]): Command => ({ type: 'fire_timer', leaders, facts: factsIn(flow) }),
    recount: (): Command => ({ type: 'recount', facts: factsIn(flow) }),
    withdraw: (actor: string): Command => ({ type: 'withdraw', actor: personIn(actor, flow), remark: null }),
    comment: (actor: string): Command => ({
      type: 'comment',
      actor: personIn(actor, flow),
      text: 'a word',
      attachments: [],
    }),
    copy: (actor: string, to: readonly string[]): Command => ({
      type: 'copy',
      actor: personIn(actor, flow),
      to: to.map((userCode) => target(userCode, flow)),
    }),
    urge: (actor: string, now: number): Command => ({
      type: 'urge',
      actor: personIn(actor, flow),
      auditMsg: null,
      now,
      interval: 60_000,
    }),
  };
};

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
  facts: factsIn(flow),
});

/** An administrator gives the callback of delivery d1 up. */
export const abandon = (callback: CallbackKind, applyStatus: AbandonedTo, flow: FlowGiven): Command => ({
  type: 'abandon_callback',
  callback,
  deliveryId: 'd1',
  applyStatus,
  reason: 'the module is gone',
  facts: factsIn(flow),
});

/** Decides and applies; the state stays as it is when the engine refuses. */
export function apply(state: OrderState, command: Command): { outcome: Outcome; state: OrderState } {
  const outcome = decide(state, command);
  return { outcome, state: outcome.ok ? evolveAll(state, outcome.events) : state };
}

/** The order behind several commands, each of which has to work. */
export const after = (state: OrderState, ...commands: readonly Command[]): OrderState =>
  commands.reduce((now, command) => {
    const next = apply(now, command);
    if (!next.outcome.ok) throw new Error(next.outcome.refusal.detail);
    return next.state;
  }, state);

export const eventsOf = (state: OrderState, command: Command): readonly OrderEvent[] => {
  const outcome = decide(state, command);
  if (!outcome.ok) throw new Error(outcome.refusal.detail);
  return outcome.events;
};

export const typesOf = (state: OrderState, command: Command): string[] =>
  eventsOf(state, command).map((event) => event.type);

export const refusalOf = (state: OrderState, command: Command): string => {
  const outcome = decide(state, command);
  return outcome.ok ? 'allowed' : outcome.refusal.code;
};

export const statuses = (state: OrderState): string[] => state.steps.map((step) => step.auditStatus);

/** Whose turn it is on the open step, among those who are asked by name. */
export const inTurn = (state: OrderState): string[] =>
  state.steps
    .filter((step) => step.auditStatus === 'in_review')
    .flatMap((step) => step.seats)
    .filter((seat) => seat.turn === 'open')
    .map((seat) => userOfSubject(seat.subject) ?? seat.subject);
