import { isPersonCode } from '../../auth/token.verifier.js';
import type { DepartmentChange, DepartmentRecord } from '../../directory/department-records.service.js';
import type { GroupChange, GroupRecord } from '../../directory/group-records.service.js';
import {
  type PersonChange,
  type PersonRecord,
  platformRole,
} from '../../directory/person-records.service.js';
import type { FieldError } from '../../http/problem.js';
import type { ImportDirectory } from './import.dto.js';

/** What is told of a row that is left alone. */
export interface LeftAlone {
  readonly list: 'users' | 'groups' | 'departments';
  readonly index: number;
  readonly code: string;
  readonly reason: 'of_another_team' | 'kept_by_another';
}

/** Where a document is imported, and under whose name its rows are kept. */
export interface Destination {
  /** Empty: the platform. */
  readonly scope: string;
  readonly source: string;
  readonly now: Date;
}

/** What becomes of one list of a document. */
export interface Plan<Change> {
  readonly changes: readonly Change[];
  readonly unchanged: number;
  readonly skipped: readonly LeftAlone[];
  readonly errors: readonly FieldError[];
}

/** Who keeps the rows of an import; a team's code and a source's hold no comma, and a source no slash. */
export const keptAs = (scope: string, source: string): string => `import:${scope}/${source}`;

type Users = NonNullable<ImportDirectory['users']>;
type Groups = NonNullable<ImportDirectory['groups']>;
type Departments = NonNullable<ImportDirectory['departments']>;

/** Codes of the service's own. */
const isReserved = (code: string): boolean => !isPersonCode(code);

/** Rows that nobody keeps, or tokens' claims only, are taken over. */
const isAnothers = (row: { readonly source: string | null }, { source }: Destination): boolean =>
  row.source !== null && row.source !== 'claims' && row.source !== source;

export function planPeople(
  users: Users,
  held: ReadonlyMap<string, PersonRecord>,
  to: Destination,
): Plan<PersonChange> {
  const plan: Draft<PersonChange> = { changes: [], unchanged: 0, skipped: [], errors: [] };
  users.forEach((given, index) => {
    const at = `users[${index}]`;
    if (isReserved(given.userCode)) {
      plan.errors.push(
        fault(`${at}.userCode`, `must not be ${given.userCode}, which is reserved for the service itself`),
      );
    }
    if (to.scope !== '' && given.accCode !== undefined && given.accCode !== to.scope) {
      plan.errors.push(fault(`${at}.accCode`, "must be left out, or the document's team"));
    }
    const before = held.get(given.userCode) ?? null;
    if (before && to.scope !== '' && before.accCode !== to.scope) {
      plan.skipped.push({ list: 'users', index, code: given.userCode, reason: 'of_another_team' });
      return;
    }
    if (before && isAnothers(before, to)) {
      plan.skipped.push({ list: 'users', index, code: given.userCode, reason: 'kept_by_another' });
      return;
    }
    const had = before?.roles.split(',').includes(platformRole) ?? false;
    if (to.scope !== '' && !had && given.roles?.includes(platformRole)) {
      plan.errors.push(fault(`${at}.roles`, `must not hold ${platformRole}, which belongs to the platform`));
    }
    const kept = to.scope !== '' && had && !given.roles?.includes(platformRole) ? [platformRole] : [];
    const after: PersonRecord = {
      userCode: given.userCode,
      name: given.name,
      accCode: given.accCode === undefined ? (before ? before.accCode : to.scope || null) : given.accCode,
      department: given.department === undefined ? (before?.department ?? null) : given.department,
      email: given.email === undefined ? (before?.email ?? null) : given.email,
      roles: given.roles === undefined ? (before?.roles ?? '') : [...given.roles, ...kept].join(','),
      active: given.active === undefined ? (before?.active ?? 1) : Number(given.active),
      source: to.source,
      externalId: before?.externalId ?? null,
      removed: 0,
      createTime: before?.createTime ?? to.now,
      updateTime: to.now,
    };
    add(plan, before, after);
  });
  return plan;
}

