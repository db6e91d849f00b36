import { unescaped, utf8Bytes } from './wire.js';

/** Sets whose characters have one byte each, and the letters of ASCII at their places. */
const singleBytes =
  /^(?:iso[-_]?8859-\d{1,2}|latin-?\d|windows-(?:125\d|874)|cp125\d|koi8-(?:r|u|ru)|tis-620)$/;

/** Sets of one or more bytes a character in which a byte below 0x80 that begins one is ASCII; by what reads them all. */
const multiBytes: readonly (readonly [decoder: string, names: RegExp])[] = [
  ['gb18030', /^(?:gbk|x-gbk|gb2312|gb18030|gb18030-20(?:00|05|22)|euc-cn|cp936|ms936|windows-936)$/],
  ['big5', /^(?:big-?5|big5-?hkscs|x-x-big5|cp950|ms950|windows-950)$/],
  ['euc-jp', /^(?:euc-?jp|x-euc-jp|eucjp-?(?:win|ms))$/],
  ['shift_jis', /^(?:shift[-_]jis|x-sjis|sjis|sjis-win|windows-31j|cp932|ms932|ms_kanji|cswindows31j)$/],
  ['euc-kr', /^(?:euc-?kr|ks_c_5601-1987|ksc5601|ks_c_5601|uhc|cp949|ms949|windows-949)$/],
];

const unicode = /^(?:|utf-?8|us-ascii|ascii)$/;

/**
 * The ways in which a text may be read whose charset is told by its type. Where letters of ASCII are the bytes that they
 * look like, it is what its bytes say; in another charset than UTF-8 also what its readers make of it, and what those
 * do who leave out bytes that they do not know, alone or with the one behind them.
 * @param type the content's type, in lower case
 * @param bytes one character a byte
 * @returns in bytes, UTF-8 where they are decoded; null where a letter may be any bytes: UTF-16, UTF-7, HZ, ISO 2022,
 *   EBCDIC, and whatever is not known here
 */
export function bytesAsRead(type: string, bytes: string): readonly [string, ...string[]] | null {
  const charsets = [...type.matchAll(/charset[\s"'=]*([^\s"';,]*)/g)].map(([, charset = '']) => charset);
  const foreign = charsets.filter((charset) => !unicode.test(charset));
  if (foreign.length === 0) return [bytes];
  const readings: string[] = [];
  for (const charset of foreign) {
    if (singleBytes.test(charset)) continue;
    const decoder = multiBytes.find(([, names]) => names.test(charset))?.[0];
    const reading = decoder === undefined ? null : decoded(decoder, bytes);
    if (reading === null) return null;
    readings.push(reading);
  }
  const left = bytes.replaceAll(/[\x80-\xff]|%(?:25){0,3}[89a-f][\da-f]/gi, '');
  const leftWithNext = bytes.replaceAll(
    /(?:[\x80-\xff]|%(?:25){0,3}[89a-f][\da-f])(?:%(?:25){0,3}[\da-f]{2}|[^])/gi,
    '',
  );
  return [bytes, left, leftWithNext, ...readings];
}

/** Characters of more bytes may have one of ASCII as their second, encoded or not. */
function decoded(charset: string, bytes: string): string | null {
  const wide = bytes.replaceAll(/%[89a-f][\da-f](?:%[3-9a-f][\da-f])?/gi, unescaped);
  try {
    const text = new TextDecoder(charset).decode(Buffer.from(wide, 'latin1'));
    return utf8Bytes(text.replaceAll('\ufffd', ''));
  } catch {
    return null; // a runtime that was built without it
  }
}
