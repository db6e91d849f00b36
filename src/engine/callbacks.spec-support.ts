import type { CallbackCommand } from './callbacks.js';
import { type Command, decide } from './decide.js';
import {
  abandon,
  answer,
  decision,
  factsIn,
  type FlowGiven,
  type Groups,
  opening,
  personIn,
} from './engine.spec-support.js';
import type { AbandonedTo, OrderEvent } from './events.js';
import { evolveAll } from './evolve.js';
import { open } from './open.js';
import type { OrderState } from './order-state.js';
import type { CallbackKind } from './vocabulary.js';

/** Who appears in random orders: few, so that they meet. */
export const people = ['ann', 'bob', 'carol', 'dave', 'root'];

/** Somebody does something, or something becomes of a callback, in a directory that may have changed since. */
export interface Action {
  readonly type: 'approve' | 'reject' | 'withdraw' | CallbackCommand['type'];
  /** Of the people's commands. */
  readonly actor: string;
  readonly callback: CallbackKind;
  readonly result: boolean;
  readonly error: string | null;
  readonly applyStatus: AbandonedTo;
  readonly groups: Groups | null;
}

export function commandOf(action: Action, given: FlowGiven): Command {
  const { type, actor, callback, result, error, applyStatus, groups } = action;
  const flow = { ...given, groups: groups ?? given.groups };
  const deliveryId = 'd1';
  switch (type) {
    case 'approve':
    case 'reject':
      return decision(type, actor, flow);
    case 'withdraw':
      return { type, actor: personIn(actor, flow), remark: null };
    case 'answer_callback':
      return answer(callback, result, flow, { error });
    case 'skip_check':
      return { type, error: 'HTTP 500', facts: factsIn(flow) };
    case 'park_callback':
      return { type, callback, deliveryId, error: 'HTTP 500' };
    case 'redeliver_callback':
      return { type, callback, deliveryId };
    case 'abandon_callback':
      return abandon(callback, applyStatus, flow);
  }
}

/** An order's life under random actions: its states, and the log and the actions that led to each of them. */
export interface Walk {
  readonly states: readonly OrderState[];
  readonly log: readonly (readonly OrderEvent[])[];
  /** What the engine allowed; null for the opening. */
  readonly done: readonly (Action | null)[];
}

/** @returns null when the order cannot be opened. */
export function walk(given: FlowGiven, actions: readonly Action[]): Walk | null {
  const outcome = open(opening(given));
  if (!outcome.ok) return null;
  let state = evolveAll(null, outcome.events);
  const states = [state];
  const log = [outcome.events];
  const done: (Action | null)[] = [null];
  for (const action of actions) {
    const next = decide(state, commandOf(action, given));
    if (!next.ok) continue;
    state = evolveAll(state, next.events);
    states.push(state);
    log.push(next.events);
    done.push(action);
  }
  return { states, log, done };
}
