import { expect } from 'vitest';
import type { Command } from './decide.js';
import type { OrderEvent } from './events.js';
import { evolve } from './evolve.js';
import { openStep, type OrderState, type StepState } from './order-state.js';
import type { Present, Timetable, Timing } from './timing.js';

/** One command on an order at a moment. */
export interface Turn {
  readonly before: OrderState;
  readonly command: Command;
  readonly present: Present;
  readonly events: readonly OrderEvent[];
  readonly after: OrderState;
}

const same = (found: unknown, wanted: unknown, what: string): void => {
  expect(found, what).toEqual(wanted);
};

/** The time of one step, kept by hand: what ran when, and what has fired since it was opened anew. */
class Stopwatch {
  readonly fired: string[] = [];
  level = 0;
  /** Returned from, and to go on when it opens again. */
  stands = false;
  private ran = 0;
  private since: number | null = null;

  constructor(private readonly timing: Timing) {}

  start(now: number): void {
    this.since ??= now;
  }
  stop({ now, timetable }: Present): void {
    this.ran = this.used({ now, timetable });
    this.since = null;
  }
  used({ now, timetable }: Present): number {
    return this.ran + (this.since === null ? 0 : timetable.between(this.timing.calendar, this.since, now));
  }
  /** The opening that it went on for is undone. */
  rewind(): void {
    this.stands = this.ran > 0;
    this.since = null;
  }
  get runs(): boolean {
    return this.since !== null;
  }
}

/** What a timer's name means, in milliseconds from the opening. */
function momentOf(name: string, timing: Timing, timetable: Timetable): number {
  const length = (text = '0s') => timetable.length(timing.calendar, text);
  const [kind = '', number = '1'] = name.split(':');
  const due = length(timing.due);
  const index = Number(number) - 1;
  if (kind === 'before') return due - length(timing.remindBefore[index]);
  if (kind === 'after') return due + length(timing.remindAfter[index]);
  return kind === 'level' ? due + index * length(timing.every) : due;
}

/** The names of all timers that a step has. */
const namesOf = (timing: Timing, timetable: Timetable): string[] =>
  [
    ...timing.remindBefore.map((_text, index) => `before:${index + 1}`),
    'due',
    ...timing.remindAfter.map((_text, index) => `after:${index + 1}`),
    ...(timing.then === 'escalate'
      ? [2, 3].slice(0, timing.levels - 1).map((level) => `level:${level}`)
      : []),
  ].filter((name) => momentOf(name, timing, timetable) > 0);

const waits = (step: StepState): boolean => {
  const turns = step.seats.filter((seat) => seat.turn === 'open' && seat.kind !== 'escalated');
  return turns.length > 0 && turns.every((seat) => seat.kind === 'consulted');
};

/** Follows the log with a stopwatch for each step; `exact` where calendars stay as they are. */
export class Office {
  private readonly watches = new Map<number, Stopwatch>();
  private readonly resumed = new Map<number, Stopwatch>();

  constructor(private readonly exact: boolean) {}

  follow({ before, events, present, after }: Turn): void {
    let state = before;
    for (const event of events) {
      this.note(state, event, present);
      state = evolve(state, event);
    }
    const step = openStep(after);
    const watch = step && this.watches.get(step.applyStep);
    if (!step?.timing || !watch) return;
    if (waits(step)) {
      if (watch.runs) watch.stop(present);
    } else watch.start(present.now);
    this.agree(step, watch, present);
  }

  private note(state: OrderState, event: OrderEvent, present: Present): void {
    if (event.type === 'step.in_review' || event.type === 'order.reopened') {
      const { timing, auditStatus } = state.steps.find(
        (one) => one.applyStep === event.applyStep,
      ) as StepState;
      // Who is asked anew while the step is open has the time that is left of it.
      if (!timing || auditStatus === 'in_review') return;
      const known = this.watches.get(event.applyStep);
      if (event.type === 'step.in_review' && known?.stands) {
        known.stands = false;
        known.start(present.now);
        this.resumed.set(event.applyStep, known);
        return;
      }
      this.resumed.delete(event.applyStep);
      const watch = new Stopwatch(timing);
      watch.start(present.now);
      this.watches.set(event.applyStep, watch);
    } else if (event.type === 'order.returned') {
      const watch = this.watches.get(event.fromStep);
      if (watch?.runs) watch.stop(present);
      for (const [applyStep, one] of this.watches) {
        if (applyStep === event.fromStep) one.stands = true;
        else if (applyStep < event.fromStep) one.stands = false;
      }
    } else if (event.type === 'step.decision_taken_back') {
      for (const applyStep of state.lastDecision?.walked ?? []) this.resumed.get(applyStep)?.rewind();
    } else if ('timers' in event) this.fires(event, state, present);
  }

  private fires(
    event: Extract<OrderEvent, { timers: readonly string[] }>,
    state: OrderState,
    present: Present,
  ): void {
    const watch = this.watches.get(event.applyStep);
    const timing = openStep(state)?.timing;
    if (!watch || !timing) throw new Error('a timer fires on a step that is due at no time');
    same(openStep(state)?.applyStep, event.applyStep, 'fires on the open step');
    for (const name of event.timers) {
      same(watch.fired.includes(name), false, 'has fired before');
      watch.fired.push(name);
    }
    const name = event.timers.at(-1) ?? '';
    same(watch.runs, true, 'fires while its time runs');
    if (this.exact) {
      same(watch.used(present) >= momentOf(name, timing, present.timetable), true, 'its moment has come');
    }
    if (event.type === 'step.escalated') {
      watch.level += 1;
      same(event.level, watch.level, 'level by level');
      same(name, event.level === 1 ? 'due' : `level:${event.level}`, 'the timer of its level');
    }
    if (event.type === 'step.timed_out') same(name, 'due', 'decides when it is due');
  }

  /** The engine's clock against the stopwatch. */
  private agree({ clock, timing }: StepState, watch: Stopwatch, { now, timetable }: Present): void {
    if (!clock || !timing) throw new Error('an open step that is due some time has a clock');
    same([...clock.fired].toSorted(), [...watch.fired].toSorted(), 'has fired');
    same(clock.running, watch.runs, 'runs');
    for (const timer of clock.timers) same(timer.at >= clock.since, true, 'is still to come');
    if (!this.exact) return;
    const names = [...clock.fired, ...clock.timers.map(({ name }) => name)];
    same(names.toSorted(), namesOf(timing, timetable).toSorted(), 'every timer');
    const { calendar } = timing;
    const used = clock.used + (clock.running ? timetable.between(calendar, clock.since, now) : 0);
    same(used, watch.used({ now, timetable }), 'time used');
    const due = timetable.length(calendar, timing.due);
    if (clock.running && clock.used < due)
      same(clock.used + timetable.between(calendar, clock.since, clock.dueAt), due, 'is due');
  }
}
