import { readingsOf } from './readings.js';
import { isText, plainLetters, textOf, unescaped } from './wire.js';

/** What a path on the wire says. */
export type PathReading =
  /** Every server reads it alike. `path`: decoded segment by segment, so that templates can be compared with it. */
  | { readonly kind: 'plain'; readonly path: string }
  /** Servers differ about it. `readings`: all that one of them might take it for, in the form of plain paths. */
  | {
      readonly kind: 'doubtful';
      readonly readings: readonly string[];
      /** What is doubtful, as an end to a sentence about the path. */
      readonly why: string;
      /** There are more readings than are listed: it may be any path. */
      readonly boundless?: boolean;
    };

/**
 * Reads a path as it came over the wire (RFC 3986). Where servers, frameworks and the proxies before them are known to
 * differ, it does not choose: it names all the paths that are possible.
 */
export function readPath(raw: string): PathReading {
  if (!suspicious.test(raw)) return { kind: 'plain', path: raw };
  const why = whyDoubtful(raw);
  if (why === null) return { kind: 'plain', path: raw.split('/').map(decoded).join('/') };
  const readings = readingsOf(raw);
  return readings === null
    ? { kind: 'doubtful', readings: [], why, boundless: true }
    : { kind: 'doubtful', readings, why };
}

/** Paths without any of this are what they are. */
const suspicious = /^(?!\/)|[^!-~]|[%;\\?#]|\/\/|\/\.+(?:\/|$)/;

const decoded = (segment: string): string => textOf(unescaped(segment));

function whyDoubtful(raw: string): string | null {
  if (!raw.startsWith('/')) return 'does not begin with a slash';
  if (/[^!-~]/.test(raw)) return 'holds blanks or bytes that have to be encoded';
  if (/%(?![\da-f]{2})/i.test(raw)) return 'holds an invalid percent-encoding';
  if (!isText(unescaped(raw))) return 'holds bytes that are not UTF-8';
  if (raw.includes('//')) return 'holds an empty segment';
  for (const segment of raw.slice(1).split('/')) {
    if (segment === '') continue; // only the last one: the slash at the end
    const text = decoded(segment);
    const why = whyDoubtfulSegment(text) ?? whyDoubtfulSegment(plainLetters(text));
    if (why !== null) return why;
  }
  return null;
}

function whyDoubtfulSegment(text: string): string | null {
  if (/[/\\]/.test(text)) return 'holds an encoded slash or a backslash';
  if (text.includes('%')) return 'is encoded twice';
  if (text.includes(';')) return 'holds a semicolon';
  if (/[?#]/.test(text)) return 'holds a question mark or a number sign';
  if (/\p{Cc}/u.test(text)) return 'holds control characters';
  if (/^[.\s]*$/.test(text)) return 'holds a segment of nothing but dots or blanks';
  return null;
}

/**
 * Whether a path might lead above where it begins, in any way in which some server could read it: what stands before it
 * (the path of an upstream) would be left then, and what it leads to would not be what was judged.
 */
export function mayClimb(raw: string): boolean {
  // Longer spellings of ASCII than UTF-8 has: some decoders take them.
  if (/%c[01]|%e0%80|%f0%80/i.test(raw)) return true;
  let text = raw;
  // As it is, and decoded up to three times.
  for (let times = 0; times <= 3; times++) {
    const letters = Buffer.from(text, 'latin1').toString('utf8').normalize('NFKC');
    if ([text, letters].some(climbs)) return true;
    const next = text.replaceAll(/%([\da-f]{2})/gi, (_all, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    );
    if (next === text) return false;
    text = next;
  }
  return true;
}

/** Whether a segment is two dots or more, whatever else some server leaves away. */
const climbs = (text: string): boolean =>
  text
    .replaceAll('\\', '/')
    .split('/')
    .some((segment) => /^\.{2,}$/.test((segment.split(';', 1)[0] ?? '').replaceAll(/[\s\p{C}]/gu, '')));
