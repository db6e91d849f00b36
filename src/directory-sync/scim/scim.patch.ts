import { ScimError, scimPatch, type ScimPatchOperation, type ScimResource } from 'scim-patch';
import { parsedFilter } from './scim.filter.js';
import { refused, ScimProblem } from './scim.problem.js';
import {
  attributeOf,
  extensionOf,
  type FoundAttribute,
  groupSchema,
  type Resource,
  userSchema,
} from './scim.schemas.js';

const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
/** More than any identity provider sends at once; each is applied on its own. */
const maxOperations = 1_000;

/** One change of one attribute, in the spelling of the schemas. */
export interface Operation {
  readonly op: 'add' | 'replace' | 'remove';
  readonly attribute: FoundAttribute;
  /** Of the resource's extension. */
  readonly extension: boolean;
  /** Between the brackets of `emails[type eq "work"]`. */
  readonly filter: string | null;
  /** After them, or after a complex attribute: `value`. */
  readonly sub: string | null;
  readonly value: unknown;
}

/**
 * Reads a PatchOp message (RFC 7644, 3.5.2), with the habits of identity providers: capital letters in `op`, no path but
 * an object of attributes, dotted names in there, truth values as texts, null for nothing.
 *
 * Attributes that no schema has are refused in a path, and passed over in an object. What RFC 7643 has and nobody keeps
 * is passed over too.
 * @throws ScimProblem 400 invalidSyntax, invalidPath, invalidValue, noTarget or mutability
 */
export function operationsOf(resource: Resource, body: object): Operation[] {
  const { schemas, Operations: given } = body as { schemas?: unknown; Operations?: unknown };
  if (!Array.isArray(schemas) || !schemas.includes(patchSchema)) {
    throw refused('invalidSyntax', `schemas must be ["${patchSchema}"]`);
  }
  if (!Array.isArray(given) || given.length === 0)
    throw refused('invalidSyntax', 'Operations must hold one at least');
  if (given.length > maxOperations) {
    throw new ScimProblem('payload_too_large', `at most ${maxOperations} Operations at once`, 'tooMany');
  }
  return given.flatMap((one: unknown, index) => operationOf(resource, one, `Operations[${index}]`));
}

function operationOf(resource: Resource, given: unknown, where: string): Operation[] {
  if (typeof given !== 'object' || given === null)
    throw refused('invalidSyntax', `${where} must be an object`);
  const { op: verb, path, value } = given as { op?: unknown; path?: unknown; value?: unknown };
  const op = (['add', 'replace', 'remove'] as const).find(
    (one) => typeof verb === 'string' && one === verb.toLowerCase(),
  );
  if (!op) throw refused('invalidSyntax', `${where}.op must be add, replace or remove`);
  if (path !== undefined && path !== null && typeof path !== 'string') {
    throw refused('invalidPath', `${where}.path must be a text`);
  }
  if (op !== 'remove' && value === undefined) throw refused('invalidValue', `${where}.value is missing`);
  if (typeof path === 'string' && path.trim() !== '')
    return atPath(resource, op, path.trim(), value, where, true);
  if (op === 'remove') throw refused('noTarget', `${where}.path is missing: what is to be removed?`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused('invalidValue', `${where}.value must be an object of attributes, since there is no path`);
  }
  return Object.entries(value).flatMap(([name, inner]) => atPath(resource, op, name, inner, where, false));
}

const pathPattern = /^([$\w-]+)(?:\[(.*)\])?(?:\.([$\w-]+))?$/su;

/** @param strict whether to refuse what no schema has, and what nobody may write */
function atPath(
  resource: Resource,
  op: Operation['op'],
  path: string,
  value: unknown,
  where: string,
  strict: boolean,
): Operation[] {
  const found = inSchema(resource, path);
  const wrong = () => refused('invalidPath', `${where}: ${path} is not an attribute`);
  if (found === null) {
    if (strict) throw wrong();
    return [];
  }
  if (found.rest === '') return ofWhole(resource, op, value, where, found.extension);
  const [, name = '', filter = null, sub = null] = pathPattern.exec(found.rest) ?? [];
  const attribute = name === '' ? null : attributeOf(resource, found.extension, name);
  const part = sub === null ? null : attributeOf(resource, found.extension, `${name}.${sub}`);
  if (!attribute || (sub !== null && !part) || (filter !== null && !attribute.multiValued)) {
    if (strict) throw wrong();
    return [];
  }
  if (attribute.readOnly || attribute.name === 'id' || attribute.name === 'meta') {
    if (strict) throw refused('mutability', `${where}: ${attribute.name} cannot be changed`);
    return [];
  }
  if (!attribute.kept || attribute.name === 'schemas' || part?.kept === false) return [];
  if (sub !== null && filter === null && attribute.multiValued) {
    throw refused(
      'invalidPath',
      `${where}: ${path} needs to say which, such as ${attribute.name}[type eq "work"]`,
    );
  }
  if (filter !== null) parsedFilter(filter);
  const nothing = value === null || value === undefined;
  return [
    {
      op: op !== 'remove' && nothing ? 'remove' : op,
      attribute,
      extension: found.extension,
      filter: filter === null ? null : withTruth(filter),
      sub: part?.name ?? null,
      value: nothing ? undefined : plain(part ?? attribute, value, filter === null && sub === null),
    },
  ];
}

