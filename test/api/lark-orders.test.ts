import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { type Forging, larkPost, type SentEvent } from '../support/lark/lark-events.js';
import {
  askedInstance,
  askedOrder,
  type AskedWorld,
  givenAskedType,
  givenIdentity,
  opened,
  reached,
  startAskedWorld,
} from '../support/lark/lark-asked.js';
import { ann, boss, created, dave, rival, root } from '../support/world.js';

let world: AskedWorld;
beforeAll(async () => {
  world = await startAskedWorld();
});
afterEach(async () => {
  const { events, faults } = world.lark;
  await events.settled();
  Object.assign(events, { version: 'v1', int64: false, copies: 1 });
  events.deliverTo(world.callbackUrl);
  faults.forget();
});
afterAll(() => world.close());

/** An order of ann's that Feishu has been asked for. */
async function given(definition?: Parameters<typeof givenAskedType>[1]) {
  const { businessType, definition: defined } = await givenAskedType(world, definition);
  const orderId = await opened(world, businessType);
  return { orderId, instance: await askedInstance(world, orderId), businessType, definition: defined };
}

const executed = (orderId: string) => world.module.callsOf('execute', orderId).length;

/** Posts to an address of events as Feishu would, or as somebody else would. */
async function post(payload: object | string, forging: Forging = {}, url: string = world.callbackUrl) {
  const { headers, body } = larkPost(world.lark.app, payload, forging);
  const response = await fetch(url, { method: 'POST', headers: { ...headers }, body });
  const text = await response.text();
  return { status: response.status, text };
}

