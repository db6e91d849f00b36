import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenCrew, openActing, type Acting } from '../support/acting.js';
import { startApp, type TestApp } from '../support/harness.js';
import { givenFlow, root } from '../support/world.js';

describe('timers of seconds', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
    await givenCrew(app);
  });

  afterAll(() => app.close());

  const reminders = async ({ id }: Acting): Promise<number> => {
    const { body } = await app.as(root).get(`/orders/${id}/logs?limit=100`);
    return (body.items as { operation: string }[]).filter((row) => row.operation === 'step.reminded').length;
  };

  // A machine that is busy with other tests may look late.
  it(
    'given a reminder one second before the due time, then it comes, whenever the order was opened',
    { retry: 2 },
    async () => {
      const timing = { due: '2s', remindBefore: ['1s'] };
      const { businessType } = await givenFlow(app, [{ users: ['bob'], timing }]);
      const orders: Acting[] = [];
      for (let opened = 0; opened < 25; opened++) {
        orders.push(await openActing(app, businessType));
        await pause(100);
      }
      await pause(3_000);
      expect(await Promise.all(orders.map(reminders))).toEqual(orders.map(() => 2));
    },
  );
});
