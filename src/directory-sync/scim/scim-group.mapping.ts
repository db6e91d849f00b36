import {
  type Collection,
  type CollectionKey,
  type CollectionKind,
  collectionKinds,
} from '../../directory/directory-search.service.js';
import { platformRole } from '../../directory/person-records.service.js';
import { Problem } from '../../http/problem.js';
import type { Keeper } from '../keeper.js';
import { idOf } from './scim.ids.js';
import { parsedFilter } from './scim.filter.js';
import type { Operation } from './scim.patch.js';
import { refused, scimBase, wrongValue } from './scim.problem.js';
import { coerced, directorySchema, groupSchema } from './scim.schemas.js';
import { checkCode, isReserved, shortText, versionOf } from './scim-user.mapping.js';

/** What SCIM says of a group; undefined: nothing. */
export interface GroupTold {
  readonly name: string;
  readonly externalId: string | null | undefined;
  readonly kind: CollectionKind | undefined;
  readonly code: string | undefined;
  readonly accCode: string | undefined;
  readonly parent: string | null | undefined;
  readonly leader: string | null | undefined;
  readonly members: readonly string[] | undefined;
}

interface KeptGroup {
  readonly displayName: string;
  readonly externalId?: string;
  readonly members?: readonly { readonly value?: string; readonly type?: string }[];
  readonly [directorySchema]?: {
    readonly kind?: string;
    readonly code?: string;
    readonly accCode?: string;
    readonly parent?: string;
    readonly leaders?: readonly string[];
  };
}

/**
 * Reads a Group as it came.
 * @throws ScimProblem 400 invalidValue naming the attribute
 */
export function groupTold(body: object): GroupTold {
  const group = coerced('Group', body) as unknown as KeptGroup;
  const { kind: given, code, accCode, parent, leaders } = group[directorySchema] ?? {};
  const kind = collectionKinds.find((one) => one === given?.toLowerCase());
  if (given && !kind) throw wrongValue('kind', `must be one of ${collectionKinds.join(', ')}`);
  if (group.displayName.trim() === '') throw wrongValue('displayName', 'must not be empty');
  if (leaders && leaders.length > 1)
    throw wrongValue('leaders', 'must hold one at most: a department has one leader');
  const leader = leaders?.[0];
  if (leader) checkPerson('leaders', leader);
  if (parent) checkCode('parent', parent);
  return {
    name: shortText('displayName', group.displayName, 128),
    externalId:
      group.externalId === undefined ? undefined : shortText('externalId', group.externalId, 255) || null,
    kind,
    code: code || undefined,
    accCode: accCode || undefined,
    parent: parent === undefined ? undefined : parent || null,
    leader: leaders === undefined ? undefined : leader || null,
    members: group.members && membersOf(group.members),
  };
}

/** @throws ScimProblem 400 for what is not a person's code */
function membersOf(members: readonly { readonly value?: string; readonly type?: string }[]): string[] {
  for (const { value, type } of members) {
    if (type?.toLowerCase() === 'group')
      throw wrongValue('members', 'must be people: there are no groups in groups');
    checkPerson('members', value ?? '');
  }
  return [...new Set(members.map(({ value }) => value ?? ''))];
}

function checkPerson(attribute: string, code: string): void {
  checkCode(attribute, code);
  if (isReserved(code))
    throw wrongValue(attribute, `must not hold ${code}, which is reserved for the service itself`);
}

/**
 * What names a new group: the code that is given, else its displayName when that can be a code.
 * @throws ScimProblem 400; Problem 403 for what only who keeps the installation makes
 */
export function newKeyOf(keeper: Keeper, told: GroupTold): CollectionKey {
  const kind = told.kind ?? 'usergroup';
  const code = told.code ?? told.name;
  const attribute =
    told.code === undefined ? `code (of ${directorySchema}), taken from displayName,` : 'code';
  checkCode(attribute, code);
  if (kind === 'usergroup' && code.includes('/')) throw wrongValue(attribute, 'must hold no slash');
  if (told.accCode !== undefined && keeper.team !== null && told.accCode !== keeper.team) {
    throw wrongValue('accCode', 'must be the own team');
  }
  if (told.accCode !== undefined) checkCode('accCode', told.accCode);
  const key: CollectionKey = { kind, scope: kind === 'team' ? '' : (told.accCode ?? keeper.scope), code };
  checkRights(keeper, key);
  return key;
}

/** @throws Problem 403 */
function checkRights({ team }: Keeper, { kind, scope, code }: CollectionKey): void {
  if (team !== null && kind === 'team') {
    throw new Problem('forbidden', 'only who keeps the whole installation puts people into teams');
  }
  if (kind === 'role' && code === platformRole && scope !== '') {
    throw new Problem('forbidden', `the role ${platformRole} belongs to the platform`);
  }
}

