import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { agree, answerStatus, type BusinessModule, startBusinessModule } from '../support/business-module.js';
import { callbackSettings } from '../support/callback-settings.js';
import { type CheckedOrders, givenCheckedOrders } from '../support/checked-orders.js';
import { type CommitProxy, type Fate, startCommitProxy } from '../support/commit-proxy.js';
import { eventually } from '../support/eventually.js';
import { freshDatabase, type FreshDatabase } from '../support/fresh-database.js';
import { startApp, type TestApp } from '../support/harness.js';
import { holdCalls } from '../support/held-calls.js';

/** Nobody knows what became of a COMMIT whose connection is lost; asking again must settle it either way, once. */
let fresh: FreshDatabase;
let proxy: CommitProxy;
let module: BusinessModule;
let app: TestApp;
let orders: CheckedOrders;
let unrecorded: number;

function throughProxy(lease: string): void {
  beforeAll(async () => {
    fresh = await freshDatabase();
    proxy = await startCommitProxy(fresh.url);
    module = await startBusinessModule();
    app = await startApp({
      databaseUrl: proxy.url,
      env: { ...callbackSettings, CALLBACK_LEASE: lease },
      onLog: (line) => (unrecorded += line.includes('an outcome could not be recorded') ? 1 : 0),
    });
    orders = await givenCheckedOrders(app, module);
  });
  afterAll(async () => {
    await app.close();
    await module.close();
    await proxy.close();
    await fresh.drop();
  });
  beforeEach(() => {
    unrecorded = 0;
    module.behave(agree);
  });
}

describe('the answer to a callback', () => {
  throughProxy('60s');

  it.each<Fate>(['never arrives', 'is carried out'])(
    'given a late one whose commit %s, then the same again settles it, and the order has gone on once',
    async (fate) => {
      module.behave(answerStatus(202));
      const orderId = await orders.open();
      await orders.until(orderId, ({ state }) => state === 'awaiting');
      proxy.breakAtCommit(fate);
      const unknown = await orders.answerLate(orderId, true);
      expect([unknown.status, unknown.body.code]).toEqual([503, 'unavailable']);
      expect(unknown.body.detail).toContain('the change may have been made');
      const carriedOut = fate === 'is carried out';
      expect(await orders.status(orderId)).toBe(carriedOut ? 'in_review' : 'initiating');
      const again = await orders.answerLate(orderId, true);
      expect(again.body).toMatchObject({ result: true, apply_status: 'in_review' });
      expect((await orders.answerLate(orderId, false)).body.code).toBe('already_decided');
      await orders.expectOnce(orderId, ['accepted']);
    },
  );

  it.each<Fate>(['never arrives', 'is carried out', 'arrives late'])(
    'given one of its own call, and the commit that records it %s, then it is recorded once, and not asked for again',
    async (fate) => {
      const held = holdCalls();
      module.behave(held.behaviour);
      const orderId = await orders.open();
      await held.came(1);
      proxy.breakAtCommit(fate);
      await held.answerAll(agree);
      await eventually(
        () => unrecorded,
        (count) => count > 0,
      );
      if (fate === 'arrives late') await proxy.deliverLateCommit();
      await orders.inReview(orderId);
      await orders.expectOnce(orderId);
      expect(await orders.delivery(orderId)).toMatchObject({ state: 'succeeded', result: 1, attempts: 1 });
    },
  );
});

describe('a claim', () => {
  throughProxy('1s');

  it.each<Fate>(['never arrives', 'is carried out'])(
    'given that its commit %s, then the delivery is sent all the same, once',
    async (fate) => {
      // The first COMMIT is the order's own.
      proxy.breakAtCommit(fate, { after: 1 });
      const orderId = await orders.open();
      await orders.inReview(orderId);
      // A claim that nobody knows of is as lost as one whose process has died.
      await orders.expectOnce(orderId, fate === 'is carried out' ? ['lost', 'succeeded'] : ['succeeded']);
    },
  );
});
