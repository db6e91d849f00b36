import { bytesOf, isText, plainLetters, textOf, unescaped, utf8Bytes } from './wire.js';

/** More readings than this, and the path is taken for any. */
const maxReadings = 64;
/** How often servers behind one another may decode what the one before has decoded. */
const maxDecodings = 3;

/** One thing that some server does to a path: what may come out, in bytes. */
type Step = (path: string) => readonly string[];

/**
 * All paths that a raw path may be taken for: everything that the steps below make of it, in any sequence, since
 * nobody knows which of them the servers behind the gate take, and in what order. A slash that stays encoded is data.
 * @returns null when there are more than can be looked at
 */
export function readingsOf(raw: string): readonly string[] | null {
  /** Each path, and the fewest decodings that lead to it. */
  const found = new Map<string, number>();
  const waiting: [path: string, decodings: number][] = [[bytesOf(raw), 0]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [path, decodings] = next;
    const before = found.get(path);
    if (before !== undefined && before <= decodings) continue;
    found.set(path, decodings);
    if (found.size > maxReadings) return null;
    for (const step of steps) for (const made of step(path)) waiting.push([made, decodings]);
    for (const step of decoders)
      for (const made of step(path)) if (made !== path) waiting.push([made, decodings + 1]);
  }
  // What only a fourth decoding shows may be followed by a fifth.
  if ([...found.values()].some((decodings) => decodings > maxDecodings)) return null;
  const readings = [...new Set([...found.keys()].flatMap(asText))];
  return readings.length > maxReadings ? null : readings;
}

/** Bytes that are not UTF-8 are replaced, left out, or taken for Latin-1. */
const asText = (path: string): readonly string[] =>
  isText(path) ? [textOf(path)] : [textOf(path), textOf(path).replaceAll('\ufffd', ''), path];

const decoders: readonly Step[] = [
  (path) => [unescaped(path)],
  // Slashes stay encoded: Tomcat, Envoy, and whoever splits before decoding.
  (path) => [path.replaceAll(/%(?!2f|5c)([\da-f]{2})/gi, unescaped)],
  // IIS.
  (path) => [
    path.replaceAll(/%u([\da-f]{4})/gi, (_, hex: string) =>
      utf8Bytes(String.fromCharCode(Number.parseInt(hex, 16))),
    ),
  ],
];

const steps: readonly Step[] = [
  withSlash,
  (path) => [path.replaceAll('\\', '/')],
  (path) => [path.replaceAll(/\/{2,}/g, '/')],
  (path) => [withoutDots(path)],
  // Windows.
  (path) => [segmentwise(path, (segment) => (/^\.{3,}$/.test(segment) ? '' : segment))],
  // Parameters of segments: Tomcat, Jetty, Spring; or of the whole path.
  (path) => (path.includes(';') ? [path.replaceAll(/;[^/]*/g, ''), cutAt(path, ';')] : []),
  (path) => ['?', '#'].map((mark) => cutAt(path, mark)),
  withoutControls,
  (path) => (isText(path) ? [] : [shortForms(path)]),
  (path) => (/[^\0-\x7f]/.test(path) && isText(path) ? [utf8Bytes(plainLetters(textOf(path)))] : []),
];

const cutAt = (path: string, mark: string): string => {
  const at = path.indexOf(mark);
  return at === -1 ? path : path.slice(0, at);
};

const segmentwise = (path: string, of: (segment: string) => string): string =>
  path.split('/').map(of).join('/');

/** Absolute forms lose scheme and host. So does what begins with two slashes, where it is read as a URL (WHATWG). */
function withSlash(path: string): readonly string[] {
  if (path.startsWith('//')) return [path.replace(/^\/+[^/]*/, '') || '/'];
  if (path.startsWith('/')) return [];
  const rest = path.replace(/^[a-z][\d+.a-z-]*:/i, '');
  return [`/${path}`, rest === path ? `/${path}` : rest.startsWith('/') ? rest : `/${rest}`];
}

/** RFC 3986 §5.2.4. */
function withoutDots(path: string): string {
  if (!path.startsWith('/') || !path.includes('/.')) return path;
  const segments = path.slice(1).split('/');
  const kept: string[] = [];
  for (const [at, segment] of segments.entries()) {
    const dots = segment === '.' || segment === '..';
    if (segment === '..') kept.pop();
    if (!dots) kept.push(segment);
    else if (at === segments.length - 1) kept.push('');
  }
  return `/${kept.join('/')}`;
}

/** Each control character ends the path (C strings, lines) or is left out (WHATWG); so is a blank that was not encoded. */
function withoutControls(path: string): readonly string[] {
  // In UTF-8: those beyond ASCII have two bytes.
  // oxlint-disable-next-line no-control-regex
  const controls = new Set(path.match(/[\0-\x20\x7f]|\xc2[\x80-\x9f]/g));
  return [...controls].flatMap((control) => [cutAt(path, control), path.replaceAll(control, '')]);
}

/** Overlong forms of UTF-8, which careless decoders take for the character that has a short one: `%c0%af` is a slash. */
const shortForms = (path: string): string =>
  path
    .replaceAll(/[\xc0\xc1]([\0-\xff])/g, (all, second: string) =>
      short(all, ((all.charCodeAt(0) & 0x1f) << 6) | (second.charCodeAt(0) & 0x3f)),
    )
    .replaceAll(/\xe0([\x80-\x9f])([\x80-\xbf])/g, (all, second: string, third: string) =>
      short(all, ((second.charCodeAt(0) & 0x3f) << 6) | (third.charCodeAt(0) & 0x3f)),
    )
    .replaceAll(/[\xf0\xf8\xfc]\x80+([\x80-\xbf])([\x80-\xbf])/g, (all, last: string, end: string) =>
      short(all, ((last.charCodeAt(0) & 0x3f) << 6) | (end.charCodeAt(0) & 0x3f)),
    );

const short = (all: string, code: number): string => (code < 0x80 ? String.fromCharCode(code) : all);
