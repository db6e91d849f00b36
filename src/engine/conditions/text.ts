import type { Order } from './decimal.js';

const SPACE = 0x20;
const FIRST_SURROGATE = 0xd800;
const AFTER_SURROGATES = 0xe000;

/**
 * Compares two strings as MariaDB's and MySQL's `utf8mb4_bin` do: case-sensitive, by code point, and as if the shorter one
 * were padded with spaces, so that `'POR' = 'POR '`. That is how the databases behind the business modules compare the same
 * fields; a condition has to agree with the `where` it was copied from.
 */
export function compareTexts(left: string, right: string): Order {
  const shared = Math.min(left.length, right.length);
  let index = 0;
  while (index < shared && left.charCodeAt(index) === right.charCodeAt(index)) index++;
  if (index < shared) return rankOf(left, index) < rankOf(right, index) ? -1 : 1;
  return left.length < right.length
    ? flip(compareRestToSpaces(right, index))
    : compareRestToSpaces(left, index);
}

function compareRestToSpaces(text: string, start: number): Order {
  let index = start;
  while (index < text.length && text.charCodeAt(index) === SPACE) index++;
  if (index === text.length) return 0;
  return text.charCodeAt(index) < SPACE ? -1 : 1;
}

function flip(order: Order): Order {
  return order === 0 ? 0 : order < 0 ? 1 : -1;
}

/**
 * Orders UTF-16 units the way their code points are ordered: a surrogate stands for a code point above U+FFFF, yet its unit
 * is smaller than those of U+E000–U+FFFF.
 */
function rankOf(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  return unit >= FIRST_SURROGATE && unit < AFTER_SURROGATES ? unit + 0x10000 : unit;
}
