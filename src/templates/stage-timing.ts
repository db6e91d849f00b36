import { completeTiming, timingErrors } from '../engine/timing-rules.js';
import type { Timing } from '../engine/timing.js';
import { type FieldError, Problem } from '../http/problem.js';
import type { TimingFields } from './templates.dto.js';

interface Timed {
  readonly timing?: TimingFields | null;
}

/** Refuses a list of stages with due times that make no sense. @throws Problem 400, with an entry for each wrong field. */
export function requireSensibleTimings(stages: readonly Timed[]): void {
  refuse(
    stages.flatMap(({ timing }, index) =>
      (timing ? timingErrors(timing) : []).map(({ field, message }) => ({
        field: `stages[${index}].timing.${field}`,
        message,
      })),
    ),
  );
}

/** The calendars that a list of stages names, each once. */
export const calendarsOf = (stages: readonly Timed[]): string[] => [
  ...new Set(stages.flatMap(({ timing }) => timing?.calendar ?? [])),
];

/** @param known those of the calendars that exist. @throws Problem 400, with an entry for each stage that names another. */
export function requireKnownCalendars(stages: readonly Timed[], known: ReadonlySet<string>): void {
  refuse(
    stages.flatMap(({ timing }, index) => {
      const calendar = timing?.calendar ?? null;
      if (calendar === null || known.has(calendar)) return [];
      return [{ field: `stages[${index}].timing.calendar`, message: `names no calendar: ${calendar}` }];
    }),
  );
}

/** A stage's timing as its column holds it: whole, so that the same timing is always the same text. */
export const timingColumn = (timing: TimingFields | null | undefined): string | null =>
  timing ? JSON.stringify(completeTiming(timing)) : null;

export const timingIn = (column: string | null): Timing | null =>
  column === null ? null : (JSON.parse(column) as Timing);

function refuse(errors: readonly FieldError[]): void {
  if (errors.length === 0) return;
  const detail = errors.map(({ field, message }) => `${field} ${message}`).join('; ');
  throw new Problem('validation_failed', detail, { errors });
}
