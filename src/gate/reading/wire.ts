import { isUtf8 } from 'node:buffer';

/**
 * Text as its bytes, one character each, the form in which node hands over what is on the wire. A text that holds no
 * character beyond a byte is one already.
 */
export const bytesOf = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  /^[\x00-\xff]*$/.test(text) ? text : utf8Bytes(text);

/** Text in UTF-8, one character a byte. */
export const utf8Bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** What bytes say in UTF-8; U+FFFD stands for those that say nothing. */
export const textOf = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');

/** Whether bytes are UTF-8 throughout, without overlong forms. */
export const isText = (bytes: string): boolean => isUtf8(Buffer.from(bytes, 'latin1'));

/** Bytes with their percent-encodings decoded once; those that are not valid stay as they are. */
export const unescaped = (bytes: string): string =>
  bytes.replaceAll(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** A part of a query or of a form as text, decoded once; never throws. */
export const formText = (raw: string): string => textOf(unescaped(bytesOf(raw.replaceAll('+', ' '))));

/** Decoded until nothing is left to decode, at most four times: what the most careless reader sees. */
export function wornText(raw: string): string {
  let text = formText(raw);
  for (let times = 1; times < 4 && text.includes('%'); times += 1) text = formText(text);
  return text;
}

/**
 * The name of a header as CGI and its heirs (WSGI, Rack, PHP) see it, to whom an underscore is a dash: `X_Gate_Secret`
 * reaches them as `X-Gate-Secret`.
 * @param name in lower case
 */
export const dashed = (name: string): string => name.replaceAll('_', '-');

/** Characters that some readers replace by those that they look like (Windows' best fit), where NFKC does not. */
const lookalikes: ReadonlyMap<string, string> = new Map([
  ['\u2044', '/'],
  ['\u2215', '/'],
  ['\u2216', '\\'],
]);

/** A text as a reader sees it that normalizes (NFKC), takes look-alikes for the real thing and skips what is invisible. */
export const plainLetters = (text: string): string =>
  text
    .normalize('NFKC')
    .replaceAll(/[\u2044\u2215\u2216]/g, (letter) => lookalikes.get(letter) ?? letter)
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '');

/**
 * A decoded segment in the form in which two segments are compared: what any router would take for the same is the
 * same here, since holding too much is safe and too little is not. Case, normalization, a plus for a blank, blanks at
 * the ends, dots at the end (Windows) tell nothing.
 */
export function folded(segment: string): string {
  if (/^[\da-z_-]+$/.test(segment)) return segment;
  // By way of the upper case, where more letters meet: `ſ` is an S, and so is `s`.
  const letters = plainLetters(segment).toUpperCase().toLowerCase().replaceAll('i\u0307', 'i');
  const trimmed = letters.replaceAll('+', ' ').trim();
  let end = trimmed.length;
  while (end > 0 && '. '.includes(trimmed.charAt(end - 1))) end -= 1;
  return end === 0 ? letters : trimmed.slice(0, end);
}

/** The segments of a canonical path; a slash at the end adds none. */
export function segmentsOf(path: string): readonly string[] {
  const inner = path.slice(1, path.length > 1 && path.endsWith('/') ? -1 : undefined);
  return inner === '' ? [] : inner.split('/');
}
