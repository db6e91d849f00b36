import { createHash } from 'node:crypto';
import { openCorpMessage, sealCorpMessage } from '../corp-cipher.js';
import type {
  EventReply,
  IncomingEvent,
  OutsideEvent,
  ProviderConnection,
  Received,
} from '../provider.port.js';
import { callbackKeysOf, textOf } from './dingtalk.settings.js';

/** What makes an answer differ from every other one: 16 bytes, and some characters. */
interface Chance {
  readonly bytes: Buffer;
  readonly nonce: string;
}

const approvalEvents = ['bpms_instance_change', 'bpms_task_change'];

/**
 * What a message to the address of an app is (事件订阅, HTTP 推送). Events of other kinds are acknowledged and left.
 * @param chance for the answer, which DingTalk wants encrypted
 */
export function receivedBy(
  from: ProviderConnection,
  { query, rawBody }: IncomingEvent,
  now: Date,
  chance: Chance,
): Received {
  const keys = callbackKeysOf(from);
  const envelope = {
    signature: query.msg_signature ?? query.signature,
    timestamp: query.timestamp,
    nonce: query.nonce,
    encrypt: textOf(objectOf(rawBody.toString('utf8'))?.encrypt) ?? undefined,
  };
  const opened = openCorpMessage(keys, envelope, now);
  if (!opened.ok) return { kind: 'refused', why: opened.why };
  const event = objectOf(opened.message);
  const type = textOf(event?.EventType);
  if (event === null || type === null) return { kind: 'refused', why: 'the message is no event' };
  const corporation = textOf(event.CorpId) ?? textOf(event.corpId);
  if (corporation !== null && corporation !== from.settings.corpId) {
    return { kind: 'refused', why: 'the event is of another corporation' };
  }
  const { signature, timestamp, nonce, encrypt } = sealCorpMessage(keys, 'success', opened.owner, {
    timestamp: String(now.getTime()),
    nonce: chance.nonce,
    chance: chance.bytes,
  });
  const reply: EventReply = {
    status: 200,
    contentType: 'application/json',
    body: JSON.stringify({ msg_signature: signature, timeStamp: timestamp, nonce, encrypt }),
  };
  if (type === 'check_url') return { kind: 'challenge', reply };
  return {
    kind: 'events',
    events: approvalEvents.includes(type) ? eventsOf(event, type, opened.message) : [],
    reply,
  };
}

function eventsOf(event: Readonly<Record<string, unknown>>, type: string, message: string): OutsideEvent[] {
  const externalId = shortOf(event.processInstanceId, 128);
  if (externalId === null) return [];
  const change = shortOf(event.type, 32);
  return [
    {
      id: shortOf(event.eventId, 160) ?? createHash('sha256').update(message).digest('hex'),
      type: change === null ? type : `${type}.${change}`,
      externalId,
      key: null,
      formCode: shortOf(event.processCode, 128),
      // Nobody can be asked any more, and nothing comes after it.
      ...(type === 'bpms_instance_change' && change === 'delete'
        ? { observation: goneOf(externalId, event) }
        : {}),
    },
  ];
}

const goneOf = (externalId: string, event: Readonly<Record<string, unknown>>) => ({
  externalId,
  key: null,
  formCode: shortOf(event.processCode, 128),
  title: textOf(event.title),
  status: 'gone' as const,
  applicant: null,
  decidedBy: null,
  comment: null,
  tasks: [],
  widgets: [],
});

/** What is longer than its column is none of ours. */
function shortOf(value: unknown, length: number): string | null {
  const text = textOf(value);
  return text !== null && text.length <= length ? text : null;
}

function objectOf(json: string): Readonly<Record<string, unknown>> | null {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Readonly<Record<string, unknown>>)
      : null;
  } catch {
    return null;
  }
}
