/** When a step is due and what its passing brings about (docs/time.md). All moments are milliseconds since 1970. */

/** What happens when a step is not decided in time. */
export const overdueActions = ['remind', 'escalate', 'auto_approve', 'auto_reject'] as const;
export type OverdueAction = (typeof overdueActions)[number];

/** A length of time as people write it: a number and a unit, `90s`, `30m`, `8h`, `2d`. */
export type Length = string;

/** When a stage is due. With a calendar, lengths are working time and `1d` is one working day of it; else plain time. */
export interface Timing {
  /** The calendar's code; null: every hour counts. */
  readonly calendar: string | null;
  /** From the moment at which the step opens. */
  readonly due: Length;
  /** Before it is due. */
  readonly remindBefore: readonly Length[];
  /** After it was due. */
  readonly remindAfter: readonly Length[];
  /** What happens when it is due. */
  readonly then: OverdueAction;
  /** Of `escalate`: how many leaders are asked, one after the other, 1 to 5. */
  readonly levels: number;
  /** Of `escalate`: how long each level has before the next one is asked. */
  readonly every: Length;
}

/** A moment at which something happens to an open step. */
export interface Timer {
  /** `before:1`, `due`, `level:2`, `after:1`: unique on the step. */
  readonly name: string;
  readonly at: number;
}

/** What becomes of the clock when it starts, goes on, or is set anew. */
export interface ClockReading {
  readonly since: number;
  /** (Working) time used before `since`, in milliseconds. */
  readonly used: number;
  readonly dueAt: number;
  readonly timers: readonly Timer[];
}

/** The clock of a step that is due some time. It stands still while the step waits for information. */
export interface StepClock extends ClockReading {
  readonly running: boolean;
  /** The timers that have fired: each once, whatever happens to the step. */
  readonly fired: readonly string[];
  /** How many leaders were asked. */
  readonly level: number;
}

/**
 * Arithmetic of working time, handed in with every command: pure, since the calendars are known by then.
 * A calendar that does not exist any more counts every hour.
 */
export interface Timetable {
  /** A length in milliseconds of (working) time. */
  length(calendar: string | null, length: Length): number;
  /** The moment at which so many milliseconds of (working) time have passed. */
  add(calendar: string | null, from: number, milliseconds: number): number;
  /** The (working) time between two moments, in milliseconds; 0 when the second is not later. */
  between(calendar: string | null, from: number, to: number): number;
}

/** The moment of a command, and how time is counted. */
export interface Present {
  readonly now: number;
  readonly timetable: Timetable;
}
