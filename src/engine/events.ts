import type { ApplyStatus, AutoApprove, CallbackKind, Capacity } from './vocabulary.js';
import type { StepSnapshot } from './order-state.js';

/**
 * What happened to an order. Every event is one row of the operation log; an order's state is nothing but its events
 * in sequence (`evolve`), so replaying the log rebuilds the steps (domain rule 7).
 */
export type OrderEvent =
  | {
      readonly type: 'order.opened';
      readonly applicant: string;
      readonly applicantSystemAdmin: boolean;
      readonly autoApprove: AutoApprove;
      readonly hasExecute: boolean;
      readonly steps: readonly StepSnapshot[];
    }
  | { readonly type: 'check.requested' }
  | { readonly type: 'step.skipped'; readonly applyStep: number; readonly reason: string }
  | { readonly type: 'step.auto_approved'; readonly applyStep: number; readonly reason: string }
  | {
      readonly type: 'step.in_review';
      readonly applyStep: number;
      readonly requiredApprovals: number;
      readonly people: readonly string[];
    }
  | (StepDecision & { readonly type: 'step.voted' })
  | (StepDecision & { readonly type: 'step.approved' })
  | (StepDecision & { readonly type: 'step.rejected' })
  | { readonly type: 'step.cancelled'; readonly applyStep: number }
  | CallbackEvent
  | {
      readonly type: 'order.rejected';
      /** A stable word: `step_rejected`, `check_failed`, `execute_failed` or `abandoned`. */
      readonly reason: string;
      /** What the business module, or the administrator who gave the callback up, says about it. */
      readonly error?: string;
    }
  | { readonly type: 'order.withdrawn'; readonly remark: string | null }
  | { readonly type: 'order.executing' }
  | { readonly type: 'order.completed' };

/** What became of a callback; none of these changes the order by itself, the events behind them do. */
export type CallbackEvent =
  | { readonly type: `callback.${CallbackKind}.succeeded`; readonly msg: string | null }
  | { readonly type: `callback.${CallbackKind}.failed`; readonly error: string }
  /** The check could not be asked, and its business type lets orders go on then (`failMode: open`). */
  | { readonly type: 'callback.check.skipped'; readonly error: string }
  | {
      readonly type: `callback.${CallbackKind}.parked`;
      readonly deliveryId: string;
      readonly error: string;
    }
  | { readonly type: `callback.${CallbackKind}.redelivered`; readonly deliveryId: string }
  | {
      readonly type: `callback.${CallbackKind}.abandoned`;
      readonly deliveryId: string;
      readonly applyStatus: AbandonedTo;
      readonly reason: string;
    };

/** Where an administrator leads an order whose callback is given up. */
export type AbandonedTo = Extract<ApplyStatus, 'rejected' | 'completed' | 'in_review'>;

/** `step.voted` is an approval that leaves an `all` step open; `step.approved` and `step.rejected` close the step. */
export interface StepDecision {
  readonly applyStep: number;
  readonly userCode: string;
  readonly auditMsg: string | null;
  readonly capacity: Capacity;
}
