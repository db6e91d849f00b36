import { lengthMs, lengthParts } from './lengths.js';
import { overdueActions, type Timing } from './timing.js';

/** The timing of a stage as a request gives it: what is left out has a default. */
export type GivenTiming = Partial<Omit<Timing, 'due'>> & Pick<Timing, 'due'>;

/** Something wrong with a stage's timing; the field is named from the timing on, such as `remindBefore[1]`. */
export interface TimingError {
  readonly field: string;
  readonly message: string;
}

const shortest = '1s';
const longest = '365d';
const maxReminders = 10;
const maxLevels = 5;

/** With its defaults: every hour counts, nobody is reminded, and an overdue step urges its reviewers. */
export const completeTiming = (given: GivenTiming): Timing => ({
  calendar: given.calendar ?? null,
  due: given.due,
  remindBefore: given.remindBefore ?? [],
  remindAfter: given.remindAfter ?? [],
  then: given.then ?? 'remind',
  levels: given.levels ?? 1,
  every: given.every ?? '1d',
});

/** What is wrong with the timing of a stage: nothing is when the list is empty. Whether its calendar exists is asked elsewhere. */
export function timingErrors(given: GivenTiming): TimingError[] {
  const timing = completeTiming(given);
  const errors: TimingError[] = [];
  const refuse = (field: string, message: string): void => void errors.push({ field, message });
  for (const field of ['due', 'every'] as const) {
    const wrong = whyNoLength(timing[field]);
    if (wrong) refuse(field, wrong);
  }
  for (const field of ['remindBefore', 'remindAfter'] as const) {
    if (timing[field].length > maxReminders) refuse(field, `must not hold more than ${maxReminders} lengths`);
    const seen = new Set<string>();
    for (const [index, text] of timing[field].entries()) {
      const name = `${field}[${index}]`;
      const wrong = whyNoLength(text);
      if (wrong) refuse(name, wrong);
      else if (field === 'remindBefore' && !whyNoLength(timing.due) && !isWithin(text, timing)) {
        refuse(name, `must be shorter than due: ${timing.due}`);
      } else if (seen.has(momentOf(text, timing.calendar))) refuse(name, 'is the moment of another one');
      else seen.add(momentOf(text, timing.calendar));
    }
  }
  if (!overdueActions.includes(timing.then)) {
    refuse('then', `must be one of ${overdueActions.join(', ')}`);
  }
  if (!Number.isInteger(timing.levels) || timing.levels < 1 || timing.levels > maxLevels) {
    refuse('levels', `must be a whole number from 1 to ${maxLevels}`);
  }
  return errors;
}

function whyNoLength(text: string): string | null {
  const length = lengthMs(text);
  if (length === null) return 'must be a whole number and a unit, such as 90s, 30m, 8h or 2d';
  const allowed = length >= (lengthMs(shortest) ?? 0) && length <= (lengthMs(longest) ?? 0);
  return allowed ? null : `must be from ${shortest} to ${longest}`;
}

/**
 * Whether a reminder comes after the opening of the step. A working day is as long as its calendar says, and at most
 * 24 hours: so many days may be less than some hours, which only the calendar knows.
 */
function isWithin(text: string, { due, calendar }: Timing): boolean {
  if (calendar !== null && isInDays(text) && !isInDays(due)) return true;
  return (lengthMs(text) ?? 0) < (lengthMs(due) ?? 0);
}

/** Two lengths of the same moment are one; days of a calendar are not hours. */
const momentOf = (text: string, calendar: string | null): string =>
  `${calendar !== null && isInDays(text) ? 'days' : ''}${lengthMs(text)}`;

const isInDays = (text: string): boolean => lengthParts(text)?.unit === 'd';
