import fc from 'fast-check';

/**
 * Random conditions and values for the comparison of the condition language with the database.
 */

/** What a variable holds in a case; numbers are given by their digits. */
export type Given = string | boolean | null;

/** A variable and the table it is a column of; `asText`: its number reaches the engine as a string, as money does. */
export interface Variable {
  readonly table: 'v' | 'detail';
  readonly name: string;
  readonly kind: 'number' | 'boolean' | 'text';
  readonly asText?: true;
}

export const VARIABLES: readonly Variable[] = [
  { table: 'v', name: 'amount', kind: 'number', asText: true },
  { table: 'v', name: 'rate', kind: 'number' },
  { table: 'v', name: '金额', kind: 'number' },
  { table: 'v', name: 'urgent', kind: 'boolean' },
  { table: 'v', name: 'type', kind: 'text' },
  { table: 'v', name: '备注', kind: 'text' },
  { table: 'detail', name: 'total', kind: 'number', asText: true },
  { table: 'detail', name: 'level', kind: 'number' },
  { table: 'detail', name: 'paid', kind: 'boolean' },
  { table: 'detail', name: 'label', kind: 'text' },
];

/** One condition and a value for each of `VARIABLES`. */
export interface Case {
  readonly text: string;
  readonly values: readonly Given[];
}

/** Stands in a generated text for `==`, which is our own spelling of `=`. */
export const DOUBLE_EQUALS = '\u0001';

type Text = fc.Arbitrary<string>;

const pick = (...choices: string[]): Text => fc.constantFrom(...choices);
const glue = (...parts: Text[]): Text => fc.tuple(...parts).map((strings) => strings.join(''));
/** One of several, the first of each pair being its weight. */
const mix = (...choices: [number, Text][]): Text =>
  fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
/** Like `mix`; below a certain depth only the first choice remains. */
const mixToDepth = (...choices: [number, Text][]): Text =>
  fc.oneof(
    { maxDepth: 4, depthIdentifier: 'condition' },
    ...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })),
  );

const blank = mix([5, fc.constant(' ')], [1, pick('  ', '\n', '\t', ' \r\n')]);
const maybeBlank = mix([1, fc.constant('')], [1, blank]);
const keyword = (word: string): Text =>
  pick(word, word, word.toUpperCase(), word[0]!.toUpperCase() + word.slice(1));
/** Keywords with blanks around each: ` is not null `. */
const words = (...list: string[]): Text => glue(blank, ...list.flatMap((word) => [keyword(word), blank]));
const negatable = (word: string): Text => mix([1, words(word)], [1, words('not', word)]);

const digits = (minLength: number, maxLength: number): Text =>
  fc.string({ unit: pick(...'0123456789'), minLength, maxLength });
const unsigned = mix(
  [3, pick(...'0 1 2 3 100 100.00 99.99 0.1 0.3 .5 5. 007.50'.split(' '))],
  [1, pick('9007199254740993.01', '9007199254740993.02', '12345678901234567890.0000000001')],
  [1, digits(1, 4)],
  [1, glue(digits(1, 20), fc.constant('.'), digits(0, 10))],
);
const numberAsText = glue(pick('', '', '-', '+'), unsigned);
/** Short enough for a double to stand for exactly what was written. */
const shortNumber = glue(
  pick('', '-'),
  mix([2, pick(...'0 1 2 100 99.99 0.1 0.3 0.5 5'.split(' '))], [1, digits(1, 7)]),
);

const textValue = mix(
  [
    3,
    pick('', 'a', 'A', 'a ', 'ab', 'aab', 'POR', 'por', 'POR ', '金额', '50%', 'a_b', 'a\\b', "it's", '10'),
  ],
  [2, fc.string({ unit: pick('a', 'b', '\u{20bb7}'), maxLength: 8 })],
  [1, fc.string({ unit: pick(...'aA \t%_\\\'"0金\u{20bb7}\uff5e\0'), maxLength: 6 })],
);

/** The inside of a string literal, piece by piece, with the ways there are to write each character. */
const literalPiece = (quote: string): Text =>
  mix(
    [3, pick('a', 'A', 'b', 'ab', 'POR', 'por', '50', '金额', '\u{20bb7}', '\uff5e', ' ', '\t', '?', '0')],
    [2, pick('%', '_', '\\%', '\\_', '\\\\')],
    [1, pick('\\n', '\\0', '\\t', '\\Z', '\\q', "\\'", '\\"', quote + quote, quote === "'" ? '"' : "'")],
  );
const textLiteral = pick("'", '"').chain((quote) =>
  fc.array(literalPiece(quote), { maxLength: 5 }).map((pieces) => quote + pieces.join('') + quote),
);
const plainLiteral = fc
  .string({ unit: pick('a', 'b', '\u{20bb7}'), maxLength: 7 })
  .map((text) => `'${text}'`);
/** A pattern that has a chance to fit the plain literals, and the values above. */
const patternLiteral = fc
  .string({ unit: pick('a', 'b', '%', '%', '_', '\u{20bb7}'), maxLength: 7 })
  .map((pattern) => `'${pattern}'`);

