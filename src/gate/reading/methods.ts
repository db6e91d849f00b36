import { METHODS } from 'node:http';
import { bytesAsRead } from './charsets.js';
import type { OriginalRequest } from './original.js';
import { bytesOf, dashed, formText, textOf, wornText } from './wire.js';

const overrideHeaders: ReadonlySet<string> = new Set([
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
]);

/** Fields that are looked at; a form of more of them may hold anything. */
const maxFields = 50_000;

/** Stands for a method that a body names in a way that cannot be read. */
export const unreadable = '?';

/**
 * The methods that a request's head names beside its own. Frameworks offer to run a POST as another method that a
 * header (`X-HTTP-Method-Override` and its kin) or a parameter `_method` tells.
 * @returns in upper case, each once, without the request's own
 */
export function namedMethods(original: OriginalRequest): readonly string[] {
  const named = original.headers.flatMap(([name, value]) =>
    overrideHeaders.has(dashed(name)) ? methodsIn(value) : [],
  );
  named.push(...methodsInForm(original.query));
  return [...new Set(named)].filter((method) => method !== original.method.toUpperCase());
}

/**
 * The methods that a form names by a field `_method` (Rails, Laravel, Symfony, method-override; Laravel reads it from
 * JSON, too). What cannot be read counts as `?`: rather one too many than one too few.
 * @param contentType all that the request says of it; null is read as a form, since some servers do
 * @returns in upper case, each once
 */
export function hiddenMethods(contentType: string | null, body: Buffer): readonly string[] {
  if (body.length === 0) return [];
  const type = (contentType ?? 'urlencoded').toLowerCase();
  const form = type.includes('urlencoded');
  const parts = type.includes('multipart');
  const json = type.includes('json');
  if (!form && !parts && !json) return [];
  // In UTF-16 or EBCDIC a field's name would look like nothing.
  const readings = bytesAsRead(type, body.toString('latin1'));
  if (readings === null) return [unreadable];
  const trace = readings.length > 1 ? traceInJson.foreign : traceInJson.utf8;
  const named = new Set<string>();
  for (const text of readings) {
    if (form) for (const method of methodsInForm(text)) named.add(method);
    if (parts) for (const method of methodsInParts(text)) named.add(method);
    if (json) for (const method of methodsInJson(text, trace)) named.add(method);
  }
  return [...named];
}

/** What a list of methods says, in upper case. */
const methodsIn = (value: string): string[] =>
  value
    .split(',')
    .map((method) => method.trim().toUpperCase())
    .filter((method) => method !== '');

/** Whether a parameter of this name tells a method. PHP takes blanks and dots for underscores, and `a[]` for `a`. */
function tellsMethod(rawName: string): boolean {
  if (rawName.length < '_method'.length || rawName.length > 400) return false;
  const [name = ''] = wornText(rawName).normalize('NFKC').trimStart().split(/[[\0]/);
  const key = name
    // What is invisible, and bytes that are no text: some readers leave them out.
    .replaceAll(/[\p{Default_Ignorable_Code_Point}\ufffd]/gu, '')
    .trim()
    .toLowerCase();
  return key.replaceAll(/[ .-]/g, '_') === '_method' || overrideHeaders.has(dashed(key));
}

/** Goes along a form, or a query, without making a list of its parameters: a body may have millions. */
function methodsInForm(form: string): readonly string[] {
  const named = new Set<string>();
  for (let from = 0, count = 0; from < form.length; count += 1) {
    if (count === maxFields) return [...named, unreadable];
    const end = endOf(form, from, form.length, ampersands);
    const endOfName = endOf(form, from, end, equals);
    if (tellsMethod(form.slice(from, endOfName))) {
      for (const method of methodsIn(wornText(form.slice(endOfName + 1, end)))) named.add(method);
    }
    from = end + 1;
  }
  return [...named];
}

/** Some take a semicolon for an ampersand. */
const ampersands = [0x26, 0x3b];
const equals = [0x3d];

/** Where one of these letters stands, no further than `end`: a look to the end of the body would be one for each field. */
function endOf(form: string, from: number, end: number, letters: readonly number[]): number {
  let at = from;
  while (at < end && !letters.includes(form.charCodeAt(at))) at += 1;
  return at;
}

/** Looks for the names of fields wherever they stand: parsers differ about where one part ends and the next begins. */
function methodsInParts(text: string): readonly string[] {
  const named = new Set<string>();
  // Names in pieces, in other character sets (RFC 2231), or in encoded words (RFC 2047).
  if (/name\*\d|name\s{50}|name\s{0,50}\*?\s{0,50}=[\s"']{0,50}=\?/i.test(text)) named.add(unreadable);
  let count = 0;
  let fields = 0;
  for (const found of text.matchAll(/name\s{0,50}\*?\s{0,50}=\s{0,50}/gi)) {
    if ((count += 1) > maxFields) return [...named, unreadable];
    const rest = text.slice(found.index + found[0].length, found.index + found[0].length + 500);
    if (fieldNames(rest).some(tellsMethod)) {
      for (const method of valueOfPart(text, found.index)) named.add(method);
      // Nothing is worse than what cannot be read.
      if (named.has(unreadable) || (fields += 1) > 100) return [...named, unreadable];
    }
  }
  return [...named];
}

/** What a name may be, quoted, with escaped letters, with a character set before it, or as it is. */
function fieldNames(rest: string): readonly string[] {
  const quoted = /^(["'])((?:(?!\1)[^\\\r\n]|\\.)*)/.exec(rest)?.[2];
  const bare = /^[^\s;"]*/.exec(rest)?.[0] ?? '';
  const names = [bare, bare.replace(/^[^']*'[^']*'/, ''), rest.split(/[\r\n;]/)[0] ?? ''];
  if (quoted !== undefined) names.push(quoted, quoted.replaceAll(/\\(.)/g, '$1'));
  return names.map((name) => bytesOf(name));
}

function valueOfPart(text: string, from: number): readonly string[] {
  const rest = text.slice(from, from + 4_096);
  const read = /^([\s\S]*?)\r?\n\r?\n([^\r\n]*)\r?\n--/.exec(rest);
  if (read === null || /transfer-encoding/i.test(read[1] ?? '')) return [unreadable];
  const methods = methodsIn(read[2] ?? '');
  return methods.length > 0 && methods.every((method) => /^[A-Z]+$/.test(method)) ? methods : [unreadable];
}

/** A name may be written with escapes; without any of them it has to be there in clear. */
const traceInJson = {
  utf8: /_method|\\u|override|x-http-method/i,
  // Read byte by byte, JSON in Big5 or Shift_JIS often cannot be read: bytes of characters look like backslashes. So
  // `payment_method`, which is no trace, has to be told apart here.
  foreign: /(?<![\0-\x5b\x5d-\x7f][\da-z])_method|\\u|override|x[_-]http[_-]method/i,
} as const;

function methodsInJson(bytes: string, trace: RegExp): readonly string[] {
  const text = textOf(bytes).replace(/^\ufeff/, '');
  if (!trace.test(text)) return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [unreadable];
  }
  // The same name twice: some readers take the first, some the last.
  if ((text.match(/"_method"\s*:/gi) ?? []).length > 1) return [unreadable];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, told]) =>
    tellsMethod(name) ? (typeof told === 'string' ? methodsIn(formText(told)) : [unreadable]) : [],
  );
}

/** Whether a name is a method that servers know; a parameter `_method=card` is none, and overrides nothing. */
export const isMethod = (name: string): boolean => name === unreadable || METHODS.includes(name);