describe('an order that is decided in Feishu', () => {
  it('given people approve there, then it is checked, filled in, approved and executed', async () => {
    const { orderId, instance } = await given();
    expect(instance).toMatchObject({ userId: 'ann-there', status: 'PENDING' });
    expect(instance.filled.map(({ value }) => value)).toEqual(['wants in', 7]);
    world.lark.act.approve(instance.code, 'lee', '同意');
    const order = await reached(world, orderId, 'completed');
    expect(order.steps).toMatchObject([
      { auditObjectType: 'provider', auditUserCode: 'provider:feishu', auditMsg: 'bob: 同意' },
    ]);
    expect(world.module.callsOf('check', orderId)).toHaveLength(1);
    expect(executed(orderId)).toBe(1);
    await world.lark.events.settled();
    const ofIt = world.lark.events.sent.filter(({ instanceCode }) => instanceCode === instance.code);
    expect(ofIt.map(({ attempts }) => attempts)).toEqual(ofIt.map(() => [200]));
    expect((await world.app.as(rival).get(`/orders/${orderId}/outside`)).status).toBe(404);
  });

  it('given events of version 2, with times as numbers, each of them twice, then once is enough', async () => {
    Object.assign(world.lark.events, { version: 'v2', int64: true, copies: 2 });
    const { orderId, instance } = await given();
    world.lark.act.approve(instance.code, 'lee');
    await reached(world, orderId, 'completed');
    await world.lark.events.settled();
    expect(executed(orderId)).toBe(1);
    const told = await world.app.database.rows<{ n: number }>(
      'SELECT COUNT(*) AS n FROM dms_s_apply_provider_event WHERE provider_id = ? AND external_id = ?',
      [world.providerId, instance.code],
    );
    const ofIt = world.lark.events.sent.filter(({ instanceCode }) => instanceCode === instance.code);
    expect(Number(told[0]?.n)).toBe(ofIt.length);
  });

  it('given events in the wrong order, then what counts is how it stands', async () => {
    world.lark.events.hold();
    const { orderId, instance } = await given();
    world.lark.act.approve(instance.code, 'lee', 'last');
    await world.lark.events.release((all: readonly SentEvent[]) => all.toReversed());
    expect((await reached(world, orderId, 'completed')).steps[0].auditMsg).toBe('bob: last');
    expect(executed(orderId)).toBe(1);
  });

  it('given a refusal, then it is rejected in their name, and never executed', async () => {
    const { orderId, instance } = await given();
    world.lark.act.reject(instance.code, 'lee', '太贵');
    expect((await reached(world, orderId, 'rejected')).steps[0]).toMatchObject({ auditMsg: 'bob: 太贵' });
    expect(executed(orderId)).toBe(0);
  });

  it.each(['cancel', 'delete'] as const)('given a %s there, then it is withdrawn here', async (end) => {
    const { orderId, instance } = await given();
    world.lark.act[end](instance.code);
    await reached(world, orderId, 'withdrawn');
    expect(executed(orderId)).toBe(0);
  });

  it('given it is withdrawn here, then it is withdrawn there, though Feishu is busy at first', async () => {
    const { orderId, instance } = await given();
    world.lark.faults.plan(/instances\/cancel$/, { kind: 'limit', status: 400, reset: 0 });
    expect((await world.app.as(ann).post(`/orders/${orderId}/withdraw`, {})).status).toBe(200);
    await eventually(
      () => instance.status,
      (status) => status === 'CANCELED',
    );
    expect((await askedOrder(world, orderId)).applyStatus).toBe('withdrawn');
  });

  it('given a flow with our nodes there, then they are answered by what the order says', async () => {
    const { orderId, instance } = await given({});
    await eventually(
      () => world.lark.waiting(instance.code, '审批').length,
      (waiting) => waiting === 1,
    );
    world.lark.act.approve(instance.code, 'lee', 'go');
    await reached(world, orderId, 'completed');
    await eventually(
      () => instance.status,
      (status) => status === 'APPROVED',
    );
    expect(instance.timeline.map(({ userId, comment }) => [userId, comment])).toEqual([
      ['ann-there', undefined],
      ['assistant', 'fine'],
      ['lee', 'go'],
      ['assistant', 'fine'],
    ]);
  });

  it('given our task was decided by hand, then nobody minds', async () => {
    world.lark.events.hold();
    const { orderId, instance } = await given({});
    world.lark.act.approve(instance.code, 'assistant', 'by hand');
    world.lark.act.approve(instance.code, 'lee');
    await world.lark.events.release();
    await reached(world, orderId, 'completed');
    expect(executed(orderId)).toBe(1);
  });

  it('given Feishu took it on but its answer was lost, then there are not two', async () => {
    const { businessType, definition } = await givenAskedType(world);
    world.lark.faults.plan(/POST .*\/v4\/instances$/, { kind: 'close_after' });
    const orderId = await opened(world, businessType);
    const instance = await askedInstance(world, orderId);
    world.lark.act.approve(instance.code, 'lee');
    await reached(world, orderId, 'completed');
    const all = world.lark.native.instances.filter((one) => one.definition.code === definition.code);
    expect(all).toHaveLength(1);
  });

  it('given 429, 500, HTML, a code with 200, and a token that ends, all in a row, then it is asked for all the same', async () => {
    const { businessType } = await givenAskedType(world);
    const posting = /POST .*\/v4\/instances$/;
    world.lark.faults.plan(posting, { kind: 'limit', reset: 0 });
    world.lark.faults.plan(posting, { kind: 'answer', status: 500 });
    world.lark.faults.plan(posting, { kind: 'answer', status: 200 });
    world.lark.faults.plan(posting, { kind: 'code', code: 1395001 });
    const orderId = await opened(world, businessType);
    world.lark.access.expire();
    const instance = await askedInstance(world, orderId);
    world.lark.act.approve(instance.code, 'lee');
    await reached(world, orderId, 'completed');
    expect(executed(orderId)).toBe(1);
  });

  it('given an applicant without an identity, then administrators are told, and it goes on with one', async () => {
    const { businessType } = await givenAskedType(world);
    const variables = { reason: 'r', amount: 1 };
    const { id } = await created(world.app.as(dave), '/orders', { businessType, variables });
    const parked = await parkedOf(String(id));
    expect(parked.lastError).toContain('dave has no identity at this provider');
    await givenIdentity(world, 'dave', world.lark.people.join('dave-there'));
    await world.app.as(root).post(`/deliveries/${parked.id}/redeliver`, {});
    expect((await askedInstance(world, String(id))).userId).toBe('dave-there');
  });

  it('given a required widget that the relation does not name, then administrators are told which', async () => {
    const widgets = [
      { id: 'w1', name: '申请原因', type: 'input' },
      { id: 'w2', custom_id: 'amount', name: '金额', type: 'number' },
      { id: 'w3', name: '部门', type: 'input', required: true },
    ];
    const { businessType } = await givenAskedType(world, { widgets });
    const orderId = await opened(world, businessType);
    expect((await parkedOf(orderId)).lastError).toContain('the widget 部门 (w3) is required');
  });
});

interface Parked {
  readonly id: string;
  readonly state: string;
  readonly lastError: string;
}

/** The delivery that has to wait for an administrator, as soon as it does. */
const parkedOf = (orderId: string): Promise<Parked> =>
  eventually(
    async () =>
      (await world.app.as(root).get(`/deliveries?orderId=${orderId}&topic=order.outside`)).body
        .items[0] as Parked,
    (delivery) => delivery?.state === 'failed',
  );

