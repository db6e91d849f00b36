import { type NodeObjectType, type Restriction } from '../engine/vocabulary.js';
import { whyNoCode } from '../http/fields.js';
import type { FieldError } from '../http/problem.js';
import { whyNoCallbackUrl } from '../outbound/callback-url.js';

/** What a request says of how approvers are found: a node, or the fields of one. */
export interface RuleGiven {
  readonly nodeId?: string;
  readonly auditObjectType?: NodeObjectType;
  readonly auditObject?: readonly string[];
  readonly restrictTo?: Restriction | null;
  readonly pastVacant?: boolean;
}

const codeLength = 64;
/** The highest department leader that nodes may ask for. */
const maxLeader = 20;
const named: readonly NodeObjectType[] = ['user', 'group', 'role'];
const ofNodes = ['auditObjectType', 'auditObject', 'restrictTo', 'pastVacant'] as const;

/** What is wrong with a rule that is tried out: nodes would refuse the same. At most one entry for each field. */
export function ruleErrors(given: RuleGiven): FieldError[] {
  const { auditObjectType, auditObject, restrictTo, pastVacant } = given;
  if (given.nodeId !== undefined) {
    return ofNodes
      .filter((field) => given[field] !== undefined)
      .map((field) => ({ field, message: 'is told by the node: leave it out, or nodeId' }));
  }
  if (auditObjectType === undefined) return [{ field: 'nodeId', message: 'or auditObjectType is required' }];
  if (auditObject === undefined) return [{ field: 'auditObject', message: 'is required without nodeId' }];
  const wrong: readonly (readonly [field: string, message: string | null])[] = [
    ['auditObject', whyNoObjects(auditObjectType, auditObject)],
    [
      'restrictTo',
      restrictTo && !named.includes(auditObjectType) ? 'is for user, group and role only' : null,
    ],
    ['pastVacant', pastVacant === true && auditObjectType !== 'leader' ? 'is for leader only' : null],
  ];
  return wrong.flatMap(([field, message]) => (message === null ? [] : [{ field, message }]));
}

function whyNoObjects(type: NodeObjectType, objects: readonly string[]): string | null {
  const [first] = objects;
  if (first === undefined) return type === 'applicant_choice' ? null : 'must not be empty';
  if (type === 'leader') {
    const fits = objects.length === 1 && /^[1-9]\d?$/.test(first) && Number(first) <= maxLeader;
    return fits ? null : `must hold one whole number from "1" to "${maxLeader}" for a leader`;
  }
  if (type === 'resolver') {
    return objects.length === 1 ? whyNoCallbackUrl(first) : 'must hold one address for a resolver';
  }
  if (type === 'group' && objects.some((code) => code.includes('/'))) {
    return 'must hold no slash in a group code';
  }
  return objects.map((code) => whyNoCode(code, codeLength)).find((why) => why !== null) ?? null;
}
