import { isDigit } from './decimal.js';

/**
 * Ranges (first, last) above ASCII that look like punctuation, blanks or nothing at all, and so are no part of a name: Latin-1
 * signs, general punctuation, arrows and mathematical signs, CJK punctuation, lone surrogates, full-width forms, specials.
 * All other characters above ASCII are letters here, as in MariaDB; no table of Unicode's categories is needed.
 */
const NO_NAME: readonly (readonly [number, number])[] = [
  [0x80, 0xbf],
  [0xd7, 0xd7],
  [0xf7, 0xf7],
  [0x2000, 0x206f],
  [0x2190, 0x2bff],
  [0x3000, 0x3004],
  [0x3008, 0x3020],
  [0x3030, 0x3030],
  [0xd800, 0xdfff],
  [0xfe10, 0xfe6f],
  [0xfeff, 0xff65],
  [0xffe0, 0xffff],
];

/** True for what may stand between words: the white space of ECMAScript, the full-width blank of Chinese input included. */
export function isBlank(character: string): boolean {
  return character.trim() === '';
}

/** True for a character (one code point) with which a name may begin without backticks. */
export function isNameStart(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return isAsciiLetter(code) || character === '_' || character === '$';
  return !NO_NAME.some(([first, last]) => code >= first && code <= last) && !isBlank(character);
}

/** True for a character (one code point) that may follow in a name without backticks. */
export function isNamePart(character: string): boolean {
  return isDigit(character.codePointAt(0) ?? 0) || isNameStart(character);
}

function isAsciiLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/**
 * Says in an error message what is wrong with a character (one code point) that means nothing in a condition, and what to
 * write instead where that can be guessed: Chinese input methods and word processors make most of these.
 */
export function describeStray(character: string): string {
  const instead = plainForm(character);
  const name = describeCharacter(character);
  return instead === null
    ? `${name} has no meaning here`
    : `${name} has no meaning here; write ${instead} instead`;
}

function plainForm(character: string): string | null {
  if ('‘’‛′'.includes(character)) return "the plain quote '";
  if ('“”„″'.includes(character)) return 'the plain quote "';
  if ('，、'.includes(character)) return 'the plain comma ,';
  if ('−–—'.includes(character)) return 'the plain minus -';
  if (character === '≥') return '>=';
  if (character === '≤') return '<=';
  if (character === '≠') return '!=';
  const code = character.codePointAt(0) ?? 0;
  return code > 0xff00 && code < 0xff5f ? `the half-width ${String.fromCharCode(code - 0xfee0)}` : null;
}

/** Names a character so that invisible ones can be told apart: `'?'`, `U+200B`. */
export function describeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const visible = (code > 0x20 && code < 0x7f) || plainForm(character) !== null || isNameStart(character);
  return visible ? `'${character}'` : `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}
