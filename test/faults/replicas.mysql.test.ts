import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { CallbackHandler } from '../../src/callbacks/callback.handler.js';
import type { Tx } from '../../src/database/sql.js';
import { type Claim, DeliveryQueue } from '../../src/outbox/delivery.queue.js';
import { OutboxService } from '../../src/outbox/outbox.service.js';
import { OutboxWake } from '../../src/outbox/outbox.wake.js';
import { Ids } from '../../src/runtime/ids.js';
import { agree, type BusinessModule, startBusinessModule } from '../support/business-module.js';
import { callbackSettings } from '../support/callback-settings.js';
import { type CheckedOrders, givenCheckedOrders } from '../support/checked-orders.js';
import { eventually } from '../support/eventually.js';
import { freshDatabase, type FreshDatabase } from '../support/fresh-database.js';
import { startApp, type TestApp } from '../support/harness.js';
import { holdCalls } from '../support/held-calls.js';
import { openDatabase, type OpenedDatabase } from '../support/open-database.js';
import { historiesOf } from '../support/order-history.js';
import { signal } from '../support/signal.js';
import {
  attemptOutcomes,
  databaseTime,
  storedDeliveries,
  storedDelivery,
} from '../support/stored-deliveries.js';

describe('two replicas on one queue', () => {
  const lease = 2_000;
  let fresh: FreshDatabase;
  let module: BusinessModule;
  let replicas: TestApp[];
  let flows: CheckedOrders[];
  beforeAll(async () => {
    fresh = await freshDatabase();
    module = await startBusinessModule();
    const env = { ...callbackSettings, CALLBACK_LEASE: `${lease}ms` };
    replicas = await Promise.all([1, 2].map(() => startApp({ databaseUrl: fresh.url, env })));
    flows = [await givenCheckedOrders(replica(0), module), await givenCheckedOrders(replica(1), module)];
  });
  afterAll(async () => {
    await Promise.all(replicas.map((app) => app.close()));
    await module.close();
    await fresh.drop();
  });
  afterEach(() => void vi.restoreAllMocks());

  const replica = (number: number) => replicas[number % replicas.length] as TestApp;
  /** Watches how often each replica calls business modules. */
  const watchSending = () => replicas.map((app) => vi.spyOn(app.get(CallbackHandler), 'attempt'));
  const openMany = async (count: number): Promise<string[]> =>
    (await Promise.all(flows.map((flow) => flow.openMany(count / flows.length)))).flat();
  const unfinished = async () =>
    (await storedDeliveries(replica(0).database)).filter(({ state }) => state !== 'succeeded');
  const expectEachOnce = async (orderIds: readonly string[]) => {
    for (const orderId of orderIds) {
      const { id, attempts } = await storedDelivery(replica(0).database, orderId);
      expect(attempts).toBe(1);
      expect(module.callsOf('check', orderId).map((call) => call.id)).toEqual([id]);
      expect(await attemptOutcomes(replica(0).database, orderId)).toEqual(['succeeded']);
    }
    for (const { state } of await historiesOf(replica(0).database)) {
      expect(state.applyStatus).toBe('in_review');
    }
  };

  it('given a backlog and nobody who dies, then both send, and nothing is sent twice', async () => {
    // given a business module that does not answer until both replicas have called it
    const sending = watchSending();
    const held = holdCalls();
    module.behave(held.behaviour);
    const orderIds = await openMany(60);
    await eventually(
      () => sending.map((spy) => spy.mock.calls.length),
      (counts) => counts.every((count) => count > 0),
    );
    module.behave(agree);
    await held.answerAll(agree);
    await eventually(unfinished, (rows) => rows.length === 0);
    await expectEachOnce(orderIds);
  });

  it('given calls that last longer than their leases, then neither takes over what the other one carries', async () => {
    const held = holdCalls();
    module.behave(held.behaviour);
    const orderIds = await openMany(6);
    await held.came(orderIds.length);
    const ends = (await unfinished()).map(({ dueAt }) => dueAt ?? 0);
    await eventually(
      () => databaseTime(replica(0).database),
      (now) => now > Math.max(...ends) + lease,
    );
    await held.answerAll(agree);
    await eventually(unfinished, (rows) => rows.length === 0);
    await expectEachOnce(orderIds);
  });
});

