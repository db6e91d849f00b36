import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acting, actingOn, givenCrew } from '../support/acting.js';
import { agree, refuse } from '../support/business-module.js';
import { type CallbackWorld, opened, startCallbackWorld } from '../support/callbacks.js';
import { eventually } from '../support/eventually.js';
import { historiesOf } from '../support/order-history.js';
import { ann, bob, boss, carol, givenFlow, root } from '../support/world.js';

/** A returned order that is resubmitted is checked again: the business module is asked a second time. */
let world: CallbackWorld;
let businessType: string;
beforeAll(async () => {
  world = await startCallbackWorld();
  await givenCrew(world.app);
  ({ businessType } = await givenFlow(
    world.app,
    [{ users: ['bob'] }, { users: ['carol'], condition: 'amount > 10' }],
    { checkUrl: world.module.checkUrl },
  ));
});
afterAll(async () => {
  await historiesOf(world.app.database);
  await world.close();
});

const becomes = (order: Acting, applyStatus: string) =>
  eventually(
    () => order.order(),
    (now) => now.applyStatus === applyStatus,
  );

/** An order that was checked, reviewed by bob, and returned to ann. */
async function returned(body: object = { toStep: 0 }): Promise<Acting> {
  world.module.behave(agree);
  const order = actingOn(world.app, await opened(world.app, ann, businessType, { variables: { amount: 1 } }));
  await becomes(order, 'in_review');
  await order.does(bob, 'return', body);
  return order;
}

interface DeliveryShown {
  readonly id: string;
  readonly state: string;
}

const checksOf = async ({ id }: Acting): Promise<DeliveryShown[]> =>
  (await world.app.as(root).get(`/deliveries?orderId=${id}&topic=order.check`)).body.items as DeliveryShown[];

describe('a resubmission of a business type with a check', () => {
  it('asks again, with the variables as they are now, and goes on when the answer is yes', async () => {
    for (const resume of ['again', 'back']) {
      const order = await returned({ toStep: 0, resume });
      expect(await order.turns()).toEqual(['ann']);
      const view = await order.does(ann, 'resubmit', { variables: { amount: 20 }, remark: '已改' });
      expect(view.returned).toBeNull();
      await becomes(order, 'in_review');
      const calls = world.module.callsOf('check', order.id);
      expect(calls.map((call) => call.body.data.variables)).toEqual([{ amount: 1 }, { amount: 20 }]);
      expect(new Set(calls.map((call) => call.id)).size).toBe(2);
      const deliveries = await checksOf(order);
      expect(deliveries.map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
      expect(await order.path()).toEqual(['in_review', 'waiting']);
      await order.does(bob, 'approve');
      expect((await order.does(carol, 'approve')).applyStatus).toBe('completed');
      const operations = await order.operations();
      expect(operations.filter((one) => one === 'check.requested')).toHaveLength(2);
      expect(operations.filter((one) => one === 'callback.check.succeeded')).toHaveLength(2);
    }
  });

  it('rejects the order when the answer is no now, and nobody reopens that', async () => {
    const order = await returned();
    world.module.behave(refuse('库存不足'));
    await order.does(ann, 'resubmit');
    const rejected = await becomes(order, 'rejected');
    expect(rejected).toMatchObject({ error: '库存不足', steps: [{ auditStatus: 'cancelled' }, {}] });
    expect(await order.refuses(bob, 'reopen')).toBe('409 order_closed');
    expect(await order.refuses(ann, 'resubmit')).toBe('409 order_closed');
    expect(await order.turns()).toEqual([]);
  });

  it('is nobody’s turn while the answer is awaited, and may be withdrawn', async () => {
    const order = await returned();
    world.module.behave(() => ({ status: 202 }));
    await order.does(ann, 'resubmit');
    expect((await order.order()).applyStatus).toBe('initiating');
    expect(await order.turns()).toEqual([]);
    expect(await order.refuses(ann, 'resubmit')).toBe('409 not_awaited');
    expect(await order.refuses(bob, 'approve')).toBe('409 not_in_review');
    await eventually(
      () => checksOf(order),
      (rows) => rows.some(({ state }) => state === 'awaiting'),
    );
    const withdrawn = await order.does(ann, 'withdraw');
    expect(withdrawn.applyStatus).toBe('withdrawn');
    const states = (await checksOf(order)).map(({ state }) => state);
    expect(states.toSorted()).toEqual(['cancelled', 'succeeded']);
  });

  it('takes the late answer to the second question', async () => {
    const order = await returned();
    world.module.behave(() => ({ status: 202 }));
    await order.does(ann, 'resubmit', { variables: { amount: 5 } });
    await eventually(
      () => world.module.callsOf('check', order.id).length,
      (calls) => calls === 2,
    );
    const answer = await world.app.as(boss).post('/callbacks/check', { ticket_id: order.id, result: true });
    expect(answer.status).toBe(200);
    await becomes(order, 'in_review');
    expect(await order.turns()).toEqual(['bob']);
    expect(await order.path()).toEqual(['in_review', 'skipped']);
  });

  it('asks a third time after a third submission', async () => {
    const order = await returned();
    await order.does(ann, 'resubmit');
    await becomes(order, 'in_review');
    await order.does(bob, 'return', { toStep: 0 });
    await order.does(ann, 'resubmit');
    await becomes(order, 'in_review');
    expect(world.module.callsOf('check', order.id)).toHaveLength(3);
    expect(await checksOf(order)).toHaveLength(3);
  });
});
