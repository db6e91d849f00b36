import type { OrderEvent } from '../engine/events.js';
import { replay } from '../engine/evolve.js';
import type { OrderState } from '../engine/order-state.js';
import type { Finding, StoredRow } from '../operation-log/operation-log.service.js';
import type { OrderRecord } from '../orders/orders.service.js';

/** Beyond so many differences, the order is simply another one. */
const maxDifferences = 30;

/** Whose values are not repeated: they may hold an address that only administrators read on its node. */
const silent = new Set(['auditObject', 'subjects', 'finding']);

/**
 * Replays an order's log and compares what comes out with what the tables hold (domain rule 7).
 * @param rows of the log, by transition and seq
 */
export function checkState(rows: readonly StoredRow[], record: OrderRecord): Finding[] {
  let transitions: OrderEvent[][];
  let replayed: OrderState | null;
  try {
    transitions = transitionsOf(rows);
    replayed = replay(transitions);
  } catch {
    return [found('the log cannot be replayed: one of its events is none of this service')];
  }
  if (!replayed) return [found('the log holds no event')];
  const events = transitions.flat();
  const byLog = { order: { ...toldOf(events, record), ...shape(replayed) } };
  const inTables = { order: { ...headOf(record), ...shape(record.state) } };
  const differences: Finding[] = [];
  compare(byLog, inTables, [], differences);
  return differences;
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
const shape = (state: OrderState) => ({
  ...state,
  steps: Object.fromEntries(
    state.steps.map(({ byName: _, ...step }) => [
      step.applyStep,
      {
        ...step,
        subjects: [...new Set(step.subjects)].toSorted(),
        seats: Object.fromEntries(step.seats.map((seat) => [seat.subject, seat])),
      },
    ]),
  ),
});

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

const found = (detail: string): Finding => ({
  kind: 'state',
  transition: null,
  seq: null,
  rowId: null,
  detail,
});
