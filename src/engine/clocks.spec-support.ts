import type { FlowGiven, StageGiven } from './engine.spec-support.js';
import { lengthMs } from './lengths.js';
import type { Present, Timetable, Timing } from './timing.js';

export const minute = 60_000;
export const hour = 60 * minute;

/** When people work within a period that comes round and round: stretches, in milliseconds, sorted and apart. */
export interface Rota {
  readonly period: number;
  readonly worked: readonly (readonly [from: number, to: number])[];
}

/** Nine to five, every day. */
export const nineToFive: Rota = { period: 24 * hour, worked: [[9 * hour, 17 * hour]] };

/** Working time by a rota; without a calendar every hour counts. */
export function timetableOf(rota: Rota): Timetable {
  const inOne = rota.worked.reduce((sum, [from, to]) => sum + to - from, 0);
  const upTo = (moment: number): number => {
    const rest = moment % rota.period;
    const begun = rota.worked.map(([from, to]) => Math.min(Math.max(rest - from, 0), to - from));
    return Math.floor(moment / rota.period) * inOne + begun.reduce((sum, one) => sum + one, 0);
  };
  return {
    length: (calendar, text) => lengthMs(text, calendar === null ? undefined : inOne) ?? 0,
    between: (calendar, from, to) => Math.max(0, calendar === null ? to - from : upTo(to) - upTo(from)),
    add: (calendar, from, milliseconds) => {
      if (calendar === null || milliseconds === 0) return from + milliseconds;
      const wanted = upTo(from) + milliseconds;
      const whole = Math.ceil(wanted / inOne) - 1;
      let left = wanted - whole * inOne;
      for (const [start, end] of rota.worked) {
        if (left <= end - start) return whole * rota.period + start + left;
        left -= end - start;
      }
      return (whole + 1) * rota.period;
    },
  };
}

/** A due time of four plain hours; the rest as it is given. */
export const dueIn = (more: Partial<Timing> = {}): Timing => ({
  calendar: null,
  due: '4h',
  remindBefore: [],
  remindAfter: [],
  then: 'remind',
  levels: 1,
  every: '1h',
  ...more,
});

/** A flow at a moment. */
export const at = <T extends FlowGiven>(
  flow: T,
  now: number,
  rota: Rota = nineToFive,
): T & { present: Present } => ({
  ...flow,
  present: { now, timetable: timetableOf(rota) },
});

export const timed = (timing: Timing, ...stages: readonly StageGiven[]): readonly StageGiven[] =>
  stages.map((stage) => ({ ...stage, timing }));
