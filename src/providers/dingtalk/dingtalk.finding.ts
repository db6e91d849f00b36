import { Injectable } from '@nestjs/common';
import type { ApprovalAsk, ProviderConnection } from '../provider.port.js';
import { ProviderFailure } from '../provider-failure.js';
import { DingTalkClient } from './dingtalk.client.js';
import { type FormComponentValue, isSameValue, keyWidget, type NewInstance } from './dingtalk.form.js';
import { type DingTalkInstance, instanceOf } from './dingtalk.instance.js';

/** As many ids as DingTalk gives at once. */
const pageSize = 20;
/** As many instances of one applicant as are looked into. */
const mostInstances = 100;
/** Milliseconds that DingTalk's clock may be behind ours. */
const clockMargin = 600_000;

/** Which instances are meant (获取审批实例ID列表). */
interface InstanceQuery {
  readonly processCode: string;
  readonly startTime: number;
  readonly endTime?: number;
  /** Of whom; of everybody when left out. */
  readonly userIds?: readonly string[];
  readonly statuses?: readonly string[];
}

/** Finds what an earlier attempt may have begun: DingTalk keeps no key that would make asking twice harmless. */
@Injectable()
export class DingTalkFinding {
  constructor(private readonly client: DingTalkClient) {}

  /**
   * Looks whether an approval that was asked for before has come into being.
   * @returns its id; null when there is none, and it may be asked for
   * @throws ProviderFailure, permanent, when somebody has to look: there is one that may be it, or too many
   */
  async earlier(
    to: ProviderConnection,
    ask: ApprovalAsk,
    wanted: NewInstance,
    signal: AbortSignal,
  ): Promise<string | null> {
    const widget = keyWidget(ask);
    const since = ask.time.getTime() - clockMargin;
    // With the key, what was withdrawn is it as well; without, it is what somebody has ended who looked.
    const statuses = widget === null ? ['RUNNING', 'COMPLETED'] : undefined;
    const { processCode, originatorUserId } = wanted;
    const query = {
      processCode,
      startTime: since,
      userIds: [originatorUserId],
      ...(statuses ? { statuses } : {}),
    };
    const ids = await this.ids(to, query, mostInstances, signal);
    if (ids === null) {
      throw new ProviderFailure(
        `an earlier attempt may have arrived, and ${originatorUserId} has more than ${mostInstances} instances of ${processCode} since then: look in DingTalk, and decide the order here`,
        { permanent: true },
      );
    }
    for (const id of ids) {
      const instance = await this.instance(to, id, signal);
      const same = isFilledIn(instance, wanted.formComponentValues);
      if (widget === null && same) {
        throw mustBeLookedAt(
          id,
          instance,
          'may be the one that is asked for; a widget for ticket_id in the relation would tell',
        );
      }
      if (widget === null || !holds(instance, widget, ask.key)) continue;
      if (same) return id;
      if (instance.status === 'TERMINATED') continue;
      // Whoever knows the key must not have another form decided in its place.
      throw mustBeLookedAt(id, instance, 'bears the key of this approval, but is filled in otherwise');
    }
    return null;
  }

  /** @throws ProviderFailure as {@link DingTalkClient.call} */
  async instance(to: ProviderConnection, id: string, signal: AbortSignal): Promise<DingTalkInstance> {
    const { result } = await this.client.call(to, {
      method: 'GET',
      path: '/v1.0/workflow/processInstances',
      query: { processInstanceId: id },
      signal,
    });
    return instanceOf(result);
  }

  /**
   * The ids of the instances that a query names; times are Unix time in milliseconds.
   * @param most how many, about
   * @returns null when there are more
   */
  async ids(
    to: ProviderConnection,
    query: InstanceQuery,
    most: number,
    signal: AbortSignal,
  ): Promise<string[] | null> {
    const found: string[] = [];
    let nextToken = 0;
    for (;;) {
      const { result } = await this.client.call(to, {
        method: 'POST',
        path: '/v1.0/workflow/processes/instanceIds/query',
        body: { ...query, nextToken, maxResults: pageSize },
        signal,
      });
      const page = (result ?? {}) as { readonly list?: unknown; readonly nextToken?: unknown };
      if (Array.isArray(page.list)) found.push(...page.list.filter((id) => typeof id === 'string'));
      // It is asked for as a number, and told as a text.
      const next = Number(page.nextToken ?? 0);
      if (!Number.isSafeInteger(next) || next <= nextToken) return found;
      if (found.length >= most) return null;
      nextToken = next;
    }
  }
}

const holds = ({ formComponentValues }: DingTalkInstance, name: string, value: string): boolean =>
  formComponentValues?.some((one) => one.name === name && isSameValue(one.value, value)) ?? false;

const isFilledIn = (given: DingTalkInstance, values: readonly FormComponentValue[]): boolean =>
  values.every(({ name, value }) => holds(given, name, value));

const mustBeLookedAt = (id: string, { title }: DingTalkInstance, why: string): ProviderFailure =>
  new ProviderFailure(
    `an earlier attempt may have arrived: instance ${id} (${title ?? 'untitled'}) in DingTalk ${why}. Terminate it there and redeliver, or decide the order here`,
    { permanent: true },
  );