const comparison = pick('=', DOUBLE_EQUALS, '!=', '<>', '<', '<=', '>', '>=');
const money = pick('amount', 'detail.total', '`amount`', '`detail`.`total`');
const textName = pick('type', '备注', '`备注`', 'detail.label');
const list = (item: Text): Text =>
  fc
    .tuple(fc.array(item, { minLength: 1, maxLength: 4 }), maybeBlank)
    .map(([items, space]) => `(${items.join(`${space},${space}`)})`);
/** One to three parts with operators between them. */
const chain = (part: Text, operator: Text): Text =>
  mix([4, part], [2, glue(part, operator, part)], [1, glue(part, operator, part, operator, part)]);

/**
 * Conditions in which numbers meet numbers and strings meet strings (money given as a string meets numbers only). Brackets
 * stand at random, not where the precedence would need them, so that both sides have to find the same structure.
 */
const { condition } = fc.letrec<
  Record<'number' | 'anyNumber' | 'text' | 'bracket' | 'predicate' | 'negated' | 'all' | 'condition', string>
>((tie) => ({
  number: mixToDepth(
    [6, pick('rate', '金额', 'urgent', 'detail.level', '`detail`.`paid`')],
    [5, glue(pick('', '', '-', '+', '- '), unsigned)],
    [1, mix([1, keyword('null')], [1, keyword('true')], [1, keyword('false')])],
    [1, tie('bracket')],
  ),
  anyNumber: mix([2, tie('number')], [1, money]),
  text: mix([4, textName], [4, textLiteral], [1, keyword('null')]),
  bracket: glue(fc.constant('('), maybeBlank, tie('condition'), maybeBlank, fc.constant(')')),
  predicate: mixToDepth(
    [3, glue(tie('anyNumber'), maybeBlank, comparison, maybeBlank, tie('number'))],
    [1, glue(tie('number'), maybeBlank, comparison, maybeBlank, money)],
    [1, glue(tie('anyNumber'), maybeBlank, comparison, maybeBlank, fc.constant('!'), tie('number'))],
    [3, glue(tie('text'), maybeBlank, comparison, maybeBlank, tie('text'))],
    [2, glue(tie('anyNumber'), negatable('in'), list(tie('number')))],
    [2, glue(tie('text'), negatable('in'), list(tie('text')))],
    [2, glue(tie('anyNumber'), negatable('between'), tie('number'), words('and'), tie('number'))],
    [1, glue(tie('text'), negatable('between'), tie('text'), words('and'), tie('text'))],
    [2, glue(tie('text'), negatable('like'), textLiteral)],
    [3, glue(mix([1, textName], [2, plainLiteral]), negatable('like'), patternLiteral)],
    [1, glue(tie('anyNumber'), words('is', 'null'))],
    [1, glue(tie('text'), words('is', 'not', 'null'))],
    [1, glue(pick('', '!', '! ', '!!'), tie('anyNumber'))],
    [2, tie('bracket')],
  ),
  negated: glue(mix([3, fc.constant('')], [1, glue(keyword('not'), blank)]), tie('predicate')),
  all: chain(tie('negated'), mix([1, words('and')], [1, pick('&&', ' && ')])),
  condition: chain(tie('all'), mix([1, words('or')], [1, pick('||', ' || ')])),
}));

const valueFor = ({ kind, asText }: Variable): fc.Arbitrary<Given> => {
  const digitsOfNumber = asText ? numberAsText : shortNumber;
  const value = { text: textValue, boolean: fc.boolean(), number: digitsOfNumber }[kind];
  return fc.oneof({ weight: 5, arbitrary: value as fc.Arbitrary<Given> }, fc.constant(null));
};

/** Conditions that every SQL database reads, and values for all variables. */
export const cases: fc.Arbitrary<Case> = fc.record({
  text: condition,
  values: fc.tuple(...VARIABLES.map(valueFor)),
});

const operandAmongWords = glue(
  pick('', '', '', 'not ', 'not not ', '!', '(', 'not (', '!(', '(('),
  mix([8, pick('rate', '金额', '0', '1', '-1', 'null', 'true')], [1, pick('(rate)', '(0, 1)')]),
  pick('', '', '', '', ')', ' is null', ' is not null'),
);
const wordBetweenOperands = mix(
  [3, pick('and', 'or', '&&', '||')],
  [2, pick('=', '<', '>=', '!=')],
  [1, pick('!', 'in', 'not in', 'between', 'between 0 and', 'not between', ',', 'is')],
);

/** Closes the brackets that are open at the end, so that more of the texts are conditions. */
const closeBrackets = (text: string): string =>
  text + ')'.repeat(Math.max(0, text.split('(').length - text.split(')').length));

/**
 * Words in nearly any order: only some are conditions, and those show how operators bind. Numbers only, because how types mix
 * is not the question here.
 */
export const scrambledCases: fc.Arbitrary<Case> = fc.record({
  text: fc
    .array(fc.tuple(wordBetweenOperands, operandAmongWords), { minLength: 2, maxLength: 5 })
    .map((pairs) => closeBrackets(pairs.flat().slice(1).join(' '))),
  values: fc.tuple(
    ...VARIABLES.map(({ name }) =>
      name === 'rate' || name === '金额' ? fc.constantFrom('0', '1', '-1', '2', null) : fc.constant(null),
    ),
  ),
});
