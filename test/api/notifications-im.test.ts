import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeDingTalk, startFakeDingTalk } from '../support/dingtalk/fake-dingtalk.js';
import { eventually } from '../support/eventually.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { type FakeLark, startFakeLark } from '../support/lark/fake-lark.js';
import { type FakeWeCom, startWeCom } from '../support/wecom/fake-wecom.js';
import { ann, boss, created, givenFlow, rival, root } from '../support/world.js';

const publicUrl = 'https://approvals.example/c';

let app: TestApp;
let lark: FakeLark;
let ding: FakeDingTalk;
let wecom: FakeWeCom;
let admin: Client;
const lines: string[] = [];
beforeAll(async () => {
  [lark, ding, wecom] = [await startFakeLark(), await startFakeDingTalk(), await startWeCom()];
  app = await startApp({
    env: {
      CALLBACK_ALLOWED_HOSTS: '127.0.0.1',
      CALLBACK_RETRY_SCHEDULE: '50ms,50ms,50ms',
      CALLBACK_TIMEOUT: '5s',
      SHUTDOWN_TIMEOUT: '1s',
      PUBLIC_URL: publicUrl,
    },
    onLog: (line) => lines.push(line),
  });
  admin = app.as(boss);
  await created(admin, '/providers', given('lark', 'feishu'));
  await created(admin, '/providers', given('dingtalk', 'ding'));
  await created(admin, '/providers', given('wecom', 'wecom'));
});
afterAll(async () => {
  await app.close();
  await lark.close();
  await ding.close();
  await wecom.close();
});
beforeEach(() => lark.faults.forget());

type Channel = 'lark' | 'dingtalk' | 'wecom';

const given = (kind: Channel, code: string): object => {
  const { url, fields } = { lark, dingtalk: ding, wecom: { url: wecom.url, fields: wecom.settings } }[kind];
  return { code, kind, name: code, url, [kind]: fields };
};

/** A message as its reader sees it. */
interface Seen {
  readonly title: string;
  readonly text: string;
  readonly links: readonly string[];
  /** All of it. */
  readonly whole: string;
}

// What the vendors' messages hold is what the tests are about.
// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;

const channels = {
  lark: {
    provider: 'feishu',
    join: (externalId: string) => void lark.people.join(externalId),
    read: (externalId: string): Seen[] =>
      lark.messages.of(externalId).map(({ content }): Seen => {
        const { title, content: paragraphs } = (content as Json).zh_cn;
        const parts = (paragraphs as Json[]).flat();
        return {
          title: String(title),
          text: parts.map(({ text }) => String(text)).join('\n'),
          links: parts.flatMap(({ tag, href }) => (tag === 'a' ? [String(href)] : [])),
          whole: JSON.stringify(content),
        };
      }),
  },
  dingtalk: {
    provider: 'ding',
    join: (externalId: string) => void ding.people.add(externalId),
    read: (externalId: string): Seen[] =>
      ding.messages
        .filter(({ userIds }) => (userIds as string[]).includes(externalId))
        .map(({ msgParam }): Seen => ({
          title: String(msgParam.title),
          text: String(msgParam.text),
          links: [String(msgParam.singleURL)],
          whole: JSON.stringify(msgParam),
        })),
  },
  wecom: {
    provider: 'wecom',
    join: (externalId: string) => wecom.member(externalId),
    read: (externalId: string): Seen[] =>
      (wecom.messages as Json[])
        .filter(({ touser }) => touser === externalId)
        .map(({ textcard }): Seen => ({
          title: String(textcard.title),
          text: String(textcard.description),
          links: [String(textcard.url)],
          whole: JSON.stringify(textcard),
        })),
  },
} as const;

let people = 0;

/** Somebody of the directory, in team t1 unless told otherwise, known at a provider unless told otherwise. */
async function person(
  how: {
    readonly channel?: Channel;
    readonly provider?: string;
    readonly by?: Client;
    readonly identity?: boolean;
    readonly more?: object;
  } = {},
): Promise<{ readonly code: string; readonly there: string }> {
  const { channel = 'lark', by = admin, identity = true, more = {} } = how;
  const code = `person-${++people}`;
  const there = `there-${people}`;
  const put = await by.put(`/directory/users/${code}`, { name: code, ...more });
  if (put.status !== 200) throw new Error(JSON.stringify(put.body));
  channels[channel].join(there);
  if (identity) await known(code, there, how.provider ?? channels[channel].provider);
  return { code, there };
}