/** @throws ScimProblem 400 mutability when a whole resource would make another group of it */
export function checkSame(key: CollectionKey, told: GroupTold): void {
  const differs =
    (told.kind !== undefined && told.kind !== key.kind) ||
    (told.code !== undefined && told.code !== key.code) ||
    (told.accCode !== undefined && told.accCode !== key.scope);
  if (differs) throw refused('mutability', 'kind, code and accCode of a group do not change');
}

/** What a patch does to members: all of them anew first (null: no), then some who join and some who leave. */
export interface MembersPatched {
  readonly anew: readonly string[] | null;
  readonly joining: ReadonlySet<string>;
  readonly leaving: ReadonlySet<string>;
}

/**
 * The operations on members, taken together. They are applied as they are, and not to a document: a group may have
 * thousands of members of whom a patch names one.
 * @throws ScimProblem 400
 */
export function membersPatched(operations: readonly Operation[]): MembersPatched | null {
  let anew: string[] | null = null;
  const joining = new Set<string>();
  const leaving = new Set<string>();
  for (const { op, filter, sub, value } of operations) {
    if (sub !== null) throw refused('mutability', 'a member is put in or taken out, and does not change');
    if (filter !== null && op !== 'remove') throw refused('noTarget', 'members[…] can only be removed');
    const named = filter === null ? namedIn(value) : selectedBy(filter);
    if (op === 'replace' || (op === 'remove' && named === null)) {
      anew = [...(op === 'replace' ? (named ?? []) : [])];
      joining.clear();
      leaving.clear();
    } else {
      const [to, from] = op === 'add' ? [joining, leaving] : [leaving, joining];
      for (const code of named ?? []) {
        to.add(code);
        from.delete(code);
      }
    }
  }
  return operations.length === 0 ? null : { anew, joining, leaving };
}

/** Null: no value at all, which of a removal means everybody. */
function namedIn(value: unknown): string[] | null {
  if (value === undefined) return null;
  const group = coerced('Group', { displayName: '-', members: value }) as unknown as KeptGroup;
  return membersOf(group.members ?? []);
}

/** The people whom `value eq "u1"`, or several of them joined by `or`, names. */
function selectedBy(filter: string): string[] {
  const open = [parsedFilter(filter)];
  const people: string[] = [];
  for (let next = open.pop(); next; next = open.pop()) {
    if (next.op === 'or') open.push(...next.filters);
    else if (
      next.op === 'eq' &&
      next.attrPath.toLowerCase() === 'value' &&
      typeof next.compValue === 'string'
    ) {
      people.push(next.compValue);
    } else throw refused('invalidFilter', 'members are chosen by value eq "…", joined by or');
  }
  return people;
}

/** What a patch starts from, without the members; the extension stands under its short name. */
export const patchableGroup = ({ name, externalId, kind, code, scope, parent, leader }: Collection) => ({
  displayName: name,
  ...(externalId === null ? {} : { externalId }),
  directory: {
    kind,
    code,
    ...(scope === '' ? {} : { accCode: scope }),
    ...(parent === null ? {} : { parent }),
    ...(leader === null ? {} : { leaders: [leader] }),
  },
});

/** What a patch has made of it: unlike in a whole resource, what is not there has been taken away. */
export function groupPatched(document: Record<string, unknown>): GroupTold {
  const { directory, ...core } = document;
  const told = groupTold({ ...core, [directorySchema]: directory });
  return {
    ...told,
    externalId: told.externalId ?? null,
    parent: told.parent ?? null,
    leader: told.leader ?? null,
    members: undefined,
  };
}

/** @param members null when nobody asked for them; there is no version then, which counts them too */
export function groupShown(
  base: string,
  collection: Collection,
  members: readonly string[] | null,
): Record<string, unknown> {
  const { kind, scope, code, name, parent, leader, externalId } = collection;
  return {
    schemas: [groupSchema, directorySchema],
    id: idOf(collection),
    ...(externalId === null ? {} : { externalId }),
    displayName: name,
    ...(members === null || members.length === 0
      ? {}
      : {
          members: members.map((value) => ({
            value,
            type: 'User',
            $ref: `${base}${scimBase}/Users/${encodeURIComponent(value)}`,
          })),
        }),
    [directorySchema]: {
      kind,
      code,
      ...(scope === '' ? {} : { accCode: scope }),
      ...(parent === null ? {} : { parent }),
      ...(leader === null ? {} : { leaders: [leader] }),
    },
    meta: {
      resourceType: 'Group',
      created: collection.createTime.toISOString(),
      lastModified: collection.updateTime.toISOString(),
      location: `${base}${scimBase}/Groups/${encodeURIComponent(idOf(collection))}`,
      ...(members === null ? {} : { version: versionOf(collection, members) }),
    },
  };
}
