import type { OrderEvent } from '../engine/events.js';
import { dueAtOf } from '../engine/clocks.js';
import { replay } from '../engine/evolve.js';
import { openStep, type OrderState, type StepState } from '../engine/order-state.js';
import type { Finding, StoredRow } from '../operation-log/operation-log.service.js';
import type { OrderRecord } from '../orders/orders.service.js';
import type { Beside, SeatBeside } from './beside.repository.js';

/** Beyond so many differences, the order is simply another one. */
const maxDifferences = 30;

/** Whose values are not repeated: they may hold an address that only administrators read on its node. */
const silent = new Set(['auditObject', 'subjects', 'finding']);

/**
 * Replays an order's log and compares what comes out with what the tables hold (domain rule 7).
 * @param rows of the log, by transition and seq
 */
export function checkState(rows: readonly StoredRow[], record: OrderRecord, beside: Beside): Finding[] {
  const differences: Finding[] = [];
  const byLog = toldBy(rows, record);
  if (typeof byLog === 'string') differences.push(found(null, byLog));
  else {
    const inTables = {
      ...headOf(record),
      ...shape(record.state, ({ applyStep }) => beside.dueAt.get(applyStep) ?? null),
    };
    compare(byLog.order, inTables, ['order'], differences);
    compareTimers(byLog.timers, beside, differences);
  }
  compareSeats(record, beside.seats, differences);
  return differences;
}

/** A place of an order that holds what cannot be read. */
export const unreadable = (place: string): Finding =>
  found(place, `${place} holds what this service never wrote and cannot read`);

/** What the log tells; a sentence where it tells nothing. */
function toldBy(rows: readonly StoredRow[], record: OrderRecord) {
  try {
    const transitions = transitionsOf(rows);
    const replayed = replay(transitions);
    if (!replayed) return 'the log holds no event';
    return {
      order: { ...toldOf(transitions.flat(), record), ...shape(replayed, dueAtOf) },
      timers: timersOf(openStep(replayed)),
    };
  } catch {
    return 'the log cannot be replayed: one of its events is none of this service';
  }
}

function transitionsOf(rows: readonly StoredRow[]): OrderEvent[][] {
  const transitions = new Map<number, OrderEvent[]>();
  for (const row of rows) {
    const event = JSON.parse(row.data ?? 'null') as OrderEvent;
    const known = transitions.get(row.transition);
    if (known) known.push(event);
    else transitions.set(row.transition, [event]);
  }
  return [...transitions.values()];
}

/** What the log tells of the order besides its state; what it does not tell is taken as it is. */
function toldOf(events: readonly OrderEvent[], record: OrderRecord) {
  const told = { ...headOf(record) };
  for (const event of events) {
    if (event.type === 'order.opened') told.templateVersion = event.templateVersion ?? told.templateVersion;
    if (event.type === 'order.moved') told.templateVersion = event.toVersion;
    if (event.type === 'order.resubmitted' && event.variables) told.variables = event.variables;
  }
  return told;
}

const headOf = ({ head }: OrderRecord) => ({
  templateVersion: head.templateVersion,
  variables: head.variables,
});

/** Steps by their number and seats by their subject: the rows hold them as sets, the log tells who came first. */
const shape = (state: OrderState, dueAt: (step: StepState) => number | null) => ({
  ...state,
  steps: Object.fromEntries(
    state.steps.map(({ byName: _, ...step }) => [
      step.applyStep,
      {
        ...step,
        dueAt: dueAt(step),
        subjects: [...new Set(step.subjects)].toSorted(),
        seats: Object.fromEntries(step.seats.map((seat) => [seat.subject, seat])),
      },
    ]),
  ),
});

/** Moments by the name of their timer, by step. */
type TimersOfSteps = Readonly<Record<number, Readonly<Record<string, number>>>>;

/** Time does something to the open step while its clock runs, and to no other. */
const timersOf = (step: StepState | null): TimersOfSteps =>
  step?.clock?.running
    ? { [step.applyStep]: Object.fromEntries(step.clock.timers.map(({ name, at }) => [name, at])) }
    : {};

function compareTimers(byLog: TimersOfSteps, { timers }: Beside, into: Finding[]): void {
  const inTables: Record<number, Record<string, number>> = {};
  for (const { applyStep, name, dueAt } of timers) (inTables[applyStep] ??= {})[name] = dueAt;
  for (const applyStep of new Set([...Object.keys(byLog), ...Object.keys(inTables)].map(Number))) {
    const path = ['order', 'steps', String(applyStep), 'timers'];
    compare(byLog[applyStep] ?? {}, inTables[applyStep] ?? {}, path, into);
  }
}

/** To-do lists are read from rows that repeat columns of their order: they are told by the order, not by the log. */
function compareSeats({ head, state }: OrderRecord, seats: readonly SeatBeside[], into: Finding[]): void {
  const barred = state.autoApprove === 'never' ? state.applicant : '';
  for (const { applyStep, subject, ...repeated } of seats) {
    const right: typeof repeated = {
      accCode: head.accCode,
      businessType: head.businessType,
      businessKey: head.businessKey,
      title: head.title,
      templateId: head.applyTemplateId,
      templateName: head.templateName,
      userCode: state.applicant,
      // Step 0 is the applicant's own, and holds those who have decided before.
      barredUserCode: applyStep === 0 ? '' : barred,
    };
    for (const name of Object.keys(right) as (keyof typeof right)[]) {
      if (into.length >= maxDifferences) return;
      if (repeated[name] === right[name]) continue;
      const place = `order.steps.${applyStep}.seats.${subject}.${name}`;
      const detail = `${place} is ${shown(repeated[name])} on the row of the seat and ${shown(right[name])} by the order`;
      into.push(found(place, detail));
    }
  }
}

function compare(byLog: unknown, inTables: unknown, path: readonly string[], into: Finding[]): void {
  if (into.length >= maxDifferences || same(byLog, inTables)) return;
  if (isPlain(byLog) && isPlain(inTables)) {
    for (const key of new Set([...Object.keys(byLog), ...Object.keys(inTables)])) {
      compare(byLog[key], inTables[key], [...path, key], into);
    }
    return;
  }
  const where = path.join('.');
  const secret = path.some((part) => silent.has(part));
  into.push(
    found(
      where,
      secret
        ? `${where} is another in the tables than by the log`
        : `${where} is ${shown(inTables)} in the tables and ${shown(byLog)} by the log`,
    ),
  );
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Alike as JSON, whatever the sequence of keys. */
const same = (one: unknown, other: unknown): boolean => {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => same(item, other[index]));
  }
  if (!isPlain(one) || !isPlain(other)) return false;
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => same(one[key], other[key]));
};

function shown(value: unknown): string {
  if (value === undefined) return 'not there';
  const text = JSON.stringify(value);
  return text.length <= 120 ? text : `${text.slice(0, 119).toWellFormed()}…`;
}

const found = (place: string | null, detail: string): Finding => ({
  kind: 'state',
  transition: null,
  seq: null,
  rowId: null,
  place,
  detail,
});