async function known(code: string, externalId: string, provider = 'feishu', by = admin): Promise<void> {
  const put = await by.put(`/providers/${provider}/identities/${code}`, { externalId });
  if (put.status !== 200) throw new Error(JSON.stringify(put.body));
}

const body = (more: object = {}) => ({
  name: 'News',
  channel: 'lark',
  provider: 'feishu',
  events: ['step.in_review'],
  to: ['reviewers'],
  ...more,
});
const subscribe = async (more: object = {}, by = admin): Promise<string> =>
  String((await created(by, '/subscriptions', body(more))).id);

const opened = async (businessType: string, more: object = {}, sub = 'ann'): Promise<string> =>
  String((await created(app.as({ sub, acc_code: 't1' }), '/orders', { businessType, ...more })).id);

interface DeliverySeen {
  readonly id: string;
  readonly state: string;
  readonly lastError: string | null;
  readonly attempts: readonly {
    readonly outcome: string;
    readonly answer: string | null;
    readonly status: number | null;
  }[];
}

/** The messages about an order, as deliveries, once they have all come to an end. */
const settled = (orderId: string, count: number, topic = 'notify.im'): Promise<DeliverySeen[]> =>
  eventually(
    async () =>
      (await app.as(root).get(`/deliveries?topic=${topic}&orderId=${orderId}`)).body.items as DeliverySeen[],
    (items) => items.length >= count && items.every(({ state }) => ['succeeded', 'failed'].includes(state)),
  );

/** What the fan-out of an order's first news has to say, where somebody could not be told. */
const unheard = async (orderId: string): Promise<string> =>
  (
    await eventually(
      () =>
        app.database.rows<{ answer: string }>(
          `SELECT a.answer FROM dms_s_apply_delivery_attempt a JOIN dms_s_apply_delivery d ON d.id = a.delivery_id
            WHERE d.apply_order_id = ? AND d.topic = 'order.events'`,
          [orderId],
        ),
      (rows) => rows.length > 0,
    )
  )[0]?.answer ?? '';

describe('a subscription of messages', () => {
  it.each(Object.keys(channels) as Channel[])(
    'given %s, then each reviewer gets a message that opens the order, and decides nothing',
    async (channel) => {
      const [one, two] = [await person({ channel }), await person({ channel })];
      const { businessType } = await givenFlow(app, [{ users: [one.code, two.code] }]);
      await subscribe({ channel, provider: channels[channel].provider, businessTypes: [businessType] });
      const title = '十月\n[订单](https://evil.example)';
      const id = await opened(businessType, { title, businessKey: 'K-7' });

      expect(await settled(id, 2)).toMatchObject([{ state: 'succeeded' }, { state: 'succeeded' }]);
      for (const { there } of [one, two]) {
        const [message, ...others] = channels[channel].read(there);
        expect(others).toEqual([]);
        expect(message?.title).toContain('申请单待审批：十月');
        expect(message?.title).not.toContain('\n');
        for (const line of [`业务类型：${businessType}`, '业务单号：K-7', '申请人：ann']) {
          expect(message?.text).toContain(line);
        }
        expect(message?.links).toEqual([`${publicUrl}/console/orders/${id}`]);
        expect(message?.whole).not.toMatch(/approve|reject|token|action|callback|value/i);
      }
      // Whoever opens it, or has it opened by a preview, has only looked.
      await fetch(`${app.url}/console/orders/${id}`);
      expect((await app.as(ann).get(`/orders/${id}`)).body).toMatchObject({ applyStatus: 'in_review' });
    },
  );

  it('given people, the applicant and codes, then each gets one message; who has left or is of another team gets none', async () => {
    const [reviewer, inactive, named] = [
      await person(),
      await person({ more: { active: false } }),
      await person(),
    ];
    const foreign = await person({ by: app.as(rival) });
    const { businessType } = await givenFlow(app, [{ users: [reviewer.code, inactive.code, foreign.code] }]);
    await subscribe({
      businessTypes: [businessType],
      to: ['reviewers', 'applicant', `user:${named.code}`, `user:${reviewer.code}`, `user:${foreign.code}`],
      language: 'en',
    });
    const id = await opened(businessType, { title: 'A desk' }, named.code);
    expect(await settled(id, 2)).toHaveLength(2);
    for (const { there } of [reviewer, named]) {
      expect(channels.lark.read(there)).toMatchObject([{ title: 'Order waiting for review: A desk' }]);
    }
    for (const { there } of [inactive, foreign]) expect(channels.lark.read(there)).toEqual([]);
  });

  it('given somebody without an identity, then the record names them, and the others get theirs', async () => {
    const [one, unknown] = [await person(), await person({ identity: false })];
    const { businessType } = await givenFlow(app, [{ users: [one.code, unknown.code] }]);
    const subscription = await subscribe({ businessTypes: [businessType] });
    const id = await opened(businessType);
    expect(await unheard(id)).toBe(
      `notifications: 1\nno identity at feishu: ${unknown.code}; step.in_review, subscription ${subscription}`,
    );
    expect(await settled(id, 1)).toHaveLength(1);
    expect(channels.lark.read(one.there)).toHaveLength(1);
  });

  it('given a subscription of the platform, then it writes by the platform’s provider about every team’s orders', async () => {
    const system = app.as(root);
    await created(system, '/providers', given('lark', 'house'));
    const reviewer = await person({ provider: 'house' });
    const { businessType } = await givenFlow(app, [{ users: [reviewer.code] }]);
    const own = { provider: 'feishu', businessTypes: [businessType] };
    expect((await system.post('/subscriptions', body(own))).status).toBe(404);
    await subscribe({ ...own, provider: 'house' }, system);
    const id = await opened(businessType);
    await settled(id, 1);
    expect(channels.lark.read(reviewer.there)).toHaveLength(1);
    expect((await admin.get(`/deliveries?topic=notify.im&orderId=${id}`)).body.items).toEqual([]);
  });
});

