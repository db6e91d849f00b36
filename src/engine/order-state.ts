import type { StepClock, Timing } from './timing.js';
import type {
  ApplyStatus,
  ApprovalMode,
  AuditObjectType,
  AuditStatus,
  AutoApprove,
  Capacity,
  Dedupe,
  NobodyPolicy,
  Restriction,
  Subject,
} from './vocabulary.js';

/** How a stage finds its reviewers beyond the codes that it names, and what happens when it finds nobody. */
export interface FindingRule {
  readonly restrictTo: Restriction | null;
  /** Of a leader: go on upwards past vacant posts and past the applicant. */
  readonly pastVacant: boolean;
  readonly whenNobody: NobodyPolicy;
  /** User codes, asked under `fallback`. */
  readonly fallback: readonly string[];
  /** Of `applicant_choice`: whom the applicant chose. */
  readonly chosen: readonly string[];
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
  /** Of `threshold`: how many approvals it takes. */
  readonly minApprovals?: number;
  readonly condition: string | null;
  /** The people, groups and roles that the stage names; empty where people are found when the step opens. */
  readonly subjects: readonly Subject[];
  readonly finding?: FindingRule;
  /** Which version of the node was copied. */
  readonly nodeVersion?: number;
  readonly timing?: Timing;
  /** Where nobody may decide two steps: the people behind its groups and roles are asked by name. */
  readonly byName?: true;
}

/** Where a seat's turn is: `waiting` before it comes, `open` in the to-do list, `closed` after it. */
export type Turn = 'waiting' | 'open' | 'closed';

/**
 * How a seat came to the step. `named`: by the stage. `found`: a person whom the step asks, found when it opened.
 * `taken`: handed over by somebody. `added`: an added signature. `consulted`: asked for an opinion that goes back.
 * `acting`: somebody who acts through a group or a role, or as administrator. `escalated`: a leader whom an overdue step
 * asks besides.
 */
export type SeatKind = 'named' | 'found' | 'taken' | 'added' | 'consulted' | 'acting' | 'escalated';

/** Before the step's own reviewers, beside them, or after them. */
export const signPositions = ['before', 'with', 'after'] as const;
export type SignPosition = (typeof signPositions)[number];

/** A person, group or role on a step, with what it decided. One person has one seat, and one vote, on a step. */
export interface Seat {
  readonly subject: Subject;
  readonly kind: SeatKind;
  readonly turn: Turn;
  /** Why it is no longer asked: handed over, taken out, not found any more, of an earlier round, or somebody stands in. */
  readonly gone: 'handed_over' | 'removed' | 'left' | 'past' | 'delegated' | null;
  /** Of an added signature. */
  readonly position: SignPosition | null;
  /** Who handed it over, added it, or asked for the opinion. */
  readonly by: string | null;
  readonly decision: 'approved' | 'rejected' | null;
  readonly capacity: Capacity | null;
  readonly auditMsg: string | null;
  /** Of an opinion, who asked for it; of a place that was handed over, whose it was first. */
  readonly onBehalfOf: string | null;
}

export interface StepState extends StepSnapshot {
  readonly auditStatus: AuditStatus;
  /** How many approvals the step asks for, added signatures included; known once the step is open. */
  readonly requiredApprovals: number;
  /** Whom the step asks, in their sequence, where it asks people; empty where it asks groups and roles as they are. */
  readonly people: readonly string[];
  readonly seats: readonly Seat[];
  readonly auditUserCode: string | null;
  readonly auditMsg: string | null;
  readonly reason: string | null;
  /** Of a step that is due some time, while it is open, or stands still because the order was returned. */
  readonly clock: StepClock | null;
}

/** After a return: once more through every step from there, or straight back to the step that returned. */
export const resumeWays = ['again', 'back'] as const;
export type ResumeWay = (typeof resumeWays)[number];

/** An order that was returned to its applicant, until it is resubmitted. */
export interface Returned {
  readonly by: string;
  readonly fromStep: number;
  readonly resume: ResumeWay;
}

/** The last decision, as long as nobody has acted on it. */
export interface LastDecision {
  readonly applyStep: number;
  readonly userCode: string;
  /** The steps that were opened, skipped or passed since: they wait again when it is taken back. */
  readonly walked: readonly number[];
  /** Whose votes on the same step were repeated since: they go with it. */
  readonly repeated: readonly string[];
}

export interface OrderState {
  readonly applyStatus: ApplyStatus;
  /** Counts committed commands; the order's optimistic version and the log's transition number. */
  readonly version: number;
  readonly applicant: string;
  /** Whether the applicant was a system administrator when the order was opened (requirement 003, case 2). */
  readonly applicantSystemAdmin: boolean;
  readonly autoApprove: AutoApprove;
  readonly dedupe: Dedupe;
  /** Nobody decides two steps of the order, neither as themselves nor for somebody else. */
  readonly distinct: boolean;
  /** Whether the business module is asked before the first step, and again after a resubmission. */
  readonly hasCheck: boolean;
  readonly hasExecute: boolean;
  /** Why the order was rejected without a reviewer: the business module's words, or an administrator's. */
  readonly error: string | null;
  readonly returned: Returned | null;
  readonly lastDecision: LastDecision | null;
  /** When the reviewers were last urged, in milliseconds since 1970. */
  readonly urgedAt: number | null;
  readonly steps: readonly StepState[];
}

/** The step under review, or null while none is. At most one step is open (`one path`). */
export const openStep = (state: OrderState): StepState | null =>
  state.steps.find((step) => step.auditStatus === 'in_review') ?? null;

export const isEnded = (state: OrderState): boolean =>
  state.applyStatus === 'withdrawn' || state.applyStatus === 'rejected' || state.applyStatus === 'completed';

/** The reason of a step that a move to another version has put aside: what its stage is now, if it is one, comes later. */
export const supersededReason = 'moved';

export const isSuperseded = (step: StepState): boolean =>
  step.auditStatus === 'skipped' && step.reason === supersededReason;

/** The rule of a step that says nothing special. */
export const plainFinding: FindingRule = {
  restrictTo: null,
  pastVacant: false,
  whenNobody: 'refuse',
  fallback: [],
  chosen: [],
};

/** Whether a step's people are found by a rule when it opens, rather than named by person, group or role. */
export const isFound = (step: Pick<StepSnapshot, 'auditObjectType' | 'finding'>): boolean =>
  !['user', 'group', 'role', 'provider'].includes(step.auditObjectType) || Boolean(step.finding?.restrictTo);

/** Whether a step asks its groups and roles as they are at the moment of a decision, and no people by name. */
export const isLazy = (step: StepSnapshot): boolean =>
  step.approvalMode === 'any' && !isFound(step) && !step.byName;
