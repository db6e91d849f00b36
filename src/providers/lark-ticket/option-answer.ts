import { objectOf, objectsOf, readJson } from '../lark/lark.json.js';

/** An option as a business module names it: what people read, by language. */
export interface Option {
  readonly id: string;
  readonly isDefault: boolean;
  readonly texts: ReadonlyMap<string, string>;
}

/** One page of options, or why an answer holds none. */
export type OptionsPage =
  { readonly options: readonly Option[]; readonly nextPageToken: string | null } | { readonly why: string };

type Json = Readonly<Record<string, unknown>>;

/** Characters of a module's own words that are shown. */
const maxWords = 200;
const i18nPrefix = '@i18n@';

/**
 * Reads what a business module answers: `{options: [{id, value}], hasMore?, nextPageToken?}`, or Feishu's own answer or
 * result with its `i18nResources`.
 * @param locale of the question, for texts that come in one language
 */
export function readOptions(body: string, locale: string): OptionsPage {
  const answer = objectOf(readJson(body));
  if (!answer) return { why: 'the answer of the business module is no JSON object' };
  const { code } = answer;
  if (code !== undefined && code !== 0) {
    const said = typeof answer.msg === 'string' ? `: ${answer.msg.slice(0, maxWords)}` : '';
    return { why: `the business module refuses${said}` };
  }
  const result = objectOf(objectOf(answer.data)?.result) ?? answer;
  if (!Array.isArray(result.options)) return { why: 'the answer of the business module holds no options' };
  const resources = resourcesIn(result);
  const options = new Map<string, Option>();
  for (const given of result.options as readonly unknown[]) {
    const option = optionOf(given, resources, locale);
    if (!option) return { why: 'an option of the business module lacks its id or its text' };
    if (!options.has(option.id)) options.set(option.id, option);
  }
  const next = textOf(result.nextPageToken);
  if (result.hasMore === true && next === null) {
    return { why: 'the business module says hasMore without a nextPageToken' };
  }
  return { options: [...options.values()], nextPageToken: result.hasMore === true ? next : null };
}

function optionOf(given: unknown, resources: ReadonlyMap<string, Json>, locale: string): Option | null {
  const { id, value, isDefault } = objectOf(given) ?? {};
  const [key, text] = [textOf(id), textOf(value)];
  if (key === null || text === null) return null;
  const texts = text.startsWith(i18nPrefix)
    ? new Map(
        [...resources].flatMap(([name, words]): [string, string][] => {
          const word = Object.hasOwn(words, text) ? textOf(words[text]) : null;
          return word === null ? [] : [[name, word]];
        }),
      )
    : new Map([[locale, text]]);
  return texts.size === 0 ? null : { id: key, isDefault: isDefault === true, texts };
}

/** The texts of each language; those of the default one come first. */
function resourcesIn({ i18nResources }: Json): Map<string, Json> {
  const given = objectsOf(i18nResources).toSorted(
    (one, other) => Number(other.isDefault === true) - Number(one.isDefault === true),
  );
  return new Map(
    given.flatMap(({ locale, texts }): [string, Json][] => {
      const [name, words] = [textOf(locale), objectOf(texts)];
      return name === null || words === null ? [] : [[name, words]];
    }),
  );
}

/** Ids come as numbers, too. */
function textOf(value: unknown): string | null {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

/**
 * Options as Feishu reads them: their texts in `i18nResources`, without which it shows nothing.
 * @param locale the language that people see
 */
export function optionsResult(
  options: readonly Option[],
  nextPageToken: string | null,
  locale: string,
): object {
  const locales = new Set([locale, ...options.flatMap(({ texts }) => [...texts.keys()])]);
  return {
    options: options.map(({ id, isDefault }, index) => ({
      id,
      value: `${i18nPrefix}${index}`,
      ...(isDefault ? { isDefault } : {}),
    })),
    i18nResources: [...locales].map((name) => ({
      locale: name,
      isDefault: name === locale,
      texts: Object.fromEntries(
        options.map(({ texts }, index) => [
          `${i18nPrefix}${index}`,
          texts.get(name) ?? texts.get(locale) ?? [...texts.values()][0] ?? '',
        ]),
      ),
    })),
    hasMore: nextPageToken !== null,
    nextPageToken: nextPageToken ?? '',
  };
}
