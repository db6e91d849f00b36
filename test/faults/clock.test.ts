import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { CallbackHandler } from '../../src/callbacks/callback.handler.js';
import { DeliveryQueue } from '../../src/outbox/delivery.queue.js';
import { OutboxWake } from '../../src/outbox/outbox.wake.js';
import { Clock } from '../../src/runtime/clock.js';
import {
  agree,
  answerStatus,
  type BusinessModule,
  inTurn,
  startBusinessModule,
  verify,
} from '../support/business-module.js';
import { callbackSettings } from '../support/callback-settings.js';
import { type CheckedOrders, givenCheckedOrders } from '../support/checked-orders.js';
import { eventually } from '../support/eventually.js';
import { freshDatabase, type FreshDatabase, testDialect } from '../support/fresh-database.js';
import { startApp, type TestApp } from '../support/harness.js';
import { holdCalls } from '../support/held-calls.js';
import { databaseTime } from '../support/stored-deliveries.js';
import { ann, boss } from '../support/world.js';

const minute = 60_000;
/** By how much the clock of each replica is off. MySQL serves both at once; a SQLite file serves one process. */
const cases: [string, number[]][] =
  testDialect === 'mysql'
    ? [['two replicas, one ten minutes ahead and one behind', [10 * minute, -10 * minute]]]
    : [
        ['a process whose clock is ten minutes ahead', [10 * minute]],
        ['a process whose clock is ten minutes behind', [-10 * minute]],
      ];

