import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { announcementsOf } from '../../src/notifications/announcements.js';
import { noticeTypes } from '../../src/notifications/notice.js';
import { OperationLogService } from '../../src/operation-log/operation-log.service.js';
import { type OrderRecord, OrdersService } from '../../src/orders/orders.service.js';
import {
  type BusinessModule,
  inTurn,
  type ReceivedCall,
  startBusinessModule,
  verify,
} from '../support/business-module.js';
import { eventually } from '../support/eventually.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { ann, bob, boss, carol, created, dave, eve, givenFlow, rival, root } from '../support/world.js';

let app: TestApp;
let receiver: BusinessModule;
let admin: Client;
beforeAll(async () => {
  receiver = await startBusinessModule();
  app = await startApp({
    env: {
      CALLBACK_ALLOWED_HOSTS: '127.0.0.1',
      CALLBACK_RETRY_SCHEDULE: '50ms,50ms,50ms',
      CALLBACK_TIMEOUT: '2s',
      SHUTDOWN_TIMEOUT: '1s',
    },
  });
  admin = app.as(boss);
});
afterAll(async () => {
  await app.close();
  await receiver.close();
});
beforeEach(() => receiver.behave(() => ({ status: 204 })));

const everything = [...noticeTypes];
let paths = 0;

interface Subscribed {
  readonly id: string;
  readonly secret: string;
  /** Where its webhooks arrive. */
  readonly path: string;
  /** Its webhooks so far, in the order of what happened. */
  heard(): ReceivedCall[];
}

/** A webhook for the orders of these business types, at a path of its own. */
async function subscribe(client: Client, businessTypes: string[], more: object = {}): Promise<Subscribed> {
  const path = `/events/${++paths}`;
  const { id, secret } = await created(client, '/subscriptions', {
    name: path,
    channel: 'webhook',
    events: everything,
    url: receiver.url + path,
    businessTypes,
    ...more,
  });
  const heard = () =>
    receiver.calls
      .filter((call) => call.path === path)
      .toSorted((one, other) => (one.id < other.id ? -1 : 1));
  return { id: String(id), secret: String(secret), path, heard };
}

const typesOf = (calls: readonly ReceivedCall[]): string[] => calls.map((call) => String(call.body.type));

/** Waits until so many webhooks have arrived. */
const hears = (subscribed: Subscribed, count: number): Promise<ReceivedCall[]> =>
  eventually(
    () => subscribed.heard(),
    (calls) => calls.length >= count,
  );

const openedBy = async (who: Client, businessType: string, more: object = {}): Promise<string> =>
  String((await created(who, '/orders', { businessType, ...more })).id);

interface DeliverySeen {
  readonly id: string;
  readonly topic: string;
  readonly state: string;
  readonly lastError: string | null;
  readonly attempts: readonly { readonly status: number | null; readonly startedAt: string }[];
}

const deliveriesOf = async (orderId: string, client = admin): Promise<DeliverySeen[]> =>
  (await client.get(`/deliveries?topic=notify.webhook&orderId=${orderId}`)).body.items;

/** Waits until a notification of the order is in a state. */
const delivery = async (orderId: string, state: string): Promise<DeliverySeen> => {
  const found = await eventually(
    () => deliveriesOf(orderId),
    (items) => items.some((item) => item.state === state),
  );
  return found.find((item) => item.state === state) as DeliverySeen;
};

