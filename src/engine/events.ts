import type { ClockReading } from './timing.js';
import type { ResumeWay, SignPosition, StepSnapshot } from './order-state.js';
import type {
  ApplyStatus,
  AutoApprove,
  CallbackKind,
  Capacity,
  Dedupe,
  Restriction,
  Subject,
} from './vocabulary.js';

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
      /** Left out: somebody may decide several steps. */
      readonly distinct?: true;
      readonly templateVersion?: number;
      /** The values that the stages' conditions were judged by, by step. */
      readonly saw?: Saw;
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
      /** Of a rule: why each of the people was found. */
      readonly why?: readonly FoundWhy[];
      /** Of a step that is due some time. */
      readonly clock?: ClockReading;
    }
  | (StepDecision & { readonly type: 'step.voted' })
  /** A rejection that leaves a `threshold` step open: enough of the others can still approve. */
  | (StepDecision & { readonly type: 'step.voted_against' })
  | (StepDecision & { readonly type: 'step.approved' })
  | (StepDecision & { readonly type: 'step.rejected' })
  | { readonly type: 'step.cancelled'; readonly applyStep: number }
  | SeatEvent
  | ClockEvent
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
      /** The (working) time that the step has used of its own, in milliseconds; its clock stands still from now on. */
      readonly used?: number;
    }
  | {
      readonly type: 'order.resubmitted';
      readonly remark: string | null;
      /** The new variables; left out when they stay. */
      readonly variables?: Readonly<Record<string, unknown>>;
      /** The steps that are walked anew. */
      readonly walk: readonly number[];
      readonly saw?: Saw;
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
  /** Led over to another version of its template: what lies behind it stays as it is. */
  | {
      readonly type: 'order.moved';
      readonly userCode: string;
      readonly fromVersion: number | null;
      readonly toVersion: number;
      readonly autoApprove: AutoApprove;
      readonly dedupe: Dedupe;
      readonly distinct: boolean;
      /** The new copy of the open step, which is opened anew; null when it stays as it is, or none is open. */
      readonly present: StepSnapshot | null;
      /** How many steps stay where they are: those that were walked, the open one, and what is the same behind it. */
      readonly kept: number;
      /** What is still to be walked, in place of everything behind the steps that stay. */
      readonly ahead: readonly StepSnapshot[];
      /** Of an order that was returned: the number that the step which returned it has now. */
      readonly returnedFrom?: number;
      readonly saw?: Saw;
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

/** The variables that conditions named, by step and name; a variable that is missing is left out. */
export type Saw = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Why a rule found somebody. */
export interface FoundWhy {
  readonly userCode: string;
  readonly rule: 'named' | 'group' | 'role' | 'leader' | 'chosen' | 'resolver';
  /** The code of the group, the role, or the leader's department. */
  readonly of?: string;
  /** Of a leader: how many levels above the applicant. */
  readonly level?: number;
  /** By which restriction they were kept, and through which department and level of the applicant's. */
  readonly within?: {
    readonly restriction: Restriction;
    readonly department?: string;
    readonly level?: number;
  };
}

/** Somebody who sits in the place of somebody else. */
export interface StandIn {
  readonly by: string;
  readonly for: string;
  /** The delegations that lead from one to the other, in their sequence. */
  readonly delegations: readonly string[];
}

/** What time brings about on an open step. */
export type ClockEvent =
  | {
      readonly type: 'step.reminded';
      readonly applyStep: number;
      /** The timers that have fired with it. */
      readonly timers: readonly string[];
      readonly overdue: boolean;
    }
  | {
      readonly type: 'step.escalated';
      readonly applyStep: number;
      readonly timers: readonly string[];
      readonly level: number;
      /** The leaders who may decide it now besides; empty when none was found. */
      readonly userCodes: readonly string[];
    }
  /** Decided by its due time. */
  | {
      readonly type: 'step.timed_out';
      readonly applyStep: number;
      readonly timers: readonly string[];
      readonly verdict: 'approved' | 'rejected';
    }
  /** The step waits for information. */
  | {
      readonly type: 'step.clock_stopped';
      readonly applyStep: number;
      readonly at: number;
      readonly used: number;
    }
  | { readonly type: 'step.clock_started'; readonly applyStep: number; readonly clock: ClockReading }
  /** Reckoned anew, because its calendar has changed. */
  | { readonly type: 'step.clock_set'; readonly applyStep: number; readonly clock: ClockReading };

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
  /** Work that was given to people who have delegated it. */
  | { readonly type: 'step.stood_in'; readonly applyStep: number; readonly standIns: readonly StandIn[] }
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
  /** Of somebody who stands in: for whom. */
  readonly onBehalfOf?: string;
}