describe.each(cases)('%s', (_name, offsets) => {
  let fresh: FreshDatabase;
  let module: BusinessModule;
  let replicas: TestApp[];
  let orders: CheckedOrders;
  let secret: string;
  beforeAll(async () => {
    fresh = await freshDatabase();
    module = await startBusinessModule();
    replicas = await Promise.all(
      offsets.map(async (offset) => {
        const replica = await startApp({ databaseUrl: fresh.url, env: callbackSettings });
        vi.spyOn(replica.get(Clock), 'now').mockImplementation(() => new Date(Date.now() + offset));
        return replica;
      }),
    );
    orders = await givenCheckedOrders(app(), module);
    const path = `/business-types/${orders.businessType}/rotate-secret`;
    secret = String((await app().as(boss).post(path, { overlap: '0s' })).body.secret);
  });
  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.close()));
    await module.close();
    await fresh.drop();
    vi.restoreAllMocks();
  });
  beforeEach(() => module.behave(agree));

  const app = () => replicas[0] as TestApp;
  const reaches = (orderId: string, state: string) =>
    orders.until(orderId, (delivery) => delivery.state === state);
  /** Milliseconds by the database's clock until a delivery is due. */
  const dueIn = async (orderId: string) =>
    ((await orders.delivery(orderId)).dueAt ?? 0) - (await databaseTime(app().database));
  /** Until every replica has looked for what is due, or overdue, and has done what it found. */
  const looks = (what: 'due' | 'overdue') =>
    Promise.all(
      replicas.map(async (replica) => {
        const looking = vi.spyOn(replica.get(DeliveryQueue), what);
        await eventually(
          () => {
            replica.get(OutboxWake).now();
            return looking.mock.calls.length;
          },
          // The last one has only just begun.
          (count) => count >= 2,
        );
        looking.mockRestore();
      }),
    );

  it('signs with a time that the business module accepts', async () => {
    // given calls by every replica
    const sending = replicas.map((replica) => vi.spyOn(replica.get(CallbackHandler), 'attempt'));
    const held = holdCalls();
    module.behave(held.behaviour);
    const opened = await Promise.all(
      Array.from({ length: 12 }, (_, n) => orders.open(replicas[n % replicas.length])),
    );
    await eventually(
      () => sending.map((spy) => spy.mock.calls.length),
      (counts) => counts.every((count) => count > 0),
    );
    module.behave(agree);
    await held.answerAll(agree);
    for (const orderId of opened) await orders.inReview(orderId);
    // then the time of each is within the tolerance of Standard Webhooks
    for (const orderId of opened) {
      const [call] = module.callsOf('check', orderId);
      expect(() => call && verify(call, secret)).not.toThrow();
    }
    for (const spy of sending) spy.mockRestore();
  });

  it('tries again when it is time, neither at once nor ten minutes late', async () => {
    module.behave(inTurn(answerStatus(500), agree));
    const soon = await orders.open();
    await orders.inReview(soon);
    expect(await orders.delivery(soon)).toMatchObject({ attempts: 2 });
    // and when the business module asks for a pause, it gets that one
    module.behave(inTurn(answerStatus(503, { 'retry-after': '300' }), agree));
    const later = await orders.open();
    await orders.until(later, ({ failures }) => failures === 1);
    await looks('due');
    expect(await orders.delivery(later)).toMatchObject({ state: 'pending', attempts: 1 });
    const pause = await dueIn(later);
    expect(pause).toBeGreaterThan(0);
    expect(pause).toBeLessThanOrEqual(5 * minute);
  });

  it('takes nothing over from a replica that is at work', async () => {
    const held = holdCalls();
    module.behave(held.behaviour);
    const orderId = await orders.open();
    await held.came(1);
    await looks('overdue');
    expect(await orders.delivery(orderId)).toMatchObject({ state: 'sending', attempts: 1 });
    await held.answerAll(agree);
    await orders.inReview(orderId);
    await orders.expectOnce(orderId);
  });

  it('sends again what a lost claim holds as soon as its lease ends', async () => {
    module.behave(inTurn(answerStatus(503, { 'retry-after': '300' }), agree));
    const orderId = await orders.open();
    const { id } = await orders.until(orderId, ({ failures }) => failures === 1);
    const end = (await databaseTime(app().database)) + 500;
    await app().database.writer.query(
      "UPDATE dms_s_apply_delivery SET state = 'sending', claim_token = 'lost', attempts = 2, due_at = ? WHERE id = ?",
      [end, id],
    );
    await orders.inReview(orderId);
    expect(await orders.delivery(orderId)).toMatchObject({ attempts: 3 });
  });

  it('waits for a late answer until the deadline, and no longer', async () => {
    module.behave(answerStatus(202));
    const deadline = (callbackDeadline: string) =>
      app().as(boss).patch(`/business-types/${orders.businessType}`, { callbackDeadline });
    // given an answer that may take five minutes, then it is waited for
    await deadline('5m');
    const patient = await orders.open();
    await reaches(patient, 'awaiting');
    await looks('overdue');
    expect(await orders.delivery(patient)).toMatchObject({ state: 'awaiting' });
    const left = await dueIn(patient);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(5 * minute);
    expect((await orders.answerLate(patient, true)).body).toMatchObject({ apply_status: 'in_review' });
    // given one that may take a second, then it is missed
    await deadline('1s');
    const missed = await orders.open();
    expect(await reaches(missed, 'failed')).toMatchObject({ result: null });
    expect(await orders.status(missed)).toBe('initiating');
  });

  it('opens one order for an Idempotency-Key, however many ask at once', async () => {
    for (const round of [1, 2, 3, 4, 5]) {
      const order = { businessType: orders.businessType, businessKey: `once-${round}` };
      const headers = { 'idempotency-key': `key-${round}` };
      const answers = await Promise.all(
        [0, 1, 0, 1].map((n) =>
          (replicas[n % replicas.length] as TestApp).as(ann).post('/orders', order, headers),
        ),
      );
      const opened = answers.filter(({ status }) => status === 201).map(({ body }) => String(body.id));
      expect(new Set(opened).size).toBe(1);
      const stored = await app().as(ann).get(`/orders?scope=mine&businessKey=once-${round}`);
      expect(stored.body.items).toHaveLength(1);
    }
  });
});
