import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Ids } from '../../runtime/ids.js';
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
import { DingTalkClient } from './dingtalk.client.js';
import { receivedBy } from './dingtalk.events.js';
import { DingTalkFinding } from './dingtalk.finding.js';
import { newInstance } from './dingtalk.form.js';
import { type DingTalkInstance, isRunning, isTaskOpen, observationOf } from './dingtalk.instance.js';
import { robotMessageOf } from './dingtalk.message.js';
import { settingsOf, textOf } from './dingtalk.settings.js';

/** Characters that a remark may have there. */
const longestRemark = 1024;

/** Milliseconds after its beginning during which DingTalk ends no instance. */
const terminationPause = 15_000;

/** As many instances as DingTalk lists. */
const mostRecent = 10_000;

/** What DingTalk answers about an instance that it does not know. */
const unknownInstance: readonly unknown[] = [
  'processInstanceNotExist',
  'aflowProcessInstNotExist',
  'processInstanceIdError',
];

/** DingTalk's official approvals (OA 审批): begun, watched, ended there, and its check and execute tasks answered. */
@Injectable()
export class DingTalkProvider implements ApprovalProvider, OnModuleInit {
  readonly kind = 'dingtalk';

  constructor(
    private readonly kinds: ApprovalProviders,
    private readonly client: DingTalkClient,
    private readonly finding: DingTalkFinding,
    private readonly ids: Ids,
  ) {}

  onModuleInit(): void {
    this.kinds.register(this);
  }

  async create(
    to: ProviderConnection,
    ask: ApprovalAsk,
    { signal }: ProviderAttempt,
  ): Promise<{ readonly externalId: string }> {
    const wanted = newInstance(ask, settingsOf(to).departmentId);
    const earlier = ask.again ? await this.finding.earlier(to, ask, wanted, signal) : null;
    if (earlier !== null) return { externalId: earlier };
    const { instanceId } = await this.client.call(to, {
      method: 'POST',
      path: '/v1.0/workflow/processInstances',
      body: wanted,
      signal,
    });
    const externalId = textOf(instanceId);
    if (externalId === null) throw new ProviderFailure('the approval was taken on without an instanceId');
    return { externalId };
  }

  /** Null for what DingTalk does not know: its lists lag behind, so that this is no proof of a deletion. */
  async observe(
    to: ProviderConnection,
    externalId: string,
    { signal }: ProviderAttempt,
  ): Promise<Observation | null> {
    const instance = await this.known(to, externalId, signal);
    return instance && observationOf(externalId, instance, settingsOf(to));
  }

  async act(
    to: ProviderConnection,
    { externalId, taskId, actor, decision, comment }: OutsideAction,
    { signal }: ProviderAttempt,
  ): Promise<'done' | 'already_decided'> {
    const actionerUserId = actor ?? settingsOf(to).assistantUserId;
    if (actionerUserId === null) {
      throw new ProviderFailure('assistantUserId is not set: in whose name is the task answered?', {
        permanent: true,
      });
    }
    try {
      await this.client.call(to, {
        method: 'POST',
        path: '/v1.0/workflow/processInstances/execute',
        body: {
          processInstanceId: externalId,
          taskId: Number(taskId),
          actionerUserId,
          result: decision === 'approve' ? 'agree' : 'refuse',
          remark: comment.slice(0, longestRemark),
        },
        signal,
      });
      return 'done';
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // Its codes do not tell a task that was decided before from one that may not be decided.
      const instance = await this.known(to, externalId, signal);
      if (instance && isTaskOpen(instance, taskId)) throw error;
      return 'already_decided';
    }
  }

  async cancel(
    to: ProviderConnection,
    { externalId, reason }: OutsideCancel,
    { signal }: ProviderAttempt,
  ): Promise<'cancelled' | 'already_over'> {
    try {
      await this.client.call(to, {
        method: 'POST',
        path: '/v1.0/workflow/processInstances/terminate',
        body: { processInstanceId: externalId, isSystem: true, remark: reason.slice(0, longestRemark) },
        signal,
      });
      return 'cancelled';
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const instance = await this.known(to, externalId, signal);
      if (!instance || !isRunning(instance)) return 'already_over';
      throw notEnded(error);
    }
  }

  receive(from: ProviderConnection, incoming: IncomingEvent, now: Date): Received {
    const bytes = Buffer.from(this.ids.next().replaceAll('-', ''), 'hex');
    const nonce = this.ids.next().slice(-12);
    return receivedBy(from, incoming, now, { bytes, nonce });
  }

  async test(to: ProviderConnection, signal: AbortSignal): Promise<ConnectionTrial> {
    try {
      await this.client.issue(to, signal);
      return { ok: true, status: 200, error: null };
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      return { ok: false, status: error.details.status ?? null, error: error.message };
    }
  }

  async notify(to: ProviderConnection, message: PersonalMessage, { signal }: ProviderAttempt): Promise<void> {
    const { robotCode } = settingsOf(to);
    if (robotCode === null) {
      throw new ProviderFailure('robotCode is not set: DingTalk has nobody to write', { permanent: true });
    }
    const { invalidStaffIdList, flowControlledStaffIdList } = await this.client.call(to, {
      method: 'POST',
      path: '/v1.0/robot/oToMessages/batchSend',
      body: { robotCode, userIds: [message.externalId], ...robotMessageOf(message) },
      signal,
    });
    if (names(invalidStaffIdList, message.externalId)) {
      throw new ProviderFailure(`DingTalk knows no user ${message.externalId}`, { permanent: true });
    }
    if (names(flowControlledStaffIdList, message.externalId)) {
      throw new ProviderFailure(`${message.externalId} gets too many messages from the robot`);
    }
  }

  async recent(
    to: ProviderConnection,
    processCode: string,
    { from, to: until }: { readonly from: Date; readonly to: Date },
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const query = { processCode, startTime: from.getTime(), endTime: until.getTime() };
    const ids = await this.finding.ids(to, query, mostRecent, signal);
    if (ids === null)
      throw new ProviderFailure(`${processCode} has more than ${mostRecent} instances in that time`);
    return ids;
  }

  /** @returns null for an instance that DingTalk does not know */
  private async known(
    to: ProviderConnection,
    externalId: string,
    signal: AbortSignal,
  ): Promise<DingTalkInstance | null> {
    try {
      return await this.finding.instance(to, externalId, signal);
    } catch (error) {
      if (error instanceof ProviderFailure && unknownInstance.includes(error.details.vendorCode)) return null;
      throw error;
    }
  }
}

/** Whether DingTalk has judged the call, instead of failing or being away. */
const isRefusal = (error: unknown): error is ProviderFailure =>
  error instanceof ProviderFailure && error.details.status === 400 && error.details.vendorCode !== undefined;

/** Why an instance goes on that was to end. */
function notEnded({ message, details }: ProviderFailure): ProviderFailure {
  const { status, vendorCode } = details;
  if (vendorCode === 'aflowProcessInstStatusException') {
    // Begun less than 15 s ago, most likely.
    return new ProviderFailure(message, { ...details, permanent: false, retryAfter: terminationPause });
  }
  return new ProviderFailure(
    `${message}; does the template allow to withdraw (高级设置 → 允许提交人撤销审批中的审批单)?`,
    { ...(status === undefined ? {} : { status }), ...(vendorCode === undefined ? {} : { vendorCode }) },
  );
}

const names = (list: unknown, id: string): boolean => Array.isArray(list) && list.includes(id);
