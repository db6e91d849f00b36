import { seal, unseal } from './lark-cipher.js';

/** What Feishu asks for when somebody opens a widget whose options come from outside (外部选项). */
export interface OptionsQuestion {
  readonly token: string;
  readonly user_id?: string;
  readonly employee_id?: string;
  /** The values of the widgets that this one depends on. */
  readonly linkage_params?: Readonly<Record<string, string>>;
  readonly page_token?: string;
  readonly query?: string;
  readonly locale?: 'zh_cn' | 'en_us' | 'ja_jp';
}

/** How a widget looks then. */
export interface ShownOptions {
  /** What people read, by id; null: the widget shows an error. */
  readonly options: ReadonlyMap<string, string> | null;
  readonly nextPageToken: string | null;
  /** Why there is none. */
  readonly problem: string | null;
}

interface OptionsResult {
  readonly options: readonly { readonly id: string; readonly value: string }[];
  readonly i18nResources: readonly {
    readonly locale: string;
    readonly isDefault: boolean;
    readonly texts: Readonly<Record<string, string>>;
  }[];
  readonly hasMore: boolean;
  readonly nextPageToken: string;
}

const failed = (problem: string): ShownOptions => ({ options: null, nextPageToken: null, problem });

/**
 * Asks an address for options as Feishu does, and reads the answer as strictly.
 * @param key the Key of the widget: the answer is encrypted with it; the question too when `sealed`
 */
export async function askOptions(
  url: string,
  question: OptionsQuestion,
  { key, sealed = false }: { readonly key?: string; readonly sealed?: boolean } = {},
): Promise<ShownOptions> {
  const asked = JSON.stringify(question);
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: sealed && key !== undefined ? JSON.stringify({ encrypt: seal(asked, key) }) : asked,
    signal: AbortSignal.timeout(3_000),
  }).catch(() => null);
  if (response?.status !== 200) return failed(`HTTP ${response?.status ?? 'nothing'}`);
  const answer = (await response.json()) as {
    readonly code: number;
    readonly msg: string;
    readonly data?: { readonly result: OptionsResult | string };
  };
  if (answer.code !== 0) return failed(answer.msg);
  const given = answer.data?.result;
  if (given === undefined || (key !== undefined) !== (typeof given === 'string')) return failed('no result');
  const result = typeof given === 'string' ? (JSON.parse(unseal(given, key ?? '')) as OptionsResult) : given;
  const resources = result.i18nResources ?? [];
  const texts =
    resources.find(({ locale }) => locale === question.locale) ??
    resources.find(({ isDefault }) => isDefault);
  if (!texts) return failed('i18nResources is missing');
  const options = new Map<string, string>();
  for (const { id, value } of result.options) {
    const read = texts.texts[value];
    if (!value.startsWith('@i18n@') || read === undefined) return failed(`no text for ${value}`);
    if (options.has(id)) return failed(`two options ${id}`);
    options.set(id, read);
  }
  if (result.hasMore && options.size < 10) return failed('a page has at least 10 options');
  return { options, nextPageToken: result.hasMore ? result.nextPageToken : null, problem: null };
}
