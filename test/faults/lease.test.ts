import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { classify } from '../../src/database/errors.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { DeliveryQueue } from '../../src/outbox/delivery.queue.js';
import { OutboxService } from '../../src/outbox/outbox.service.js';
import {
  agree,
  answerStatus,
  type BusinessModule,
  inTurn,
  refuse,
  startBusinessModule,
} from '../support/business-module.js';
import { callbackSettings } from '../support/callback-settings.js';
import { type CheckedOrders, givenCheckedOrders } from '../support/checked-orders.js';
import { eventually } from '../support/eventually.js';
import { startApp, type TestApp } from '../support/harness.js';
import { type HeldCalls, holdCalls } from '../support/held-calls.js';
import { historiesOf } from '../support/order-history.js';
import {
  attemptOutcomes,
  databaseTime,
  storedDeliveries,
  storedDelivery,
} from '../support/stored-deliveries.js';

/** Who may send a delivery, and whose word about it counts: the claim, its lease and its token. */
const lease = 2_000;
let app: TestApp;
let module: BusinessModule;
let orders: CheckedOrders;
let held: HeldCalls;
beforeAll(async () => {
  module = await startBusinessModule();
  app = await startApp({ env: { ...callbackSettings, CALLBACK_LEASE: `${lease}ms` } });
  orders = await givenCheckedOrders(app, module);
});
afterAll(async () => {
  await app.close();
  await module.close();
});
beforeEach(() => {
  held = holdCalls();
  module.behave(held.behaviour);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await held.answerAll(agree);
});

const run: UnitOfWork['run'] = (work) => app.get(UnitOfWork).run(work);
const callsAbout = (orderId: string) => module.callsOf('check', orderId);
const outcomes = (orderId: string) => attemptOutcomes(app.database, orderId);
/** A late answer to the first call changes no more than the record of its attempt. */
const firstIsRecorded = (orderId: string) =>
  eventually(
    () => outcomes(orderId),
    ([first]) => first === 'succeeded',
  );
/** The process goes on, but can no longer say that it does: as one that is cut off, or stands still. */
const withoutRenewals = () => vi.spyOn(app.get(DeliveryQueue), 'renew').mockResolvedValue();

describe('a claim whose process is gone', () => {
  it('given that its lease ends, then the delivery is sent again under its id, and the attempt is lost', async () => {
    // given a check that its module has put off
    module.behave(inTurn(answerStatus(503, { 'retry-after': '3600' }), agree));
    const orderId = await orders.open();
    const { id } = await orders.until(orderId, ({ failures }) => failures === 1);
    // when a process claims it and ends before it has sent anything
    const token = 'of the dead';
    const [claim] = await run(async (tx) => {
      await tx.run('UPDATE dms_s_apply_delivery SET due_at = 0 WHERE id = ?', [id]);
      return app.get(DeliveryQueue).claim(tx, [id], { token, lease, time: new Date() });
    });
    expect(claim).toMatchObject({ id, token, attempt: 2 });
    // then it is sent again, not before the lease has ended
    await eventually(
      () => callsAbout(orderId).length,
      (count) => count > 1,
    );
    expect(await databaseTime(app.database)).toBeGreaterThanOrEqual((claim?.sentAt.getTime() ?? 0) + lease);
    expect(callsAbout(orderId).map((call) => call.id)).toEqual([id, id]);
    await orders.inReview(orderId);
    expect(await outcomes(orderId)).toEqual(['failed', 'lost', 'succeeded']);
  });
});

