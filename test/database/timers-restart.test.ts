import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventually } from '../support/eventually.js';
import { freshDatabase } from '../support/fresh-database.js';
import { startApp, type TestApp } from '../support/harness.js';
import { holdTime } from '../support/held-time.js';
import { ann, created, givenFlow } from '../support/world.js';

const remindersOf = async (app: TestApp, id: unknown): Promise<number> => {
  const { body } = await app.as(ann).get(`/orders/${id}/logs?limit=100`);
  return body.items.filter((row: { operation: string }) => row.operation === 'step.reminded').length;
};

describe('timers over a restart', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('given a moment that came while no process ran, then it is found, and only once over another restart', async () => {
    const fresh = await freshDatabase();
    try {
      const before = await startApp({ databaseUrl: fresh.url });
      const { businessType } = await givenFlow(before, [{ users: ['bob'], timing: { due: '1d' } }]);
      const { id } = await created(before.as(ann), '/orders', { businessType });
      await before.close();

      for (const length of ['1d', '2d']) {
        const after = await startApp({ databaseUrl: fresh.url });
        try {
          const time = holdTime(after);
          time.pass(length);
          await eventually(
            () => remindersOf(after, id),
            (count) => count >= 1,
          );
          // One that comes later shows that the worker has looked again.
          const later = await created(after.as(ann), '/orders', { businessType });
          time.pass('1d');
          await eventually(
            () => remindersOf(after, later.id),
            (count) => count >= 1,
          );
          expect(await remindersOf(after, id)).toBe(1);
        } finally {
          await after.close();
        }
      }
    } finally {
      await fresh.drop();
    }
  });
});