describe('claims at the same moment', () => {
  let here: OpenedDatabase;
  let there: OpenedDatabase;
  let ids: string[];
  beforeEach(async () => {
    here = await openDatabase();
    there = await openDatabase({ url: here.url });
    const common = { topic: 'order.check', accCode: null, target: 'b:1', payload: {}, time: new Date() };
    const backlog = Array.from({ length: 40 }, (_, n) => ({ ...common, orderId: `order-${n}` }));
    await here.unitOfWork.run((tx) => new OutboxService(new Ids(), new OutboxWake()).enqueue(tx, backlog));
    ids = (await storedDeliveries(here.database)).map(({ id }) => id);
  });
  afterEach(async () => {
    await there.close();
    await here.close();
  });

  let claims = 0;
  const claim = (opened: OpenedDatabase, tx: Tx, wanted: readonly string[]): Promise<Claim[]> =>
    new DeliveryQueue(opened.database).claim(tx, wanted, {
      token: `claim-${++claims}`,
      lease: 60_000,
      time: new Date(),
    });
  const idsOf = (claimed: readonly Claim[]) => claimed.map(({ id }) => id);

  /** One replica does something to the first rows, and has not committed it yet when the other one does it to all. */
  async function overtaking<T>(
    act: (opened: OpenedDatabase, tx: Tx, wanted: readonly string[]) => Promise<T>,
  ) {
    const done = signal();
    const goOn = signal();
    const first = here.unitOfWork.run(async (tx) => {
      const result = await act(here, tx, ids.slice(0, 30));
      done.give();
      await goOn.happened;
      return result;
    });
    await done.happened;
    const second = there.unitOfWork.run((tx) => act(there, tx, ids));
    const waited = new Promise<'waited'>((resolve) => setTimeout(resolve, 5_000, 'waited'));
    const outcome = await Promise.race([second, waited]);
    goOn.give();
    expect(outcome).not.toBe('waited');
    return { first: await first, second: await second };
  }

  it('given rows that somebody is claiming, then they are passed over without waiting, and the others claimed', async () => {
    const { first, second } = await overtaking(claim);
    expect(idsOf(first).toSorted()).toEqual(ids.slice(0, 30));
    expect(idsOf(second).toSorted()).toEqual(ids.slice(30));
    // then there is nothing left to claim
    expect(await there.unitOfWork.run((tx) => claim(there, tx, ids))).toEqual([]);
  });

  it('given many claims of the same rows, then each row is of one of them, and the table says of which', async () => {
    const claimed: Claim[] = [];
    for (let round = 0; round < 20 && claimed.length < ids.length; round++) {
      const wanted = ids.slice(0, (round + 1) * 8);
      const found = await Promise.all(
        [here, there, here, there].map((opened) =>
          opened.unitOfWork.run((tx) =>
            claim(
              opened,
              tx,
              wanted.toSorted(() => Math.random() - 0.5),
            ),
          ),
        ),
      );
      claimed.push(...found.flat());
    }
    expect(idsOf(claimed).toSorted()).toEqual(ids);
    const rows = await storedDeliveries(here.database);
    const token = new Map(claimed.map((one) => [one.id, one.token]));
    for (const row of rows) {
      expect(row).toMatchObject({ state: 'sending', attempts: 1, claimToken: token.get(row.id) });
    }
  });

  it('given that two free what a dead process has left, then each row is freed once', async () => {
    await here.unitOfWork.run((tx) =>
      new DeliveryQueue(here.database).claim(tx, ids, { token: 'of the dead', lease: 1, time: new Date() }),
    );
    const ends = (await storedDeliveries(here.database)).map(({ dueAt }) => dueAt ?? 0);
    await eventually(
      () => databaseTime(here.database),
      (now) => now > Math.max(...ends),
    );
    const freed = await overtaking((opened, tx, wanted) =>
      new DeliveryQueue(opened.database).rescue(tx, wanted, new Date()),
    );
    expect(freed).toEqual({ first: 30, second: 10 });
    for (const n of ids.keys()) {
      expect(await attemptOutcomes(here.database, `order-${n}`)).toEqual(['lost']);
    }
  });
});
