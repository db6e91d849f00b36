import { Injectable, type OnModuleInit } from '@nestjs/common';
import {
  type ApprovalAsk,
  type ApprovalProvider,
  ApprovalProviders,
  type ConnectionTrial,
  type IncomingEvent,
  type Observation,
  type OutsideAction,
  type OutsideCancel,
  type PersonalMessage,
  type ProviderAttempt,
  type ProviderConnection,
  type Received,
} from '../provider.port.js';
import { ProviderFailure } from '../provider-failure.js';
import { LarkClient } from './lark.client.js';
import { codes, isRefusal } from './lark.errors.js';
import { receivedBy } from './lark.events.js';
import { formOf, newInstance } from './lark.form.js';
import { isTaskOpen, isUnderWay, observationOf } from './lark.instance.js';
import { readJson } from './lark.json.js';
import { messageBody } from './lark.message.js';
import { idTypeOf, settingsOf, textOf } from './lark.settings.js';
import { widgetsOf } from './lark.values.js';

const v4 = '/open-apis/approval/v4';

/** An approval code that nobody has: to be told so proves that the app may read definitions. */
const nobodysCode = '00000000-0000-0000-0000-000000000000';

type Json = Readonly<Record<string, unknown>>;

/** Feishu's native approvals (审批): begun, watched, taken back there, and its check and execute tasks answered. */
@Injectable()
export class LarkProvider implements ApprovalProvider, OnModuleInit {
  readonly kind = 'lark';

  constructor(
    private readonly kinds: ApprovalProviders,
    private readonly client: LarkClient,
  ) {}

  onModuleInit(): void {
    this.kinds.register(this);
  }

  async create(
    to: ProviderConnection,
    ask: ApprovalAsk,
    { signal }: ProviderAttempt,
  ): Promise<{ readonly externalId: string | null }> {
    const form = formOf(ask);
    const path = `${v4}/approvals/${encodeURIComponent(form.code)}`;
    const definition = await this.client.call(to, { method: 'GET', path, signal });
    const widgets = widgetsOf(readJson(textOf(definition.form) ?? '[]'));
    const body = newInstance(ask, form, widgets, settingsOf(to));
    try {
      const made = await this.client.call(to, { method: 'POST', path: `${v4}/instances`, body, signal });
      const externalId = textOf(made.instance_code);
      if (externalId === null)
        throw new ProviderFailure('the approval was taken on without an instance_code');
      return { externalId };
    } catch (error) {
      if (!isRefusal(error, codes.usedUuid)) throw error;
      // It was asked for before, and the answer was lost: an instance is found by its uuid, too.
      const known = await this.instance(to, ask.key, signal);
      return { externalId: known && textOf(known.instance_code) };
    }
  }

  async observe(
    to: ProviderConnection,
    externalId: string,
    { signal }: ProviderAttempt,
  ): Promise<Observation | null> {
    const instance = await this.instance(to, externalId, signal);
    return instance && observationOf(instance, settingsOf(to));
  }

  async act(
    to: ProviderConnection,
    { externalId, formCode, taskId, actor, decision, comment }: OutsideAction,
    { signal }: ProviderAttempt,
  ): Promise<'done' | 'already_decided'> {
    const { assistantUserId, userIdType } = settingsOf(to);
    const person = actor ?? assistantUserId;
    if (person === null) {
      throw new ProviderFailure('assistantUserId is not set: in whose name is the task answered?', {
        permanent: true,
      });
    }
    const approvalCode = formCode ?? textOf((await this.instance(to, externalId, signal))?.approval_code);
    if (approvalCode === null) return 'already_decided';
    try {
      await this.client.call(to, {
        method: 'POST',
        path: `${v4}/tasks/${decision}`,
        query: { user_id_type: actor === null ? idTypeOf(person) : userIdType },
        body: {
          approval_code: approvalCode,
          instance_code: externalId,
          user_id: person,
          task_id: taskId,
          ...(comment === '' ? {} : { comment }),
        },
        signal,
      });
      return 'done';
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // "task not found" (1390010) most often: somebody was faster. What counts is whether it still waits.
      const instance = await this.instance(to, externalId, signal);
      if (instance && isTaskOpen(instance, taskId)) throw error;
      return 'already_decided';
    }
  }

