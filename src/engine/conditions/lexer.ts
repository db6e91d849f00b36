import { describeStray, isBlank, isNamePart, isNameStart } from './characters.js';
import { decimalFromText, type Decimal, endOfDecimal } from './decimal.js';
import { readQuotedName, readText } from './quoted.js';
import { ConditionSyntaxError } from './syntax.js';

const KEYWORDS = ['and', 'or', 'not', 'in', 'between', 'is', 'like', 'null', 'true', 'false'] as const;

/** Longer signs first, so that `<=` is not read as `<` and `=`. */
const SIGNS = [
  '&&',
  '||',
  '==',
  '!=',
  '<>',
  '<=',
  '>=',
  '=',
  '<',
  '>',
  '!',
  '(',
  ')',
  ',',
  '-',
  '+',
] as const;

/** A word or sign with a fixed meaning; spellings of the same thing come out as one (`&&` as `and`, `<>` as `!=`). */
export type Sign = (typeof KEYWORDS)[number] | Exclude<(typeof SIGNS)[number], keyof typeof SPELLINGS>;

const SPELLINGS = { '&&': 'and', '||': 'or', '==': '=', '<>': '!=' } as const;

/** A piece of the text. `position` and `end` are 0-based, in UTF-16 code units, `end` exclusive. */
export type Token = { readonly position: number; readonly end: number } & (
  | { readonly kind: 'sign'; readonly sign: Sign }
  | { readonly kind: 'number'; readonly decimal: Decimal }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'name'; readonly path: readonly string[] }
  | { readonly kind: 'end' }
);

/**
 * Cuts a condition into tokens; the last one is always `end`.
 *
 * @throws ConditionSyntaxError at the first character that belongs to no token
 */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let position = 0;
  for (;;) {
    while (position < text.length && isBlank(text[position]!)) position++;
    const token = readToken(text, position);
    tokens.push(token);
    if (token.kind === 'end') return tokens;
    position = token.end;
  }
}

/** The code point at a position, as a string; empty at the end of the text. */
function characterAt(text: string, position: number): string {
  const code = text.codePointAt(position);
  return code === undefined ? '' : String.fromCodePoint(code);
}

function readToken(text: string, position: number): Token {
  if (position >= text.length) return { kind: 'end', position, end: position };
  const character = characterAt(text, position);
  if (character === "'" || character === '"') return { kind: 'text', position, ...readText(text, position) };
  if (character === '`' || isNameStart(character)) return readNameOrKeyword(text, position);
  const endOfNumber = endOfDecimal(text, position);
  if (endOfNumber > position) return readNumber(text, position, endOfNumber);
  const spelling = SIGNS.find((candidate) => text.startsWith(candidate, position));
  if (spelling === undefined) throw new ConditionSyntaxError(describeStray(character), position);
  return { kind: 'sign', sign: signOf(spelling), position, end: position + spelling.length };
}

function signOf(spelling: (typeof SIGNS)[number]): Sign {
  switch (spelling) {
    case '&&':
    case '||':
    case '==':
    case '<>':
      return SPELLINGS[spelling];
    default:
      return spelling;
  }
}

function readNumber(text: string, position: number, end: number): Token {
  const next = characterAt(text, end);
  if (next === 'e' || next === 'E')
    throw new ConditionSyntaxError('Write numbers without an exponent', position);
  if (next !== '' && isNamePart(next)) {
    throw new ConditionSyntaxError('Leave a blank after a number; names do not begin with a digit', position);
  }
  if (next === '.') throw new ConditionSyntaxError('A number has only one decimal point', position);
  return { kind: 'number', decimal: decimalFromText(text.slice(position, end))!, position, end };
}

/** Reads `amount`, `order.amount`, `` `order`.`金额` ``; a keyword counts as such only in the first place and without backticks. */
function readNameOrKeyword(text: string, position: number): Token {
  const path: string[] = [];
  let end = position;
  for (;;) {
    const start = end;
    const character = characterAt(text, start);
    if (character === '`') {
      const quoted = readQuotedName(text, start);
      path.push(quoted.name);
      end = quoted.end;
    } else if (character !== '' && isNameStart(character)) {
      end = endOfName(text, start);
      path.push(text.slice(start, end));
    } else {
      throw new ConditionSyntaxError('A name must follow the point', start);
    }
    const keyword = path.length === 1 && character !== '`' ? keywordOf(path[0]!) : undefined;
    if (keyword !== undefined) return { kind: 'sign', sign: keyword, position, end };
    if (text[end] !== '.') return { kind: 'name', path, position, end };
    end++;
  }
}

function endOfName(text: string, start: number): number {
  let end = start;
  for (;;) {
    const character = characterAt(text, end);
    if (character === '' || !isNamePart(character)) return end;
    end += character.length;
  }
}

function keywordOf(word: string): (typeof KEYWORDS)[number] | undefined {
  const lower = word.toLowerCase();
  // A few letters above ASCII are lower-cased into it: `li\u212ae`, with the Kelvin sign, is a name.
  return KEYWORDS.find((keyword) => keyword === lower && isAscii(word));
}

function isAscii(word: string): boolean {
  for (let index = 0; index < word.length; index++) if (word.charCodeAt(index) > 0x7f) return false;
  return true;
}
