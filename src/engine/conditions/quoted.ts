import { ConditionSyntaxError } from './syntax.js';

/**
 * What a backslash and the next character stand for in a string literal, as in MariaDB ("String Literals"). `\%` and `\_`
 * keep their backslash: it is `like` that takes it away. Any other character stands for itself.
 */
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['0', '\0'],
  ['b', '\b'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['Z', '\x1a'],
  ['%', '\\%'],
  ['_', '\\_'],
]);

/**
 * Reads the string literal whose opening quote (`'` or `"`) stands at `position`. A doubled quote or one after a backslash
 * belongs to the string.
 *
 * @returns the string and the position after its closing quote
 * @throws ConditionSyntaxError at the opening quote if it is never closed
 */
export function readText(text: string, position: number): { text: string; end: number } {
  const quote = text[position];
  let content = '';
  let index = position + 1;
  while (index < text.length) {
    const character = text[index]!;
    const next = text[index + 1];
    if (character === '\\' && next !== undefined) {
      content += ESCAPES.get(next) ?? next;
      index += 2;
    } else if (character !== quote) {
      content += character;
      index++;
    } else if (next === quote) {
      content += quote;
      index += 2;
    } else {
      return { text: content, end: index + 1 };
    }
  }
  throw new ConditionSyntaxError(`The string that begins here has no closing ${quote}`, position);
}

/**
 * Reads the name in backticks that begins at `position`. A doubled backtick belongs to the name; a backslash is a character
 * like any other, a point as well.
 *
 * @returns the name and the position after its closing backtick
 * @throws ConditionSyntaxError at the opening backtick if the name is empty or never closed
 */
export function readQuotedName(text: string, position: number): { name: string; end: number } {
  let name = '';
  let index = position + 1;
  while (index < text.length) {
    if (text[index] !== '`') {
      name += text[index];
      index++;
    } else if (text[index + 1] === '`') {
      name += '`';
      index += 2;
    } else if (name === '') {
      break;
    } else {
      return { name, end: index + 1 };
    }
  }
  const problem =
    name === '' ? 'A name in backticks must not be empty' : 'The name that begins here has no closing `';
  throw new ConditionSyntaxError(problem, position);
}