describe('a message that does not arrive', () => {
  it('given Feishu is busy, broken or shows a page, then it is sent again, and read once', async () => {
    const reviewer = await person();
    const { businessType } = await givenFlow(app, [{ users: [reviewer.code] }]);
    await subscribe({ businessTypes: [businessType] });
    lark.faults.plan(/POST .*\/messages$/, { kind: 'answer', status: 429, headers: { 'retry-after': '0' } });
    lark.faults.plan(/POST .*\/messages$/, { kind: 'answer', status: 502 });
    lark.faults.plan(/POST .*\/messages$/, { kind: 'close_after' });
    const id = await opened(businessType);
    const [delivery] = await settled(id, 1);
    expect(delivery?.state).toBe('succeeded');
    expect(delivery?.attempts).toHaveLength(4);
    expect(channels.lark.read(reviewer.there)).toHaveLength(1);
  });

  it('given a reader whom the app must not write to, then it is parked at once, and the others get theirs', async () => {
    const [one, two] = [await person(), await person()];
    const { businessType } = await givenFlow(app, [{ users: [one.code, two.code] }]);
    await subscribe({ businessTypes: [businessType] });
    lark.messages.unavailable.add(one.there);
    const deliveries = await settled(await opened(businessType), 2);
    const [parked] = deliveries.filter(({ state }) => state === 'failed');
    expect(parked?.lastError).toContain('230013');
    expect(parked?.attempts).toHaveLength(1);
    expect(channels.lark.read(two.there)).toHaveLength(1);
  });

  it('given somebody who has left, or is not known there any more, then it ends without a message', async () => {
    const [one, two] = [await person(), await person()];
    const { businessType } = await givenFlow(app, [{ users: [one.code, two.code] }]);
    await subscribe({ businessTypes: [businessType] });
    lark.faults.plan(/POST .*\/messages$/, { kind: 'code', code: 1, status: 500 }, 8);
    const id = await opened(businessType);
    expect(await settled(id, 2)).toMatchObject([{ state: 'failed' }, { state: 'failed' }]);
    await admin.put(`/directory/users/${one.code}`, { name: 'x', active: false });
    await admin.delete(`/providers/feishu/identities/${two.code}`);
    for (const parked of await settled(id, 2)) await admin.post(`/deliveries/${parked.id}/redeliver`);
    const ended = await eventually(
      () => settled(id, 2),
      (items) => items.every(({ state }) => state === 'succeeded'),
    );
    for (const { attempts } of ended) expect(attempts.at(-1)?.answer).toContain('nobody to write to');
    for (const { there } of [one, two]) expect(channels.lark.read(there)).toEqual([]);
  });

  it('given what was said, done and logged, then no secret of an app is in it', async () => {
    const secrets = [
      lark.app.appSecret,
      lark.app.encryptKey,
      lark.app.verificationToken,
      ding.fields.appSecret,
      wecom.secret,
    ];
    const deliveries = JSON.stringify((await app.as(root).get('/deliveries?limit=100')).body);
    const subscriptions = JSON.stringify((await app.as(root).get('/subscriptions?limit=100')).body);
    for (const secret of secrets) {
      for (const text of [deliveries, subscriptions, lines.join('\n')]) expect(text).not.toContain(secret);
    }
  });
});

