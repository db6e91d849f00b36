import { readPath } from './paths.js';
import { folded, segmentsOf } from './wire.js';

/** The path of an action, ready to be compared with paths. */
export interface PathTemplate {
  /** As it was entered. */
  readonly text: string;
  /** What makes two templates the same: lower case, names as `{}`, no slash at the end. */
  readonly key: string;
  /** How many segments are literal: of two templates that fit, the one with more of them is meant. */
  readonly literals: number;
  /** The values of its names, decoded, where a canonical path fits (paths.ts); null where it does not. */
  match(path: string): Readonly<Record<string, string>> | null;
}

const maxLength = 255;

/** A segment of a template: what stands there, in the form that is compared, or the name of what may stand there. */
type Part = { readonly literal: string } | { readonly name: string };

/** How a name stands in a key. No literal can say it: braces are refused there. */
export const anySegment = '{}';

/**
 * Reads the path of an action, such as `/users/{id}/` (requirement 000). A segment is a literal or one name; a name
 * takes exactly one segment that is not empty. Case and a slash at the end tell nothing, as with most routers; literals
 * compare decoded.
 * @returns the template, or what is wrong with it, to stand behind the field's name
 */
export function compileTemplate(text: string): PathTemplate | { readonly why: string } {
  const why = whyNoTemplate(text);
  if (why !== null) return { why };
  const parts: Part[] = [];
  const names = new Set<string>();
  for (const segment of segmentsOf(text)) {
    const part = readPart(segment);
    if ('why' in part) return part;
    if ('name' in part && names.has(part.name)) return { why: `must use the name {${part.name}} once` };
    if ('name' in part) names.add(part.name);
    parts.push(part);
  }
  const key = `/${parts.map((part) => ('name' in part ? anySegment : part.literal)).join('/')}`;
  // Normalized letters can be longer than those that were entered.
  if (key.length > maxLength) return { why: `must be at most ${maxLength} characters` };
  return {
    text,
    key,
    literals: parts.length - names.size,
    match: (path) => valuesIn(parts, segmentsOf(path)),
  };
}

function whyNoTemplate(text: string): string | null {
  if (!text.startsWith('/')) return 'must begin with /';
  if (text.length > maxLength) return `must be at most ${maxLength} characters`;
  if (/[?#]/.test(text)) return 'must hold neither query nor fragment';
  if (text.includes('*')) return 'must hold no *; a name such as {id} stands for one segment';
  if (/\s|\p{Cc}/u.test(text) || !text.isWellFormed()) return 'must hold no blanks and no control characters';
  if (text.includes('//')) return 'must hold no empty segment';
  if (/%(?![\da-f]{2})/i.test(text)) return 'must hold only valid percent-encodings';
  return null;
}

function readPart(segment: string): Part | { readonly why: string } {
  const name = /^\{(.*)\}$/.exec(segment)?.[1];
  if (name !== undefined && /^[A-Za-z_]\w*$/.test(name) && name !== '__proto__') return { name };
  if (/[{}]/.test(segment)) return { why: 'must hold names as whole segments, such as {id}: /users/{id}/' };
  // Frameworks' own way to write a name: as a literal it would fit nothing, and nothing would be held.
  if (/^:|[<>]/.test(segment)) return { why: `must write names as {id}, not as ${segment}` };
  const reading = readPath(`/${asOnTheWire(segment)}`);
  // No path that is read without doubt could ever fit it.
  if (reading.kind === 'doubtful')
    return { why: `must hold no segment that can be read in two ways: ${reading.why}` };
  const literal = reading.path.slice(1);
  if (/[{}*]/.test(literal)) return { why: 'must hold no encoded braces or asterisks' };
  return { literal: folded(literal) };
}

/** Letters beyond ASCII may be entered as they are; on the wire they are encoded. */
const asOnTheWire = (segment: string): string =>
  segment.replaceAll(/\P{ASCII}+/gu, (letters) => encodeURIComponent(letters));

function valuesIn(
  parts: readonly Part[],
  segments: readonly string[],
): Readonly<Record<string, string>> | null {
  if (parts.length !== segments.length) return null;
  const values: [string, string][] = [];
  for (const [at, part] of parts.entries()) {
    const segment = segments[at] ?? '';
    if ('name' in part) {
      if (segment === '') return null;
      values.push([part.name, segment]);
    } else if (part.literal !== folded(segment)) return null;
  }
  return Object.fromEntries(values);
}
