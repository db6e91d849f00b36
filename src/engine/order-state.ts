import type {
  ApplyStatus,
  ApprovalMode,
  AuditObjectType,
  AuditStatus,
  AutoApprove,
  Capacity,
  Subject,
} from './vocabulary.js';

/** One person's decision on one step. One person has one vote per step (domain rule 4). */
export interface Vote {
  readonly userCode: string;
  readonly decision: 'approved' | 'rejected';
  readonly auditMsg: string | null;
  readonly capacity: Capacity;
}

/** A stage as it was copied from the template when the order was opened (domain rule 1). */
export interface StepSnapshot {
  /** 1 to 255. */
  readonly applyStep: number;
  readonly nodeId: string;
  readonly nodeName: string;
  readonly auditObjectType: AuditObjectType;
  readonly auditObject: readonly string[];
  readonly approvalMode: ApprovalMode;
  readonly condition: string | null;
  readonly subjects: readonly Subject[];
}

export interface StepState extends StepSnapshot {
  readonly auditStatus: AuditStatus;
  /** How many approvals the step asks for; known for `all` once the step is open. */
  readonly requiredApprovals: number;
  /** The people an open `all` step asks, resolved when it opened; empty for `any`. */
  readonly people: readonly string[];
  readonly votes: readonly Vote[];
  readonly auditUserCode: string | null;
  readonly auditMsg: string | null;
  readonly reason: string | null;
}

export interface OrderState {
  readonly applyStatus: ApplyStatus;
  /** Counts committed commands; the order's optimistic version and the log's transition number. */
  readonly version: number;
  readonly applicant: string;
  /** Whether the applicant was a system administrator when the order was opened (requirement 003, case 2). */
  readonly applicantSystemAdmin: boolean;
  readonly autoApprove: AutoApprove;
  readonly hasExecute: boolean;
  /** Why the order was rejected without a reviewer: the business module's words, or an administrator's. */
  readonly error: string | null;
  readonly steps: readonly StepState[];
}

/** The step under review, or null while none is. At most one step is open (`one path`). */
export const openStep = (state: OrderState): StepState | null =>
  state.steps.find((step) => step.auditStatus === 'in_review') ?? null;

export const isEnded = (state: OrderState): boolean =>
  state.applyStatus === 'withdrawn' || state.applyStatus === 'rejected' || state.applyStatus === 'completed';