describe('a process that was too slow', () => {
  it('given that its claim was taken over, then its late answer changes nothing, and the later claim counts', async () => {
    // given a call whose claim ends while it is under way
    const renewals = withoutRenewals();
    const orderId = await orders.open();
    await held.came(2);
    renewals.mockRestore();
    const before = await orders.delivery(orderId);
    expect(before).toMatchObject({ state: 'sending', attempts: 2 });
    expect(await outcomes(orderId)).toEqual(['lost']);
    // when the answer to the first call comes while the second one is under way
    await held.calls[0]?.answer(refuse('too late'));
    await firstIsRecorded(orderId);
    // then the claim is as it was, and so is the order
    expect(await orders.delivery(orderId)).toMatchObject({ ...before, dueAt: expect.any(Number) });
    expect(await orders.status(orderId)).toBe('initiating');
    // and the second answer is the one that counts
    await held.calls[1]?.answer(agree);
    await orders.inReview(orderId);
    expect(await orders.delivery(orderId)).toMatchObject({ state: 'succeeded', result: 1, attempts: 2 });
    expect(new Set(callsAbout(orderId).map((call) => call.id)).size).toBe(1);
    await historiesOf(app.database);
  });

  it('given that the answer has come through somebody else, then its own changes nothing', async () => {
    module.behave(inTurn(held.behaviour, agree));
    withoutRenewals();
    const orderId = await orders.open();
    await orders.inReview(orderId);
    const after = await orders.delivery(orderId);
    expect(after).toMatchObject({ state: 'succeeded', result: 1, attempts: 2 });
    await held.calls[0]?.answer(refuse('too late'));
    await firstIsRecorded(orderId);
    expect(await orders.delivery(orderId)).toEqual(after);
    expect(await orders.status(orderId)).toBe('in_review');
    await historiesOf(app.database);
  });
});

describe('a call that lasts longer than the lease', () => {
  it('given that its process lives, then the claim is renewed, and nobody sends it again', async () => {
    const orderId = await orders.open();
    await held.came(1);
    const { dueAt, claimToken } = await orders.delivery(orderId);
    await eventually(
      () => databaseTime(app.database),
      (now) => now > (dueAt ?? 0) + lease,
    );
    expect(await orders.delivery(orderId)).toMatchObject({ state: 'sending', claimToken, attempts: 1 });
    await held.calls[0]?.answer(agree);
    await orders.inReview(orderId);
    await orders.expectOnce(orderId);
  });
});

describe('the token of a claim', () => {
  /** A delivery that nobody in this process carries. */
  const id = 'of-nobody';
  const row = () => storedDelivery(app.database, 'none');
  const time = new Date();
  const done = { state: 'succeeded', dueIn: null, failures: 0, result: true, error: null } as const;

  it('given another claim since, then the former one cannot be given back; the latter one can, once', async () => {
    const queue = app.get(DeliveryQueue);
    const claim = async (token: string, milliseconds: number) =>
      (await run((tx) => queue.claim(tx, [id], { token, lease: milliseconds, time })))[0];
    const rescue = () => run((tx) => queue.rescue(tx, [id], time));
    await run((tx) =>
      tx.run(
        `INSERT INTO dms_s_apply_delivery (id, topic, apply_order_id, state, payload, create_time, due_at)
         VALUES (?, 'nobody', 'none', 'pending', '{}', '2026-01-01 00:00:00', 0)`,
        [id],
      ),
    );
    // given that it was claimed, and claimed again when the lease had ended, not before
    const first = await claim('first', 1);
    expect(await claim('too early', 1)).toBeUndefined();
    await eventually(rescue, (freed) => freed === 1);
    const second = await claim('second', 60_000);
    expect(await rescue()).toBe(0);
    if (!first || !second) throw new Error('it was there to be claimed');
    expect([first.attempt, second.attempt]).toEqual([1, 2]);
    // then the first one has no say any more
    expect(await run((tx) => queue.release(tx, first, done, time))).toBe(false);
    expect(await row()).toMatchObject({ state: 'sending', claimToken: 'second', result: null });
    // and the second one has, once
    expect(await run((tx) => queue.release(tx, second, done, time))).toBe(true);
    expect(await run((tx) => queue.release(tx, second, { ...done, result: false }, time))).toBe(false);
    expect(await row()).toMatchObject({ state: 'succeeded', claimToken: null, result: 1 });
  });
});

describe('a callback that is caused twice', () => {
  it('given that it is stored already, then the second one is refused', async () => {
    const order = { orderId: 'twice', accCode: 't1', target: 'b:1', payload: {}, time: new Date() };
    const store = (topic: string) => run((tx) => app.get(OutboxService).enqueue(tx, [{ ...order, topic }]));
    await store('nobody');
    await store('nobody else');
    await expect(store('nobody')).rejects.toSatisfy((error) => classify(error) === 'duplicate');
    const topics = (await storedDeliveries(app.database, 'twice')).map(({ topic }) => topic);
    expect(topics.toSorted()).toEqual(['nobody', 'nobody else']);
  });
});
