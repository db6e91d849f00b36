import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { seal, signatureOf } from './lark-cipher.js';
import type { LarkChange } from './lark-native.js';
import type { LarkPeople } from './lark-people.js';

/** What an app is known by: 凭证与基础信息, and 加密策略 of its events. */
export interface LarkApp {
  readonly appId: string;
  readonly appSecret: string;
  readonly encryptKey: string;
  readonly verificationToken: string;
  /** The account on check and execute nodes. */
  readonly assistantUserId: string;
}

/** What a message to a callback may differ in from one that is right. */
export interface Forging {
  readonly encryptKey?: string;
  /** Seconds by which the sender's clock is ahead. */
  readonly ahead?: number;
  readonly nonce?: string;
  /** In place of the right one; null: without. */
  readonly signature?: string | null;
  /** Signs with this, though encrypted with the app's key. */
  readonly signedWith?: string;
  /** As it is, not encrypted. */
  readonly plain?: boolean;
}

/** A POST to a callback, as it goes over the wire. */
export interface LarkPost {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A payload, encrypted and signed as Feishu does, or differently where asked. @param payload a text is sent as it is */
export function larkPost(app: LarkApp, payload: object | string, forging: Forging = {}): LarkPost {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const key = forging.encryptKey ?? app.encryptKey;
  const body = forging.plain ? text : JSON.stringify({ encrypt: seal(text, key) });
  const timestamp = String(Math.floor(Date.now() / 1000) + (forging.ahead ?? 0));
  const nonce = forging.nonce ?? randomBytes(8).toString('hex');
  const signature =
    forging.signature === undefined
      ? signatureOf(timestamp, nonce, forging.signedWith ?? key, body)
      : forging.signature;
  return {
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'x-lark-request-timestamp': timestamp,
      'x-lark-request-nonce': nonce,
      ...(signature === null ? {} : { 'x-lark-signature': signature }),
    },
    body,
  };
}

/** An event, and what came of sending it. */
export interface SentEvent {
  readonly id: string;
  /** `approval_task`, `approval_instance`, or their names of version 2. */
  readonly type: string;
  readonly instanceCode: string;
  readonly status: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** HTTP statuses, one for each time that it was sent; 0: no answer. */
  readonly attempts: number[];
}

/** Sends events to the app's request address (请求网址), in the vendor's way and in its bad ways. */
export class LarkEvents {
  readonly sent: SentEvent[] = [];
  /** Milliseconds until each further try: 15 s, 5 min, 1 h and 6 h, made short. */
  retries: readonly number[] = [50, 100, 200, 400];
  /** Milliseconds in which 200 has to come. */
  patience = 3_000;
  version: 'v1' | 'v2' = 'v1';
  /** Times as numbers, where the documentation has texts. */
  int64 = false;
  /** How often each is sent, although it was answered. */
  copies = 1;
  private url: string | null = null;
  private held: SentEvent[] | null = null;
  private drops = 0;
  private readonly underWay = new Set<Promise<void>>();
  private readonly end = new AbortController();

  constructor(
    private readonly app: LarkApp,
    private readonly people: LarkPeople,
  ) {}

  /** The address to which they go; null: nowhere. */
  deliverTo(url: string | null): void {
    this.url = url;
  }

  /** From now on they wait. */
  hold(): void {
    this.held ??= [];
  }

  /** Sends what was held, in this order, one after the other, and holds nothing more. */
  async release(order: (events: readonly SentEvent[]) => readonly SentEvent[] = (all) => all): Promise<void> {
    const waiting = order(this.held ?? []);
    this.held = null;
    for (const event of waiting) await this.deliver(event);
  }

  /** So many of the next never arrive, and are not sent again. */
  drop(count: number): void {
    this.drops = count;
  }

  /** Once more, as it was. */
  async again(event: SentEvent): Promise<void> {
    await this.deliver(event);
  }

