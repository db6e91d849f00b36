import { openCorpMessage } from '../corp-cipher.js';
import type {
  EventReply,
  IncomingEvent,
  OutsideEvent,
  ProviderConnection,
  Received,
} from '../provider.port.js';
import { keysOf } from './wecom-settings.js';
import { childOf, readXml, textOf, type XmlElement } from './wecom-xml.js';

/** The only event of WeCom's that is about approvals (审批申请状态变化回调通知). */
const approvalChange = 'sys_approval_change';

/** An empty 200 says that it has arrived; anything else would be sent thrice. */
const arrived: EventReply = { status: 200, contentType: 'text/plain; charset=utf-8', body: '' };

/**
 * What comes to a provider's address: the verification of the address (GET), or an event (POST). Whatever is not signed
 * with the app's token, is older than five minutes, does not open with its key, or is addressed to another corporation, is
 * refused.
 */
export function receivedOf(from: ProviderConnection, incoming: IncomingEvent, now: Date): Received {
  const keys = keysOf(from);
  if (keys === null) return refused('the provider has no token, key or corporation');
  const asked = incoming.method === 'GET';
  const encrypt = asked ? incoming.query.echostr : encryptedIn(incoming.rawBody);
  if (!encrypt) return refused(asked ? 'there is no echostr' : 'there is no encrypted message in XML');
  const opened = openCorpMessage(
    keys,
    {
      signature: incoming.query.msg_signature,
      timestamp: incoming.query.timestamp,
      nonce: incoming.query.nonce,
      encrypt: withPluses(encrypt),
    },
    now,
  );
  if (!opened.ok) return refused(opened.why);
  if (asked) return { kind: 'challenge', reply: { ...arrived, body: opened.message } };
  const message = readXml(opened.message);
  if (message === null) return refused('the message holds no XML');
  if (textOf(message, 'Event') !== approvalChange) return { kind: 'events', events: [], reply: arrived };
  const event = eventOf(message);
  return event === null
    ? refused('the event names no approval')
    : { kind: 'events', events: [event], reply: arrived };
}

const encryptedIn = (body: Buffer): string | null => {
  const envelope = readXml(body.toString());
  return envelope === null ? null : textOf(envelope, 'Encrypt');
};

/** Base64 has no blanks; a plus sign becomes one in a query that nobody has encoded. */
const withPluses = (encrypt: string): string => encrypt.replaceAll(' ', '+');

/**
 * The same event, sent again, has the same id: of the approval, what happened to it (StatuChangeEvent, as WeCom spells it),
 * and when.
 */
function eventOf(message: XmlElement): OutsideEvent | null {
  const info = childOf(message, 'ApprovalInfo');
  if (info === null) return null;
  // SpNo is a number, which some kinds of approvals lack.
  const externalId = textOf(info, 'SpNoStr') ?? textOf(info, 'SpNo');
  if (externalId === null || !/^[\x21-\x7e]{1,64}$/.test(externalId)) return null;
  const numbers = [textOf(info, 'StatuChangeEvent'), textOf(message, 'CreateTime'), textOf(info, 'SpStatus')];
  if (numbers.some((number) => number !== null && !/^\d{1,20}$/.test(number))) return null;
  const formCode = textOf(info, 'TemplateId');
  return {
    id: [externalId, ...numbers.map((number) => number ?? '')].join('/'),
    type: `${approvalChange}.${numbers[0] ?? ''}`,
    externalId,
    key: null,
    formCode: formCode !== null && formCode.length <= 128 ? formCode : null,
  };
}

const refused = (why: string): Received => ({ kind: 'refused', why });
