import { cancelOpen, type DirectoryFacts } from './advance.js';
import type { AbandonedTo, OrderEvent } from './events.js';
import { start } from './open.js';
import { isEnded, type OrderState } from './order-state.js';
import { happened, refused, type Outcome } from './outcome.js';
import type { CallbackKind } from './vocabulary.js';

/** What a business module answers to a check or an execution, at once or later. */
export interface CallbackAnswer {
  readonly result: boolean;
  readonly msg: string | null;
  readonly error: string | null;
}

/** What happens to an order because of one of its callbacks (domain rules 2 and 6). */
export type CallbackCommand =
  | {
      readonly type: 'answer_callback';
      readonly callback: CallbackKind;
      readonly answer: CallbackAnswer;
      readonly facts: DirectoryFacts;
    }
  /** The check could not be asked, and its business type lets orders go on then. */
  | { readonly type: 'skip_check'; readonly error: string; readonly facts: DirectoryFacts }
  /** Nothing more is tried: retries are used up, the target is gone for good, or its answer is missed. */
  | {
      readonly type: 'park_callback';
      readonly callback: CallbackKind;
      readonly deliveryId: string;
      readonly error: string;
    }
  | {
      readonly type: 'redeliver_callback';
      readonly callback: CallbackKind;
      readonly deliveryId: string;
    }
  /** An administrator gives the callback up and says where the order goes instead. */
  | {
      readonly type: 'abandon_callback';
      readonly callback: CallbackKind;
      readonly deliveryId: string;
      readonly applyStatus: AbandonedTo;
      readonly reason: string;
      readonly facts: DirectoryFacts;
    };

export const defaultErrors = {
  check: 'the business module refuses the order',
  execute: 'the business module failed to execute',
} as const satisfies Record<CallbackKind, string>;

/** Refuses whatever the order does not wait for: an execution is never answered before every step has passed. */
export function decideCallback(state: OrderState, command: CallbackCommand): Outcome {
  const callback = command.type === 'skip_check' ? 'check' : command.callback;
  if (state.returned !== null) {
    return refused(
      'not_awaited',
      `the order was returned and does not wait for its ${callback}; it is asked again once it is resubmitted`,
    );
  }
  if (state.applyStatus !== (callback === 'check' ? 'initiating' : 'executing')) {
    const detail = `the order is ${state.applyStatus} and does not wait for its ${callback}`;
    return isEnded(state) ? refused('order_closed', detail) : refused('not_awaited', detail);
  }
  switch (command.type) {
    case 'answer_callback':
      return happened(
        command.answer.result
          ? [
              { type: `callback.${callback}.succeeded`, msg: command.answer.msg },
              ...passed(state, callback, command.facts),
            ]
          : failed(state, callback, command.answer.error || defaultErrors[callback]),
      );
    case 'skip_check':
      return happened([
        { type: 'callback.check.skipped', error: command.error },
        ...passed(state, 'check', command.facts),
      ]);
    case 'park_callback': {
      const { deliveryId, error } = command;
      return happened([{ type: `callback.${callback}.parked`, deliveryId, error }]);
    }
    case 'redeliver_callback':
      return happened([{ type: `callback.${callback}.redelivered`, deliveryId: command.deliveryId }]);
    case 'abandon_callback':
      return abandon(state, callback, command);
  }
}

/** A check that passes starts the walk; an execution that succeeds is the end. */
const passed = (state: OrderState, callback: CallbackKind, facts: DirectoryFacts): OrderEvent[] =>
  callback === 'check' ? start(state, facts) : [{ type: 'order.completed' }];

const failed = (state: OrderState, callback: CallbackKind, error: string): OrderEvent[] => [
  { type: `callback.${callback}.failed`, error },
  ...cancelOpen(state, null),
  { type: 'order.rejected', reason: `${callback}_failed`, error },
];

/** An order that nobody has approved yet is never completed by giving its check up: it may go on, or end. */
function abandon(
  state: OrderState,
  callback: CallbackKind,
  command: Extract<CallbackCommand, { type: 'abandon_callback' }>,
): Outcome {
  const { deliveryId, applyStatus, reason, facts } = command;
  const given: OrderEvent = { type: `callback.${callback}.abandoned`, deliveryId, applyStatus, reason };
  if (applyStatus === 'rejected') {
    const end: OrderEvent = { type: 'order.rejected', reason: 'abandoned', error: reason };
    return happened([given, ...cancelOpen(state, null), end]);
  }
  if (applyStatus !== (callback === 'check' ? 'in_review' : 'completed')) {
    return refused(
      'not_awaited',
      callback === 'check'
        ? 'nobody has approved the order yet: a check that is given up leads to in_review or rejected'
        : 'every step has passed: an execution that is given up leads to completed or rejected',
    );
  }
  return happened([given, ...passed(state, callback, facts)]);
}
