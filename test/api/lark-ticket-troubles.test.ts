import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { agree, answerStatus, hold, inTurn, refuse, takeOver } from '../support/business-module.js';
import { eventually } from '../support/eventually.js';
import { larkPost } from '../support/lark/lark-events.js';
import {
  apply,
  callsAbout,
  ended,
  everydayRelation,
  givenApproval,
  type LarkWorld,
  orderIdsOf,
  orderOf,
  saidOn,
  startLarkWorld,
  waitingOn,
} from '../support/lark/lark-world.js';
import type { LarkInstance } from '../support/lark/lark-native.js';
import { ann, boss, created, root } from '../support/world.js';

let world: LarkWorld;
beforeAll(async () => {
  world = await startLarkWorld({ CALLBACK_TIMEOUT: '2s' });
  await world.app.as(boss).put('/providers/feishu/identities/ann', { externalId: 'known-there' });
});
afterAll(() => world.close());
beforeEach(() => world.module.behave(agree));
afterEach(() => {
  world.lark.faults.forget();
  world.lark.events.copies = 1;
});

/** People there say yes, and it is carried out. */
async function passes(instance: LarkInstance): Promise<void> {
  await waitingOn(world, instance, '审批');
  world.lark.act.approve(instance.code, 'lee');
  expect(await ended(instance)).toBe('APPROVED');
  await orderOf(world, instance, 'completed');
}

const callback = () => `${world.app.url}/api/v1/lark/callback`;
const posted = async ({ headers, body }: ReturnType<typeof larkPost>, url = callback()) => {
  const response = await fetch(url, { method: 'POST', headers, body });
  return { status: response.status, body: await response.text() };
};
/** The event of the check task, as Feishu sent it. */
const eventOf = (instance: LarkInstance) =>
  eventually(
    () =>
      world.lark.events.sent.find(
        ({ instanceCode, type, status }) =>
          instanceCode === instance.code && type === 'approval_task' && status === 'PENDING',
      ),
    (event) => event !== undefined,
  ).then((event) => event!);

/** Waits until no event is being looked into. */
const heardOut = () =>
  eventually(
    () => world.app.database.rows("SELECT id FROM dms_s_apply_delivery WHERE topic = 'provider.event'"),
    (rows) => rows.length === 0,
  );

describe('a business module in trouble', () => {
  it('given its check is down, then it is asked again, and the approval goes on', async () => {
    const approval = await givenApproval(world);
    world.module.behave(inTurn(answerStatus(500), answerStatus(503), agree));
    const instance = apply(world, approval);
    await passes(instance);
    expect(callsAbout(world, 'check', instance).length).toBeGreaterThanOrEqual(3);
  });

  it('given it is slower than CALLBACK_TIMEOUT, then it is asked again under the same ticket', async () => {
    const approval = await givenApproval(world);
    const held = hold();
    world.module.behave(inTurn(held.behaviour, agree));
    const instance = apply(world, approval);
    await waitingOn(world, instance, '审批');
    held.release();
    expect(new Set(callsAbout(world, 'check', instance).map(({ ticket }) => ticket)).size).toBe(1);
    expect(new Set(callsAbout(world, 'check', instance).map(({ id }) => id)).size).toBe(1);
  });

  it('given its check is parked, then somebody is told, and sending it again ends the task there', async () => {
    const approval = await givenApproval(world);
    await created(world.app.as(boss), '/subscriptions', {
      name: 'alarm',
      channel: 'webhook',
      events: ['delivery.parked'],
      url: `${world.module.url}/alarm`,
    });
    world.module.behave(({ path }) => ({ status: path === '/alarm' ? 204 : 410 }));
    const instance = apply(world, approval);
    const { id } = await orderOf(world, instance, 'initiating');
    const [alarm] = await eventually(
      () => world.module.calls.filter(({ path, ticket }) => path === '/alarm' && ticket === id),
      (calls) => calls.length > 0,
    );
    expect(alarm?.body).toMatchObject({ type: 'delivery.parked', data: { callback: 'check' } });
    world.module.behave(refuse('恢复后拒绝'));
    await world.app.as(boss).post(`/deliveries/${alarm?.body.data.delivery_id}/redeliver`, {});
    expect(await ended(instance)).toBe('REJECTED');
    expect(saidOn(instance, 'check_node')).toBe('恢复后拒绝');
  });

  it('given its execution is parked and given up, then the task there ends with the reason', async () => {
    const approval = await givenApproval(world);
    world.module.behave((call, response) =>
      call.path === '/check' ? agree(call, response) : { status: 410 },
    );
    const instance = apply(world, approval);
    await waitingOn(world, instance, '审批');
    world.lark.act.approve(instance.code, 'lee');
    const { id } = await orderOf(world, instance, 'executing');
    const parked = await eventually(
      async () =>
        (await world.app.as(boss).get(`/deliveries?orderId=${id}&topic=order.execute`)).body.items[0],
      (delivery) => delivery?.state === 'failed',
    );
    const to = { applyStatus: 'rejected', reason: '人工放弃' };
    await world.app.as(boss).post(`/deliveries/${parked.id}/abandon`, to);
    expect(await ended(instance)).toBe('REJECTED');
    expect(saidOn(instance, 'execute_node')).toBe('人工放弃');
  });
});