describe('POST /lark/callback', () => {
  /** The event that would approve, if it counted. */
  async function eventOf() {
    world.lark.events.deliverTo(null);
    const { orderId, instance } = await given();
    world.lark.act.approve(instance.code, 'lee');
    const event = world.lark.events.sent.findLast(({ instanceCode }) => instanceCode === instance.code);
    if (!event) throw new Error('no event');
    return { orderId, payload: event.payload };
  }

  it('given the challenge, then either address answers it within a second, without a signature', async () => {
    expect(await world.lark.events.challenge()).toBe(true);
    expect(await world.lark.events.challenge(`${world.app.url}/api/v1/lark/callback`)).toBe(true);
  });

  it('given an event at the address that all share, then it is of the provider whose keys fit', async () => {
    const { orderId, payload } = await eventOf();
    await created(world.app.as(boss), '/providers', {
      code: 'feishu-too',
      kind: 'lark',
      name: '飞书二',
      url: world.lark.url,
      lark: { ...world.lark.fields, encryptKey: 'another-key' },
    });
    const answer = await post(payload, {}, `${world.app.url}/api/v1/lark/callback`);
    expect(answer).toEqual({ status: 200, text: '{"msg":"success"}' });
    await reached(world, orderId, 'completed');
  });

  it('given a forged, stale, replayed or unsigned event, then it is refused without a reason, and counts for nothing', async () => {
    const { orderId, payload } = await eventOf();
    const stored = async () => {
      const sql = 'SELECT COUNT(*) AS n FROM dms_s_apply_provider_event';
      return Number((await world.app.database.rows<{ n: number }>(sql))[0]?.n);
    };
    const before = await stored();
    const answers = [
      await post(payload, { signedWith: 'another-key' }),
      await post(payload, { encryptKey: 'another-key' }),
      await post(payload, { encryptKey: '' }),
      await post(payload, { signature: null }),
      await post(payload, { signature: '' }),
      await post(payload, { ahead: -301 }),
      await post(payload, { ahead: 301 }),
      await post(payload, { plain: true }),
      await post({ ...payload, token: 'wrong' }),
      await post({ ...payload, token: undefined }),
      await post('{"type":'),
      await post('[]'),
      await post(payload, {}, `${world.app.url}/api/v1/lark/callback/nobody`),
    ];
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    const words = new Set(answers.map(({ text }) => (JSON.parse(text) as { detail: string }).detail));
    expect(words.size).toBe(1);
    // What is no JSON at all is not even read.
    const garbage = [await post('not json', { plain: true }), await post('', { plain: true })];
    expect(garbage.map(({ status }) => status)).toEqual([400, 400]);
    expect(await stored()).toBe(before);
    expect((await askedOrder(world, orderId)).applyStatus).toBe('in_review');
    const good = larkPost(world.lark.app, payload);
    const send = () =>
      fetch(world.callbackUrl, { method: 'POST', headers: { ...good.headers }, body: good.body });
    expect((await send()).status).toBe(200);
    expect((await send()).status).toBe(200);
    expect(await stored()).toBe(before + 1);
    await reached(world, orderId, 'completed');
  });

  it('given events of an approval code that nobody knows, and of unknown kinds, then they are acknowledged and left', async () => {
    const { payload } = await eventOf();
    const event = payload.event as object;
    const strange = [
      {
        ...payload,
        uuid: 'strange-1',
        event: { ...event, approval_code: 'UNKNOWN', instance_code: 'UNKNOWN' },
      },
      { ...payload, uuid: 'strange-2', event: { type: 'leave_approvalV2' } },
      { ...payload, uuid: 'strange-3', event: null },
    ];
    for (const one of strange) expect((await post(one)).status).toBe(200);
  });

  it('given another team’s administrator, then the provider and what is set up of it do not exist', async () => {
    const other = world.app.as(rival);
    const paths = ['/providers/feishu', '/providers/feishu/forms', '/providers/feishu/identities'];
    for (const path of paths) expect((await other.get(path)).status).toBe(404);
    expect((await other.post('/providers/feishu/ping')).status).toBe(404);
    const own = await world.app.as(boss).post('/providers/feishu/ping');
    expect(own.body).toMatchObject({ ok: true, status: 200, error: null });
  });

  it('given no encrypt key, or an empty one, then there is no such provider', async () => {
    const fields = { code: 'feishu-open', kind: 'lark', name: '飞书', url: world.lark.url };
    for (const encryptKey of ['', undefined]) {
      const lark = { ...world.lark.fields, encryptKey };
      const { status, body } = await world.app.as(boss).post('/providers', { ...fields, lark });
      expect([status, body.code]).toEqual([400, 'validation_failed']);
    }
  });
});
