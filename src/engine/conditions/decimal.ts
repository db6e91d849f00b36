/**
 * Exact decimal numbers, held as their digits.
 *
 * Amounts of money arrive as strings ("1234567890123456.78") because a double cannot hold them, so conditions never
 * compare through floating point. Comparing digits needs no arithmetic: it is exact at any length and takes time in
 * proportion to the digits, which is why no upper bound on their number is needed.
 */
export interface Decimal {
  /** True below zero; zero itself is never negative. */
  readonly negative: boolean;
  /** Digits before the point without leading zeros; empty below one. */
  readonly integer: string;
  /** Digits after the point without trailing zeros; empty for a whole number. */
  readonly fraction: string;
}

/** How two values stand to each other: smaller, equal, greater. */
export type Order = -1 | 0 | 1;

const ZERO = 48;
const NINE = 57;

/** True for the UTF-16 code of an ASCII digit; digits of other scripts are not numbers here. */
export function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

/**
 * Finds where the unsigned plain decimal that starts at `start` ends: digits with at most one point, at least one digit
 * (`12`, `12.5`, `.5`, `12.`, as SQL writes them).
 *
 * @returns the position after its last character, or `start` if no number starts there
 */
export function endOfDecimal(text: string, start: number): number {
  const point = endOfDigits(text, start);
  if (text[point] !== '.') return point;
  const end = endOfDigits(text, point + 1);
  return end - start > 1 ? end : start;
}

function endOfDigits(text: string, start: number): number {
  let end = start;
  while (end < text.length && isDigit(text.charCodeAt(end))) end++;
  return end;
}

/**
 * Reads a string that is a plain decimal number from end to end: an optional sign and what `endOfDecimal` accepts.
 *
 * @returns null for everything else: blanks around it, an exponent, thousands separators, a currency, digits of other scripts
 */
export function decimalFromText(text: string): Decimal | null {
  const signed = text[0] === '-' || text[0] === '+';
  const start = signed ? 1 : 0;
  const end = endOfDecimal(text, start);
  if (end === start || end !== text.length) return null;
  const point = text.indexOf('.');
  return decimalFromDigits(
    text[0] === '-',
    text.slice(start, point < 0 ? end : point),
    point < 0 ? '' : text.slice(point + 1),
  );
}

/**
 * Reads a JavaScript number as the shortest decimal that stands for it, which is what its sender wrote as long as that had
 * at most 15 significant digits: 0.1 is exactly 0.1.
 *
 * @returns null for NaN and the infinities, which JSON cannot carry
 */
export function decimalFromNumber(value: number): Decimal | null {
  if (!Number.isFinite(value)) return null;
  const text = String(value);
  const e = text.indexOf('e');
  if (e < 0) return decimalFromText(text);

  // "1.5e+21", "1e-7": write the exponent out. A double's exponent is at most 324, so this stays short.
  const exponent = Number(text.slice(e + 1));
  const mantissa = decimalFromText(text.slice(0, e));
  if (mantissa === null) return null;
  const { negative, integer, fraction } = mantissa;
  return exponent > 0
    ? decimalFromDigits(
        negative,
        integer + fraction.slice(0, exponent).padEnd(exponent, '0'),
        fraction.slice(exponent),
      )
    : decimalFromDigits(negative, '', '0'.repeat(-exponent - integer.length) + integer + fraction);
}

function decimalFromDigits(negative: boolean, integerDigits: string, fractionDigits: string): Decimal {
  let first = 0;
  while (integerDigits[first] === '0') first++;
  let end = fractionDigits.length;
  while (end > 0 && fractionDigits[end - 1] === '0') end--;
  const integer = integerDigits.slice(first);
  const fraction = fractionDigits.slice(0, end);
  return { negative: negative && (integer !== '' || fraction !== ''), integer, fraction };
}

/** True for zero in any spelling (`0`, `-0.00`). */
export function isZero(decimal: Decimal): boolean {
  return decimal.integer === '' && decimal.fraction === '';
}

/** Compares two decimals exactly, whatever their length. */
export function compareDecimals(left: Decimal, right: Decimal): Order {
  if (left.negative !== right.negative) return left.negative ? -1 : 1;
  const magnitude = compareMagnitudes(left, right);
  if (magnitude === 0) return 0;
  return magnitude > 0 === left.negative ? -1 : 1;
}

/** Digits compare like words once the integer parts have the same length. */
function compareMagnitudes(left: Decimal, right: Decimal): Order {
  if (left.integer.length !== right.integer.length)
    return left.integer.length < right.integer.length ? -1 : 1;
  if (left.integer !== right.integer) return left.integer < right.integer ? -1 : 1;
  if (left.fraction !== right.fraction) return left.fraction < right.fraction ? -1 : 1;
  return 0;
}

/** Writes a decimal in its shortest plain form, without exponent: `-0.5`, `1200`. */
export function decimalToText({ negative, integer, fraction }: Decimal): string {
  return (negative ? '-' : '') + (integer || '0') + (fraction && `.${fraction}`);
}
