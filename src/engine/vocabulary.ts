/**
 * The words of the domain that the engine decides with. Columns hold the codes of requirement 003, the API the names
 * used here; the table between the two is `orders/order.codes.ts`.
 */
export const applyStatuses = [
  'initiating',
  'in_review',
  'withdrawn',
  'rejected',
  'executing',
  'completed',
] as const;
export type ApplyStatus = (typeof applyStatuses)[number];

export const auditStatuses = [
  'waiting',
  'in_review',
  'auto_approved',
  'approved',
  'rejected',
  'skipped',
  'cancelled',
] as const;
export type AuditStatus = (typeof auditStatuses)[number];

/**
 * How a node names its reviewers: people, groups or roles by code; the n-th department leader above the applicant; whom
 * the applicant chooses; or whom the business system answers.
 */
export const nodeObjectTypes = ['user', 'group', 'role', 'leader', 'applicant_choice', 'resolver'] as const;
export type NodeObjectType = (typeof nodeObjectTypes)[number];

/** How a step does: as its node, or by the code of an outside approval system, which decides the whole order. */
export const auditObjectTypes = [...nodeObjectTypes, 'provider'] as const;
export type AuditObjectType = (typeof auditObjectTypes)[number];

/** How many of a step's people must agree: 或签 (`any`), 会签 (`all`), 票签 (`threshold`: N of them), 依次 (`sequential`). */
export const approvalModes = ['any', 'all', 'threshold', 'sequential'] as const;
export type ApprovalMode = (typeof approvalModes)[number];

/** Domain rule 5: what happens when a person who has approved is asked again on a later step. */
export const dedupePolicies = ['none', 'consecutive', 'all'] as const;
export type Dedupe = (typeof dedupePolicies)[number];

/**
 * 限定: of the people whom a stage names, only those of the applicant's groups, of the applicant's department, or of the
 * nearest department from the applicant's upwards in which there is one.
 */
export const restrictions = ['group', 'department', 'department_chain'] as const;
export type Restriction = (typeof restrictions)[number];

/** What happens to a stage that finds nobody: the order is refused, the step skipped, or somebody else asked. */
export const nobodyPolicies = ['refuse', 'skip', 'admin', 'fallback'] as const;
export type NobodyPolicy = (typeof nobodyPolicies)[number];

/** Domain rule 3: what happens on the steps on which the applicant sits. */
export const autoApprovePolicies = ['through_applicant_node', 'applicant_nodes', 'never'] as const;
export type AutoApprove = (typeof autoApprovePolicies)[number];

/** The two callbacks to the business module: before the first step, and behind the last (domain rules 2 and 6). */
export const callbackKinds = ['check', 'execute'] as const;
export type CallbackKind = (typeof callbackKinds)[number];

/**
 * In which quality somebody decides; the log names it (domain rule 4). `signer`: an added signature; `consultant`: an
 * opinion that decides nothing; `repeat`: counted by itself, because the person has approved before (rule 5); `leader`:
 * asked because the step was not decided in time.
 */
export type Capacity = 'assignee' | 'system_admin' | 'signer' | 'consultant' | 'repeat' | 'leader';

/**
 * A key under which a person can sit on a step: `u:<user code>`, `g:<team or empty>/<group code>` or `r:<role>`.
 * A group stays one subject until somebody decides, so that opening costs the same for 3 members as for 3,000.
 */
export type Subject = string;

/** A person as the engine sees one: the code, and every subject under which the directory knows them right now. */
export interface Person {
  readonly userCode: string;
  readonly subjects: ReadonlySet<Subject>;
  readonly systemAdmin: boolean;
  /** On a step whose reviewers a resolver names: whether it says that this person may decide. Not asked is no. */
  readonly confirmed?: boolean;
}

/** What the directory says at the moment of the command about the groups and roles whose people a step would ask. */
export type GroupMembers = ReadonlyMap<Subject, readonly string[]>;

/** The last step number that `apply_step` (tinyint unsigned, requirement 003) can hold. */
export const maxStages = 255;

/** The user code under which an outside approval system decides; nobody's token may name it. */
export const providerUser = (code: string): string => `provider:${code}`;
/** The code of the provider that acts under a user code; null for people. */
export const providerOfUser = (userCode: string): string | null =>
  userCode.startsWith('provider:') ? userCode.slice('provider:'.length) : null;

export const userSubject = (userCode: string): Subject => `u:${userCode}`;
export const groupSubject = (scope: string, groupCode: string): Subject => `g:${scope}/${groupCode}`;
export const roleSubject = (role: string): Subject => `r:${role}`;
export const isGroupSubject = (subject: Subject): boolean => subject.startsWith('g:');
/** The user code behind a `u:` subject, null for groups and roles. */
export const userOfSubject = (subject: Subject): string | null =>
  subject.startsWith('u:') ? subject.slice(2) : null;
