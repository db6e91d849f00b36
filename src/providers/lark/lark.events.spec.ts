import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProviderConnection, Received } from '../provider.port.js';
import { sealLark } from './lark.crypto.js';
import { receivedBy } from './lark.events.js';

const key = 'encrypt key';
const token = 'verification token';
const now = new Date(1_700_000_000_500);

const connection = (credentials: object = {}): ProviderConnection => ({
  id: 'p1',
  scope: 't1',
  code: 'feishu',
  kind: 'lark',
  url: 'https://open.feishu.cn',
  secrets: [],
  settings: { appId: 'cli_x' },
  credentials: { appSecret: 'secret', encryptKey: key, verificationToken: token, ...credentials },
});

const taskEvent = {
  ts: '1502199207.7171419',
  uuid: 'bc447199585340d1f3728d26b1c0297a',
  token,
  type: 'event_callback',
  event: {
    app_id: 'cli_x',
    open_id: 'ou_x',
    tenant_key: 'x',
    type: 'approval_task',
    approval_code: 'APPROVAL',
    instance_code: 'INSTANCE',
    task_id: '12345',
    user_id: 'b613t51g',
    status: 'PENDING',
    operate_time: '1502199207000',
    custom_key: '',
    def_key: 'node',
    extra: '{"rollback_node_ids":[],"rollback_custom_node_ids":[]}',
  },
};

/** As Feishu sends it, unless told otherwise. @param message a text is encrypted as it is */
function receive(
  message: unknown,
  how: { readonly signed?: boolean; readonly raw?: string | Buffer; readonly to?: ProviderConnection } = {},
): Received {
  const text = typeof message === 'string' ? message : JSON.stringify(message);
  const raw = how.raw ?? JSON.stringify({ encrypt: sealLark(text, key) });
  const rawBody = typeof raw === 'string' ? Buffer.from(raw) : raw;
  const timestamp = '1700000000';
  const signature = createHash('sha256').update(`${timestamp}nonce${key}`).update(rawBody).digest('hex');
  const headers = {
    'x-lark-request-timestamp': timestamp,
    'x-lark-request-nonce': 'nonce',
    'x-lark-signature': signature,
  };
  const incoming = { method: 'POST', query: {}, headers: how.signed === false ? {} : headers, rawBody };
  return receivedBy(how.to ?? connection(), incoming, now);
}

const eventsOf = (received: Received) => (received.kind === 'events' ? received.events : received);

