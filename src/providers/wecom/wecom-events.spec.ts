import { encrypt, getSignature } from '@wecom/crypto';
import { describe, expect, it } from 'vitest';
import type { IncomingEvent, ProviderConnection } from '../provider.port.js';
import { receivedOf } from './wecom-events.js';

const token = 'QDG6eK';
const aesKey = 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C';
const corpId = 'wx5823bf96d3bd56c7';
const from: ProviderConnection = {
  id: 'p1',
  scope: 't1',
  code: 'wecom',
  kind: 'wecom',
  url: 'https://qyapi.weixin.qq.com',
  secrets: [],
  settings: { corpId, agentId: '1000002' },
  credentials: { corpSecret: 's', token, aesKey },
};
const now = new Date('2026-11-22T10:00:00Z');
const seconds = String(now.getTime() / 1000);

const posted = (
  message: string,
  {
    owner = corpId,
    key = aesKey,
    sign = token,
    timestamp = seconds,
    body,
  }: Record<string, string | undefined> = {},
): IncomingEvent => {
  const encrypted = encrypt(key, message, owner);
  return {
    method: 'POST',
    headers: {},
    query: { msg_signature: getSignature(sign, timestamp, 'n', encrypted), timestamp, nonce: 'n' },
    rawBody: Buffer.from(
      body ?? `<xml><ToUserName><![CDATA[${owner}]]></ToUserName><Encrypt>${encrypted}</Encrypt></xml>`,
    ),
  };
};
const event = (info: string, name = 'sys_approval_change'): string =>
  `<xml><CreateTime>1763805600</CreateTime><Event><![CDATA[${name}]]></Event><ApprovalInfo>${info}</ApprovalInfo></xml>`;
const change =
  '<SpNoStr>202611220001</SpNoStr><SpNo>202611220001</SpNo><SpStatus>2</SpStatus><TemplateId>T1</TemplateId>' +
  '<StatuChangeEvent>2</StatuChangeEvent>';

describe('receivedOf a POST', () => {
  it('given a change of an approval, then it is an event that says where to look, and is answered with an empty 200', () => {
    expect(receivedOf(from, posted(event(change)), now)).toEqual({
      kind: 'events',
      events: [
        {
          id: '202611220001/2/1763805600/2',
          type: 'sys_approval_change.2',
          externalId: '202611220001',
          key: null,
          formCode: 'T1',
        },
      ],
      reply: { status: 200, contentType: 'text/plain; charset=utf-8', body: '' },
    });
  });

  it('given no SpNoStr, then SpNo counts, however long it is', () => {
    const received = receivedOf(from, posted(event('<SpNo>20261122000100020003</SpNo>')), now);
    expect(received).toMatchObject({ events: [{ externalId: '20261122000100020003', formCode: null }] });
  });

  it('given an event of something else, then it is acknowledged, and that is all', () => {
    expect(receivedOf(from, posted(event(change, 'change_contact')), now)).toMatchObject({
      kind: 'events',
      events: [],
      reply: { status: 200 },
    });
  });

  it.each<[string, IncomingEvent, RegExp]>([
    ['another token', posted(event(change), { sign: 'other' }), /signature/],
    [
      'another key',
      posted(event(change), { key: `${aesKey.slice(0, 42)}0`.replace('jW', 'xY') }),
      /does not open/,
    ],
    ['another corporation', posted(event(change), { owner: 'ww2' }), /somebody else/],
    [
      'a message of six minutes ago',
      posted(event(change), { timestamp: String(Number(seconds) - 360) }),
      /another time/,
    ],
    [
      'a message of the future',
      posted(event(change), { timestamp: String(Number(seconds) + 360) }),
      /another time/,
    ],
    ['no XML', posted(event(change), { body: '{"encrypt":"x"}' }), /no encrypted message/],
    ['XML without a message', posted(event(change), { body: '<xml><a>1</a></xml>' }), /no encrypted message/],
    [
      'two messages',
      posted('x', { body: '<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>' }),
      /no encrypted/,
    ],
    [
      'a document type',
      posted('x', { body: '<!DOCTYPE xml [<!ENTITY e "x">]><xml><Encrypt>&e;</Encrypt></xml>' }),
      /no encrypted message/,
    ],
    ['a message that is no XML', posted('hello'), /holds no XML/],
    ['an event without an approval', posted(event('')), /names no approval/],
    ['an approval without a number', posted(event('<SpStatus>1</SpStatus>')), /names no approval/],
    ['a number too long', posted(event(`<SpNo>${'1'.repeat(65)}</SpNo>`)), /names no approval/],
    [
      'a status that is no number',
      posted(event('<SpNo>1</SpNo><SpStatus>x</SpStatus>')),
      /names no approval/,
    ],
    ['no query', { ...posted(event(change)), query: {} }, /missing/],
  ])('given %s, then it is refused', (_what, incoming, why) => {
    expect(receivedOf(from, incoming, now)).toEqual({
      kind: 'refused',
      why: expect.stringMatching(why) as string,
    });
  });

  it('given a provider whose token or key is missing, then nothing is let in', () => {
    for (const missing of ['token', 'aesKey']) {
      const bare = { ...from, credentials: { ...from.credentials, [missing]: '' } };
      expect(receivedOf(bare, posted(event(change)), now)).toMatchObject({ kind: 'refused' });
    }
    expect(receivedOf({ ...from, settings: {} }, posted(event(change), { owner: '' }), now)).toMatchObject({
      kind: 'refused',
    });
  });
});

describe('receivedOf a GET', () => {
  /** The example of WeCom's documentation (URL 验证). */
  const documented = {
    msg_signature: '5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3',
    timestamp: '1409659589',
    nonce: '263014780',
    echostr: 'P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==',
  };
  const asked = (query: Record<string, string | undefined>): IncomingEvent => ({
    method: 'GET',
    headers: {},
    query,
    rawBody: Buffer.alloc(0),
  });
  const then = new Date(1_409_659_589_000);

  it('given the documented example, then its word is answered as plain text', () => {
    expect(receivedOf(from, asked(documented), then)).toEqual({
      kind: 'challenge',
      reply: { status: 200, contentType: 'text/plain; charset=utf-8', body: '1616140317555161061' },
    });
  });

  it('given plus signs that became blanks on the way, then it is understood all the same', () => {
    const query = { ...documented, echostr: documented.echostr.replaceAll('+', ' ') };
    expect(receivedOf(from, asked(query), then)).toMatchObject({ kind: 'challenge' });
  });

  it('given another word, another time or none, then it is refused', () => {
    const other = { ...documented, echostr: encrypt(aesKey, 'other', corpId) };
    for (const query of [other, { ...documented, echostr: undefined }, {}]) {
      expect(receivedOf(from, asked(query), then)).toMatchObject({ kind: 'refused' });
    }
    expect(receivedOf(from, asked(documented), now)).toMatchObject({ kind: 'refused' });
  });
});
