import type { OrderEvent } from './events.js';
import { evolve } from './evolve.js';
import type { OrderState, StepSnapshot } from './order-state.js';
import { userOfSubject, type GroupMembers, type Person } from './vocabulary.js';

/** What the directory knows at the moment of a command; the shell loads it, the engine only reads it. */
export interface DirectoryFacts {
  readonly applicant: Person;
  /** Members of the groups that the `all` steps still ahead would ask; other groups are not needed. */
  readonly members: GroupMembers;
  /** Which of the people named by these steps are inactive: they are not asked, or they would block the step. */
  readonly inactive: ReadonlySet<string>;
}

/** Whether a person sits on a step: by name, through a group, or through a role. */
export const sitsOn = (step: Pick<StepSnapshot, 'subjects'>, person: Person): boolean =>
  step.subjects.some((subject) => person.subjects.has(subject));

/**
 * Walks from a passed step to the next one that somebody has to review, or to the end of the order (domain rules 3, 6).
 * Steps that are already skipped or automatically approved are passed over.
 */
export function advance(state: OrderState, facts: DirectoryFacts): OrderEvent[] {
  const events: OrderEvent[] = [];
  for (const step of state.steps) {
    if (step.auditStatus !== 'waiting') continue;
    if (state.autoApprove === 'applicant_nodes' && sitsOn(step, facts.applicant)) {
      events.push({ type: 'step.auto_approved', applyStep: step.applyStep, reason: 'applicant_node' });
      continue;
    }
    const people = step.approvalMode === 'all' ? peopleAsked(state, step, facts) : [];
    events.push({
      type: 'step.in_review',
      applyStep: step.applyStep,
      requiredApprovals: Math.max(1, people.length),
      people,
    });
    return events;
  }
  events.push(state.hasExecute ? { type: 'order.executing' } : { type: 'order.completed' });
  return events;
}

/** The steps that the end of the order cuts off; the one just decided keeps its decision. */
export const cancelOpen = (state: OrderState, decided: StepSnapshot | null): OrderEvent[] =>
  state.steps
    .filter((step) => step.auditStatus === 'waiting' || step.auditStatus === 'in_review')
    .filter((step) => step !== decided)
    .map((step) => ({ type: 'step.cancelled', applyStep: step.applyStep }));

/** Appends what follows by itself to what a command did. */
export function thenAdvance(
  state: OrderState,
  events: readonly OrderEvent[],
  facts: DirectoryFacts,
): OrderEvent[] {
  return [...events, ...advance(events.reduce<OrderState>(evolve, state), facts)];
}

/**
 * The people whom an `all` step asks: active named users and the members that its groups have when it opens, each once.
 * Under `never` the applicant's own vote does not count, so the applicant is not asked.
 */
function peopleAsked(state: OrderState, step: StepSnapshot, facts: DirectoryFacts): string[] {
  const people = new Set<string>();
  for (const subject of step.subjects) {
    const user = userOfSubject(subject);
    for (const person of user === null ? (facts.members.get(subject) ?? []) : [user]) {
      if (!facts.inactive.has(person)) people.add(person);
    }
  }
  if (state.autoApprove === 'never') people.delete(state.applicant);
  return [...people];
}
