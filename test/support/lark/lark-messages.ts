import { LarkFailure } from './lark-failure.js';
import { longNumber } from './lark-native.js';
import type { LarkPeople, UserIdType } from './lark-people.js';

/** A message that somebody got from the app's robot. */
export interface LarkMessage {
  readonly id: string;
  readonly userId: string;
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly uuid: string | null;
}

const invalid = (why: string): LarkFailure =>
  new LarkFailure(230001, `Your request contains an invalid request parameter: ${why}`);

/** What the robot wrote. */
export class LarkMessages {
  readonly all: LarkMessage[] = [];
  /** Who is outside the app's availability (230013). */
  readonly unavailable = new Set<string>();

  constructor(private readonly people: LarkPeople) {}

  /** POST /im/v1/messages. The same uuid within an hour is the same message. */
  send(receiveIdType: string | null, body: Readonly<Record<string, unknown>>): object {
    const { receive_id: receiver, msg_type: type, content, uuid } = body;
    if (!['user_id', 'open_id', 'union_id'].includes(receiveIdType ?? '')) throw invalid('receive_id_type');
    if (uuid !== undefined && (typeof uuid !== 'string' || uuid.length > 50)) throw invalid('uuid');
    if (typeof type !== 'string' || !['text', 'post', 'interactive'].includes(type))
      throw invalid('msg_type');
    let read: Record<string, unknown>;
    try {
      read = JSON.parse(content as string) as Record<string, unknown>;
    } catch {
      throw invalid('content is no JSON string');
    }
    const needed = { text: 'text', post: 'zh_cn', interactive: 'elements' }[type as 'text'];
    if (read[needed] === undefined && read.body === undefined && read.en_us === undefined)
      throw invalid('content');
    const userId = this.people.find(receiveIdType as UserIdType, receiver);
    if (this.unavailable.has(userId)) throw new LarkFailure(230013, 'Bot has NO availability to this user.');
    const known = this.all.find((one) => one.uuid !== null && one.uuid === uuid);
    const message = known ?? {
      id: `om_${longNumber()}`,
      userId,
      type,
      content: read,
      uuid: uuid ?? null,
    };
    if (!known) this.all.push(message);
    return { message_id: message.id, msg_type: type, deleted: false };
  }

  of(userId: string): LarkMessage[] {
    return this.all.filter((one) => one.userId === userId);
  }
}
