import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dingTalkPost, type Forging } from '../support/dingtalk/dingtalk-events.js';
import {
  type DingTalkWorld,
  givenIdentity,
  givenType,
  instanceOf,
  instancesOf,
  opened,
  operationsOf,
  orderOf,
  quiet,
  reached,
  startDingTalkWorld,
  type TypeGiven,
} from '../support/dingtalk/dingtalk-world.js';
import { eventually } from '../support/eventually.js';
import { ann, boss, created, dave, rival, root } from '../support/world.js';

let world: DingTalkWorld;
beforeAll(async () => {
  world = await startDingTalkWorld();
});
afterAll(() => world.close());

/** An order of ann's that DingTalk has been asked for. */
async function given(options: TypeGiven = {}) {
  const { businessType, template } = await givenType(world, options);
  const orderId = await opened(world, businessType);
  const instance = await instanceOf(world, orderId);
  return { orderId, instance, template };
}
const executed = (orderId: string) => world.module.callsOf('execute', orderId).length;

describe('an order that is decided in DingTalk', () => {
  it('given people approve there, then it is checked, filled in, approved and executed', async () => {
    const { approvals } = world.dingtalk;
    const nodes = ['lee', 'wang'].map((name) => ({ activityId: name, name, people: [name] }));
    const { orderId, instance } = await given({ template: { nodes } });
    expect(instance.originator).toBe('ann-there');
    expect(Object.fromEntries(instance.values)).toMatchObject({ 事由: 'a rest', 金额: '7.0' });
    expect(instance.values.get('单号')).toContain(orderId);
    approvals.agree(instance.id, 'lee', 'first');
    approvals.agree(instance.id, 'wang', 'fine');
    const order = await reached(world, orderId, 'completed');
    expect(order.steps).toMatchObject([
      { auditObjectType: 'provider', auditUserCode: 'provider:ding', auditMsg: 'wang: fine' },
    ]);
    expect(world.module.callsOf('check', orderId)).toHaveLength(1);
    expect(executed(orderId)).toBe(1);
    const { items } = (await world.app.as(ann).get(`/orders/${orderId}/outside`)).body;
    expect(items).toMatchObject([
      {
        provider: 'ding',
        state: 'approved',
        tasks: [
          { userCode: 'bob', status: 'approved', comment: 'first', ours: null },
          { userCode: null, externalId: 'wang', status: 'approved', comment: 'fine' },
        ],
      },
    ]);
    await quiet(world);
    expect(world.dingtalk.events.sent.every(({ acknowledged }) => acknowledged)).toBe(true);
  });

  it('given somebody refuses there, then it is rejected in their name, and never executed', async () => {
    const { orderId, instance } = await given();
    world.dingtalk.approvals.refuse(instance.id, 'lee', 'not now');
    const order = await reached(world, orderId, 'rejected');
    expect(order.steps[0]).toMatchObject({ auditMsg: 'bob: not now' });
    expect(executed(orderId)).toBe(0);
  });

  it('given it is withdrawn here, then it is terminated there, after the pause that DingTalk keeps', async () => {
    const { orderId, instance } = await given();
    world.dingtalk.plan(/terminate$/, { kind: 'limit' });
    expect((await world.app.as(ann).post(`/orders/${orderId}/withdraw`, {})).status).toBe(200);
    await eventually(
      () => instance.status,
      (status) => status === 'TERMINATED',
    );
    expect((await orderOf(world, orderId)).applyStatus).toBe('withdrawn');
  });

  it.each(['terminate', 'delete'] as const)('given a %s there, then it is withdrawn here', async (end) => {
    const { orderId, instance } = await given();
    world.dingtalk.approvals[end](instance.id);
    await reached(world, orderId, 'withdrawn');
    expect(executed(orderId)).toBe(0);
  });

  it('given the token ended in between, then nothing is lost', async () => {
    const { orderId, instance } = await given();
    world.dingtalk.expireTokens();
    world.dingtalk.approvals.agree(instance.id, 'lee');
    await reached(world, orderId, 'completed');
  });

  it.each([true, false])(
    'given DingTalk took it on but its answer was lost (key: %s), then there are not two',
    async (keyed) => {
      const { businessType, template } = await givenType(world, { keyed });
      world.dingtalk.plan(/POST .*\/processInstances$/, { kind: 'lost' });
      const orderId = await opened(world, businessType);
      if (keyed) {
        const instance = await instanceOf(world, orderId);
        world.dingtalk.approvals.agree(instance.id, 'lee');
      } else {
        const parked = await parkedOf(orderId);
        expect(parked.lastError).toContain('an earlier attempt may have arrived');
        const [orphan] = instancesOf(world, template);
        world.dingtalk.approvals.terminate(orphan?.id ?? '');
        await redelivered(parked.id);
        const instance = await instanceOf(world, orderId);
        expect(instance.id).not.toBe(orphan?.id);
        world.dingtalk.approvals.agree(instance.id, 'lee');
      }
      await reached(world, orderId, 'completed');
      expect(instancesOf(world, template)).toHaveLength(keyed ? 1 : 2);
      expect(executed(orderId)).toBe(1);
    },
  );

  it('given an applicant whom DingTalk does not know, then administrators are told, and it goes on when it does', async () => {
    const { businessType } = await givenType(world);
    const { id } = await created(world.app.as(dave), '/orders', { businessType, variables: { amount: 1 } });
    const orderId = String(id);
    const parked = await parkedOf(orderId);
    expect(parked.lastError).toContain('the applicant dave has no identity');
    await givenIdentity(world, 'dave', 'bob-there');
    await redelivered(parked.id);
    const { externalId } = await eventually(
      async () => (await world.app.as(dave).get(`/orders/${orderId}/outside`)).body.items.at(-1),
      (item) => item?.externalId,
    );
    world.dingtalk.approvals.agree(externalId, 'lee');
    await reached(world, orderId, 'completed');
  });
});

