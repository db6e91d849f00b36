import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { OrdersRepository } from '../../src/orders/orders.repository.js';
import { testDialect } from '../support/fresh-database.js';
import { type Answer, startApp, type TestApp } from '../support/harness.js';
import { meeting, signal } from '../support/signal.js';
import { ann, bob, givenFlow } from '../support/world.js';

/** What a caller is told while the database cannot serve: 503, when to try again, and nothing half done. */
let app: TestApp;
let businessType: string;
beforeEach(async () => {
  app = await startApp({ env: { DATABASE_POOL_SIZE: '2', DATABASE_ACQUIRE_TIMEOUT: '1s' } });
  ({ businessType } = await givenFlow(app, [{ users: ['bob'] }]));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await app.close();
});

const open = () => app.as(ann).post('/orders', { businessType });

const expectTryAgain = (answer: Answer) => {
  expect([answer.status, answer.body.code]).toEqual([503, 'unavailable']);
  expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect(answer.body.detail).toContain('try again');
};

describe('collisions with other transactions', () => {
  const collision = () => Object.assign(new Error('collision'), { errno: 1213, code: 'SQLITE_BUSY' });

  it('given that they go away, then the caller notices nothing', async () => {
    const orders = app.get(OrdersRepository);
    const insert = vi.spyOn(orders, 'insert').mockRejectedValueOnce(collision());
    const opened = await open();
    expect(opened.status).toBe(201);
    expect(insert).toHaveBeenCalledTimes(2);
    expect((await app.as(bob).post(`/orders/${opened.body.id}/approve`, {})).body.applyStatus).toBe(
      'completed',
    );
  });

  it('given that they do not go away in five attempts, then the caller is told to try again, and nothing is stored', async () => {
    const { id } = (await open()).body;
    const save = vi.spyOn(app.get(OrdersRepository), 'save').mockRejectedValue(collision());
    expectTryAgain(await app.as(bob).post(`/orders/${id}/approve`, {}));
    expect(save).toHaveBeenCalledTimes(5);
    expect((await app.as(ann).get(`/orders/${id}`)).body.version).toBe(1);
    save.mockRestore();
    expect((await app.as(bob).post(`/orders/${id}/approve`, {})).status).toBe(200);
  });
});

describe.runIf(testDialect === 'mysql')('a pool of which everything is taken', () => {
  it('given longer than DATABASE_ACQUIRE_TIMEOUT, then callers are told to try again, and then served', async () => {
    const allTaken = meeting(3);
    const goOn = signal();
    const holders = [1, 2].map(() =>
      app.get(UnitOfWork).run(async () => {
        await allTaken();
        await goOn.happened;
      }),
    );
    await allTaken();
    expectTryAgain(await open());
    expectTryAgain(await app.as(ann).get('/orders?scope=mine'));
    expect((await fetch(`${app.url}/health/ready`)).status).toBe(503);
    expect((await fetch(`${app.url}/health/live`)).status).toBe(200);
    goOn.give();
    await Promise.all(holders);
    expect((await open()).status).toBe(201);
    expect((await fetch(`${app.url}/health/ready`)).status).toBe(200);
  });
});