describe('people who do the assistant’s work by hand', () => {
  it('given the check task was approved there, and the check passes later, then all goes on', async () => {
    const approval = await givenApproval(world);
    const held = hold();
    world.module.behave(held.behaviour);
    const instance = apply(world, approval);
    await eventually(
      () => callsAbout(world, 'check', instance),
      (calls) => calls.length > 0,
    );
    world.lark.act.approve(instance.code, 'assistant', '人工通过');
    held.release();
    await passes(instance);
    expect(saidOn(instance, 'check_node')).toBe('人工通过');
  });

  it('given all of them say yes before the check does, then it is executed as soon as the check has passed', async () => {
    const approval = await givenApproval(world);
    const held = hold();
    world.module.behave(inTurn(held.behaviour, agree));
    const instance = apply(world, approval);
    await eventually(
      () => callsAbout(world, 'check', instance),
      (calls) => calls.length > 0,
    );
    world.lark.act.approve(instance.code, 'assistant');
    world.lark.act.approve(instance.code, 'lee');
    await waitingOn(world, instance, 'execute_node');
    await world.lark.events.settled();
    held.release();
    expect(await ended(instance)).toBe('APPROVED');
    await orderOf(world, instance, 'completed');
    expect(callsAbout(world, 'execute', instance)).toHaveLength(1);
  });

  it('given the check task was approved there, and the check is refused, then the approval is taken back', async () => {
    const approval = await givenApproval(world);
    const held = hold(refuse('no'));
    world.module.behave(held.behaviour);
    const instance = apply(world, approval);
    await eventually(
      () => callsAbout(world, 'check', instance),
      (calls) => calls.length > 0,
    );
    world.lark.act.approve(instance.code, 'assistant');
    held.release();
    await orderOf(world, instance, 'rejected');
    expect(await ended(instance)).toBe('CANCELED');
  });

  it('given the check task was rejected there while the module thinks, then the order is over', async () => {
    const approval = await givenApproval(world);
    world.module.behave(takeOver);
    const instance = apply(world, approval);
    await orderOf(world, instance, 'initiating');
    world.lark.act.reject(instance.code, 'assistant', '人工拒绝');
    await orderOf(world, instance, 'withdrawn');
  });

  it('given the execute task was approved there, then the order is completed all the same', async () => {
    const approval = await givenApproval(world);
    const held = hold();
    const instance = apply(world, approval);
    await waitingOn(world, instance, '审批');
    world.module.behave(held.behaviour);
    world.lark.act.approve(instance.code, 'lee');
    await eventually(
      () => callsAbout(world, 'execute', instance),
      (calls) => calls.length > 0,
    );
    world.lark.act.approve(instance.code, 'assistant');
    held.release();
    await orderOf(world, instance, 'completed');
  });
});

