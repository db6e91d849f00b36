import { randomUUID } from 'node:crypto';
import { seal } from './lark-cipher.js';
import { failures } from './lark-failure.js';
import { longNumber } from './lark-native.js';
import type { LarkPeople } from './lark-people.js';

type Body = Readonly<Record<string, unknown>>;

/** A definition of approvals that live elsewhere (三方审批定义). */
export interface ExternalApproval {
  /** Given by Feishu; never the one that was asked for. */
  readonly code: string;
  readonly askedFor: string;
  body: Body;
}

/** An approval that lives elsewhere, as the approval centre shows it (三方审批实例). */
export interface ExternalInstance {
  readonly approvalCode: string;
  readonly id: string;
  /** As it was synced: what a sync without effect said is not in it. */
  body: Body;
  readonly tasks: Map<string, Body>;
  /** How often something was synced. */
  syncs: number;
  syncedAt: number;
}

/** How a press of 同意 or 拒绝 in the approval centre was answered. */
export interface PressAnswer {
  readonly status: number;
  readonly body: unknown;
}

const instanceStatuses = ['PENDING', 'APPROVED', 'REJECTED', 'CANCELED', 'DELETED', 'HIDDEN', 'TERMINATED'];
const taskStatuses = ['PENDING', 'APPROVED', 'REJECTED', 'TRANSFERRED', 'DONE'];
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const rows = (value: unknown): readonly Body[] => (Array.isArray(value) ? (value as readonly Body[]) : []);
const isTime = (value: unknown): boolean => /^\d{1,16}$/.test(text(value));

/** Approvals of other systems in Feishu's approval centre: it shows them, and passes on what is pressed. */
export class ExternalApprovals {
  readonly approvals: ExternalApproval[] = [];
  readonly instances: ExternalInstance[] = [];
  /** Milliseconds in which the same instance may not be synced again (1390014). */
  cooldown = 0;
  /** Where the address really is that a definition names for quick actions. */
  reach = (address: string): string => address;

  constructor(private readonly people: LarkPeople) {}

  /** POST /external_approvals: makes one, or changes the one that was made for the same code. */
  define(body: Body): object {
    const external = (body.external ?? {}) as Body;
    if (!/^@i18n@.{3,}/.test(text(body.approval_name))) throw failures.param('approval_name');
    if (text(body.approval_code) === '') throw failures.param('approval_code');
    if (external.support_pc !== true && external.support_mobile !== true) throw failures.param('external');
    this.checkTexts(body, [body.approval_name, body.group_name]);
    const known = this.approvals.find(
      ({ code, askedFor }) => code === body.approval_code || askedFor === body.approval_code,
    );
    if (known) {
      known.body = body;
      return { approval_code: known.code };
    }
    if (text(body.group_code) !== '' && text(body.group_name) === '') throw failures.param('group_name');
    const made = { code: randomUUID().toUpperCase(), askedFor: text(body.approval_code), body };
    this.approvals.push(made);
    return { approval_code: made.code };
  }

  /** POST /external_instances. */
  sync(body: Body): object {
    const approval = this.approvals.find(({ code }) => code === body.approval_code);
    if (!approval) throw failures.approval();
    this.check(body);
    const known = this.instances.find(
      ({ id, approvalCode }) => id === body.instance_id && approvalCode === approval.code,
    );
    if (known && Date.now() - known.syncedAt < this.cooldown) throw failures.tooFast();
    const instance = known ?? {
      approvalCode: approval.code,
      id: text(body.instance_id),
      body,
      tasks: new Map<string, Body>(),
      syncs: 0,
      syncedAt: 0,
    };
    if (!known) this.instances.push(instance);
    instance.syncs += 1;
    instance.syncedAt = Date.now();
    this.take(instance, body, known === undefined);
    return { data: body };
  }

  /** @throws Error when nothing of this id was synced */
  instance(id: string): ExternalInstance {
    const found = this.instances.find((one) => one.id === id);
    if (!found) throw new Error(`no external instance ${id}`);
    return found;
  }

  /** Whose to-do list shows what, as `instance id/task id`. */
  todo(userId: string): string[] {
    return this.instances.flatMap(({ id, tasks }) =>
      [...tasks.values()]
        .filter((task) => task.status === 'PENDING' && this.people.inBody(task) === userId)
        .map((task) => `${id}/${text(task.task_id)}`),
    );
  }