describe('a webhook subscription', () => {
  it('should hear of everything that happens to an order, each once and signed', async () => {
    const { businessType } = await givenFlow(app, [
      { users: ['bob'] },
      { users: ['carol', 'dave'], mode: 'all' },
    ]);
    const subscribed = await subscribe(admin, [businessType]);
    const id = await openedBy(app.as(ann), businessType, { title: '桌子', businessKey: 'K-1' });
    await app.as(bob).post(`/orders/${id}/approve`, { auditMsg: '同意' });
    await app.as(carol).post(`/orders/${id}/approve`, {});
    await app.as(dave).post(`/orders/${id}/approve`, {});

    const calls = await hears(subscribed, 7);
    expect(typesOf(calls).toSorted()).toEqual(
      [
        'order.opened',
        'step.in_review',
        'step.decided',
        'step.in_review',
        'step.decided',
        'step.decided',
        'order.completed',
      ].toSorted(),
    );
    for (const call of calls) {
      expect(verify(call, subscribed.secret)).toMatchObject({
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/),
        data: {
          ticket_id: id,
          business_type: businessType,
          business_key: 'K-1',
          acc_code: 't1',
          user_code: 'ann',
          title: '桌子',
        },
      });
    }
    const dataOf = (type: string) =>
      calls.filter((call) => call.body.type === type).map((call) => call.body.data as object);
    expect(dataOf('step.in_review')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ apply_step: 1, reviewer_type: 'user', reviewers: ['bob'] }),
        expect.objectContaining({ apply_step: 2, reviewers: ['carol', 'dave'], apply_status: 'in_review' }),
      ]),
    );
    expect(dataOf('step.decided')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          apply_step: 1,
          decision: 'approved',
          decided_by: 'bob',
          audit_msg: '同意',
        }),
        expect.objectContaining({ apply_step: 2, audit_status: 'in_review', decided_by: 'carol' }),
        expect.objectContaining({ apply_step: 2, audit_status: 'approved', decided_by: 'dave' }),
      ]),
    );
    expect(dataOf('order.completed')).toMatchObject([{ apply_status: 'completed' }]);
    expect(new Set(calls.map((call) => call.id)).size).toBe(7);
    await eventually(
      () => deliveriesOf(id),
      (items) => items.length === 7 && items.every((item) => item.state === 'succeeded'),
    );
    expect(subscribed.heard()).toHaveLength(7);
  });

  it('should hear how orders end otherwise', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
    const subscribed = await subscribe(admin, [businessType], {
      events: ['order.rejected', 'order.withdrawn'],
    });
    const rejected = await openedBy(app.as(ann), businessType);
    await app.as(bob).post(`/orders/${rejected}/reject`, { auditMsg: '太贵' });
    const withdrawn = await openedBy(app.as(ann), businessType);
    await app.as(ann).post(`/orders/${withdrawn}/withdraw`, { remark: '写错了' });

    const calls = await hears(subscribed, 2);
    const dataOf = (id: string) => calls.find((call) => call.ticket === id)?.body as object;
    expect(dataOf(rejected)).toMatchObject({
      type: 'order.rejected',
      data: { apply_status: 'rejected', decided_by: 'bob', audit_msg: '太贵', reason: 'step_rejected' },
    });
    expect(dataOf(withdrawn)).toMatchObject({
      type: 'order.withdrawn',
      data: { apply_status: 'withdrawn', remark: '写错了', node_name: expect.any(String) },
    });
  });

  it('should hear of a callback that is no longer tried', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }], { checkUrl: receiver.checkUrl });
    const subscribed = await subscribe(admin, [businessType], { events: ['delivery.parked'] });
    receiver.behave((call) => ({ status: call.path === '/check' ? 500 : 204 }));
    const id = await openedBy(app.as(ann), businessType);
    const [call] = await hears(subscribed, 1);
    const check = (await admin.get(`/deliveries?topic=order.check&orderId=${id}`)).body.items[0];
    expect(call?.body).toMatchObject({
      type: 'delivery.parked',
      data: { ticket_id: id, callback: 'check', delivery_id: check.id, error: check.lastError },
    });
  });

  it('should hear of the order as it was then, however late', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
    const subscribed = await subscribe(admin, [businessType]);
    const id = await openedBy(app.as(ann), businessType);
    await app.as(bob).post(`/orders/${id}/approve`, {});
    const inTime = (await hears(subscribed, 4)).slice(0, 2).map((call) => call.body as object);

    const log = app.get(OperationLogService);
    const order = await app.get(OrdersService).forService(id);
    const late = announcementsOf(await log.history(id, 1), (order as OrderRecord).head);
    expect(late.map(({ notice }) => notice)).toEqual(inTime);
    expect(inTime).toMatchObject([
      { type: 'order.opened', data: { apply_status: 'in_review' } },
      { type: 'step.in_review' },
    ]);
  });

  it('should hear of nothing but what it asked for', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
    const all = await subscribe(admin, [businessType]);
    const others = [
      await subscribe(admin, ['another-type']),
      await subscribe(admin, [businessType], { active: false }),
      await subscribe(admin, [businessType], { events: ['order.withdrawn'] }),
    ];
    const untyped = await subscribe(admin, [], { businessTypes: null, events: ['order.opened'] });
    const id = await openedBy(app.as(ann), businessType);
    await app.as(bob).post(`/orders/${id}/approve`, {});
    await hears(all, 4);
    await hears(untyped, 1);
    await eventually(
      () => deliveriesOf(id),
      (items) => items.length === 5 && items.every((item) => item.state === 'succeeded'),
    );
    expect(others.flatMap((subscribed) => subscribed.heard())).toEqual([]);
    await admin.delete(`/subscriptions/${untyped.id}`);
  });
});

