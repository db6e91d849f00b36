import { nodeObjectTypeCodes, nameOf } from '../engine/codes.js';
import type { ApprovalMode, NobodyPolicy, Restriction } from '../engine/vocabulary.js';
import type { NodeRow } from './node.entity.js';
import type { Finding } from './node-rules.js';

/** The columns that hold a node's finding. */
type FindingColumns = Pick<
  NodeRow,
  | 'auditObjectType'
  | 'auditObject'
  | 'approvalMode'
  | 'minApprovals'
  | 'restrictTo'
  | 'pastVacant'
  | 'whenNobody'
  | 'fallbackUsers'
>;

/** The list behind a comma-separated column: codes hold no comma, so it gives back the very list. */
export const codesOf = (column: string | null): string[] => (column ? column.split(',') : []);

export const toColumns = (finding: Finding): FindingColumns => ({
  auditObjectType: nodeObjectTypeCodes[finding.auditObjectType],
  auditObject: finding.auditObject.join(','),
  approvalMode: finding.approvalMode,
  minApprovals: finding.minApprovals,
  restrictTo: finding.restrictTo,
  pastVacant: Number(finding.pastVacant),
  whenNobody: finding.whenNobody,
  fallbackUsers: finding.fallback.length === 0 ? null : finding.fallback.join(','),
});

/** @returns the finding of a stored node, with lists of its own. */
export const fromColumns = (row: FindingColumns) =>
  ({
    auditObjectType: nameOf(nodeObjectTypeCodes, row.auditObjectType),
    auditObject: codesOf(row.auditObject),
    approvalMode: row.approvalMode as ApprovalMode,
    minApprovals: row.minApprovals,
    restrictTo: row.restrictTo as Restriction | null,
    pastVacant: row.pastVacant === 1,
    whenNobody: row.whenNobody as NobodyPolicy,
    fallback: codesOf(row.fallbackUsers),
  }) satisfies Finding;

/** The codes of a finding's rows: an address has none, for it would not fit, and nobody looks for nodes by it. */
export const objectsOf = ({ auditObjectType, auditObject }: Finding): readonly string[] =>
  auditObjectType === 'resolver' ? [] : auditObject;

/** What a version of a node keeps: all that an administrator can change of it. */
export const contentOf = (row: NodeRow) => ({
  templateNodeName: row.templateNodeName,
  ...fromColumns(row),
  remark: row.remark,
});
