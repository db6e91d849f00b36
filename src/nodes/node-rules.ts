import type { ApprovalMode, NodeObjectType, NobodyPolicy, Restriction } from '../engine/vocabulary.js';
import { whyNoCode } from '../http/fields.js';
import type { FieldError } from '../http/problem.js';
import { whyNoCallbackUrl } from '../outbound/callback-url.js';

/** How a node finds its reviewers and how many of them must agree: the fields that only make sense together. */
export interface Finding {
  readonly auditObjectType: NodeObjectType;
  /** Codes, the number of a leader, or the one address of a resolver. */
  readonly auditObject: readonly string[];
  readonly approvalMode: ApprovalMode;
  /** For the mode `threshold` only. */
  readonly minApprovals: number | null;
  readonly restrictTo: Restriction | null;
  readonly pastVacant: boolean;
  readonly whenNobody: NobodyPolicy;
  /** User codes, for `whenNobody` `fallback` only. */
  readonly fallback: readonly string[];
}

/** What a request gives of it; what is left out stays, and is the default in a new node. */
export type FindingChange = Partial<Finding>;

/** User and group codes of a node; longer lists of people are what groups are for. */
export const maxCodes = 200;
const maxRoles = 20;
/** The highest department leader that a node may ask for, counted upwards from the applicant. */
const maxLeader = 20;
export const maxFallback = 20;
export const codeLength = 64;

/** A new node's finding. A number of approvals without a mode means `threshold`. */
export function newFinding(given: FindingChange & Pick<Finding, 'auditObjectType' | 'auditObject'>): Finding {
  const { auditObjectType, auditObject, minApprovals = null } = given;
  const defaults: Finding = {
    auditObjectType,
    auditObject,
    approvalMode: minApprovals === null ? 'any' : 'threshold',
    minApprovals: null,
    restrictTo: null,
    pastVacant: false,
    whenNobody: 'refuse',
    fallback: [],
  };
  return changedFinding(defaults, given);
}

/**
 * What becomes of a finding by a change, to be judged by {@link findingErrors}. Another mode than `threshold` takes the
 * number of approvals away, and another `whenNobody` than `fallback` its people, unless the change gives them.
 */
export function changedFinding(before: Finding, change: FindingChange): Finding {
  const auditObjectType = change.auditObjectType ?? before.auditObjectType;
  const approvalMode = change.approvalMode ?? before.approvalMode;
  const whenNobody = change.whenNobody ?? before.whenNobody;
  const minApprovals = approvalMode === 'threshold' ? before.minApprovals : null;
  return {
    auditObjectType,
    auditObject: stored(auditObjectType, change.auditObject ?? before.auditObject),
    approvalMode,
    minApprovals: change.minApprovals === undefined ? minApprovals : change.minApprovals,
    restrictTo: change.restrictTo === undefined ? before.restrictTo : change.restrictTo,
    pastVacant: change.pastVacant ?? before.pastVacant,
    whenNobody,
    fallback: change.fallback ?? (whenNobody === 'fallback' ? before.fallback : []),
  };
}

/**
 * Why a change cannot be made, whatever comes of it: an address is no list of codes, nor codes an address, so that a
 * type that turns into `resolver` or is one no longer needs its own `auditObject`.
 */
export function changeErrors(before: Finding, change: FindingChange): FieldError[] {
  const type = change.auditObjectType ?? before.auditObjectType;
  if (change.auditObject !== undefined || (type === 'resolver') === (before.auditObjectType === 'resolver')) {
    return [];
  }
  const message = `must be given too when auditObjectType changes from ${before.auditObjectType} to ${type}`;
  return [{ field: 'auditObject', message }];
}

/** What is wrong with a finding, at most one entry for each field. */
export function findingErrors(finding: Finding): FieldError[] {
  const wrong: Partial<Record<keyof Finding, string | null>> = {
    auditObject: whyNoObjects(finding.auditObjectType, finding.auditObject),
    minApprovals: whyNoThreshold(finding),
    restrictTo: whyNoRestriction(finding),
    pastVacant:
      finding.pastVacant && finding.auditObjectType !== 'leader'
        ? 'is for auditObjectType leader only'
        : null,
    fallback: whyNoFallback(finding),
  };
  return Object.entries(wrong).flatMap(([field, message]) => (message ? [{ field, message }] : []));
}

/** Addresses keep no comma: the column separates its entries by them. `%2C` means the same in a URL. */
const stored = (type: NodeObjectType, objects: readonly string[]): readonly string[] =>
  type === 'resolver' ? objects.map((url) => url.replaceAll(',', '%2C')) : objects;

function whyNoObjects(type: NodeObjectType, objects: readonly string[]): string | null {
  switch (type) {
    case 'user':
      return whyNoCodes(objects, 1, maxCodes, 'user codes');
    case 'group':
      // A slash separates the team from the code where a group stands for its people.
      if (objects.some((code) => code.includes('/'))) return 'must hold no slash in a group code';
      return whyNoCodes(objects, 1, maxCodes, 'group codes');
    case 'role':
      return whyNoCodes(objects, 1, maxRoles, 'roles');
    case 'applicant_choice':
      return whyNoCodes(objects, 0, maxCodes, 'user codes');
    case 'leader':
      return whyNoLeader(objects);
    case 'resolver':
      return whyNoResolver(objects);
  }
}

function whyNoCodes(codes: readonly string[], min: number, max: number, what: string): string | null {
  if (codes.length < min || codes.length > max) return `must hold ${min} to ${max} ${what}`;
  return codes.map((code) => whyNoCode(code, codeLength)).find((why) => why !== null) ?? null;
}

function whyNoLeader(objects: readonly string[]): string | null {
  const [level = ''] = objects;
  const fits = objects.length === 1 && /^[1-9]\d?$/.test(level) && Number(level) <= maxLeader;
  return fits ? null : `must hold one whole number from "1" to "${maxLeader}" for a leader`;
}

function whyNoResolver(objects: readonly string[]): string | null {
  const [url] = objects;
  if (url === undefined || objects.length > 1) return 'must hold one address for a resolver';
  return whyNoCallbackUrl(url);
}

function whyNoThreshold(finding: Finding): string | null {
  const { approvalMode, minApprovals } = finding;
  if (approvalMode !== 'threshold') {
    return minApprovals === null ? null : `is for approvalMode threshold only, not for ${approvalMode}`;
  }
  if (minApprovals === null) return 'must say how many approvals approvalMode threshold asks for';
  const people = peopleOf(finding);
  if (people === null || minApprovals <= people) return null;
  return `asks for ${minApprovals} approvals of ${people === 1 ? '1 person' : `${people} people`}`;
}

/** How many people a node can find at most, as far as its own fields say it; null when they do not. */
function peopleOf({ auditObjectType, auditObject }: Finding): number | null {
  if (auditObjectType === 'leader') return 1;
  const named =
    auditObjectType === 'user' || (auditObjectType === 'applicant_choice' && auditObject.length > 0);
  return named ? auditObject.length : null;
}

const restrictable: readonly NodeObjectType[] = ['user', 'group', 'role'];

const whyNoRestriction = ({ restrictTo, auditObjectType }: Finding): string | null =>
  restrictTo === null || restrictable.includes(auditObjectType)
    ? null
    : `narrows users, groups and roles only, not auditObjectType ${auditObjectType}`;

function whyNoFallback({ whenNobody, fallback }: Finding): string | null {
  if (whenNobody !== 'fallback') return fallback.length === 0 ? null : 'is for whenNobody fallback only';
  return fallback.length === 0 ? 'must name the people whom whenNobody fallback asks' : null;
}
