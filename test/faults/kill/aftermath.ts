import type { Database } from '../../../src/database/database.js';
import { replay } from '../../../src/engine/evolve.js';
import { isEnded } from '../../../src/engine/order-state.js';
import { historiesOf, type OrderHistory } from '../../support/order-history.js';
import { type StoredDelivery, storedDeliveries } from '../../support/stored-deliveries.js';
import type { Ledger } from './ledger.js';

/** What a storm has left: figures, and everything that breaks a promise, in words. */
export interface Aftermath {
  readonly completed: number;
  readonly rejected: number;
  readonly withdrawn: number;
  /** Calls beyond the first about the same thing; allowed, since callbacks come at least once. */
  readonly duplicates: number;
  /** Attempts of which nobody knows what came of them: their process was killed. */
  readonly lostAttempts: number;
  /** Orders and deliveries that are missing, or were left lying. */
  readonly lost: readonly string[];
  /** Executions that nobody, or not everybody, had approved. */
  readonly unapproved: readonly string[];
  /** Orders with another number of outcomes than one, calls under changing ids. */
  readonly broken: readonly string[];
}

const outcomes = ['order.completed', 'order.rejected', 'order.withdrawn'];
const passed = new Set(['approved', 'auto_approved', 'skipped']);
const settled = new Set(['succeeded', 'cancelled']);

/** Also expects that every order's log gives exactly its state ({@link historiesOf}). */
export async function aftermathOf(
  database: Database,
  ledger: Ledger,
  acknowledged: readonly string[],
): Promise<Aftermath> {
  const histories = await historiesOf(database);
  const deliveries = await storedDeliveries(database);
  const known = new Map(histories.map((history) => [history.id, history]));
  const count = (status: string) => histories.filter(({ state }) => state.applyStatus === status).length;
  const lostAttempts = await database.rows(
    "SELECT attempt_no FROM dms_s_apply_delivery_attempt WHERE outcome = 'lost'",
  );
  return {
    completed: count('completed'),
    rejected: count('rejected'),
    withdrawn: count('withdrawn'),
    duplicates:
      ledger.calls.length - new Set(ledger.calls.map(({ path, ticket }) => `${path} ${ticket}`)).size,
    lostAttempts: lostAttempts.length,
    lost: [
      ...acknowledged.filter((id) => !known.has(id)).map((id) => `order ${id} was acknowledged and is gone`),
      ...deliveries
        .filter(({ state }) => !settled.has(state))
        .map((one) => `delivery ${JSON.stringify(one)}`),
      ...histories.flatMap((history) => lostOf(history, ledger)),
    ],
    unapproved: [...ledger.executed].flatMap(([ticket, status]) =>
      unapprovedOf(known.get(ticket), ticket, status),
    ),
    broken: [...histories.flatMap(brokenOf), ...idsOf(ledger, deliveries)],
  };
}

const eventsOf = (history: OrderHistory) => history.transitions.flat();

/** An order that has not come to its end, or does not agree with the business module on it. */
function lostOf(history: OrderHistory, ledger: Ledger): string[] {
  const { id, state } = history;
  const isExecuted = ledger.executed.has(id);
  const completed = state.applyStatus === 'completed';
  if (!isEnded(state)) return [`order ${id} was left ${state.applyStatus}`];
  if (completed && state.hasExecute && !isExecuted)
    return [`order ${id} is completed and was never executed`];
  if (!completed && isExecuted) return [`order ${id} was executed and is ${state.applyStatus}`];
  return [];
}

/** Every step had passed, by the log, before the order was given out for execution. */
function unapprovedOf(history: OrderHistory | undefined, ticket: string, status: string): string[] {
  if (!history) return [`${ticket} is no order`];
  const events = eventsOf(history);
  const before = events.slice(0, events.findIndex((event) => event.type === 'order.executing') + 1);
  const then = before.length === 0 ? null : replay([before]);
  const approved = then?.steps.every((step) => passed.has(step.auditStatus)) ?? false;
  return approved && status === 'executing' ? [] : [`order ${ticket} was executed as ${status}`];
}

/** One outcome, which is the end, and at most one answer to each callback. */
function brokenOf(history: OrderHistory): string[] {
  const events = eventsOf(history).map(({ type }) => type);
  const count = (types: readonly string[]) => events.filter((type) => types.includes(type)).length;
  const answers = (kind: string) => count([`callback.${kind}.succeeded`, `callback.${kind}.failed`]);
  const fine =
    count(outcomes) === 1 &&
    outcomes.includes(events.at(-1) ?? '') &&
    answers('check') <= 1 &&
    answers('execute') <= 1;
  return fine ? [] : [`order ${history.id}: ${events.join(', ')}`];
}

/** All calls about one thing carry the id of its delivery. */
function idsOf(ledger: Ledger, deliveries: readonly StoredDelivery[]): string[] {
  const ids = new Map(deliveries.map(({ topic, orderId, id }) => [`${topic} ${orderId}`, id]));
  return ledger.calls
    .filter(({ path, ticket, id }) => ids.get(`order.${path.slice(1)} ${ticket}`) !== id)
    .map(({ path, ticket, id }) => `${path} about ${ticket} came as ${id}`);
}
