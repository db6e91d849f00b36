import type { OrderEvent } from './events.js';
import { evolve } from './evolve.js';
import { openStep, type OrderState, type StepState } from './order-state.js';
import type { ClockReading, Present, StepClock, Timer, Timetable, Timing } from './timing.js';

/**
 * The clocks of steps (docs/time.md): they start when a step opens, stand still while the order is returned or the step
 * waits for information, and go on with what is left.
 */

/** Adds to a command's events what they mean for the clock of the open step. */
export function withClocks(
  before: OrderState | null,
  events: readonly OrderEvent[],
  present: Present | undefined,
): OrderEvent[] {
  if (!present) return [...events];
  const timed: OrderEvent[] = [];
  let state = before;
  const add = (event: OrderEvent) => {
    timed.push(event);
    state = evolve(state, event);
  };
  for (const event of events) {
    if (event.type === 'step.in_review') {
      const step = stepOf(state, event.applyStep);
      const clock = step && startOf(step, present);
      add(clock ? { ...event, clock } : event);
    } else if (event.type === 'order.returned') {
      const used = usedOn(stepOf(state, event.fromStep), present);
      add(used === null ? event : { ...event, used });
    } else add(event);
  }
  for (const event of turnOf(state && openStep(state), present)) add(event);
  return timed;
}

const stepOf = (state: OrderState | null, applyStep: number): StepState | null =>
  state?.steps.find((step) => step.applyStep === applyStep) ?? null;

/** Starts a clock, or lets one go on that stands still since the order was returned. */
function startOf({ timing, clock, auditStatus }: StepState, present: Present): ClockReading | null {
  if (!timing || auditStatus === 'in_review') return null;
  return clock && !clock.running
    ? reading(timing, present.timetable, present.now, clock.used, clock.fired)
    : reading(timing, present.timetable, present.now, 0, []);
}

/** Stops the clock of a step that waits for information, starts it again when that has come. */
function turnOf(step: StepState | null, present: Present): OrderEvent[] {
  const { timing, clock, applyStep } = step ?? {};
  if (!step || !timing || applyStep === undefined) return [];
  const { now, timetable } = present;
  const waits = waitsForInformation(step);
  // Opened before its template had a due time, or reopened: an opinion that is still awaited stops it at once.
  if (!clock) {
    const anew = reading(timing, timetable, now, 0, []);
    const started: OrderEvent = { type: 'step.clock_started', applyStep, clock: anew };
    return waits ? [started, { type: 'step.clock_stopped', applyStep, at: now, used: 0 }] : [started];
  }
  if (waits && clock.running) {
    return [{ type: 'step.clock_stopped', applyStep, at: now, used: usedOn(step, present) ?? 0 }];
  }
  if (waits || clock.running) return [];
  const goesOn = reading(timing, timetable, now, clock.used, clock.fired);
  return [{ type: 'step.clock_started', applyStep, clock: goesOn }];
}

/** Whether everybody whose turn it is was only asked for an opinion: the reviewers wait for it, whoever may decide besides. */
const waitsForInformation = (step: StepState): boolean => {
  const turns = step.seats.filter((seat) => seat.turn === 'open' && seat.kind !== 'escalated');
  return turns.length > 0 && turns.every((seat) => seat.kind === 'consulted');
};

/** The (working) time that a step has used up to now; null when no time of its own runs. */
function usedOn(step: StepState | null, { now, timetable }: Present): number | null {
  if (!step?.clock || !step.timing) return null;
  const { running, used, since } = step.clock;
  return running ? used + timetable.between(step.timing.calendar, since, now) : used;
}

/** A running clock whose calendar may have changed, reckoned anew; null when nothing would be different. */
export function reckonedAnew({ timing, clock }: StepState, { timetable }: Present): ClockReading | null {
  if (!timing || !clock?.running) return null;
  const anew = reading(timing, timetable, clock.since, clock.used, clock.fired);
  const { since, used, dueAt, timers } = clock;
  return JSON.stringify(anew) === JSON.stringify({ since, used, dueAt, timers }) ? null : anew;
}

/** When everything happens that has not happened yet. */
function reading(
  timing: Timing,
  timetable: Timetable,
  since: number,
  used: number,
  fired: readonly string[],
): ClockReading {
  const { calendar } = timing;
  const at = (offset: number): number => timetable.add(calendar, since, Math.max(0, offset - used));
  const timers: Timer[] = offsetsOf(timing, timetable)
    .filter(({ name }) => !fired.includes(name))
    .map(({ name, offset }) => ({ name, at: at(offset) }));
  return { since, used, dueAt: at(timetable.length(calendar, timing.due)), timers };
}

/** The timers of a step by the time from its opening, in their sequence; a reminder before its opening is none. */
function offsetsOf(timing: Timing, timetable: Timetable): { name: string; offset: number }[] {
  const { calendar, then, levels, remindBefore, remindAfter } = timing;
  const length = (text: string): number => timetable.length(calendar, text);
  const due = length(timing.due);
  const offsets = [
    ...remindBefore.map((text, index) => ({ name: `before:${index + 1}`, offset: due - length(text) })),
    { name: 'due', offset: due },
    ...remindAfter.map((text, index) => ({ name: `after:${index + 1}`, offset: due + length(text) })),
  ];
  const last = then === 'escalate' ? levels : 0;
  for (let level = 2; level <= last; level++) {
    offsets.push({ name: `level:${level}`, offset: due + (level - 1) * length(timing.every) });
  }
  return offsets.filter(({ offset }) => offset > 0).toSorted((one, other) => one.offset - other.offset);
}

/** The timer of a clock whose moment has come first; `due` before all others of the moment. */
export function nextTimer(clock: StepClock, now: number): Timer | null {
  const due = clock.timers.filter(({ at }) => at <= now);
  return due.find(({ name }) => name === 'due') ?? due[0] ?? null;
}

/** When an open step is due whose time runs; null for any other. */
export const dueAtOf = ({ auditStatus, clock }: StepState): number | null =>
  auditStatus === 'in_review' && clock?.running ? clock.dueAt : null;
