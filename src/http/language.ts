import { OneOf } from './fields.js';

/** The languages in which the service tells people its reasons. */
export const languages = ['en', 'zh'] as const;
export type Language = (typeof languages)[number];

/** A sentence in each of them. */
export type Both = Readonly<Record<Language, string>>;

export const both = (en: string, zh: string): Both => ({ en, zh });

/** `?lang=` of what is written for people. */
export class LanguageQuery {
  @OneOf(languages, {
    optional: true,
    description: 'The language of the sentences; left out: what `Accept-Language` asks for, else English.',
    example: 'zh',
  })
  lang?: Language;
}

/**
 * The language in which a caller is answered: the one that is named, else the one of ours that `Accept-Language` likes
 * best (RFC 9110, 12.5.4), else English.
 */
export function languageOf(named: Language | undefined, acceptLanguage: string | undefined): Language {
  if (named !== undefined) return named;
  const liked = (acceptLanguage ?? '')
    .split(',')
    .flatMap((range) => {
      const [tag = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      const language = languages.find((one) => tag === one || tag.startsWith(`${one}-`));
      const quality = Number(parameters.find((one) => one.startsWith('q='))?.slice(2) ?? '1');
      return language && quality > 0 ? [{ language, quality }] : [];
    })
    .toSorted((one, other) => other.quality - one.quality);
  return liked[0]?.language ?? 'en';
}
