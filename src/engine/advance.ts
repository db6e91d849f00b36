import type { FoundWhy, OrderEvent } from './events.js';
import { evolve } from './evolve.js';
import { evolveStep, sitters } from './evolve-step.js';
import {
  isFound,
  isLazy,
  openStep,
  type OrderState,
  type StepSnapshot,
  type StepState,
} from './order-state.js';
import { repeatedVotes } from './repeat.js';
import { decidedElsewhere } from './separation.js';
import type { Present } from './timing.js';
import { hasPassed, isLost, lastAgainst, repeatedOnly, sitsOn, standsIn } from './seats.js';
import {
  type GroupMembers,
  type Person,
  roleSubject,
  type Subject,
  userOfSubject,
  userSubject,
} from './vocabulary.js';

/** Whom a rule found for a step at the moment of the command. */
export interface Found {
  /** Active people who may review for the order's team, each once. */
  readonly people: readonly string[];
  /** Why nobody could be asked for; a business system that does not answer is no permission to go on. */
  readonly problem: string | null;
  /** Why each of them was found; left out: not known. */
  readonly why?: readonly FoundWhy[];
}

/** A delegation that holds for the order at this moment: its period, business type and condition were judged before. */
export interface Delegation {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** Whether `to` may have somebody else stand in for them in this. */
  readonly redelegate: boolean;
  /** Whether `to` may act in the order's team. */
  readonly toActive: boolean;
  /** The groups and roles of the open step, or of those ahead, in which the directory has `from`. */
  readonly subjects: ReadonlySet<Subject>;
}

/** What the directory knows at the moment of a command; the shell loads it, the engine only reads it. */
export interface DirectoryFacts {
  readonly applicant: Person;
  /** Members of the groups and roles that steps would ask for their people; others are not needed. */
  readonly members: GroupMembers;
  /** Which of the people named by these steps are inactive: they are not asked, or they would block the step. */
  readonly inactive: ReadonlySet<string>;
  /** Whom rules find for the steps still ahead. */
  readonly found: ReadonlyMap<number, Found>;
  /** The steps ahead that ask groups, roles or people as they are, and among whom nobody is there to review. */
  readonly deserted: ReadonlySet<number>;
  /** Who has approved before, where the template's `dedupe` asks. */
  readonly approvers: ReadonlyMap<string, Person>;
  /** Left out: nobody in the team has delegated anything. At most one from each person. */
  readonly delegations?: readonly Delegation[];
  /** Who has delegated, and sits no longer in the groups or roles through which somebody stands in for them. */
  readonly lapsed?: ReadonlySet<string>;
  /** Left out: no step of the order is due at any time. */
  readonly present?: Present;
}

/**
 * Walks from a passed step to the next one that somebody has to review, or to the end of the order (domain rules 3, 5, 6).
 * Steps that are already skipped or automatically approved are passed over.
 */
export function advance(before: OrderState, facts: DirectoryFacts): OrderEvent[] {
  const events: OrderEvent[] = [];
  let state = before;
  const add = (...more: OrderEvent[]) => {
    events.push(...more);
    state = more.reduce<OrderState>(evolve, state);
  };
  for (const { applyStep } of before.steps) {
    const step = state.steps.find((one) => one.applyStep === applyStep);
    if (step?.auditStatus !== 'waiting') continue;
    if (state.autoApprove === 'applicant_nodes' && sitsOnNow(step, facts)) {
      add({ type: 'step.auto_approved', applyStep, reason: 'applicant_node' });
      continue;
    }
    const asked = askOn(state, step, facts);
    if (asked === 'skip') {
      add({ type: 'step.skipped', applyStep, reason: 'nobody_found' });
      continue;
    }
    const opening = inReview(step, asked);
    if (state.dedupe === 'none') return [...events, opening];
    const opened = evolve(state, opening);
    const repeated = repeatedVotes(opened, facts.approvers);
    const reached = openStep(repeated.reduce<OrderState>(evolve, opened));
    if (repeated.length === 0 || !reached || !hasPassed(reached)) return [...events, opening, ...repeated];
    const people = repeated.map((event) => event.userCode);
    add({ type: 'step.auto_approved', applyStep, reason: 'repeat_approver', people });
  }
  add(state.hasExecute ? { type: 'order.executing' } : { type: 'order.completed' });
  return events;
}