  async cancel(
    to: ProviderConnection,
    { externalId, formCode, applicant }: OutsideCancel,
    { signal }: ProviderAttempt,
  ): Promise<'cancelled' | 'already_over'> {
    // To withdraw what was approved would open it again there.
    const before = await this.instance(to, externalId, signal);
    if (!before || !isUnderWay(before)) return 'already_over';
    const { userIdType } = settingsOf(to);
    try {
      await this.client.call(to, {
        method: 'POST',
        path: `${v4}/instances/cancel`,
        query: { user_id_type: userIdType },
        body: {
          approval_code: textOf(before.approval_code) ?? formCode,
          instance_code: externalId,
          // Only the applicant withdraws; who applied there is known there.
          user_id: textOf(before[userIdType]) ?? applicant,
        },
        signal,
      });
      return 'cancelled';
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const after = await this.instance(to, externalId, signal);
      if (!after || !isUnderWay(after)) return 'already_over';
      throw new ProviderFailure(
        `${error.message}; does the definition allow to withdraw (更多设置 → 允许撤销审批中的申请)?`,
        error.details,
      );
    }
  }

  receive(from: ProviderConnection, incoming: IncomingEvent, now: Date): Received {
    return receivedBy(from, incoming, now);
  }

  /** Fetches a token, and asks for a definition that does not exist: that it does not is the answer hoped for. */
  async test(to: ProviderConnection, signal: AbortSignal): Promise<ConnectionTrial> {
    this.client.forgetToken(to);
    try {
      await this.client.call(to, { method: 'GET', path: `${v4}/approvals/${nobodysCode}`, signal });
      return trialPassed;
    } catch (error) {
      if (isRefusal(error, codes.unknownApproval, codes.invalidParameter)) return trialPassed;
      if (!(error instanceof ProviderFailure)) throw error;
      return { ok: false, status: error.details.status ?? null, error: error.message };
    }
  }

  async notify(
    to: ProviderConnection,
    message: PersonalMessage,
    { id, signal }: ProviderAttempt,
  ): Promise<void> {
    const { query, body } = messageBody(message, id, settingsOf(to));
    await this.client.call(to, { method: 'POST', path: '/open-apis/im/v1/messages', query, body, signal });
  }

  follow(to: ProviderConnection, formCode: string, signal: AbortSignal): Promise<void> {
    return this.subscription(to, formCode, 'subscribe', signal);
  }

  unfollow(to: ProviderConnection, formCode: string, signal: AbortSignal): Promise<void> {
    return this.subscription(to, formCode, 'unsubscribe', signal);
  }

  /** 批量获取审批实例 ID. A definition that is gone has no further ones. */
  async recent(
    to: ProviderConnection,
    formCode: string,
    between: { readonly from: Date; readonly to: Date },
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const found: string[] = [];
    let token: string | null = null;
    do {
      const query: Record<string, string> = {
        approval_code: formCode,
        start_time: String(between.from.getTime()),
        end_time: String(between.to.getTime()),
        page_size: '100',
        ...(token === null ? {} : { page_token: token }),
      };
      const page: Json = await this.client.call(to, {
        method: 'GET',
        path: `${v4}/instances`,
        query,
        signal,
      });
      const codesOnPage: unknown = page.instance_code_list;
      if (Array.isArray(codesOnPage)) {
        found.push(...codesOnPage.filter((code): code is string => textOf(code) !== null));
      }
      token = page.has_more === true ? textOf(page.page_token) : null;
    } while (token !== null);
    return found;
  }

  /** Feishu says the same of what is subscribed and of what is not any more; of a definition that is gone nothing comes. */
  private async subscription(
    to: ProviderConnection,
    formCode: string,
    change: 'subscribe' | 'unsubscribe',
    signal: AbortSignal,
  ): Promise<void> {
    const path = `${v4}/approvals/${encodeURIComponent(formCode)}/${change}`;
    const fine = change === 'subscribe' ? [codes.subscribed] : [codes.subscribed, codes.unknownApproval];
    try {
      await this.client.call(to, { method: 'POST', path, body: {}, signal });
    } catch (error) {
      if (!isRefusal(error, ...fine)) throw error;
    }
  }

  /**
   * @param id an instance code, or the uuid under which we have asked for it
   * @returns null for an instance that Feishu does not know
   */
  private async instance(to: ProviderConnection, id: string, signal: AbortSignal): Promise<Json | null> {
    const path = `${v4}/instances/${encodeURIComponent(id)}`;
    const query = { user_id_type: settingsOf(to).userIdType };
    try {
      return await this.client.call(to, { method: 'GET', path, query, signal });
    } catch (error) {
      if (isRefusal(error, codes.unknownInstance)) return null;
      throw error;
    }
  }
}

const trialPassed: ConnectionTrial = { ok: true, status: 200, error: null };
