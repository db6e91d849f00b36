import { Injectable } from '@nestjs/common';
import type { ApprovalAsk, ProviderConnection } from '../provider.port.js';
import { type Filled, keyTail } from './wecom-application.js';
import { objectOf, objectsOf, unfit } from './wecom-template.js';
import { sameValue } from './wecom-values.js';
import { WeComClient } from './wecom.client.js';

/** Applications that are looked at: who has more in the time in question is helped by a person. */
const most = 200;

const pageSize = 100;

/** Seconds. WeCom's clock and ours may differ; and it lists no more than 31 days at once. */
const clockMargin = 600;
const longest = 30 * 86_400;

/**
 * Looks for an application that an earlier attempt may have made: WeCom knows no idempotency keys. By itself a key in a
 * control proves nothing, since whoever applies there can write it; so everything that was filled in has to be the same.
 */
@Injectable()
export class EarlierApplication {
  constructor(private readonly client: WeComClient) {}

  /**
   * @param applicant by WeCom's ids
   * @param until now
   * @returns its number; null when there is none for certain
   * @throws ProviderFailure, permanent, when that cannot be told
   */
  async find(
    to: ProviderConnection,
    ask: ApprovalAsk,
    applicant: string,
    templateId: string,
    filled: Filled,
    until: Date,
    signal: AbortSignal,
  ): Promise<string | null> {
    const end = Math.ceil(until.getTime() / 1000) + clockMargin;
    const start = Math.max(Math.floor(ask.time.getTime() / 1000) - clockMargin, end - longest);
    const numbers = await this.listed(to, { start, end }, applicant, templateId, signal);
    if (numbers.length === 0) return null;
    const cannotTell = (why: string) =>
      unfit(
        `An earlier attempt may have arrived, and ${why}. Look in WeCom's console (审批 → 审批数据) for an application of ` +
          `${applicant} whose summary ends in ${keyTail(ask.key)}, among ${numbers.slice(0, 3).join(', ')}` +
          `${numbers.length > 3 ? ', …' : ''}. If there is one, have it revoked; then redeliver`,
      );
    if (filled.keyControl === null) {
      throw cannotTell('no control of the template holds the key (map one to ticket_id)');
    }
    if (numbers.length > most) throw cannotTell(`the applicant has more than ${most} applications since`);
    for (const number of numbers) {
      const found = await this.compared(to, number, filled, signal);
      if (found === 'same') return number;
      if (found === 'key only') throw cannotTell(`${number} has this key, but other values`);
    }
    return null;
  }

  /** The numbers of the applicant's applications with the template, in that time. */
  private async listed(
    to: ProviderConnection,
    time: { readonly start: number; readonly end: number },
    applicant: string,
    templateId: string,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const numbers: string[] = [];
    let cursor = '';
    do {
      const page = await this.client.post(
        to,
        '/cgi-bin/oa/getapprovalinfo',
        {
          starttime: String(time.start),
          endtime: String(time.end),
          new_cursor: cursor,
          size: pageSize,
          filters: [
            { key: 'template_id', value: templateId },
            { key: 'creator', value: applicant },
          ],
        },
        signal,
      );
      if (Array.isArray(page.sp_no_list)) numbers.push(...page.sp_no_list.map(String));
      const next = page.new_next_cursor;
      // Pages may hold fewer than were asked for; the last one names no other.
      cursor = typeof next === 'string' && next !== cursor ? next : '';
    } while (cursor !== '' && numbers.length <= most);
    return numbers;
  }

  private async compared(
    to: ProviderConnection,
    number: string,
    { contents, keyControl }: Filled,
    signal: AbortSignal,
  ): Promise<'same' | 'key only' | 'another'> {
    const detail = await this.client.post(to, '/cgi-bin/oa/getapprovaldetail', { sp_no: number }, signal);
    const there = objectsOf(objectOf(objectOf(detail.info).apply_data).contents);
    const holds = contents.filter((content) => {
      const found = there.find(({ id }) => id === content.id);
      return found !== undefined && sameValue(content.control, objectOf(found.value), content.value);
    });
    if (!holds.some(({ id }) => id === keyControl)) return 'another';
    return holds.length === contents.length ? 'same' : 'key only';
  }
}
