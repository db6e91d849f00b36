import { exactJson } from './exact-json.js';
import { sha256 } from './fingerprint.js';
import { partsOf, type Part } from './parts.js';
import { isSecretName, mask, maskedText } from './secrets.js';
import { wornText } from './wire.js';

/** Bytes of JSON that reviewers see at most. */
const maxShown = 16 * 1024;
/** Bytes of a body that is read at all; larger ones are named by their hash. */
const maxRead = 256 * 1024;
/** Characters of one text that are looked through; more of it are never shown. */
const maxMasked = 16 * 1024;
const maxText = 2_000;
const maxValue = 500;
const maxItems = 50;
const maxDepth = 12;

/**
 * What reviewers may see of a body: its content, with `***` in place of what is a secret by its name or its looks, and
 * as JSON at most 16 KB. What cannot be shown, and what two readers could read differently, is named by type, length
 * and hash. Never throws.
 * @returns null for no body; JSON
 */
export function shownBody(contentType: string | null, body: Buffer): unknown {
  if (body.length === 0) return null;
  const summary = { contentType: named(contentType), bytes: body.length, sha256: sha256(body) };
  if (body.length > maxRead && !/multipart/i.test(contentType ?? '')) return summary;
  try {
    const content = contentOf(contentType ?? '', body);
    if (content === undefined) return summary;
    if (fits(content)) return content;
    const short = cut(content, 0);
    return fits(short) ? short : summary;
  } catch {
    // Nested deeper than the stack, or in a character set that nobody knows.
    return summary;
  }
}

/** A query as reviewers may see it: raw, with `***` in place of secrets, at most 2,000 characters. */
export function shownQuery(query: string): string {
  const shown = query
    .split(/([&;])/)
    .map((part) => {
      const [name = '', ...rest] = part.split('=');
      if (rest.length > 0 && isSecretName(name)) return `${name}=${mask}`;
      const said = wornText(part);
      if (maskedText(part) === part && maskedText(said) === said) return part;
      return rest.length > 0 && maskedText(name) === name ? `${name}=${mask}` : mask;
    })
    .join('');
  return cutText(shown, maxText);
}

const named = (contentType: string | null): string | null =>
  contentType === null ? null : maskedText(contentType).slice(0, 200);

const fits = (content: unknown): boolean => Buffer.byteLength(JSON.stringify(content)) <= maxShown;

/** @returns undefined for what is not shown */
function contentOf(contentType: string, body: Buffer): unknown {
  const type = contentType.toLowerCase();
  if (type.includes('multipart/')) return partsOf(contentType, body, maxItems)?.map(shownPart);
  const text = decodedBody(type, body);
  if (text === undefined) return undefined;
  if (/[/+]json(?:$|[\s;])/.test(type)) return jsonIn(text);
  if (type.includes('application/x-www-form-urlencoded')) return formIn(text);
  return /^\s*text\//.test(type) ? cutText(maskedText(text.slice(0, maxMasked)), maxText) : undefined;
}

function decodedBody(type: string, body: Buffer): string | undefined {
  const charset = /charset\s{0,20}=\s{0,20}["']?([^\s"';,]+)/.exec(type)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset, { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}

/** @returns undefined for what is no JSON, or says a name twice */
function jsonIn(text: string): unknown {
  const value = exactJson(text);
  return value === undefined ? undefined : masked(value, 0);
}

function formIn(text: string): unknown {
  const fields = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(text)) {
    const values = fields.get(name) ?? [];
    values.push(isSecretName(name) ? mask : maskedValue(value, 0));
    fields.set(name, values);
  }
  return objectOf([...fields].map(([name, values]) => [name, values.length === 1 ? values[0] : values]));
}

function shownPart(part: Part): unknown {
  const { name, filename, contentType, content } = part;
  const shown = {
    name: name === null ? null : cutText(maskedText(name), maxValue),
    filename: filename === null ? null : cutText(maskedText(filename), maxValue),
    contentType: named(contentType),
    bytes: content.length,
  };
  const text = contentType === null || /^(?:text\/plain|application\/json)\b/i.test(contentType);
  if (name === null || filename !== null || !text || part.encoded || content.length > maxText) return shown;
  if (isSecretName(name)) return { ...shown, value: mask };
  const value = decodedBody((contentType ?? '').toLowerCase(), content);
  return value === undefined ? shown : { ...shown, value: maskedValue(value, 0) };
}

/** A text that holds JSON is shown as such: a secret in it has a name as well. */
function maskedValue(text: string, depth: number): string {
  if (/^\s*[[{"]/.test(text) && depth < maxDepth) {
    const value = exactJson(text);
    if (value !== undefined) return JSON.stringify(masked(value, depth + 1));
    // Names in what only looks like JSON can be written with escapes, past the mask.
    if (text.includes('\\u')) return mask;
  }
  return maskedText(text.slice(0, maxMasked)) + (text.length > maxMasked ? '…' : '');
}

function masked(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return maskedValue(value, depth);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= maxDepth) return '…';
  if (Array.isArray(value)) return value.map((item) => masked(item, depth + 1));
  const entries = Object.entries(value);
  // Name and value side by side: `{"name": "password", "value": "…"}`.
  const saysSecret = entries.some(
    ([key, told]) => naming.test(key) && typeof told === 'string' && isSecretName(told),
  );
  const pairs = entries.some(([key]) => key === 'value');
  return objectOf(
    entries.map(([key, told]) => [
      key,
      (isSecretName(key) && !(pairs && key === 'key')) ||
      (saysSecret && !naming.test(key) && typeof told !== 'boolean')
        ? mask
        : masked(told, depth + 1),
    ]),
  );
}

const naming = /^(?:name|key|field|id|code|label|property|path|op|type|title)$/i;

/** Keys of its own, whatever they are called; one that could change an object's nature when it is copied is renamed. */
const objectOf = (entries: readonly (readonly [string, unknown])[]): object =>
  Object.fromEntries(
    entries.map(([key, value]) => [key === '__proto__' ? '[__proto__]' : maskedText(key), value]),
  );

/** Long texts, lists and objects are cut. */
function cut(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cutText(value, depth === 0 ? maxText : maxValue);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.slice(0, maxItems).map((item) => cut(item, depth + 1));
    return value.length > maxItems ? [...items, `… ${value.length - maxItems} more`] : items;
  }
  const entries = Object.entries(value);
  const kept = entries
    .slice(0, maxItems)
    .map(([key, told]) => [cutText(key, 100), cut(told, depth + 1)] as const);
  const more = entries.length > maxItems ? [['…', `${entries.length - maxItems} more`] as const] : [];
  return Object.fromEntries([...kept, ...more]);
}

const cutText = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length).toWellFormed()}…` : text.toWellFormed();
