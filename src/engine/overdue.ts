import { type DirectoryFacts, rejectsOrder, thenAdvance } from './advance.js';
import { nextTimer, reckonedAnew } from './clocks.js';
import type { OrderEvent } from './events.js';
import { openStep, type OrderState, type StepState } from './order-state.js';
import { happened, type Outcome } from './outcome.js';
import { ownSeat } from './seats.js';
import { whyBarred } from './separation.js';
import type { Present, Timer } from './timing.js';

/** What time does to an order (docs/time.md). */
export type TimeCommand =
  /** The next timer of the open step whose moment has come, if there is one. */
  | {
      readonly type: 'fire_timer';
      /** The leaders whom an escalation of this level would ask. */
      readonly leaders: readonly string[];
      readonly facts: DirectoryFacts;
    }
  /** The calendar of the open step has changed. */
  | { readonly type: 'reckon_time'; readonly present?: Present };

/**
 * Does nothing where no moment has come: whoever asks a second time, or too early, changes nothing. So a timer fires
 * once, however many replicas look at it.
 */
export function decideByTime(state: OrderState, command: TimeCommand): Outcome {
  const step = openStep(state);
  const { present } = command.type === 'fire_timer' ? command.facts : command;
  if (!step?.clock?.running || !step.timing || !present) return happened([]);
  if (command.type === 'reckon_time') {
    const clock = reckonedAnew(step, present);
    return happened(clock ? [{ type: 'step.clock_set', applyStep: step.applyStep, clock }] : []);
  }
  const timer = nextTimer(step.clock, present.now);
  return happened(timer ? fire(state, step, timer, command) : []);
}

/** The level of the escalation that a timer of a step would be; 0 for none. */
export function escalationOf({ timing }: Pick<StepState, 'timing'>, { name }: Timer): number {
  if (timing?.then !== 'escalate') return 0;
  return name === 'due' ? 1 : name.startsWith('level:') ? Number(name.slice('level:'.length)) : 0;
}

function fire(
  state: OrderState,
  step: StepState,
  timer: Timer,
  { leaders, facts }: Extract<TimeCommand, { type: 'fire_timer' }>,
): OrderEvent[] {
  const { applyStep, timing, clock } = step;
  // What should have been said before it was due is not said after it.
  const missed =
    timer.name === 'due' ? (clock?.timers ?? []).filter(({ name }) => name.startsWith('before:')) : [];
  const timers = [...missed.map(({ name }) => name), timer.name];
  const level = escalationOf(step, timer);
  if (level > 0) {
    const userCodes = [...new Set(leaders)].filter((userCode) => mayBeAsked(state, step, userCode, facts));
    return [{ type: 'step.escalated', applyStep, timers, level, userCodes }];
  }
  if (timer.name !== 'due' || timing?.then === 'remind') {
    const overdue = !timer.name.startsWith('before:');
    return [{ type: 'step.reminded', applyStep, timers, overdue }];
  }
  const verdict = timing?.then === 'auto_reject' ? 'rejected' : 'approved';
  const decided: OrderEvent = { type: 'step.timed_out', applyStep, timers, verdict };
  return verdict === 'rejected'
    ? [decided, ...rejectsOrder(state, step)]
    : thenAdvance(state, [decided], facts);
}

/** A leader who may decide the step, and sits there neither themselves nor through somebody who stands in for them. */
function mayBeAsked(
  state: OrderState,
  step: StepState,
  userCode: string,
  { inactive }: DirectoryFacts,
): boolean {
  const seat = ownSeat(step, userCode);
  const sits = seat !== undefined && (seat.gone === null || seat.gone === 'delegated');
  return (
    !sits &&
    userCode !== state.applicant &&
    !inactive.has(userCode) &&
    whyBarred(state, step, userCode) === null
  );
}