describe('events', () => {
  it('given every event comes thrice at once, then one order is opened, checked and executed once', async () => {
    const approval = await givenApproval(world);
    world.lark.events.copies = 3;
    const instance = apply(world, approval);
    await passes(instance);
    await world.lark.events.settled();
    expect(await orderIdsOf(world, instance)).toHaveLength(1);
    expect(callsAbout(world, 'check', instance)).toHaveLength(1);
    expect(callsAbout(world, 'execute', instance)).toHaveLength(1);
  });

  it('given they come late and in the wrong order, then how things stand is what counts', async () => {
    const approval = await givenApproval(world);
    world.lark.events.hold();
    const instance = apply(world, approval);
    await world.lark.events.release((events) => events.toReversed());
    await waitingOn(world, instance, '审批');
    world.lark.events.hold();
    world.lark.act.approve(instance.code, 'lee');
    await world.lark.events.release((events) => events.toReversed());
    expect(await ended(instance)).toBe('APPROVED');
    await orderOf(world, instance, 'completed');
  });

  it('given one is played back when all is over, then nothing happens', async () => {
    const approval = await givenApproval(world);
    const instance = apply(world, approval);
    const event = await eventOf(instance);
    await passes(instance);
    const acts = world.lark.callsTo(/tasks\//).length;
    await world.lark.events.again(event);
    expect(event.attempts.at(-1)).toBe(200);
    await heardOut();
    const [id] = await orderIdsOf(world, instance);
    expect(world.lark.callsTo(/tasks\//)).toHaveLength(acts);
    expect(await orderIdsOf(world, instance)).toEqual([id]);
  });

  it('given stale, forged and plain ones, then 401 without a reason, and no order', async () => {
    const approval = await givenApproval(world);
    world.lark.events.deliverTo(null);
    const instance = apply(world, approval);
    const { payload } = await eventOf(instance);
    world.lark.events.deliverTo(callback());
    const app = world.lark.app;
    const wrongToken = { ...payload, token: 'another' };
    for (const [what, post] of [
      ['stale', larkPost(app, payload, { ahead: -600 })],
      ['of the future', larkPost(app, payload, { ahead: 600 })],
      ['another key', larkPost(app, payload, { encryptKey: 'another' })],
      ['an empty key', larkPost(app, payload, { encryptKey: '' })],
      ['signed with another', larkPost(app, payload, { signedWith: 'another' })],
      ['not signed', larkPost(app, payload, { signature: null })],
      ['plain', larkPost(app, payload, { plain: true })],
      ['another token', larkPost(app, wrongToken)],
    ] as const) {
      expect([what, (await posted(post)).status]).toEqual([what, 401]);
    }
    expect(await orderIdsOf(world, instance)).toEqual([]);
    expect(await posted(larkPost(app, payload))).toEqual({ status: 200, body: '{"msg":"success"}' });
    await passes(instance);
  });

  it('given the challenge, then it is answered', async () => {
    expect(await world.lark.events.challenge()).toBe(true);
    expect(await world.lark.events.challenge(`${callback()}/${world.providerId}`)).toBe(true);
  });

  it('given an approval code that nobody has configured, then it is left alone', async () => {
    const definition = world.lark.define({});
    world.lark.subscribed.add(definition.code);
    const instance = apply(world, { definition, secret: '' });
    await world.lark.events.settled();
    await heardOut();
    expect(await orderIdsOf(world, instance)).toEqual([]);
    expect(world.lark.callsTo(new RegExp(`instances/${instance.code}`))).toEqual([]);
  });
});

describe('Feishu in trouble', () => {
  it('given its token ends before its time, then another one is fetched', async () => {
    const approval = await givenApproval(world);
    const instance = apply(world, approval);
    await waitingOn(world, instance, '审批');
    world.lark.access.expire();
    world.lark.act.approve(instance.code, 'lee');
    expect(await ended(instance)).toBe('APPROVED');
  });

  it.each([
    ['429', { kind: 'limit', reset: 1 }],
    ['500', { kind: 'answer', status: 500 }],
    ['HTML', { kind: 'answer', status: 200 }],
    ['code != 0 with 200', { kind: 'code', code: 1395001 }],
    ['nothing, though it was done', { kind: 'close_after' }],
  ] as const)(
    'given it answers %s to the assistant, then the task is answered later',
    async (_what, fault) => {
      const approval = await givenApproval(world);
      world.lark.faults.plan(/POST .*\/tasks\/approve$/, fault);
      const instance = apply(world, approval);
      await waitingOn(world, instance, '审批');
      expect(saidOn(instance, 'check_node')).toBe('fine');
    },
  );

  it('given it cannot be asked when an event comes, then it is asked again', async () => {
    const approval = await givenApproval(world);
    world.lark.faults.plan(/GET .*\/instances\//, { kind: 'answer', status: 502 }, 2);
    await waitingOn(world, apply(world, approval), '审批');
  });
});

describe('who applies, and where', () => {
  it('given somebody with an identity, then they are the applicant', async () => {
    const approval = await givenApproval(world);
    const instance = apply(world, approval, { 申请原因: 'x' }, 'known-there');
    await waitingOn(world, instance, '审批');
    const [orderId] = await orderIdsOf(world, instance);
    expect((await world.app.as(ann).get(`/orders/${orderId}`)).body).toMatchObject({
      userCode: 'ann',
      accCode: 't1',
    });
  });

  it('given an order of such a type is opened here, then its approval is begun there, and ends it', async () => {
    const approval = await givenApproval(world, {
      form: { relation: everydayRelation, businessType: 'opened-here' },
    });
    const { id } = await created(world.app.as(ann), '/orders', {
      businessType: 'opened-here',
      title: '生产权限',
      variables: { reason: '排查问题', amount: 3, environment: '生产' },
    });
    const instance = await eventually(
      () => world.lark.native.instances.find(({ definition }) => definition === approval.definition),
      (found) => found !== undefined,
    ).then((found) => found!);
    expect(instance.userId).toBe('known-there');
    expect(instance.filled.map(({ value }) => value)).toEqual(['排查问题', 3, 'kx1-prod']);
    await waitingOn(world, instance, '审批');
    world.lark.act.approve(instance.code, 'lee', '同意');
    expect(await ended(instance)).toBe('APPROVED');
    const order = await eventually(
      async () => (await world.app.as(root).get(`/orders/${String(id)}`)).body,
      ({ applyStatus }) => applyStatus === 'completed',
    );
    expect(order.steps).toMatchObject([{ auditStatus: 'approved', auditMsg: 'lee: 同意' }]);
    expect(await orderIdsOf(world, instance)).toEqual([id]);
    const asked = world.module.calls.filter(({ ticket }) => ticket === id).map(({ path }) => path);
    expect(asked).toEqual(['/check', '/execute']);
    expect(saidOn(instance, 'execute_node')).toBe('fine');
  });

  it('given the business type is decided elsewhere by now, then who applies is told so', async () => {
    const approval = await givenApproval(world);
    await world.app.as(boss).patch(`/business-types/${approval.definition.code}`, { provider: 'internal' });
    const instance = apply(world, approval);
    expect(await ended(instance)).toBe('REJECTED');
    expect(saidOn(instance, 'check_node')).toMatch(/not decided here any more/);
    expect(await orderIdsOf(world, instance)).toEqual([]);
  });
});
