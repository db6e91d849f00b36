import { Injectable, Logger } from '@nestjs/common';
import { CallbackTargetsService } from '../../business-types/callback-targets.service.js';
import { OutboundError } from '../../outbound/outbound.client.js';
import { WebhookClient } from '../../outbound/webhook.client.js';
import { Clock } from '../../runtime/clock.js';
import { Ids } from '../../runtime/ids.js';
import { FormFieldsService, formIdOf } from '../forms/form-fields.service.js';
import { type FormRecord, FormsRepository, type KeptField } from '../forms/forms.repository.js';
import { openLark, sameSecret, sealLark } from '../lark/lark.crypto.js';
import { objectOf, readJson } from '../lark/lark.json.js';
import { type Option, optionsResult, type OptionsPage, readOptions } from './option-answer.js';

/** Milliseconds in which Feishu is answered; it waits for 3 s (integrations.md, external options). */
const patience = 2_400;
/** Options that a page has to hold while there are more. */
const smallestPage = 10;
/** Questions to a business module for one page there. */
const maxPages = 10;
/** Bytes of one answer of a business module. */
const longestAnswer = 1024 * 1024;

/** Which widget is asked about: by its address (requirement 001), or by codes. */
export type OptionsAddress =
  { readonly uri: string } | { readonly approvalCode: string; readonly fieldCode: string };

/** As Feishu reads it, always under HTTP 200. */
export interface OptionsAnswer {
  readonly code: number;
  readonly msg: string;
  readonly data?: { readonly result: object | string };
}

type Json = Readonly<Record<string, unknown>>;

/** A widget that an address names, with its secrets in clear. */
interface Asked {
  readonly form: FormRecord;
  readonly field: KeptField;
  readonly key: string | null;
  readonly question: Json;
}

/** The options of widgets that business modules answer for (外部选项): asked through here, known by the widget's token. */
@Injectable()
export class OptionsService {
  private readonly logger = new Logger('providers');

  constructor(
    private readonly forms: FormsRepository,
    private readonly fields: FormFieldsService,
    private readonly targets: CallbackTargetsService,
    private readonly client: WebhookClient,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** Answers in time, whatever the business module does; `code` other than 0 says what went wrong. Never throws. */
  async answer(address: OptionsAddress, rawBody: Buffer): Promise<OptionsAnswer> {
    const signal = AbortSignal.timeout(patience);
    try {
      const answer = await Promise.race([this.options(address, rawBody, signal), endOf(signal)]);
      if (answer.code !== 0) this.logger.warn({ ...address, msg: answer.msg }, 'options cannot be told');
      return answer;
    } catch (error) {
      this.logger.error({ ...address, err: error }, 'options cannot be told');
      return failed(500, 'something went wrong on our side; the log has the cause');
    }
  }

  private async options(
    address: OptionsAddress,
    rawBody: Buffer,
    signal: AbortSignal,
  ): Promise<OptionsAnswer> {
    const body = objectOf(readJson(rawBody.toString('utf8')));
    if (!body) return failed(400, 'the question is no JSON object');
    const asked = (await this.widgets(address)).flatMap(({ form, field }): Asked[] => {
      const { token, key } = this.fields.secretsOf(form.id, field);
      const question = questionIn(body, key);
      return question && sameSecret(String(question.token), token) ? [{ form, field, key, question }] : [];
    });
    const [one] = asked;
    // Whoever does not know the token does not learn which addresses there are.
    if (!one) return failed(401, 'there is no such field, or the token is not its own');
    if (!one.form.fields.isOpen) return failed(403, 'options from outside are switched off for this form');
    const locale = typeof one.question.locale === 'string' ? one.question.locale : 'zh_cn';
    const found = await this.ask(one, locale, signal);
    if ('why' in found) return failed(502, found.why);
    const result = optionsResult(found.options, found.nextPageToken, locale);
    return {
      code: 0,
      msg: 'success!',
      data: { result: one.key === null ? result : sealLark(JSON.stringify(result), one.key) },
    };
  }

  private async widgets(
    address: OptionsAddress,
  ): Promise<{ readonly form: FormRecord; readonly field: KeptField }[]> {
    if ('uri' in address) {
      const id = formIdOf(address.uri);
      const form = id === null ? null : await this.forms.byId(id);
      const field = form?.fields.data.find(({ uri }) => sameSecret(uri, address.uri));
      return form && field ? [{ form, field }] : [];
    }
    const forms = await this.forms.named('lark', address.approvalCode);
    return forms.flatMap((form) => {
      const field = form.fields.data.find(({ code }) => code === address.fieldCode);
      return field ? [{ form, field }] : [];
    });
  }

  /** Asks until there are enough for a page. */
  private async ask(asked: Asked, locale: string, signal: AbortSignal): Promise<OptionsPage> {
    const { type } = asked.form;
    const target = await this.targets.find({
      id: type.id,
      team: type.scope === '' ? null : type.scope,
      code: type.code,
    });
    const options = new Map<string, Option>();
    let pageToken: unknown = asked.question.page_token;
    for (let page = 0; page < maxPages; page += 1) {
      const found = await this.page(asked, pageToken, locale, target?.secrets ?? [], signal);
      if ('why' in found) return found;
      for (const option of found.options) if (!options.has(option.id)) options.set(option.id, option);
      if (found.nextPageToken === null || options.size >= smallestPage) {
        return { options: [...options.values()], nextPageToken: found.nextPageToken };
      }
      pageToken = found.nextPageToken;
    }
    if (options.size === 0) return { why: 'the business module answers one empty page after the other' };
    // So many pages with so little on them come to no end; what they hold is all that there is.
    return { options: [...options.values()], nextPageToken: null };
  }

  private async page(
    { form, field, question }: Asked,
    pageToken: unknown,
    locale: string,
    secrets: readonly string[],
    signal: AbortSignal,
  ): Promise<OptionsPage> {
    const { token: _token, ...told } = question;
    const body = JSON.stringify({
      ...told,
      ...(pageToken === undefined ? {} : { page_token: pageToken }),
      locale,
      approval_code: form.formCode,
      field: field.code,
    });
    try {
      const {
        status,
        body: said,
        truncated,
      } = await this.client.send({
        url: field.url,
        id: this.ids.next(),
        sentAt: this.clock.now(),
        body,
        secrets,
        signal,
        limit: longestAnswer,
      });
      if (truncated)
        return { why: `the answer of the business module is longer than ${longestAnswer} bytes` };
      if (status !== 200) return { why: `the business module answered ${status}` };
      return readOptions(said, locale);
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      return { why: 'the business module does not answer' };
    }
  }
}

/** A question in clear, or opened with the widget's Key. */
function questionIn(body: Json, key: string | null): Json | null {
  if (typeof body.encrypt !== 'string') return body;
  const opened = key === null ? null : openLark(body.encrypt, key);
  return opened === null ? null : objectOf(readJson(opened));
}

const failed = (code: number, msg: string): OptionsAnswer => ({ code, msg });

const endOf = (signal: AbortSignal): Promise<OptionsAnswer> =>
  new Promise((resolve) => {
    const tooLate = (): void => resolve(failed(504, 'the business module does not answer in time'));
    signal.addEventListener('abort', tooLate, { once: true });
  });
