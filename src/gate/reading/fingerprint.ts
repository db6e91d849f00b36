import { createHash } from 'node:crypto';
import type { Mode } from '../vocabulary.js';
import { namedMethods } from './methods.js';
import { valuesOf, type HeaderFields, type OriginalRequest } from './original.js';
import { formText } from './wire.js';

/** What tells whether a request is the same as an earlier one. */
export interface FingerprintParts {
  readonly team: string | null;
  readonly user: string;
  readonly original: OriginalRequest;
  /** Names of query parameters that do not tell requests apart, decoded. */
  readonly ignoreQuery: readonly string[];
  readonly body: Buffer;
  readonly actionId?: string;
}

/** All that will be sent, and who sends it. */
export interface RequestHashFields {
  readonly id: string;
  readonly team: string | null;
  readonly user: string;
  readonly actionId: string;
  readonly mode: Mode;
  readonly method: string;
  readonly upstream: string | null;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly headers: HeaderFields;
  readonly bodyHash: string;
  readonly bodyBytes: number;
}

/** SHA-256 in hex; a text counts as its UTF-8. */
export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * The fingerprint of a request: SHA-256 in hex, the same for a repeat by the same person, another one as soon as
 * anything differs that may change what the request does. The sequence of differently named parameters tells nothing.
 * A caller who means another request although it looks the same says so with an `Idempotency-Key` of their own.
 */
export function fingerprintOf(parts: FingerprintParts): string {
  const { original } = parts;
  return hashOf([
    'fingerprint-1',
    parts.team,
    parts.user,
    original.method,
    original.host,
    original.path,
    sortedQuery(original.query, parts.ignoreQuery),
    ...contentOf(valuesOf(original.headers, 'content-type'), parts.body),
    valuesOf(original.headers, 'content-encoding').map((value) => value.toLowerCase()),
    valuesOf(original.headers, 'idempotency-key'),
    namedMethods(original),
    parts.actionId ?? null,
  ]);
}

/** SHA-256 in hex over everything that will be sent: what reviewers saw, and what execution checks. */
export function requestHashOf(fields: RequestHashFields): string {
  return hashOf([
    'request-1',
    fields.id,
    fields.team,
    fields.user,
    fields.actionId,
    fields.mode,
    fields.method,
    fields.upstream,
    fields.host,
    fields.path,
    fields.query,
    fields.headers.map(([name, value]) => [name, value]),
    fields.bodyHash,
    fields.bodyBytes,
  ]);
}

/** JSON keeps the borders between values: nothing can move from one into the next. */
const hashOf = (values: readonly unknown[]): string => sha256(JSON.stringify(values));

/** A multipart type whose only parameter is a boundary that every server reads alike. */
const plainMultipart = /^(multipart\/[a-z-]{1,40}); ?boundary=([\w'-]{1,70})$/i;

/**
 * Type and body. Clients draw the boundary of a multipart body anew for each request: what lies between the boundaries
 * tells it from another one, not the boundary.
 */
function contentOf(types: readonly string[], body: Buffer): unknown[] {
  const [type = ''] = types;
  const [, name, boundary] = (types.length === 1 && plainMultipart.exec(type)) || [];
  const pieces = name === undefined ? [] : betweenAll(body, Buffer.from(`--${boundary}`, 'latin1'));
  if (name === undefined || pieces.length < 2) return [sha256(body), types.map(comparable)];
  return [pieces.map(sha256), [name.toLowerCase()]];
}

/** What lies before, between and behind a delimiter; joined by another one, it is the same content under that. */
function betweenAll(body: Buffer, delimiter: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  let from = 0;
  for (let at = body.indexOf(delimiter); at !== -1; at = body.indexOf(delimiter, from)) {
    pieces.push(body.subarray(from, at));
    from = at + delimiter.length;
  }
  return [...pieces, body.subarray(from)];
}

/** Type and names of parameters in lower case. Their values stay, of a boundary that servers may read differently too. */
function comparable(type: string): string {
  const [name = '', ...parameters] = type.split(';');
  // A semicolon may stand in a quoted value.
  const rest = type.includes('"') ? parameters : parameters.map(comparableParameter);
  return [name.trim().toLowerCase(), ...rest].join(';');
}

function comparableParameter(parameter: string): string {
  const [name = '', ...value] = parameter.split('=');
  return [name.trim().toLowerCase(), ...value].join('=').trim();
}

/** From here on, servers stop reading parameters (qs: 1,000), and which are the last ones tells something. */
const maxParameters = 200;

/**
 * The parameters of a query by name, raw, without those to ignore. Those of one name keep their sequence, and so do
 * names that some server takes for the same. Where servers differ about the borders of parameters (a semicolon, an
 * encoded ampersand), the query stays as it is: under `ignore` a parameter could hide behind the one before it.
 */
function sortedQuery(query: string, ignore: readonly string[]): readonly string[] {
  if (query === '') return [];
  const parameters = query.split('&');
  if (parameters.length > maxParameters || /[;#]|%(?:25|26|3b|23|00|0a|0d)/i.test(query)) return [query];
  return parameters
    .map((raw) => ({ raw, name: formText(raw.split('=', 1)[0] ?? '') }))
    .filter(({ name }) => !ignore.includes(name))
    .map(({ raw, name }) => ({ raw, key: looseName(name) }))
    .toSorted(({ key: a }, { key: b }) => (a < b ? -1 : Number(a > b)))
    .map(({ raw }) => raw);
}

/** ASP.NET ignores case, PHP takes dots and blanks for underscores, and `a[0]` and `a[]` are one list. */
const looseName = (name: string): string => {
  const [list = ''] = name.toUpperCase().toLowerCase().split('[');
  return list.trim().replaceAll(/[ .]/g, '_');
};
