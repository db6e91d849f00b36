import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import {
  applicationOf,
  givenIdentity,
  known,
  ordered,
  orderOf,
  quiet,
  reached,
  startWeComWorld,
  type WeComWorld,
} from '../support/wecom/wecom-world.js';
import { purchase } from '../support/wecom/wecom-given.js';
import { ann, boss, carol, root } from '../support/world.js';

let world: WeComWorld;
beforeAll(async () => {
  world = await startWeComWorld();
});
afterAll(async () => {
  await world.close();
});

const decided = (orderId: string): number => world.module.callsOf('execute', orderId).length;
/** An order whose application is there, and known here. */
async function pending(): Promise<{ orderId: string; spNo: string }> {
  const orderId = await ordered(world);
  await applicationOf(world, orderId);
  return { orderId, spNo: await known(world, orderId) };
}
const agreed = (spNo: string): void => {
  world.wecom.approvals.agree(spNo, 'li');
  world.wecom.approvals.agree(spNo, 'wang', 'buy it');
};

describe('an order whose business type leaves the decision to WeCom', () => {
  it('given everybody agrees there, then it is approved and executed', async () => {
    const orderId = await ordered(world);
    const { spNo, creator, summary } = await applicationOf(world, orderId);
    expect(creator).toBe('ann.there');
    expect(summary.at(-1)).toBe(`${orderId}.1`.slice(-20));
    expect(await known(world, orderId)).toBe(spNo);
    agreed(spNo);
    const order = await reached(world, orderId, 'completed');
    expect(order.steps).toMatchObject([
      {
        auditObjectType: 'provider',
        auditObject: ['wecom'],
        auditUserCode: 'provider:wecom',
        auditMsg: 'bob: buy it',
      },
    ]);
    expect(decided(orderId)).toBe(1);
    await quiet(world);
    // Each was acknowledged with an empty 200 at once: WeCom has sent nothing again.
    for (const { answers } of world.wecom.callbacks.sent)
      expect(answers).toEqual([{ status: 200, body: '' }]);
    const outside = await world.app.as(ann).get(`/orders/${orderId}/outside`);
    expect(outside.body.items).toMatchObject([
      {
        state: 'approved',
        externalId: spNo,
        tasks: [
          { userCode: null, externalId: 'li', status: 'approved' },
          { externalId: 'zhao', status: 'ended' },
          { userCode: 'bob', externalId: 'wang', status: 'approved', comment: 'buy it' },
        ],
      },
    ]);
  });

  it('given somebody rejects it there, then it is rejected, in their words, and never executed', async () => {
    const { orderId, spNo } = await pending();
    world.wecom.approvals.agree(spNo, 'zhao');
    world.wecom.approvals.reject(spNo, 'wang', 'too dear');
    const order = await reached(world, orderId, 'rejected');
    expect(order.steps[0].auditMsg).toBe('bob: too dear');
    expect(decided(orderId)).toBe(0);
  });

  it('given its applicant revokes it there, then it is withdrawn here', async () => {
    const { orderId, spNo } = await pending();
    world.wecom.approvals.revoke(spNo);
    await reached(world, orderId, 'withdrawn');
    expect(decided(orderId)).toBe(0);
  });

  it('given it is withdrawn here, then what is decided there later changes nothing', async () => {
    const { orderId, spNo } = await pending();
    expect((await world.app.as(ann).post(`/orders/${orderId}/withdraw`, {})).status).toBe(200);
    await eventually(
      () => world.app.as(ann).get(`/orders/${orderId}/outside`),
      ({ body }) => body.items[0].state === 'cancelled',
    );
    agreed(spNo);
    await quiet(world);
    expect(await orderOf(world, orderId)).toMatchObject({ applyStatus: 'withdrawn' });
    expect(decided(orderId)).toBe(0);
  });

  it('given a system administrator approves it here, then a rejection there changes nothing', async () => {
    const { orderId, spNo } = await pending();
    await world.app.as(root).post(`/orders/${orderId}/approve`, {});
    await reached(world, orderId, 'completed');
    world.wecom.approvals.reject(spNo, 'li', 'no');
    await quiet(world);
    expect(await orderOf(world, orderId)).toMatchObject({ applyStatus: 'completed' });
  });

  it('given it is revoked there after it has passed, then what was executed stays so', async () => {
    const { orderId, spNo } = await pending();
    agreed(spNo);
    await reached(world, orderId, 'completed');
    world.wecom.approvals.revoke(spNo);
    await quiet(world);
    expect(await orderOf(world, orderId)).toMatchObject({ applyStatus: 'completed' });
    expect(decided(orderId)).toBe(1);
  });

  it('given the answer to the application gets lost, then there is one application all the same', async () => {
    world.wecom.fail('/cgi-bin/oa/applyevent', 'lost', 'lost');
    const { orderId, spNo } = await pending();
    expect((await applicationOf(world, orderId)).spNo).toBe(spNo);
    agreed(spNo);
    await reached(world, orderId, 'completed');
  });

  it('given tokens whose time is up mid-way, then it goes on', async () => {
    const { orderId, spNo } = await pending();
    world.wecom.endTokens();
    agreed(spNo);
    await reached(world, orderId, 'completed');
  });

  it('given WeCom is busy, answers HTML or not at all, then it is looked at again until it answers', async () => {
    const { orderId, spNo } = await pending();
    const detail = '/cgi-bin/oa/getapprovaldetail';
    world.wecom.fail(detail, { errcode: -1 }, { status: 500 }, { status: 200 }, 'lost');
    agreed(spNo);
    await reached(world, orderId, 'completed');
  });

  it('given an applicant without an identity, then it is parked with the reason, and goes on when there is one', async () => {
    const { id } = (
      await world.app.as(carol).post('/orders', {
        businessType: world.businessType,
        variables: { purpose: 'x', amount: 1 },
      })
    ).body;
    const admin = world.app.as(boss);
    const [parked] = await eventually(
      async () => (await admin.get(`/deliveries?orderId=${id}&state=failed`)).body.items,
      (items) => items.length > 0,
    );
    expect(parked.lastError).toBe('The applicant carol has no identity at this provider');
    world.wecom.member('carol.there');
    await givenIdentity(world.app, 'carol', 'carol.there');
    expect((await admin.post(`/deliveries/${parked.id}/redeliver`)).status).toBeLessThan(300);
    expect(await applicationOf(world, String(id))).toMatchObject({ creator: 'carol.there' });
  });

  it('given somebody applies there by hand, then nothing begins here', async () => {
    const count = async () => (await world.app.as(root).get('/orders?limit=1')).body.total;
    const before = await count();
    world.wecom.approvals.apply({
      creator_userid: 'ann.there',
      template_id: purchase.id,
      use_template_approver: 1,
      apply_data: {
        contents: [
          { control: 'Text', id: 'Text-1', value: { text: 'by hand' } },
          { control: 'Money', id: 'Money-2', value: { new_money: '1' } },
        ],
      },
      summary_list: [{ summary_info: [{ text: 'by hand', lang: 'zh_CN' }] }],
    });
    await quiet(world);
    expect(await count()).toBe(before);
  });
});