export function planGroups(
  groups: Groups,
  held: ReadonlyMap<string, GroupRecord>,
  membersHeld: ReadonlyMap<string, readonly string[]>,
  to: Destination,
): Plan<GroupChange> & { readonly members: ReadonlyMap<string, readonly string[]> } {
  const plan: Draft<GroupChange> = { changes: [], unchanged: 0, skipped: [], errors: [] };
  const members = new Map<string, readonly string[]>();
  groups.forEach((given, index) => {
    const reserved = given.members?.find(isReserved);
    if (reserved !== undefined) {
      plan.errors.push(
        fault(
          `groups[${index}].members`,
          `must not hold ${reserved}, which is reserved for the service itself`,
        ),
      );
    }
    const before = held.get(given.code) ?? null;
    if (before && isAnothers(before, to)) {
      plan.skipped.push({ list: 'groups', index, code: given.code, reason: 'kept_by_another' });
      return;
    }
    const others = given.members && !isSame(membersHeld.get(given.code) ?? [], given.members);
    if (given.members && others) members.set(given.code, given.members);
    const { scope, source, now } = to;
    const after: GroupRecord = {
      scope,
      code: given.code,
      name: given.name,
      source,
      externalId: before?.externalId ?? null,
      createTime: before?.createTime ?? now,
      updateTime: now,
    };
    if (before && others) plan.changes.push({ before, after });
    else add(plan, before, after);
  });
  return { ...plan, members };
}

export function planDepartments(
  departments: Departments,
  held: ReadonlyMap<string, DepartmentRecord>,
  to: Destination,
): Plan<DepartmentChange> {
  const plan: Draft<DepartmentChange> = { changes: [], unchanged: 0, skipped: [], errors: [] };
  departments.forEach((given, index) => {
    if (given.leader && isReserved(given.leader)) {
      plan.errors.push(
        fault(
          `departments[${index}].leader`,
          `must not be ${given.leader}, which is reserved for the service itself`,
        ),
      );
    }
    const before = held.get(given.code) ?? null;
    if (before && isAnothers(before, to)) {
      plan.skipped.push({ list: 'departments', index, code: given.code, reason: 'kept_by_another' });
      return;
    }
    const { scope, source, now } = to;
    add(plan, before, {
      scope,
      code: given.code,
      name: given.name,
      parentCode: given.parent ?? null,
      leader: given.leader ?? null,
      source,
      externalId: before?.externalId ?? null,
      createTime: before?.createTime ?? now,
      updateTime: now,
    });
  });
  return plan;
}

/** Codes that a list names twice, each with both places. */
export function twice(list: string, codeField: string, codes: readonly string[]): FieldError[] {
  const first = new Map<string, number>();
  return codes.flatMap((code, index) => {
    const earlier = first.get(code);
    if (earlier === undefined) first.set(code, index);
    return earlier === undefined
      ? []
      : [fault(`${list}[${index}].${codeField}`, `names ${code} again, after ${list}[${earlier}]`)];
  });
}

export const fault = (field: string, message: string): FieldError => ({
  field,
  message: `${field} ${message}`,
});

/** A plan that is being made. */
interface Draft<Change> {
  readonly changes: Change[];
  unchanged: number;
  readonly skipped: LeftAlone[];
  readonly errors: FieldError[];
}

function add<Row extends { readonly updateTime: Date }>(
  plan: { changes: { before: Row | null; after: Row }[]; unchanged: number },
  before: Row | null,
  after: Row,
): void {
  if (before && JSON.stringify(entries(before)) === JSON.stringify(entries(after))) plan.unchanged += 1;
  else plan.changes.push({ before, after });
}

const isSame = (some: readonly string[], others: readonly string[]): boolean => {
  const set = new Set(others);
  return some.length === set.size && some.every((one) => set.has(one));
};

/** What a row says, whenever it was written. */
const entries = (row: object): unknown[] =>
  Object.entries(row)
    .filter(([name]) => name !== 'updateTime')
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