describe('POST /subscriptions, for messages', () => {
  it('given a provider of its kind, then it is shown, changed, and has no secret', async () => {
    const answer = await admin.post('/subscriptions', body({ to: ['applicant', 'user:ann'] }));
    expect(answer).toMatchObject({
      status: 201,
      body: {
        channel: 'lark',
        provider: 'feishu',
        to: ['applicant', 'user:ann'],
        language: 'zh',
        url: null,
        secret: null,
      },
    });
    const path = `/subscriptions/${answer.body.id}`;
    await created(admin, '/providers', given('lark', 'feishu-2'));
    const changed = await admin.patch(path, { provider: 'feishu-2', language: 'en' });
    expect(changed.body).toMatchObject({ provider: 'feishu-2', language: 'en' });
    expect((await admin.patch(path, { provider: 'ding' })).status).toBe(404);
    expect((await admin.patch(path, { to: ['a@example.com'] })).status).toBe(400);
    expect((await admin.post(`${path}/rotate-secret`, {})).status).toBe(400);
    expect((await app.as(rival).get(path)).status).toBe(404);
  });

  it.each<[string, object, number]>([
    ['no provider', { provider: undefined }, 400],
    ['nobody to write to', { to: undefined }, 400],
    ['an e-mail address', { to: ['reviewers', 'a@example.com'] }, 400],
    ['a code with a comma', { to: ['user:a,b'] }, 400],
    ['no code', { to: ['user:'] }, 400],
    ['an address of a webhook', { url: 'https://example.com/hook' }, 400],
    ['another channel', { channel: 'slack' }, 400],
    ['a provider for e-mail', { channel: 'email' }, 400],
    ['a provider for a webhook', { channel: 'webhook', to: undefined, url: 'https://example.com/' }, 400],
    ['a provider that is not there', { provider: 'nowhere' }, 404],
    ['one of another kind', { provider: 'ding' }, 404],
    ['one whose code has one more blank', { provider: 'feishu\u00a0' }, 404],
  ])('given %s, then it is refused', async (_what, more, status) => {
    expect((await admin.post('/subscriptions', body(more))).status).toBe(status);
  });

  it('given another team’s provider, then it does not exist', async () => {
    const answer = await app.as(rival).post('/subscriptions', body());
    expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it('given a provider that a subscription names, then it stays', async () => {
    await created(admin, '/providers', given('wecom', 'needed'));
    const id = await subscribe({ channel: 'wecom', provider: 'needed' });
    const refused = await admin.delete('/providers/needed');
    expect(refused).toMatchObject({ status: 409, body: { code: 'in_use' } });
    expect(refused.body.detail).toContain(id);
    await admin.delete(`/subscriptions/${id}`);
    expect((await admin.delete('/providers/needed')).status).toBe(204);
  });
});

describe('POST /subscriptions/{id}/test, for messages', () => {
  it('given the caller’s identity, then one message goes there; without one, the answer says so', async () => {
    const id = await subscribe({ to: ['user:ann'], language: 'en' });
    const without = await admin.post(`/subscriptions/${id}/test`);
    expect(without.body).toMatchObject({ ok: false, status: null });
    expect(without.body.error).toContain('boss');
    lark.people.join('boss-there');
    await known('boss', 'boss-there');
    expect((await admin.post(`/subscriptions/${id}/test`)).body).toMatchObject({ ok: true, error: null });
    expect(channels.lark.read('boss-there')).toMatchObject([{ title: 'Test message', links: [] }]);
  });

  it('given Feishu refuses, then the answer says it, and holds no secret', async () => {
    const id = await subscribe();
    lark.people.join('boss-there');
    await known('boss', 'boss-there');
    lark.faults.plan(/POST .*\/messages$/, {
      kind: 'code',
      code: 230006,
      msg: 'Bot ability is not activated',
    });
    const { body: answer } = await admin.post(`/subscriptions/${id}/test`);
    expect(answer.ok).toBe(false);
    expect(answer.error).toContain('230006');
    expect(JSON.stringify(answer)).not.toContain(lark.app.appSecret);
  });
});