  /** Resolves when nothing is on its way. */
  async settled(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  /** 验证网址: whether the address answers the challenge within a second. No headers are signed here. */
  async challenge(url: string = this.url ?? ''): Promise<boolean> {
    const challenge = randomUUID();
    const payload = { challenge, token: this.app.verificationToken, type: 'url_verification' };
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ encrypt: seal(JSON.stringify(payload), this.app.encryptKey) }),
      signal: AbortSignal.timeout(1_000),
    });
    const body = (await response.json()) as { readonly challenge?: unknown };
    return response.status === 200 && body.challenge === challenge;
  }

  /** Tells of a change. */
  tell(change: LarkChange): void {
    const event = this.eventOf(change);
    this.sent.push(event);
    if (this.drops > 0) {
      this.drops -= 1;
      return;
    }
    if (this.held) {
      this.held.push(event);
      return;
    }
    for (let copy = 0; copy < this.copies; copy += 1) {
      const delivery = this.deliver(event);
      this.underWay.add(delivery);
      void delivery.finally(() => this.underWay.delete(delivery));
    }
  }

  close(): void {
    this.end.abort();
  }

  private async deliver(event: SentEvent): Promise<void> {
    for (const wait of [0, ...this.retries]) {
      if (wait > 0) await pause(wait, undefined, { signal: this.end.signal }).catch(() => undefined);
      if (this.url === null || this.end.signal.aborted) return;
      const { headers, body } = larkPost(this.app, event.payload);
      const signal = AbortSignal.any([this.end.signal, AbortSignal.timeout(this.patience)]);
      const status = await fetch(this.url, { method: 'POST', headers, body, signal }).then(
        async (response) => {
          await response.arrayBuffer();
          return response.status;
        },
        () => 0,
      );
      event.attempts.push(status);
      if (status === 200) return;
    }
  }

  private eventOf(change: LarkChange): SentEvent {
    const { instance, status } = change;
    const id = randomUUID();
    const now = this.int64 ? Date.now() : String(Date.now());
    const task = change.kind === 'task' ? this.taskOf(change) : {};
    const person =
      change.kind === 'task' && change.task.userId !== null
        ? { user_id: change.task.userId, open_id: this.people.openId(change.task.userId) }
        : { user_id: '', open_id: '' };
    const about = {
      approval_code: instance.definition.code,
      instance_code: instance.code,
      status,
      operate_time: now,
      ...task,
    };
    const ofInstance = { uuid: instance.uuid, instance_operate_time: now };
    const type = change.kind === 'task' ? 'approval_task' : 'approval_instance';
    if (this.version === 'v2') {
      const name =
        change.kind === 'task' ? 'approval.task.status_changed_v4' : 'approval.instance.status_changed_v4';
      const header = {
        event_id: id,
        event_type: name,
        create_time: String(Date.now()),
        token: this.app.verificationToken,
        app_id: this.app.appId,
        tenant_key: 'tenant',
      };
      const event =
        change.kind === 'task'
          ? { ...about, assigned_user: person, task_external_id: '' }
          : { ...about, ...ofInstance };
      const payload = { schema: '2.0', header, event };
      return { id, type: name, instanceCode: instance.code, status, payload, attempts: [] };
    }
    const event = {
      app_id: this.app.appId,
      tenant_key: 'tenant',
      type,
      ...about,
      ...(change.kind === 'task' ? person : ofInstance),
    };
    const payload = {
      ts: (Date.now() / 1000).toFixed(7),
      uuid: id,
      token: this.app.verificationToken,
      type: 'event_callback',
      event,
    };
    return { id, type, instanceCode: instance.code, status, payload, attempts: [] };
  }

  private taskOf({ task, rollbackTo }: Extract<LarkChange, { kind: 'task' }>): object {
    const back = rollbackTo && {
      rollback_node_ids: [rollbackTo.id],
      rollback_custom_node_ids: rollbackTo.customId === undefined ? [] : [rollbackTo.customId],
    };
    return {
      task_id: task.id,
      custom_key: task.node.customId ?? '',
      def_key: task.node.id,
      extra: back ? JSON.stringify(back) : '',
    };
  }
}
