import type { ApplyStatus, AuditObjectType, AuditStatus, NodeObjectType } from './vocabulary.js';

/** The one-letter codes of requirement 003's columns; codes that are ours are named in the domain page. */
export const applyStatusCodes = {
  initiating: '1',
  in_review: '2',
  withdrawn: '3',
  rejected: '4',
  executing: '5',
  completed: '6',
} as const satisfies Record<ApplyStatus, string>;

export const auditStatusCodes = {
  waiting: '1',
  in_review: '2',
  auto_approved: '3',
  approved: '4',
  rejected: '5',
  skipped: '6',
  cancelled: '7',
} as const satisfies Record<AuditStatus, string>;

export const nodeObjectTypeCodes = {
  user: '0',
  group: '1',
  role: '2',
  leader: '3',
  applicant_choice: '4',
  resolver: '5',
} as const satisfies Record<NodeObjectType, string>;

export const auditObjectTypeCodes = {
  ...nodeObjectTypeCodes,
  provider: '6',
} as const satisfies Record<AuditObjectType, string>;

/** Templates and nodes: system ones are read-only. */
export const originCodes = { system: '0', custom: '1' } as const;

/** The name behind a column's code. @throws RangeError for a code that is not in the table. */
export function nameOf<Name extends string>(codes: Readonly<Record<Name, string>>, code: string): Name {
  for (const name of Object.keys(codes) as Name[]) if (codes[name] === code) return name;
  throw new RangeError(`unknown code ${code}`);
}
