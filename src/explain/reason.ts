import type { OrderEvent } from '../engine/events.js';
import type { OrderState, StepState } from '../engine/order-state.js';
import type { Both } from '../http/language.js';

/** What a reason rests on; small, and nothing that readers of the order may not see. */
export type Grounds = Readonly<Record<string, unknown>>;

/** One thing that a rule decided, or that somebody did: a stable word, a sentence, and what it rests on. */
export interface Reason {
  readonly rule: string;
  readonly text: Both;
  readonly data: Grounds;
}

export const reason = (rule: string, text: Both, data: Grounds = {}): Reason => ({ rule, text, data });

/** An event, and the order before and after it. */
export interface Scene<E extends OrderEvent = OrderEvent> {
  readonly event: E;
  readonly before: OrderState | null;
  readonly after: OrderState;
}

export const stepIn = (state: OrderState | null, applyStep: number): StepState | null =>
  state?.steps.find((step) => step.applyStep === applyStep) ?? null;