/** Whom a step asks when it opens. */
export interface Asked {
  readonly people: readonly string[];
  readonly subjects?: readonly Subject[];
  readonly reason?: string;
  /** Of a rule: why it found them. */
  readonly why?: readonly FoundWhy[];
}

/** Opens a step for review. */
export function inReview(step: StepState, asked: Asked): Extract<OrderEvent, { type: 'step.in_review' }> {
  const event = {
    type: 'step.in_review',
    applyStep: step.applyStep,
    requiredApprovals: 1,
    ...asked,
  } as const;
  return { ...event, requiredApprovals: evolveStep(step, event).requiredApprovals };
}

/** Who administers: asked where a stage finds nobody and its node says `admin`. */
const administrators: readonly Subject[] = [roleSubject('team_admin'), roleSubject('system_admin')];

/**
 * Whom a step asks that opens now, or that it is skipped. Where the node says `refuse` and the order is under way, the
 * step opens all the same: what was approved is not taken back, and an administrator can seat somebody.
 */
export function askOn(state: OrderState, step: StepState, facts: DirectoryFacts): Asked | 'skip' {
  const asked = whoIsAsked(state, step, facts);
  const why = asked === 'skip' || !isFound(step) ? [] : whyAsked(asked, facts.found.get(step.applyStep));
  return asked === 'skip' || why.length === 0 ? asked : { ...asked, why };
}

/** Of so many people the log tells why they were found; of thousands it tells the rule. */
const mostReasons = 200;

/** Why those were found whom the step asks; others were found, but would not count. */
function whyAsked({ people }: Asked, found: Found | undefined): FoundWhy[] {
  const asked = new Set(people);
  return (found?.why ?? []).filter(({ userCode }) => asked.has(userCode)).slice(0, mostReasons);
}

function whoIsAsked(state: OrderState, step: StepState, facts: DirectoryFacts): Asked | 'skip' {
  const found = facts.found.get(step.applyStep);
  const asking = askingOn(state, step);
  const people = isLazy(step) ? [] : peopleAsked(asking, step, facts);
  if (!isShort(step, facts, people)) return { people };
  if (isFound(step) && !found) return { people, reason: unasked };
  // A business system that cannot be asked is a failure, not an answer: nothing is skipped because of it.
  if (isFound(step) && found?.problem) return { people, reason: found.problem };
  const { whenNobody = 'refuse' } = step.finding ?? {};
  if (whenNobody === 'skip') return 'skip';
  if (whenNobody === 'admin') return { people, subjects: administrators, reason: 'asks_admin' };
  const others = fallbackOf(asking, step, facts);
  return others.length > 0
    ? { people, subjects: others.map(userSubject), reason: 'asks_fallback' }
    : { people, reason: 'nobody_found' };
}

/** The reason of a step that opened before its rule was asked; who may decide it is asked at the decision. */
export const unasked = 'unasked';

/** Who asks: an order under its policies. */
export type Asking = Pick<OrderState, 'autoApprove' | 'applicant'> & {
  /** Who has decided another step already, where nobody may decide two. */
  readonly barred?: ReadonlySet<string>;
};

const askingOn = (state: OrderState, { applyStep }: StepState): Asking => ({
  autoApprove: state.autoApprove,
  applicant: state.applicant,
  ...(state.distinct ? { barred: decidedElsewhere(state, applyStep) } : {}),
});

/** The people whom a node names for the case that nobody else is found, as far as they may be asked. */
export const fallbackOf = (asking: Asking, { finding }: StepSnapshot, facts: DirectoryFacts): string[] =>
  finding?.whenNobody === 'fallback'
    ? finding.fallback.filter((userCode) => mayBeAsked(asking, facts, userCode))
    : [];

/** Whether too few people are there: nobody, or for a `threshold` fewer than the approvals that it takes. */
function isShort(step: StepState, facts: DirectoryFacts, people: readonly string[]): boolean {
  if (isLazy(step)) return isDeserted(step, facts);
  return sitters(step, people).length < fewest(step);
}

/** How many people a step needs at least. */
export const fewest = (step: StepSnapshot): number =>
  step.approvalMode === 'threshold' ? (step.minApprovals ?? 1) : 1;

