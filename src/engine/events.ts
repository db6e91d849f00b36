import type { ResumeWay, SignPosition, StepSnapshot } from './order-state.js';
import type { ApplyStatus, AutoApprove, CallbackKind, Capacity, Dedupe, Subject } from './vocabulary.js';

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
      /** Left out: `none`. */
      readonly dedupe?: Dedupe;
      readonly steps: readonly StepSnapshot[];
    }
  | { readonly type: 'check.requested' }
  | { readonly type: 'step.skipped'; readonly applyStep: number; readonly reason: string }
  | {
      readonly type: 'step.auto_approved';
      readonly applyStep: number;
      /** A stable word: `applicant_node`, `before_applicant_node` or `repeat_approver`. */
      readonly reason: string;
      /** Of `repeat_approver`: whose earlier approvals count. */
      readonly people?: readonly string[];
    }
  | {
      readonly type: 'step.in_review';
      readonly applyStep: number;
      readonly requiredApprovals: number;
      /** Whom it asks, in their sequence; empty where it asks its groups and roles as they are. */
      readonly people: readonly string[];
      /** Asked besides: administrators, where nobody else was found. */
      readonly subjects?: readonly Subject[];
      /** Why others are asked than the stage names, or nobody: a stable word, or a resolver's failure. */
      readonly reason?: string;
    }
  | (StepDecision & { readonly type: 'step.voted' })
  /** A rejection that leaves a `threshold` step open: enough of the others can still approve. */
  | (StepDecision & { readonly type: 'step.voted_against' })
  | (StepDecision & { readonly type: 'step.approved' })
  | (StepDecision & { readonly type: 'step.rejected' })
  | { readonly type: 'step.cancelled'; readonly applyStep: number }
  | SeatEvent
  | CallbackEvent
  | {
      readonly type: 'order.returned';
      readonly userCode: string;
      readonly capacity: Capacity;
      readonly fromStep: number;
      /** 0: to the applicant. */
      readonly toStep: number;
      readonly resume: ResumeWay;
      readonly auditMsg: string | null;
    }
  | {
      readonly type: 'order.resubmitted';
      readonly remark: string | null;
      /** The new variables; left out when they stay. */
      readonly variables?: Readonly<Record<string, unknown>>;
      /** The steps that are walked anew. */
      readonly walk: readonly number[];
    }
  | {
      readonly type: 'order.reopened';
      readonly applyStep: number;
      readonly userCode: string;
      readonly auditMsg: string | null;
    }
  | {
      readonly type: 'order.urged';
      readonly userCode: string;
      readonly auditMsg: string | null;
      /** Milliseconds since 1970. */
      readonly at: number;
    }
  | { readonly type: 'order.copied'; readonly userCode: string; readonly userCodes: readonly string[] }
  | {
      readonly type: 'order.commented';
      readonly userCode: string;
      readonly text: string;
      readonly attachments: readonly Attachment[];
    }
  /** Taken from its business object in a test environment: it no longer counts there. */
  | { readonly type: 'order.detached' }
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

/** A file that a comment refers to; the service keeps the reference, not the file. */
export interface Attachment {
  readonly name: string;
  readonly url: string;
}

/** Who sits on an open step changes, or a vote comes about without a decision. */
export type SeatEvent =
  | {
      readonly type: 'step.transferred';
      readonly applyStep: number;
      /** Who did it. */
      readonly by: string;
      /** Whose seat it was; null when an administrator seats somebody without giving up a seat. */
      readonly from: string | null;
      readonly to: string;
      readonly auditMsg: string | null;
    }
  | {
      readonly type: 'step.opinion_asked';
      readonly applyStep: number;
      readonly from: string;
      readonly to: string;
      readonly auditMsg: string | null;
    }
  | {
      readonly type: 'step.opinion_given';
      readonly applyStep: number;
      readonly userCode: string;
      readonly opinion: 'approved' | 'rejected';
      readonly auditMsg: string | null;
    }
  | {
      readonly type: 'step.signers_added';
      readonly applyStep: number;
      readonly by: string;
      readonly userCodes: readonly string[];
      readonly position: SignPosition;
      readonly auditMsg: string | null;
    }
  | {
      readonly type: 'step.signers_removed';
      readonly applyStep: number;
      readonly by: string;
      readonly userCodes: readonly string[];
    }
  /** People who are no longer members, or active: they neither count nor block. */
  | { readonly type: 'step.people_left'; readonly applyStep: number; readonly userCodes: readonly string[] }
  /** An approval that counts because the person has approved before (rule 5). */
  | { readonly type: 'step.vote_repeated'; readonly applyStep: number; readonly userCode: string }
  /** The step has all it needs although nobody decides at this moment. */
  | { readonly type: 'step.passed'; readonly applyStep: number; readonly userCode: string | null }
  | { readonly type: 'step.decision_taken_back'; readonly applyStep: number; readonly userCode: string };

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

/** `step.voted` is an approval that leaves the step open; `step.approved` and `step.rejected` close it. */
export interface StepDecision {
  readonly applyStep: number;
  readonly userCode: string;
  readonly auditMsg: string | null;
  readonly capacity: Capacity;
}
