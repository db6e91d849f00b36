import { decrypt, encrypt, getSignature } from '@wecom/crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IncomingEvent, ProviderConnection } from '../provider.port.js';
import { receivedBy } from './dingtalk.events.js';

const token = 'mryue';
const aesKey = 'Yue0EfdN5900c1ce5cf6A152c63DDe1808a60c5ecd7';
const provider: ProviderConnection = {
  id: 'p1',
  scope: 't1',
  code: 'ding',
  kind: 'dingtalk',
  url: 'https://api.dingtalk.com',
  secrets: [],
  settings: { appKey: 'dingappkey', corpId: 'ding6ccabc44d2c8d38b' },
  credentials: { appSecret: 's', token, aesKey },
};
const now = new Date(1_608_001_896_814);
const chance = { bytes: Buffer.alloc(16, 7), nonce: 'nonce' };

interface Sent {
  readonly owner?: string;
  readonly timestamp?: string;
  readonly signedAs?: string;
}
function sent(message: string, { owner = 'dingappkey', timestamp, signedAs }: Sent = {}): IncomingEvent {
  const time = timestamp ?? String(now.getTime());
  const closed = encrypt(aesKey, message, owner);
  return {
    method: 'POST',
    headers: {},
    query: {
      [signedAs ?? 'msg_signature']: getSignature(token, time, 'n', closed),
      timestamp: time,
      nonce: 'n',
    },
    rawBody: Buffer.from(JSON.stringify({ encrypt: closed })),
  };
}
const finished = {
  EventType: 'bpms_instance_change',
  EventTime: 1663143335567,
  CorpId: 'ding6ccabc44d2c8d38b',
  BizId: '1663143335567',
  eventId: 'c7c7120f2c07419',
  processInstanceId: 'ce133dd0-5b22-9516',
  processCode: 'PROC-1',
  type: 'finish',
  result: 'agree',
  staffId: 'manager75',
};
const received = (incoming: IncomingEvent, from = provider) => receivedBy(from, incoming, now, chance);

describe('what comes to the address of an app of DingTalk', () => {
  it('given the published trial of an address, then it is answered with the encrypted success', () => {
    const trial: IncomingEvent = {
      method: 'POST',
      headers: {},
      query: {
        msg_signature: '03044561471240d4a14bb09372dfcfd4fd0e40cb',
        timestamp: '1608001896814',
        nonce: 'WL4PK6yA',
      },
      rawBody: Buffer.from(
        '{"encrypt":"0vJiX6vliEpwG3U45CtXqi+m8PXbQRARJ8p8BbDuD1EMTDf0jKpQ79QS93qEk7XHpP6u+oTTrd15NRPvNvmBKyDCYxxOK+HZeKju4yhELOFchzNukR+t8SB/qk4ROMu3"}',
      ),
    };
    const answer = received(trial);
    if (answer.kind !== 'challenge') throw new Error(JSON.stringify(answer));
    const reply = JSON.parse(answer.reply.body) as Record<string, string>;
    expect(Object.keys(reply)).toEqual(['msg_signature', 'timeStamp', 'nonce', 'encrypt']);
    expect(reply).toMatchObject({ timeStamp: '1608001896814', nonce: 'nonce' });
    expect(reply.msg_signature).toBe(getSignature(token, '1608001896814', 'nonce', reply.encrypt ?? ''));
    expect(decrypt(aesKey, reply.encrypt ?? '')).toMatchObject({
      message: 'success',
      id: 'ding6ccabc44d2c8d38b',
      random: chance.bytes,
    });
    expect(received(trial)).toEqual(answer);
  });

  it.each(['msg_signature', 'signature'])(
    'given an event signed as %s, then it says where to look',
    (signedAs) => {
      expect(received(sent(JSON.stringify(finished), { signedAs }))).toMatchObject({
        kind: 'events',
        events: [
          {
            id: 'c7c7120f2c07419',
            type: 'bpms_instance_change.finish',
            externalId: 'ce133dd0-5b22-9516',
            key: null,
            formCode: 'PROC-1',
          },
        ],
        reply: { status: 200, contentType: 'application/json' },
      });
    },
  );

  it('given an event without an id, then the same event has the same one', () => {
    const { eventId: _, ...anonymous } = finished;
    const ids = [anonymous, anonymous, { ...anonymous, EventTime: 1 }].map((event) => {
      const answer = received(sent(JSON.stringify(event)));
      return answer.kind === 'events' ? answer.events[0]?.id : null;
    });
    expect(ids[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it('given a deletion, then the event itself says so, since nobody can be asked any more', () => {
    expect(received(sent(JSON.stringify({ ...finished, type: 'delete' })))).toMatchObject({
      events: [{ observation: { externalId: 'ce133dd0-5b22-9516', status: 'gone' } }],
    });
    const finish = received(sent(JSON.stringify(finished)));
    expect(finish.kind === 'events' && finish.events[0]).not.toHaveProperty('observation');
  });

  it.each([
    ['of another kind', { ...finished, EventType: 'user_add_org' }],
    ['without an instance', { ...finished, processInstanceId: undefined }],
    ['with an instance that cannot be one', { ...finished, processInstanceId: 'x'.repeat(129) }],
  ])('given an event %s, then it is acknowledged and left', (_, event) => {
    expect(received(sent(JSON.stringify(event)))).toMatchObject({
      kind: 'events',
      events: [],
      reply: { status: 200 },
    });
  });

  it.each([
    [
      'of another corporation',
      sent(JSON.stringify({ ...finished, CorpId: 'dingother' })),
      'another corporation',
    ],
    ['addressed to somebody else', sent(JSON.stringify(finished), { owner: 'dingother' }), 'somebody else'],
    [
      'of five minutes ago',
      sent(JSON.stringify(finished), { timestamp: String(now.getTime() - 300_001) }),
      'of another time',
    ],
    ['without a type', sent('{}'), 'no event'],
    ['that is no JSON', sent('hello'), 'no event'],
    ['that is a list', sent('[]'), 'no event'],
    ['without a body', { ...sent('{}'), rawBody: Buffer.alloc(0) }, 'missing'],
    ['without a query', { ...sent('{}'), query: {} }, 'missing'],
    ['whose message is a number', { ...sent('{}'), rawBody: Buffer.from('{"encrypt":7}') }, 'missing'],
  ])('given a message %s, then it is refused', (_, incoming, why) => {
    const answer = received(incoming);
    expect(answer.kind === 'refused' ? answer.why : answer).toContain(why);
  });

  it('given a provider whose secrets are missing, then everything is refused', () => {
    const some: Record<string, string>[] = [{}, { token }, { aesKey }];
    for (const credentials of some) {
      expect(received(sent(JSON.stringify(finished)), { ...provider, credentials }).kind).toBe('refused');
    }
  });

  it('given anything at all, then it is refused and nothing is thrown', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.dictionary(fc.constantFrom('msg_signature', 'signature', 'timestamp', 'nonce'), fc.string()),
        (bytes, query) => {
          const incoming = { method: 'POST', headers: {}, query, rawBody: Buffer.from(bytes) };
          expect(received(incoming).kind).toBe('refused');
        },
      ),
    );
  });
});
