import { type Filter, parse } from 'scim2-parse-filter';
import type { Comparison, SearchCondition, SearchValue } from '../../directory/directory-search.service.js';
import { idOf, keyOfId } from './scim.ids.js';
import { refused } from './scim.problem.js';
import { extensionOf, groupSchema, type Resource, userSchema } from './scim.schemas.js';

/** Longer filters are refused before they are read: reading them costs stack and time. */
const maxLength = 2_000;

/** Attributes, in small letters, and the fields of the directory by which they are found. */
const fields: Readonly<Record<Resource, Readonly<Record<string, string>>>> = {
  User: {
    id: 'userCode',
    username: 'userCode',
    externalid: 'externalId',
    displayname: 'name',
    'name.formatted': 'name',
    emails: 'email',
    'emails.value': 'email',
    roles: 'role',
    'roles.value': 'role',
    active: 'active',
    'meta.created': 'created',
    'meta.lastmodified': 'updated',
    'enterprise.department': 'department',
  },
  Group: {
    externalid: 'externalId',
    displayname: 'name',
    members: 'member',
    'members.value': 'member',
    'meta.created': 'created',
    'meta.lastmodified': 'updated',
    'directory.kind': 'kind',
    'directory.code': 'code',
    'directory.acccode': 'scope',
    'directory.parent': 'parent',
    'directory.leaders': 'leader',
  },
};

/** What everybody's one e-mail address is, and every member: identity providers like to ask. */
const constants: Readonly<Record<string, string | boolean>> = {
  'emails.type': 'work',
  'emails.primary': true,
  'members.type': 'User',
};

/** @throws ScimProblem 400 invalidFilter for what cannot be read */
export function parsedFilter(text: string): Filter {
  if (text.length > maxLength) throw refused('invalidFilter', `filters have at most ${maxLength} characters`);
  try {
    return parse(text);
  } catch {
    // The parser's own words are made for programmers; those of a stack that is full, for nobody.
    throw refused('invalidFilter', 'the filter cannot be read; see RFC 7644, 3.4.2.2');
  }
}

/**
 * A filter of RFC 7644, 3.4.2.2, as the directory's search takes it; no filter finds everything.
 * @throws ScimProblem 400 invalidFilter for what cannot be read, and for attributes that are not searched by
 */
export function conditionOf(resource: Resource, filter: string | undefined): SearchCondition {
  if (filter === undefined) return { holds: true };
  return translated(resource, parsedFilter(filter), '');
}

function translated(resource: Resource, filter: Filter, within: string): SearchCondition {
  switch (filter.op) {
    case 'and':
      return { all: filter.filters.map((part) => translated(resource, part, within)) };
    case 'or':
      return { any: filter.filters.map((part) => translated(resource, part, within)) };
    case 'not':
      return { not: translated(resource, filter.filter, within) };
    case '[]':
      return translated(resource, filter.valFilter, `${pathOf(resource, filter.attrPath, within)}.`);
    case 'pr':
      return compared(resource, pathOf(resource, filter.attrPath, within), 'pr', null);
    default:
      return compared(resource, pathOf(resource, filter.attrPath, within), filter.op, filter.compValue);
  }
}

/** The path in small letters, without the schema of its own, and with the extension under its short name. */
function pathOf(resource: Resource, path: string, within: string): string {
  const core = `${resource === 'User' ? userSchema : groupSchema}:`.toLowerCase();
  const { id, alias } = extensionOf[resource];
  const small = path.toLowerCase();
  if (small.startsWith(core)) return within + small.slice(core.length);
  if (small.startsWith(`${id.toLowerCase()}:`)) return `${alias}.${small.slice(id.length + 1)}`;
  return within + small;
}

function compared(
  resource: Resource,
  path: string,
  comparison: Comparison,
  value: string | number | boolean | null,
): SearchCondition {
  const constant = constants[path];
  if (constant !== undefined) return ofConstant(constant, comparison, value);
  if (resource === 'Group' && path === 'id') return ofGroupId(comparison, value);
  const field = fields[resource][path];
  if (field === undefined)
    throw refused('invalidFilter', `${path} is not an attribute that can be filtered by`);
  return { field, comparison, value: valueFor(field, value) };
}

function ofConstant(
  constant: string | boolean,
  comparison: Comparison,
  value: string | number | boolean | null,
): SearchCondition {
  if (comparison === 'pr') return { holds: true };
  const same = String(constant).toLowerCase() === String(value).toLowerCase();
  if (comparison === 'eq') return { holds: same };
  if (comparison === 'ne') return { holds: !same };
  throw refused('invalidFilter', 'types and primary are compared by eq, ne and pr');
}

function ofGroupId(comparison: Comparison, value: unknown): SearchCondition {
  if (comparison === 'pr') return { holds: true };
  if ((comparison !== 'eq' && comparison !== 'ne') || typeof value !== 'string') {
    throw refused('invalidFilter', 'ids are compared with texts by eq, ne and pr');
  }
  const key = keyOfId(value);
  const isIt: SearchCondition =
    key === null || idOf(key) !== value
      ? { holds: false }
      : {
          all: (['kind', 'scope', 'code'] as const).map((field) => ({
            field,
            comparison: 'eq' as const,
            value: key[field],
          })),
        };
  return comparison === 'eq' ? isIt : { not: isIt };
}

function valueFor(field: string, value: string | number | boolean | null): SearchValue {
  if (typeof value === 'number') throw refused('invalidFilter', `${field} is not compared with numbers`);
  // Entra ID writes "True" and "False".
  if (field === 'active' && typeof value === 'string' && /^(true|false)$/i.test(value)) {
    return value.toLowerCase() === 'true';
  }
  if ((field === 'created' || field === 'updated') && typeof value === 'string') {
    const moment = new Date(value);
    if (Number.isNaN(moment.getTime()) || !/^[12]\d{3}$/.test(String(moment.getUTCFullYear()))) {
      throw refused('invalidFilter', `${value} is no time such as 2026-11-22T08:30:00Z`);
    }
    return moment;
  }
  return value;
}