describe('teams', () => {
  it("should hear of their own orders only; the platform's subscriptions of all", async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
    await created(app.as(rival), '/business-types', { code: businessType, name: 'Same code' });
    const templateId = '00000000-0000-7000-8000-000000000002';
    await app.as(rival).put(`/bindings/${businessType}`, { templateId });
    const ours = await subscribe(admin, [businessType]);
    const theirs = await subscribe(app.as(rival), [businessType]);
    const platform = await subscribe(app.as(root), [businessType]);

    const first = await openedBy(app.as(ann), businessType);
    await hears(platform, 2);
    const second = await openedBy(app.as(eve), businessType);
    await hears(platform, 4);
    await hears(ours, 2);
    await hears(theirs, 2);

    const ticketsOf = (who: Subscribed) => [...new Set(who.heard().map((call) => call.ticket))].toSorted();
    expect(ticketsOf(ours)).toEqual([first]);
    expect(ticketsOf(theirs)).toEqual([second]);
    expect(ticketsOf(platform)).toEqual([first, second].toSorted());
    // What is sent for the platform, and how that goes, is not the team's to see.
    expect((await deliveriesOf(first)).map(({ id }) => id).toSorted()).toEqual(
      ours.heard().map((call) => call.id),
    );
    expect(await deliveriesOf(first, app.as(rival))).toEqual([]);
    expect(await deliveriesOf(first, app.as(root))).toHaveLength(4);
  });
});

describe('a webhook that does not arrive', () => {
  const given = async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
    return { businessType, subscribed: await subscribe(admin, [businessType], { events: ['order.opened'] }) };
  };

  it('should be sent again under its id, after the pause that the receiver asks for', async () => {
    const { businessType, subscribed } = await given();
    receiver.behave(
      inTurn(
        () => ({ status: 503, headers: { 'retry-after': '1' } }),
        () => ({ status: 302, headers: { location: `${receiver.url}/elsewhere` } }),
        () => ({ status: 202 }),
      ),
    );
    const id = await openedBy(app.as(ann), businessType);
    const sent = await delivery(id, 'succeeded');
    expect(sent.attempts.map((attempt) => attempt.status)).toEqual([503, 302, 202]);
    expect(subscribed.heard().map((call) => call.id)).toEqual([sent.id, sent.id, sent.id]);
    const [asked, again] = sent.attempts.map((attempt) => Date.parse(attempt.startedAt));
    expect(Number(again) - Number(asked)).toBeGreaterThanOrEqual(1_000);
    expect(receiver.calls.some((call) => call.path === '/elsewhere')).toBe(false);
  });

  it('should be parked when the schedule is used up, and go out when an administrator says so', async () => {
    const { businessType, subscribed } = await given();
    receiver.behave(() => ({ status: 500 }));
    const id = await openedBy(app.as(ann), businessType);
    const parked = await delivery(id, 'failed');
    expect(parked).toMatchObject({ lastError: 'answered 500' });
    expect(parked.attempts).toHaveLength(4);
    expect((await app.as(ann).get(`/orders/${id}`)).body.applyStatus).toBe('in_review');
    receiver.behave(() => ({ status: 200 }));
    expect((await admin.post(`/deliveries/${parked.id}/redeliver`)).status).toBe(200);
    await delivery(id, 'succeeded');
    expect(new Set(subscribed.heard().map((call) => call.id))).toEqual(new Set([parked.id]));
  });

  it('should be parked at once when the receiver is gone for good', async () => {
    const { businessType } = await given();
    receiver.behave(() => ({ status: 410 }));
    const parked = await delivery(await openedBy(app.as(ann), businessType), 'failed');
    expect(parked.attempts.map((attempt) => attempt.status)).toEqual([410]);
  });

  it('should follow its subscription: a new address and secret, switched off, deleted', async () => {
    const { businessType, subscribed } = await given();
    const path = `/subscriptions/${subscribed.id}`;
    await admin.patch(path, { url: 'http://127.0.0.1:9/closed' });
    const id = await openedBy(app.as(ann), businessType);
    const parked = await delivery(id, 'failed');
    expect(parked.lastError).toContain('refused');
    const redeliver = () => admin.post(`/deliveries/${parked.id}/redeliver`);

    const { secret } = (await admin.post(`${path}/rotate-secret`, { overlap: '0s' })).body;
    await admin.patch(path, { url: receiver.url + subscribed.path });
    await redeliver();
    await delivery(id, 'succeeded');
    const [call] = subscribed.heard();
    if (!call) throw new Error('nothing arrived');
    verify(call, secret);

    await admin.patch(path, { active: false });
    await redeliver();
    expect((await delivery(id, 'failed')).lastError).toContain('switched off');
    await admin.delete(path);
    await redeliver();
    const gone = await eventually(
      () => deliveriesOf(id),
      ([item]) => item?.state === 'failed' && item.lastError?.includes('no longer exists') === true,
    );
    expect(gone).toHaveLength(1);
    expect(subscribed.heard()).toHaveLength(1);
  });
});
