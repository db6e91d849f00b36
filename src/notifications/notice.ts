import type { Attachment } from '../engine/events.js';
import type { ResumeWay } from '../engine/order-state.js';
import type { ApplyStatus, AuditObjectType, CallbackKind } from '../engine/vocabulary.js';

/** What one can subscribe to. */
export const noticeTypes = [
  'order.opened',
  'step.in_review',
  'step.assigned',
  'step.decided',
  'step.reminded',
  'step.escalated',
  'step.timed_out',
  'order.returned',
  'order.resubmitted',
  'order.reopened',
  'order.urged',
  'order.copied',
  'order.commented',
  'order.completed',
  'order.rejected',
  'order.withdrawn',
  'delivery.parked',
] as const;
export type NoticeType = (typeof noticeTypes)[number];

/** One piece of news, as it is stored when it is due and as webhooks send it: later changes do not alter it. */
export interface Notice {
  readonly type: NoticeType;
  /** When it happened. */
  readonly timestamp: string;
  readonly data: NoticeData;
}

/** What the news is about. Names as in the bodies of callbacks. */
export interface NoticeData
  extends
    OrderFacts,
    Partial<StepFacts>,
    Partial<DecisionFacts>,
    Partial<ActionFacts>,
    Partial<TimeFacts>,
    Partial<ParkedFacts> {
  /** Of a withdrawal or a resubmission: the applicant's words. */
  readonly remark?: string | null;
  /** Of a rejected order: `step_rejected`, `check_failed`, `execute_failed` or `abandoned`. */
  readonly reason?: string;
  /** What went wrong, of a rejected order or a parked delivery. */
  readonly error?: string | null;
  /** Of a parked delivery. */
  readonly delivery_id?: string;
  /** Of a parked callback of an order. */
  readonly callback?: CallbackKind;
}

/** The order. All but the team is null in the one news that is about none: a parked delivery that belongs to no order. */
export interface OrderFacts {
  readonly ticket_id: string | null;
  readonly business_type: string | null;
  readonly business_key: string | null;
  readonly acc_code: string | null;
  /** The applicant. */
  readonly user_code: string | null;
  /** After everything that happened with this news. */
  readonly apply_status: ApplyStatus | null;
  readonly title: string | null;
}

/** Of a parked delivery that is no callback. */
interface ParkedFacts {
  /** What kind of delivery it is. */
  readonly topic: string;
  /** For administrators, in English. */
  readonly what_to_do: string;
}

/** The step that opened, asks somebody else, was decided or returned, or was under review when the order ended. */
export interface StepFacts {
  readonly apply_step: number;
  readonly node_name: string;
  /** What kind of codes `reviewers` holds. */
  readonly reviewer_type: AuditObjectType;
  /** The people whom the step asks, where it asks people by name; else what its node names. */
  readonly reviewers: readonly string[];
}

export interface DecisionFacts {
  readonly decision: 'approved' | 'rejected';
  /** `in_review` while the step still waits for others. */
  readonly audit_status: 'in_review' | 'approved' | 'rejected';
  readonly decided_by: string;
  readonly audit_msg: string | null;
}

/** Of a step that is due some time. */
interface TimeFacts {
  readonly due_at: string;
  /** Of a reminder: whether that has passed. */
  readonly overdue: boolean;
  /** Of an escalation: how many levels of leaders were asked by now. */
  readonly level: number;
  /** What its passing decided. */
  readonly verdict: 'approved' | 'rejected';
}

/** What somebody did to the order besides deciding it. */
interface ActionFacts {
  readonly acted_by: string;
  /** Their words. */
  readonly audit_msg: string | null;
  /** Of `step.assigned` and `step.escalated`: the people who are asked now and were not before. Of `order.copied`: who gets the copy. */
  readonly user_codes: readonly string[];
  /** Of a return: where to; 0 is the applicant, whose step has no name. */
  readonly to_step: number;
  readonly to_node_name: string | null;
  readonly resume: ResumeWay;
  /** Of a comment. */
  readonly text: string;
  readonly attachments: readonly Attachment[];
}
