import type { AutoApprove, Capacity } from './vocabulary.js';
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
  | { readonly type: 'order.rejected'; readonly reason: string }
  | { readonly type: 'order.withdrawn'; readonly remark: string | null }
  | { readonly type: 'order.executing' }
  | { readonly type: 'order.completed' };

/** `step.voted` is an approval that leaves an `all` step open; `step.approved` and `step.rejected` close the step. */
export interface StepDecision {
  readonly applyStep: number;
  readonly userCode: string;
  readonly auditMsg: string | null;
  readonly capacity: Capacity;
}