  /**
   * Somebody presses a button in the approval centre.
   * @returns null when there is no such button: the task waits no longer, or came without `action_configs`
   */
  async press(
    instanceId: string,
    taskId: string,
    action: 'APPROVE' | 'REJECT',
    how: {
      readonly userId?: string;
      readonly reason?: string;
      readonly token?: string;
      readonly messageId?: string;
    } = {},
  ): Promise<PressAnswer | null> {
    const instance = this.instance(instanceId);
    const task = instance.tasks.get(taskId);
    const approval = this.approvals.find(({ code }) => code === instance.approvalCode);
    const external = (approval?.body.external ?? {}) as Body;
    const button = rows(task?.action_configs).find((config) => config.action_type === action);
    if (!task || task.status !== 'PENDING' || !button || text(external.action_callback_url) === '')
      return null;
    const fields = JSON.stringify({
      action_type: action,
      action_context: text(task.action_context),
      user_id: how.userId ?? this.people.inBody(task),
      approval_code: instance.approvalCode,
      instance_id: instance.id,
      task_id: taskId,
      id: randomUUID(),
      reason: how.reason ?? '',
      attachments: [],
      token: how.token ?? text(external.action_callback_token),
    });
    // An int64 without quotation marks: no JavaScript number can say it.
    const payload = `${fields.slice(0, -1)},"message_id":${how.messageId ?? longNumber()}}`;
    const key = text(external.action_callback_key);
    const response = await fetch(this.reach(text(external.action_callback_url)), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: key === '' ? payload : JSON.stringify({ encrypt: seal(payload, key) }),
      signal: AbortSignal.timeout(10_000),
    });
    const answer = await response.text();
    return {
      status: response.status,
      body: /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(answer) : answer,
    };
  }

  private take(instance: ExternalInstance, body: Body, first: boolean): void {
    const tasks = rows(body.task_list);
    if (body.update_mode !== 'UPDATE' || first) {
      instance.body = body;
      instance.tasks.clear();
      for (const task of tasks) instance.tasks.set(text(task.task_id), task);
      return;
    }
    const newer = (now: unknown, before: unknown): boolean =>
      BigInt(text(now) || '0') > BigInt(text(before) || '0');
    if (newer(body.update_time, instance.body.update_time)) instance.body = body;
    for (const task of tasks) {
      const before = instance.tasks.get(text(task.task_id));
      if (!before || newer(task.update_time, before.update_time))
        instance.tasks.set(text(task.task_id), task);
    }
  }

  private check(body: Body): void {
    const links = (owner: Body): boolean => {
      const { pc_link: pc, mobile_link: mobile } = (owner.links ?? {}) as Body;
      return text(pc) !== '' || text(mobile) !== '';
    };
    const times = (owner: Body, names: readonly string[]): boolean =>
      names.every((name) => isTime(owner[name]));
    if (text(body.instance_id) === '') throw failures.param('instance_id');
    if (!instanceStatuses.includes(text(body.status))) throw failures.param('status');
    if (!links(body)) throw failures.param('links');
    if (!times(body, ['start_time', 'end_time', 'update_time'])) throw failures.param('times');
    // Whoever has no account there is shown by name.
    if (text(body.user_id) !== '' || text(body.open_id) !== '' || text(body.user_name) === '') {
      this.people.inBody(body);
    }
    const tasks = rows(body.task_list);
    if (tasks.length > 300) throw failures.param('task_list');
    for (const task of tasks) {
      if (text(task.task_id) === '' || !links(task)) throw failures.param('task_list');
      if (!taskStatuses.includes(text(task.status))) throw failures.param('task status');
      if (!times(task, ['create_time', 'end_time'])) throw failures.param('task times');
      this.people.inBody(task);
    }
    const ids = [
      body.instance_id,
      ...tasks.map((task) => task.task_id),
      ...rows(body.cc_list).map((cc) => cc.cc_id),
    ];
    if (new Set(ids).size !== ids.length) throw failures.param('ids must differ');
    const form = rows(body.form);
    this.checkTexts(body, [
      body.title,
      body.user_name,
      ...form.flatMap(({ name, value }) => [name, value]),
      ...tasks.map((task) => task.node_name),
    ]);
  }

  /** Every key of a text has its text in the default language. */
  private checkTexts(body: Body, keys: readonly unknown[]): void {
    const byDefault = rows(body.i18n_resources).find((resource) => resource.is_default === true);
    const texts = new Set(rows(byDefault?.texts).map(({ key }) => key));
    for (const key of keys) {
      if (key === undefined) continue;
      if (!text(key).startsWith('@i18n@') || !texts.has(key)) throw failures.param(`i18n ${text(key)}`);
    }
  }
}
