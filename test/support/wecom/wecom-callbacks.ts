import { randomBytes } from 'node:crypto';
import { decrypt, encrypt, getSignature } from '@wecom/crypto';
import { eventually } from '../eventually.js';
import { now, type WeComApproval } from './wecom-approvals.js';

/** Milliseconds that WeCom waits for an answer. */
const patience = 5_000;
const attempts = 4;

/** Under what callbacks are sent. */
export interface WeComKeys {
  readonly token: string;
  readonly aesKey: string;
  readonly corpId: string;
}

/** What a callback may differ in from one that is right. */
export interface Sending {
  readonly keys?: Partial<WeComKeys>;
  /** Seconds by which it was sent earlier. */
  readonly ago?: number;
  readonly signature?: string;
  /** The document around the encrypted message. */
  readonly envelope?: (encrypted: string) => string;
  readonly contentType?: string;
}

/** A callback, and what it was answered: an attempt each. */
interface SentCallback {
  readonly message: string;
  readonly answers: { readonly status: number; readonly body: string }[];
}

/** The app's 接收消息: it tells one address what happens, up to four times, until an empty 200 comes in time. */
export class WeComCallbacks {
  readonly sent: SentCallback[] = [];
  url: string | null = null;
  /** How often each event is sent, although it has arrived. */
  copies = 1;
  private held: string[] | null = null;
  private underWay = 0;

  constructor(private readonly keys: WeComKeys) {}

  /** Tells of an approval, unless nobody is told, or later. */
  tell(approval: WeComApproval, change: number): void {
    const message = this.messageOf(approval, change);
    if (this.held) this.held.push(message);
    else this.send(message);
  }

  /** Nothing is sent until it is released. */
  hold(): void {
    this.held = [];
  }

  /** Sends what was held, in another order if wanted. @returns what was sent */
  release(
    order: (messages: readonly string[]) => readonly string[] = (messages) => messages,
  ): readonly string[] {
    const messages = order(this.held ?? []);
    this.held = null;
    for (const message of messages) this.send(message);
    return messages;
  }

  /** Forgets what was held, as if it had got lost on the way. */
  lose(): void {
    this.held = null;
  }

  /** When everything that was to be sent is answered. */
  async settled(): Promise<void> {
    await eventually(
      () => this.underWay,
      (left) => left === 0,
    );
  }

  /** One POST of a message. @param how what is different from one that is right */
  async post(
    message: string,
    how: Sending = {},
  ): Promise<{ readonly status: number; readonly body: string }> {
    if (this.url === null) throw new Error('the app has no callback address');
    const keys = { ...this.keys, ...how.keys };
    const encrypted = encrypt(keys.aesKey, message, keys.corpId);
    const envelope =
      how.envelope?.(encrypted) ??
      `<xml><ToUserName><![CDATA[${keys.corpId}]]></ToUserName><AgentID><![CDATA[1000002]]></AgentID>` +
        `<Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>`;
    const answer = await fetch(`${this.url}?${signed(keys, encrypted, how).toString()}`, {
      method: 'POST',
      headers: { 'content-type': how.contentType ?? 'text/xml' },
      body: envelope,
      signal: AbortSignal.timeout(patience),
    });
    return { status: answer.status, body: await answer.text() };
  }

  /** What the console does when the address is saved: the decrypted text has to come back as it is. */
  async verify(how: Sending = {}): Promise<{ readonly status: number; readonly verified: boolean }> {
    if (this.url === null) throw new Error('the app has no callback address');
    const keys = { ...this.keys, ...how.keys };
    const word = String(randomBytes(8).readBigUInt64BE());
    const echostr = encrypt(keys.aesKey, word, keys.corpId);
    if (decrypt(keys.aesKey, echostr).message !== word) throw new Error('the cipher is wrong');
    const query = signed(keys, echostr, how);
    query.set('echostr', echostr);
    const answer = await fetch(`${this.url}?${query.toString()}`, { signal: AbortSignal.timeout(1_000) });
    return { status: answer.status, verified: (await answer.text()) === word };
  }

  /** The decrypted message of an event. */
  messageOf(approval: WeComApproval, change: number, createTime = now()): string {
    const records = approval.nodes.map(
      (details) =>
        `<SpRecord><SpStatus>${Math.max(...details.map(({ status }) => status))}</SpStatus><ApproverAttr>1</ApproverAttr>${details
          .map(
            ({ userid, status, speech, time }) =>
              `<Details><Approver><UserId><![CDATA[${userid}]]></UserId></Approver><Speech><![CDATA[${speech}]]></Speech>` +
              `<SpStatus>${status}</SpStatus><SpTime>${time}</SpTime></Details>`,
          )
          .join('')}</SpRecord>`,
    );
    return (
      `<xml><ToUserName><![CDATA[${this.keys.corpId}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>` +
      `<CreateTime>${createTime}</CreateTime><MsgType><![CDATA[event]]></MsgType>` +
      `<Event><![CDATA[sys_approval_change]]></Event><AgentID>3010040</AgentID><ApprovalInfo>` +
      `<SpNoStr><![CDATA[${approval.spNo}]]></SpNoStr><SpNo>${approval.spNo}</SpNo><SpName><![CDATA[模板]]></SpName>` +
      `<SpStatus>${approval.status}</SpStatus><TemplateId><![CDATA[${approval.templateId}]]></TemplateId>` +
      `<ApplyTime>${approval.applyTime}</ApplyTime><Applyer><UserId><![CDATA[${approval.creator}]]></UserId>` +
      `<Party><![CDATA[1]]></Party></Applyer>${records.join('')}<StatuChangeEvent>${change}</StatuChangeEvent>` +
      `</ApprovalInfo></xml>`
    );
  }

  private send(message: string): void {
    if (this.url === null) return;
    for (let copy = 0; copy < this.copies; copy++) {
      const callback: SentCallback = { message, answers: [] };
      this.sent.push(callback);
      this.underWay += 1;
      void this.deliver(callback).finally(() => (this.underWay -= 1));
    }
  }

  private async deliver(callback: SentCallback): Promise<void> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const answer = await this.post(callback.message).catch(() => ({ status: 0, body: '' }));
      callback.answers.push(answer);
      if (answer.status === 200 && answer.body === '') return;
    }
  }
}

function signed(keys: WeComKeys, encrypted: string, { ago = 0, signature }: Sending): URLSearchParams {
  const [timestamp, nonce] = [String(now() - ago), randomBytes(6).toString('hex')];
  return new URLSearchParams({
    msg_signature: signature ?? getSignature(keys.token, timestamp, nonce, encrypted),
    timestamp,
    nonce,
  });
}
