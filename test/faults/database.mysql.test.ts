import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { agree, answerStatus, type BusinessModule, startBusinessModule } from '../support/business-module.js';
import { callbackSettings } from '../support/callback-settings.js';
import { type CheckedOrders, givenCheckedOrders } from '../support/checked-orders.js';
import { eventually } from '../support/eventually.js';
import { freshDatabase, type FreshDatabase, freshMysqlDatabase } from '../support/fresh-database.js';
import { type Answer, startApp, type TestApp } from '../support/harness.js';
import { holdCalls } from '../support/held-calls.js';
import { type MortalMysql, startMortalMysql } from '../support/mortal-mysql.js';
import { historiesOf } from '../support/order-history.js';
import { meeting, signal } from '../support/signal.js';
import { ann } from '../support/world.js';

/** A database that is away while business modules are called: what they have answered is not forgotten. */
let module: BusinessModule;
let app: TestApp;
let fresh: FreshDatabase;
let orders: CheckedOrders;
let log: string[];
beforeAll(async () => {
  module = await startBusinessModule();
});
afterAll(() => module.close());
beforeEach(() => module.behave(agree));
afterEach(async () => {
  await app.close();
  await fresh.drop();
});

async function start(database: FreshDatabase, env: Readonly<Record<string, string>> = {}): Promise<void> {
  fresh = database;
  log = [];
  app = await startApp({
    databaseUrl: fresh.url,
    env: { ...callbackSettings, DATABASE_ACQUIRE_TIMEOUT: '1s', ...env },
    onLog: (line) => log.push(line),
  });
  orders = await givenCheckedOrders(app, module);
}

const expectTryAgain = (answer: Answer) =>
  expect([answer.status, answer.body.code]).toEqual([503, 'unavailable']);
/** Until the worker has tried in vain to record what came of calls. */
const failsToRecord = (times: number) =>
  eventually(
    () => log.filter((line) => line.includes('an outcome could not be recorded')).length,
    (count) => count >= times,
  );

describe('a database that crashes and comes back', () => {
  let server: MortalMysql;
  beforeAll(async () => {
    server = await startMortalMysql();
  }, 120_000);
  afterAll(() => server.stop());
  const startOnServer = async (env: Readonly<Record<string, string>> = {}) =>
    start(await freshMysqlDatabase(server.url), env);

  it('given answers that come while it is away, then they are recorded afterwards, and nothing is sent twice', async () => {
    // given calls that are under way, and others that wait their turn
    await startOnServer();
    const held = holdCalls();
    module.behave(held.behaviour);
    const orderIds = await orders.openMany(6);
    await held.came(2);
    // when the database crashes, and the business module answers
    await server.crash();
    module.behave(agree);
    await held.answerAll(agree);
    await failsToRecord(held.calls.length + 1);
    // then callers are told to try again
    expectTryAgain(await app.as(ann).post('/orders', { businessType: orders.businessType }));
    expect((await fetch(`${app.url}/health/ready`)).status).toBe(503);
    // and when it is back, all is there, and everything goes on
    await server.recover();
    for (const orderId of orderIds) {
      await orders.inReview(orderId);
      expect(module.callsOf('check', orderId)).toHaveLength(1);
    }
    for (const { call } of held.calls) await orders.expectOnce(call.ticket);
    await orders.inReview(await orders.open());
  });

  it('given that it is away for longer than the lease, then the order goes on once all the same', async () => {
    const lease = 1_000;
    await startOnServer({ CALLBACK_LEASE: `${lease}ms` });
    const held = holdCalls();
    module.behave(held.behaviour);
    const orderId = await orders.open();
    await held.came(1);
    await server.crash();
    module.behave(agree);
    await held.answerAll(agree);
    await new Promise((resolve) => setTimeout(resolve, lease));
    await server.recover();
    await orders.inReview(orderId);
    // then it may have been sent again, under the same id
    const { id } = await orders.until(orderId, ({ state }) => state === 'succeeded');
    expect(new Set(module.callsOf('check', orderId).map((call) => call.id))).toEqual(new Set([id]));
    const [history] = await historiesOf(app.database);
    expect(history?.transitions).toHaveLength(2);
  });
});

describe('a pool of which everything is taken', () => {
  it('given answers by both ways meanwhile, then late ones are told to try again, and none is lost', async () => {
    await start(await freshDatabase(), { DATABASE_POOL_SIZE: '3' });
    module.behave(answerStatus(202));
    const awaiting = await orders.open();
    await orders.until(awaiting, ({ state }) => state === 'awaiting');
    const held = holdCalls();
    module.behave(held.behaviour);
    const called = await orders.open();
    await held.came(1);
    // given that every connection is held
    const allTaken = meeting(4);
    const goOn = signal();
    const holders = [1, 2, 3].map(() =>
      app.get(UnitOfWork).run(async () => {
        await allTaken();
        await goOn.happened;
      }),
    );
    await allTaken();
    // when answers come by both ways
    await held.answerAll(agree);
    expectTryAgain(await orders.answerLate(awaiting, true));
    await failsToRecord(1);
    // then both count as soon as there are connections again
    goOn.give();
    await Promise.all(holders);
    expect((await orders.answerLate(awaiting, true)).body).toMatchObject({ apply_status: 'in_review' });
    await orders.inReview(called);
    await orders.expectOnce(called);
    await orders.expectOnce(awaiting, ['accepted']);
    module.behave(agree);
    await orders.inReview(await orders.open());
  });
});