describe('receivedBy', () => {
  it('given an event of version 1, then it says where to look, and is acknowledged', () => {
    expect(receive(taskEvent)).toEqual({
      kind: 'events',
      events: [
        {
          id: 'bc447199585340d1f3728d26b1c0297a',
          type: 'approval_task.PENDING',
          externalId: 'INSTANCE',
          key: null,
          formCode: 'APPROVAL',
          taskId: '12345',
        },
      ],
      reply: {
        status: 200,
        contentType: 'application/json; charset=utf-8',
        body: '{"msg":"success"}',
      },
    });
  });

  it('given an event of an instance, then it also says under which uuid the instance was asked for', () => {
    const event = {
      app_id: 'cli_x',
      type: 'approval_instance',
      uuid: 'order.1',
      approval_code: 'APPROVAL',
      instance_code: 'INSTANCE',
      status: 'APPROVED',
      operate_time: 1_666_079_207_003,
      instance_operate_time: '1666079207003',
    };
    expect(eventsOf(receive({ ...taskEvent, uuid: 'outer', event }))).toMatchObject([
      { id: 'outer', type: 'approval_instance.APPROVED', key: 'order.1', externalId: 'INSTANCE' },
    ]);
  });

  it('given events of version 2, then their header tells what version 1 tells outside', () => {
    const header = {
      event_id: 'e-1',
      event_type: 'approval.task.status_changed_v4',
      token,
      app_id: 'cli_x',
    };
    const event = { approval_code: 'A', instance_code: 'I', status: 'APPROVED', task_external_id: '' };
    expect(receive({ schema: '2.0', token, header: { ...header, token: 'wrong' }, event }).kind).toBe(
      'refused',
    );
    expect(eventsOf(receive({ schema: '2.0', header, event }))).toMatchObject([
      { id: 'e-1', type: 'approval.task.status_changed_v4.APPROVED', externalId: 'I', key: null },
    ]);
    const ofInstance = { ...header, event_type: 'approval.instance.status_changed_v4' };
    expect(
      eventsOf(receive({ schema: '2.0', header: ofInstance, event: { ...event, uuid: 'k' } })),
    ).toMatchObject([{ id: 'e-1', key: 'k' }]);
  });

  it('given ids as int64 without quotation marks, then every digit stays', () => {
    const text = JSON.stringify(taskEvent)
      .replace('"bc447199585340d1f3728d26b1c0297a"', '7012345678901234567')
      .replace('"1502199207000"', '1502199207000');
    expect(eventsOf(receive(text))).toMatchObject([{ id: '7012345678901234567' }]);
  });

  it('given no uuid, then the same message is the same event all the same', () => {
    const { uuid: _uuid, ...without } = taskEvent;
    const [one, other] = [eventsOf(receive(without)), eventsOf(receive(without))];
    expect(one).toEqual(other);
    expect(one).toMatchObject([{ id: expect.stringMatching(/^[0-9a-f]{64}$/) as string }]);
  });

  it('given ids that are longer than any of Feishu, then they are not taken for ours', () => {
    const long = 'x'.repeat(161);
    const ids = (event: object) =>
      eventsOf(receive({ ...taskEvent, uuid: long, event: { ...taskEvent.event, ...event } }));
    expect(ids({ approval_code: long })).toMatchObject([
      { id: expect.stringMatching(/^[0-9a-f]{64}$/) as string, externalId: 'INSTANCE', formCode: null },
    ]);
    expect(ids({ instance_code: long })).toEqual([]);
  });

  it('given an event that concerns no approval, then it is acknowledged and left', () => {
    for (const event of [{ type: 'leave_approvalV2', instance_code: 'I' }, { type: 'approval_task' }, null]) {
      expect(eventsOf(receive({ ...taskEvent, event }))).toEqual([]);
    }
  });

  it('given a challenge, then it is answered without a signature, encrypted or not, to whoever knows the token', () => {
    const challenge = { challenge: 'ajls384kdjx98XX', token, type: 'url_verification' };
    expect(receive(challenge, { signed: false })).toMatchObject({
      kind: 'challenge',
      reply: { status: 200, body: '{"challenge":"ajls384kdjx98XX"}' },
    });
    expect(receive('', { raw: JSON.stringify(challenge) }).kind).toBe('challenge');
    expect(receive('', { raw: JSON.stringify({ ...challenge, token: 'wrong' }) }).kind).toBe('refused');
    expect(receive('', { raw: JSON.stringify({ ...taskEvent, token }) }).kind).toBe('refused');
    expect(receive({ ...challenge, token: 'wrong' }).kind).toBe('refused');
    expect(receive({ ...challenge, challenge: 1 }).kind).toBe('refused');
  });

  it.each<[string, Received]>([
    ['without a signature', receive(taskEvent, { signed: false })],
    ['in clear', receive('', { raw: JSON.stringify(taskEvent) })],
    ['with a wrong token', receive({ ...taskEvent, token: 'wrong' })],
    ['without a token', receive({ ...taskEvent, token: undefined })],
    ['with a token that is no text', receive({ ...taskEvent, token: [token] })],
    ['of another app', receive({ ...taskEvent, event: { ...taskEvent.event, app_id: 'cli_y' } })],
    ['that is a list', receive([taskEvent])],
    ['that is no JSON', receive('{"uuid":')],
    ['that is not closed', receive('', { raw: '{"encrypt":"' })],
    ['with something else encrypted', receive('', { raw: '{"encrypt":["a"]}' })],
    ['with nothing', receive('', { raw: '' })],
    ['while no key is set', receive(taskEvent, { to: connection({ encryptKey: '' }) })],
    ['while the key is missing', receive(taskEvent, { to: connection({ encryptKey: undefined }) })],
    [
      'while no token is set',
      receive({ ...taskEvent, token: '' }, { to: connection({ verificationToken: '' }) }),
    ],
    ['for an app with another key', receive(taskEvent, { to: connection({ encryptKey: 'other' }) })],
  ])('given a message %s, then it is refused', (_what, received) => {
    expect(received.kind).toBe('refused');
  });

  it('given nesting without end, then it is judged like anything else', () => {
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
    expect(receive(deep).kind).toBe('refused');
    const inside = JSON.stringify(taskEvent).replace('"ou_x"', deep);
    expect(eventsOf(receive(inside))).toMatchObject([{ externalId: 'INSTANCE' }]);
  });

  it('given any bytes, and any JSON that was signed, then nothing is thrown', () => {
    const noEvent = (received: Received): void => {
      expect(received.kind).toBe('refused');
    };
    fc.assert(fc.property(fc.uint8Array(), (bytes) => noEvent(receive('', { raw: Buffer.from(bytes) }))));
    fc.assert(fc.property(fc.json(), (json) => noEvent(receive('', { raw: json }))));
    fc.assert(
      fc.property(fc.base64String(), (encrypt) => noEvent(receive('', { raw: JSON.stringify({ encrypt }) }))),
    );
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => noEvent(receive(text))));
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (uuid, header, event) => {
        const message = { uuid, token, type: 'event_callback', header, event };
        expect(['refused', 'events']).toContain(receive(message).kind);
        const code = {
          type: 'approval_task',
          instance_code: 'I',
          approval_code: event,
          uuid: header,
          status: uuid,
        };
        expect(['refused', 'events']).toContain(receive({ ...message, event: code }).kind);
      }),
    );
  });
});
