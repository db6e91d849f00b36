import { refused, wrongValue } from './scim.problem.js';
import { extensionOf, groupSchema, type Resource, userSchema } from './scim.schemas.js';

/** What a list is asked for, from its query (RFC 7644, 3.4.2). */
export interface ListQuery {
  readonly filter: string | undefined;
  /** From 1. */
  readonly startIndex: number;
  readonly count: number;
}

/** Parameters of a request as they came; those that nobody knows are ignored. */
export type RawQuery = Readonly<Record<string, unknown>>;

/**
 * @param most how many a page holds at most; who asks for more gets as many
 * @throws ScimProblem 400 for numbers that are none, and parameters that are given twice
 */
export function listQueryOf(query: RawQuery, most: number): ListQuery {
  const filter = textOf(query, 'filter');
  if (filter?.trim() === '') throw refused('invalidFilter', 'the filter is empty');
  return {
    filter,
    startIndex: Math.max(1, numberOf(query, 'startIndex') ?? 1),
    count: Math.min(most, Math.max(0, numberOf(query, 'count') ?? most)),
  };
}

function numberOf(query: RawQuery, name: string): number | undefined {
  const text = textOf(query, name);
  if (text === undefined) return undefined;
  if (!/^-?\d{1,9}$/.test(text)) throw wrongValue(name, 'must be a whole number');
  return Number(text);
}

function textOf(query: RawQuery, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === 'string') return value;
  throw wrongValue(name, 'must be given once');
}

/** Which attributes an answer shows: those that are named, or all but those that are named (RFC 7644, 3.9). */
export interface Shown {
  readonly only: readonly string[] | null;
  readonly without: readonly string[];
}

export function shownOf(resource: Resource, query: RawQuery): Shown {
  const only = textOf(query, 'attributes');
  const without = textOf(query, 'excludedAttributes');
  return {
    only: only === undefined || only.trim() === '' ? null : pathsOf(resource, only),
    without: without === undefined ? [] : pathsOf(resource, without),
  };
}

function pathsOf(resource: Resource, list: string): string[] {
  const core = `${resource === 'User' ? userSchema : groupSchema}:`.toLowerCase();
  return list.split(',').map((path) => {
    const small = path.trim().toLowerCase();
    return small.startsWith(core) ? small.slice(core.length) : small;
  });
}

/** Whether an attribute is shown; what nobody sees need not be read from the database. */
export const isShown = ({ only, without }: Shown, attribute: string): boolean =>
  only === null
    ? !without.includes(attribute)
    : only.some((path) => path === attribute || path.startsWith(`${attribute}.`));

/** The resource with the attributes that are asked for; `schemas` and `id` are always among them. */
export function projected(
  resource: Resource,
  full: Readonly<Record<string, unknown>>,
  { only, without }: Shown,
): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(full)) {
    const separator = name === extensionOf[resource].id ? ':' : '.';
    const small = name.toLowerCase();
    const named = (paths: readonly string[]) => paths.includes(small);
    const subs = (paths: readonly string[]) =>
      paths.flatMap((path) => (path.startsWith(small + separator) ? [path.slice(small.length + 1)] : []));
    if (name === 'id' || name === 'schemas') shown[name] = value;
    else if (only !== null) {
      if (named(only)) shown[name] = value;
      else if (subs(only).length > 0) shown[name] = part(value, (sub) => subs(only).includes(sub));
    } else if (!named(without)) {
      const hidden = subs(without);
      shown[name] = hidden.length === 0 ? value : part(value, (sub) => !hidden.includes(sub));
    }
  }
  return shown;
}

/** A complex value, or a list of them, with some of its attributes. */
function part(value: unknown, keep: (sub: string) => boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => part(item, keep));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => keep(name.toLowerCase())));
}