/** Which schema a path speaks of, and what is left of it. */
function inSchema(resource: Resource, path: string): { extension: boolean; rest: string } | null {
  const core = resource === 'User' ? userSchema : groupSchema;
  const { id } = extensionOf[resource];
  const small = path.toLowerCase();
  for (const [schema, extension] of [
    [core, false],
    [id, true],
  ] as const) {
    if (small === schema.toLowerCase()) return { extension, rest: '' };
    if (small.startsWith(`${schema.toLowerCase()}:`))
      return { extension, rest: path.slice(schema.length + 1) };
  }
  return small.startsWith('urn:') ? null : { extension: false, rest: path };
}

/** A whole schema as the target: each of its attributes. */
function ofWhole(
  resource: Resource,
  op: Operation['op'],
  value: unknown,
  where: string,
  extension: boolean,
): Operation[] {
  const id = extension ? extensionOf[resource].id : resource === 'User' ? userSchema : groupSchema;
  if (op === 'remove')
    throw refused('invalidPath', `${where}: name the attribute of ${id} that is to be removed`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused('invalidValue', `${where}.value must be an object of attributes`);
  }
  return Object.entries(value).flatMap(([name, inner]) =>
    atPath(resource, op, name.toLowerCase().startsWith('urn:') ? name : `${id}:${name}`, inner, where, false),
  );
}

/** Truth values as texts, and single values and texts where a list of objects is meant. */
function plain(attribute: FoundAttribute, value: unknown, whole: boolean): unknown {
  if (attribute.isBoolean) return truth(value);
  if (!attribute.multiValued || !whole) return attribute.isComplex ? withTruths(value) : value;
  const items = Array.isArray(value) ? value : [value];
  if (!attribute.isComplex) return items;
  return items.map((item: unknown) => withTruths(typeof item === 'string' ? { value: item } : item));
}

const truth = (value: unknown): unknown =>
  typeof value === 'string' && /^(true|false)$/i.test(value) ? value.toLowerCase() === 'true' : value;

const withTruths = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'primary' in value
    ? { ...value, primary: truth(value.primary) }
    : value;

const withTruth = (filter: string): string =>
  filter.replace(
    /(\bprimary\s+(?:eq|ne)\s+)"(true|false)"/giu,
    (_all, before: string, word: string) => before + word.toLowerCase(),
  );

/** A resource whose texts hold no colon for a moment: scim-patch takes every colon of a path for that of a schema. */
const colon = '\uE000';

/**
 * Applies operations to a resource, whose extension stands under its short name.
 * @throws ScimProblem 400 noTarget where a filter finds nothing to replace; invalidValue, invalidPath
 */
export function patched(
  resource: Resource,
  document: Readonly<Record<string, unknown>>,
  operations: readonly Operation[],
): Record<string, unknown> {
  const { alias } = extensionOf[resource];
  const changes = operations.map((operation): ScimPatchOperation => {
    const { op, attribute, extension, filter, sub, value } = operation;
    const selected = filter === null ? '' : `[${filter.replaceAll(':', colon)}]`;
    const path = `${extension ? `${alias}.` : ''}${attribute.name}${selected}${sub === null ? '' : `.${sub}`}`;
    return { op, path, ...(value === undefined ? {} : { value: swapped(value, ':', colon) }) };
  });
  try {
    const result = scimPatch(swapped(document, ':', colon) as ScimResource, changes, {
      mutateDocument: false,
      treatMissingAsAdd: true,
    });
    return swapped(result, colon, ':') as Record<string, unknown>;
  } catch (error) {
    if (error instanceof ScimError) {
      throw refused(error.scimCode === 'noTarget' ? 'noTarget' : 'invalidValue', error.message);
    }
    // What it meets where it expects an object or a list is the caller's value.
    if (error instanceof TypeError)
      throw refused('invalidValue', 'a value does not fit the attribute that it is for');
    throw error;
  }
}

/** The same JSON with a character for another one in its texts. */
function swapped(value: unknown, from: string, to: string): unknown {
  if (typeof value === 'string') return value.replaceAll(from, to);
  if (Array.isArray(value)) return value.map((item) => swapped(item, from, to));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, swapped(inner, from, to)]));
}
