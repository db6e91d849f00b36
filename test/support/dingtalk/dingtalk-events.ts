import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { decrypt, encrypt, getSignature } from '@wecom/crypto';
import type { EventFields } from './dingtalk-approvals.js';

/** An app of DingTalk, with its event subscription. */
export interface DingTalkApp {
  readonly appKey: string;
  readonly appSecret: string;
  readonly corpId: string;
  readonly token: string;
  readonly aesKey: string;
  readonly robotCode: string;
}

/** What a message may differ in from one that is right. */
export interface Forging {
  readonly token?: string;
  readonly aesKey?: string;
  readonly owner?: string;
  /** Milliseconds by which its clock is ahead. */
  readonly ahead?: number;
  readonly signature?: string;
  /** `signature` in older apps. */
  readonly signedAs?: 'msg_signature' | 'signature';
  /** The whole body, in place of `{"encrypt"}`. */
  readonly body?: string;
}

/** Posts an event, encrypted and signed. */
export async function dingTalkPost(
  url: string,
  app: DingTalkApp,
  event: object,
  forging: Forging = {},
): Promise<{ readonly status: number; readonly text: string }> {
  const timestamp = String(Date.now() + (forging.ahead ?? 0));
  const nonce = randomBytes(6).toString('base64url');
  const closed = encrypt(forging.aesKey ?? app.aesKey, JSON.stringify(event), forging.owner ?? app.appKey);
  const query = new URLSearchParams({
    [forging.signedAs ?? 'msg_signature']:
      forging.signature ?? getSignature(forging.token ?? app.token, timestamp, nonce, closed),
    timestamp,
    nonce,
  });
  const response = await fetch(`${url}?${query.toString()}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: forging.body ?? JSON.stringify({ encrypt: closed }),
  });
  return { status: response.status, text: await response.text() };
}

/** Whether an answer is the word `success`, encrypted and signed, as DingTalk wants it. */
export function acknowledges(
  app: DingTalkApp,
  { status, text }: { readonly status: number; readonly text: string },
) {
  if (status !== 200) return false;
  try {
    const reply = JSON.parse(text) as Readonly<Record<string, string>>;
    const { msg_signature, timeStamp, nonce, encrypt: closed } = reply;
    if (!timeStamp || !nonce || !closed) return false;
    const { message, id } = decrypt(app.aesKey, closed);
    return (
      msg_signature === getSignature(app.token, timeStamp, nonce, closed) &&
      message === 'success' &&
      [app.appKey, app.corpId].includes(id)
    );
  } catch {
    return false;
  }
}

/** One event, and whether it was ever acknowledged. */
export interface SentEvent {
  readonly fields: EventFields;
  attempts: number;
  acknowledged: boolean;
}

/** Pushes events to the address that subscribed (事件订阅, HTTP 推送), one after the other. */
export class DingTalkEvents {
  readonly sent: SentEvent[] = [];
  /** How often each is sent; above 1, as duplicates. */
  copies = 1;
  /** Milliseconds before the first and second further attempt: 10 s and 30 s in fact. */
  pauses: readonly number[] = [20, 20];
  private url: string | null = null;
  private held: SentEvent[] | null = null;
  private dropping = 0;
  private queue: Promise<void> = Promise.resolve();

  constructor(private readonly app: DingTalkApp) {}

  /** Enters an address. @throws Error when it does not answer the trial event as it should */
  async deliverTo(url: string): Promise<void> {
    const answer = await dingTalkPost(url, this.app, { EventType: 'check_url' });
    if (!acknowledges(this.app, answer)) throw new Error(`check_url: ${answer.status} ${answer.text}`);
    this.url = url;
  }

  tell(fields: EventFields): void {
    const now = Date.now();
    const whole = {
      ...fields,
      EventTime: now,
      CorpId: this.app.corpId,
      BizId: String(now),
      eventId: randomUUID().replaceAll('-', ''),
    };
    const event: SentEvent = { fields: whole, attempts: 0, acknowledged: false };
    if (this.url === null) return;
    this.sent.push(event);
    if (this.dropping > 0) {
      this.dropping -= 1;
      return;
    }
    if (this.held) this.held.push(event);
    else this.send(event);
  }

  /** The next ones get lost. */
  drop(count: number): void {
    this.dropping = count;
  }

  /** Keeps back what comes from now on. */
  hold(): void {
    this.held = [];
  }

  /** Sends what was kept back, in another order if told so. */
  async release(
    order: (events: readonly SentEvent[]) => readonly SentEvent[] = (events) => events,
  ): Promise<void> {
    const held = this.held ?? [];
    this.held = null;
    for (const event of order(held)) this.send(event);
    await this.settled();
  }

  /** Sends an event once more, under the same id. */
  async again(event: SentEvent): Promise<void> {
    this.send(event);
    await this.settled();
  }

  async settled(): Promise<void> {
    await this.queue;
  }

  private send(event: SentEvent): void {
    for (let copy = 0; copy < this.copies; copy++) {
      this.queue = this.queue.then(() => this.push(event)).catch(() => undefined);
    }
  }

  private async push(event: SentEvent): Promise<void> {
    for (const wait of [0, ...this.pauses]) {
      await pause(wait);
      event.attempts += 1;
      const answer = await dingTalkPost(this.url ?? '', this.app, event.fields).catch(() => null);
      if (answer && acknowledges(this.app, answer)) {
        event.acknowledged = true;
        return;
      }
    }
  }
}