interface Parked {
  readonly id: string;
  readonly state: string;
  readonly lastError: string;
}
const parkedOf = (orderId: string): Promise<Parked> =>
  eventually(
    async () =>
      (await world.app.as(root).get(`/deliveries?orderId=${orderId}&topic=order.outside`)).body
        .items[0] as Parked,
    (delivery) => delivery?.state === 'failed',
  );
async function redelivered(id: string): Promise<void> {
  const { status } = await world.app.as(root).post(`/deliveries/${id}/redeliver`, {});
  expect(status).toBeLessThan(300);
}

describe('events of DingTalk', () => {
  const eventOf = (instanceId: string, other: object = {}) => ({
    EventType: 'bpms_instance_change',
    EventTime: Date.now(),
    CorpId: world.dingtalk.app.corpId,
    BizId: '1',
    eventId: `made-up-${instanceId}`,
    processInstanceId: instanceId,
    processCode: world.dingtalk.approvals.of(instanceId).template.code,
    type: 'finish',
    result: 'agree',
    ...other,
  });
  it('given one that claims what is not so, then what counts is how it stands', async () => {
    const { orderId, instance } = await given();
    const answer = await dingTalkPost(world.callbackUrl, world.dingtalk.app, eventOf(instance.id));
    expect(answer.status).toBe(200);
    await quiet(world);
    expect((await orderOf(world, orderId)).applyStatus).toBe('in_review');
    expect(executed(orderId)).toBe(0);
  });

  it.each<[string, Forging]>([
    ['another token', { token: 'another' }],
    ['another key', { aesKey: Buffer.alloc(32, 9).toString('base64').slice(0, 43) }],
    ['another addressee', { owner: 'dingother' }],
    ['a time ten minutes ago', { ahead: -600_000 }],
    ['a time ten minutes ahead', { ahead: 600_000 }],
    ['a made-up signature', { signature: '0'.repeat(40) }],
    ['a body in clear', { body: '{"EventType":"bpms_instance_change"}' }],
    ['nothing in it', { body: '{}' }],
  ])('given %s, then it is refused, and nothing is asked or changed', async (_, forging) => {
    const { orderId, instance } = await given();
    await quiet(world);
    world.dingtalk.events.drop(100);
    world.dingtalk.approvals.agree(instance.id, 'lee');
    world.dingtalk.events.drop(0);
    const answer = await dingTalkPost(world.callbackUrl, world.dingtalk.app, eventOf(instance.id), forging);
    expect(answer.status).toBe(401);
    expect(answer.text).not.toMatch(/token|signature does|another time|addressed/);
    await quiet(world);
    expect((await orderOf(world, orderId)).applyStatus).toBe('in_review');
  });

  it('given an address of nobody, or of another team with another app, then it is refused', async () => {
    const { instance } = await given();
    const theirs = await created(world.app.as(rival), '/providers', {
      code: 'ding',
      kind: 'dingtalk',
      name: '钉钉',
      url: world.dingtalk.url,
      dingtalk: { ...world.dingtalk.fields, token: 'another', appKey: 'dingother' },
    });
    for (const id of ['nobody', String(theirs.id)]) {
      const url = `${world.app.url}/api/v1/dingtalk/callback/${id}`;
      expect((await dingTalkPost(url, world.dingtalk.app, eventOf(instance.id))).status).toBe(401);
    }
  });

  it('given another team whose app tells of our instance, then nothing of ours is touched', async () => {
    const { orderId, instance } = await given();
    const app = { ...world.dingtalk.app, token: 'theirs' };
    const theirs = await created(world.app.as(rival), '/providers', {
      code: 'ding-too',
      kind: 'dingtalk',
      name: '钉钉',
      url: world.dingtalk.url,
      dingtalk: { ...world.dingtalk.fields, token: 'theirs' },
    });
    const url = `${world.app.url}/api/v1/dingtalk/callback/${String(theirs.id)}`;
    const answer = await dingTalkPost(url, app, eventOf(instance.id, { type: 'delete' }));
    expect(answer.status).toBe(200);
    await quiet(world);
    expect((await orderOf(world, orderId)).applyStatus).toBe('in_review');
    expect((await world.app.as(boss).get(`/providers/ding-too`)).status).toBe(404);
  });

  it('given every event three times, in reverse, and once more later, then it is decided once', async () => {
    const { events, approvals } = world.dingtalk;
    const { orderId, instance } = await given();
    events.hold();
    approvals.agree(instance.id, 'lee');
    events.copies = 3;
    const before = events.sent.length;
    await events.release((held) => held.toReversed());
    events.copies = 1;
    await reached(world, orderId, 'completed');
    for (const event of events.sent.slice(before - 2)) await events.again(event);
    await quiet(world);
    const operations = await operationsOf(world, orderId);
    expect(operations.filter((one) => one === 'step.approved')).toHaveLength(1);
    expect(executed(orderId)).toBe(1);
    expect(events.sent.slice(before).every(({ acknowledged }) => acknowledged)).toBe(true);
  });

  it('given DingTalk does not answer when it is asked, then its event is acknowledged all the same, and kept', async () => {
    const { events, approvals } = world.dingtalk;
    const { orderId, instance } = await given();
    world.dingtalk.plan(/GET .*\/processInstances$/, { kind: 'code', code: 'systemError', status: 500 }, 3);
    approvals.agree(instance.id, 'lee');
    await events.settled();
    expect(events.sent.at(-1)).toMatchObject({ acknowledged: true, attempts: 1 });
    await reached(world, orderId, 'completed');
  });

  it('given one of a template that nobody here knows, then it is acknowledged and left', async () => {
    const other = world.dingtalk.approvals.define();
    const before = world.dingtalk.callsTo(/GET/).length;
    const { id } = world.dingtalk.approvals.start(other.code, 'bob-there', {});
    await world.dingtalk.events.settled();
    expect(world.dingtalk.events.sent.at(-1)?.acknowledged).toBe(true);
    await quiet(world);
    const asked = world.dingtalk.callsTo(/GET/).slice(before);
    expect(asked.map(({ query }) => query.get('processInstanceId'))).not.toContain(id);
  });
});