/** Whether nobody is there of a step that asks its subjects as they are, nor anybody to whom a seat was handed over. */
export const isDeserted = (step: StepSnapshot | StepState, facts: DirectoryFacts): boolean =>
  facts.deserted.has(step.applyStep) &&
  !('seats' in step && step.seats.some((seat) => seat.kind === 'taken' && seat.gone === null));

const mayBeAsked = (
  { autoApprove, applicant, barred }: Asking,
  facts: DirectoryFacts,
  userCode: string,
): boolean =>
  !facts.inactive.has(userCode) &&
  !barred?.has(userCode) &&
  (autoApprove !== 'never' || userCode !== applicant);

/** Whether the applicant sits on a step, by what it names or by what its rule finds. */
export const sitsOnNow = (step: StepSnapshot, facts: Pick<DirectoryFacts, 'applicant' | 'found'>): boolean =>
  isFound(step)
    ? (facts.found.get(step.applyStep)?.people.includes(facts.applicant.userCode) ?? false)
    : sitsOn(step, facts.applicant);

/** The steps that the end of the order cuts off; the one just decided keeps its decision. */
export const cancelOpen = (state: OrderState, decided: StepSnapshot | null): OrderEvent[] =>
  state.steps
    .filter((step) => step.auditStatus === 'waiting' || step.auditStatus === 'in_review')
    .filter((step) => step.applyStep !== decided?.applyStep)
    .map((step) => ({ type: 'step.cancelled', applyStep: step.applyStep }));

/**
 * Appends what follows by itself to what a command did: repeated approvals, the step that has all it needs, the walk.
 * @param by whose act it was, for a step that passes without a vote
 */
export function thenAdvance(
  before: OrderState,
  events: readonly OrderEvent[],
  facts: DirectoryFacts,
  by: string | null = null,
): OrderEvent[] {
  const state = events.reduce<OrderState>(evolve, before);
  const now = openStep(state);
  if (!now) return [...events, ...advance(state, facts)];
  if (isLost(now)) return [...events, ...lost(state, now)];
  const repeated = repeatedVotes(state, facts.approvers);
  const voted = repeated.reduce<OrderState>(evolve, state);
  const step = openStep(voted) ?? now;
  if (!hasPassed(step)) return [...events, ...repeated];
  const { applyStep } = step;
  const people = repeatedOnly(step);
  if (people.length > 0) {
    const passed: OrderEvent = { type: 'step.auto_approved', applyStep, reason: 'repeat_approver', people };
    return [...events, passed, ...advance(evolve(state, passed), facts)];
  }
  const passed: OrderEvent = { type: 'step.passed', applyStep, userCode: repeated.at(-1)?.userCode ?? by };
  return [...events, ...repeated, passed, ...advance(evolve(voted, passed), facts)];
}

/** So many have left a `threshold` step that its rejections decide it after all. */
function lost(state: OrderState, step: StepState): OrderEvent[] {
  const against = lastAgainst(step);
  const userCode = against && userOfSubject(against.subject);
  if (!against?.capacity || !userCode) return [];
  const { applyStep } = step;
  const { auditMsg, capacity, onBehalfOf } = against;
  const represents = standsIn(step, against) && onBehalfOf !== null ? { onBehalfOf } : {};
  return [
    { type: 'step.rejected', applyStep, userCode, auditMsg, capacity, ...represents },
    ...rejectsOrder(state, step),
  ];
}

/** What the rejection of a step does to its order. */
export const rejectsOrder = (state: OrderState, step: StepState): OrderEvent[] => [
  ...cancelOpen(state, step),
  { type: 'order.rejected', reason: 'step_rejected' },
];

/**
 * The people whom a step asks by name: those that its rule finds, or active named users and the members that its groups
 * and roles have when it opens, each once. Whose vote would not count is not asked: under `never` the applicant, and
 * whoever has decided another step where nobody may decide two.
 */
export function peopleAsked(asking: Asking, step: StepSnapshot, facts: DirectoryFacts): string[] {
  const people = new Set(isFound(step) ? facts.found.get(step.applyStep)?.people : namedPeople(step, facts));
  return [...people].filter((userCode) => mayBeAsked(asking, facts, userCode));
}

/** Everybody behind the people, groups and roles that a step names. */
export const namedPeople = (
  step: Pick<StepSnapshot, 'subjects'>,
  facts: Pick<DirectoryFacts, 'members'>,
): string[] => step.subjects.flatMap((subject) => userOfSubject(subject) ?? facts.members.get(subject) ?? []);
