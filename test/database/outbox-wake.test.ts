import { afterAll, beforeAll, expect, it } from 'vitest';
import { OutboxService } from '../../src/outbox/outbox.service.js';
import { OutboxWake } from '../../src/outbox/outbox.wake.js';
import { Ids } from '../../src/runtime/ids.js';
import { type OpenedDatabase, openDatabase } from '../support/open-database.js';

let opened: OpenedDatabase;
beforeAll(async () => {
  opened = await openDatabase();
});
afterAll(() => opened.close());

it('given a new delivery, then the worker is woken when it is committed, and not when it is rolled back', async () => {
  const wake = new OutboxWake();
  const outbox = new OutboxService(new Ids(), wake);
  let rung = 0;
  wake.listen(() => rung++);
  const delivery = (orderId: string) => ({
    topic: 'order.check',
    orderId,
    accCode: null,
    target: 'b:1',
    payload: {},
    time: new Date(),
  });
  await opened.unitOfWork.run(async (tx) => {
    await outbox.enqueue(tx, [delivery('o1')]);
    expect(rung).toBe(0);
  });
  expect(rung).toBe(1);
  const broken = opened.unitOfWork.run(async (tx) => {
    await outbox.enqueue(tx, [delivery('o2')]);
    throw new Error('changed my mind');
  });
  await expect(broken).rejects.toThrow('changed my mind');
  expect(rung).toBe(1);
});
