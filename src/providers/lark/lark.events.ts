import { createHash } from 'node:crypto';
import type {
  EventReply,
  IncomingEvent,
  OutsideEvent,
  ProviderConnection,
  Received,
} from '../provider.port.js';
import { openLark, sameSecret, whyNotSigned } from './lark.crypto.js';
import { objectOf, readJson } from './lark.json.js';
import { settingsOf, textOf } from './lark.settings.js';

type Json = Readonly<Record<string, unknown>>;

/** What columns hold. */
const maxId = 160;
const maxExternalId = 128;

/** The events that tell of approvals: their names of version 1 and of version 2. */
const approvalEvents: readonly unknown[] = [
  'approval_task',
  'approval_instance',
  'approval.task.status_changed_v4',
  'approval.instance.status_changed_v4',
];

/**
 * What a message to the app's request address is (事件与回调 → 事件配置): encrypted, signed and of now; only the challenge
 * comes without a signature. Events of other kinds are acknowledged and left.
 */
export function receivedBy(
  from: ProviderConnection,
  { headers, rawBody }: IncomingEvent,
  now: Date,
): Received {
  const { encryptKey = '', verificationToken = '' } = from.credentials;
  const sent = objectOf(readJson(rawBody.toString('utf8')));
  const sealed = textOf(sent?.encrypt);
  if (sealed === null) {
    // Asked before the key was set there: to repeat what was sent by whoever knows the token tells nothing.
    const asked = sent?.type === 'url_verification' && isToken(textOf(sent.token), verificationToken);
    return asked ? answered(sent) : refused('the message is not encrypted');
  }
  const opened = openLark(sealed, encryptKey);
  const message = opened === null ? null : objectOf(readJson(opened));
  if (opened === null || message === null) return refused('the message is not encrypted with this key');
  const header = objectOf(message.header);
  // Version 1 has it at the top, version 2 in its header.
  const token = textOf(header ? header.token : message.token);
  if (!isToken(token, verificationToken)) return refused('the verification token is wrong');
  if (message.type === 'url_verification') return answered(message);
  const forged = whyNotSigned(headers, rawBody, encryptKey, now);
  if (forged !== null) return refused(forged);
  const event = objectOf(message.event) ?? {};
  const app = textOf(header?.app_id ?? event.app_id);
  if (app !== null && app !== settingsOf(from).appId) return refused('the event is of another app');
  return {
    kind: 'events',
    events: eventsOf(message, header, event, opened),
    reply: reply({ msg: 'success' }),
  };
}

const isToken = (given: string | null, token: string): boolean =>
  token !== '' && given !== null && sameSecret(given, token);

function answered(message: Json): Received {
  const challenge = textOf(message.challenge);
  return challenge === null
    ? refused('a challenge without one')
    : { kind: 'challenge', reply: reply({ challenge }) };
}

/** @param header of version 2; null: it is version 1, which has everything beside the event */
function eventsOf(message: Json, header: Json | null, event: Json, opened: string): OutsideEvent[] {
  const type = header ? header.event_type : event.type;
  const externalId = idOf(event.instance_code, maxExternalId);
  if (!approvalEvents.includes(type) || externalId === null) return [];
  const told = header ? header.event_id : message.uuid;
  const isTask = type === 'approval_task' || type === 'approval.task.status_changed_v4';
  return [
    {
      // The same on every further delivery. The `uuid` inside is another one: ours, of the instance.
      id: idOf(told, maxId) ?? createHash('sha256').update(opened).digest('hex'),
      type: [String(type), textOf(event.status)].filter((part) => part !== null).join('.'),
      externalId,
      key: isTask ? null : idOf(event.uuid, maxExternalId),
      formCode: idOf(event.approval_code, maxExternalId),
      ...(isTask ? { taskId: idOf(event.task_id, maxExternalId) } : {}),
    },
  ];
}

/** An id comes as a text or as a number; one that is longer than its column is none of ours. */
function idOf(value: unknown, length: number): string | null {
  const text = typeof value === 'number' ? String(value) : textOf(value);
  return text !== null && text.length <= length ? text : null;
}

const refused = (why: string): Received => ({ kind: 'refused', why });

const reply = (body: object): EventReply => ({
  status: 200,
  contentType: 'application/json; charset=utf-8',
  body: JSON.stringify(body),
});
