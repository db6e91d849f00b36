import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { OrderTimersService } from '../../src/orders/order-timers.service.js';
import { Clock } from '../../src/runtime/clock.js';
import { eventually } from '../support/eventually.js';
import { freshDatabase, type FreshDatabase } from '../support/fresh-database.js';
import { startApp, type TestApp } from '../support/harness.js';
import { holdTime } from '../support/held-time.js';
import { ann, bob, created, givenFlow } from '../support/world.js';

const minute = 60_000;

/** Two replicas whose own clocks are ten minutes slow and ten minutes fast: only the database's time may count. */
let fresh: FreshDatabase;
let replicas: TestApp[];
beforeAll(async () => {
  fresh = await freshDatabase();
  replicas = [await startApp({ databaseUrl: fresh.url }), await startApp({ databaseUrl: fresh.url })];
  for (const [index, offset] of [-10 * minute, 10 * minute].entries()) {
    const clock = (replicas[index] as TestApp).get(Clock);
    vi.spyOn(clock, 'now').mockImplementation(() => new Date(Date.now() + offset));
  }
});
afterAll(async () => {
  vi.restoreAllMocks();
  await Promise.all(replicas.map((replica) => replica.close()));
  await fresh.drop();
});

const replica = (number: number): TestApp => replicas[number % replicas.length] as TestApp;

const operationsOf = async (id: string): Promise<string[]> => {
  const { body } = await replica(0).as(ann).get(`/orders/${id}/logs?limit=100`);
  return body.items.map((row: { operation: string }) => row.operation);
};

const open = async (timing: Readonly<Record<string, unknown>>, count: number): Promise<string[]> => {
  const { businessType } = await givenFlow(replica(0), [{ users: ['bob'], timing }]);
  const ids: string[] = [];
  for (let number = 0; number < count; number++) {
    ids.push((await created(replica(number).as(ann), '/orders', { businessType })).id as string);
  }
  return ids;
};

const reminders = (operations: readonly string[]): number =>
  operations.filter((name) => name === 'step.reminded').length;

describe('two replicas with skewed clocks', () => {
  it("given orders of either, then they are due by the database's time", async () => {
    const ids = await open({ due: '5m' }, 2);
    const [row] = await replica(0).database.rows<{ first: number; last: number; now: number }>(
      `SELECT MIN(due_at) AS first, MAX(due_at) AS last, UNIX_TIMESTAMP(UTC_TIMESTAMP(3)) * 1000 AS now
         FROM dms_s_apply_timer WHERE apply_order_id IN (?, ?)`,
      ids,
    );
    expect(Number(row?.last) - Number(row?.first)).toBeLessThan(5 * minute);
  });

  it('given timers that come while both look, then each fires once', async () => {
    const ids = await open({ due: '2s', remindAfter: ['1s', '2s'] }, 12);

    for (const id of ids) {
      await eventually(
        () => operationsOf(id),
        (operations) => reminders(operations) >= 3,
      );
    }

    for (const id of ids) expect(reminders(await operationsOf(id))).toBe(3);
    const left = await replica(0).database.rows(
      `SELECT name FROM dms_s_apply_timer WHERE apply_order_id IN (${ids.map(() => '?').join(', ')})`,
      ids,
    );
    expect(left).toEqual([]);
  });

  it('given both fire the same timer at the same moment, again and again, then it has fired once', async () => {
    const time = holdTime(...replicas);
    const ids = await open({ due: '1d', then: 'auto_reject' }, 6);
    time.pass('1d');

    const fired = await Promise.all(
      ids.flatMap((id) =>
        [0, 1, 0, 1, 0, 1].map((number) => replica(number).get(OrderTimersService).fire(id)),
      ),
    );

    // The workers look too: one of all fired each.
    expect(fired.filter(Boolean).length).toBeLessThanOrEqual(ids.length);
    for (const id of ids) {
      const { body } = await replica(0).as(ann).get(`/orders/${id}`);
      expect(body.applyStatus).toBe('rejected');
      const operations = await operationsOf(id);
      expect(operations.filter((name) => name === 'step.timed_out')).toHaveLength(1);
    }
  });

  it('given a decision at the moment at which time decides, then one of them counts', async () => {
    const time = holdTime(...replicas);
    const ids = await open({ due: '1d', then: 'auto_reject' }, 6);
    time.pass('1d');

    const answers = await Promise.all(
      ids.map((id, number) => replica(number).as(bob).post(`/orders/${id}/approve`)),
    );

    for (const [index, id] of ids.entries()) {
      const { body } = await replica(0).as(ann).get(`/orders/${id}`);
      const ended = answers[index]?.status === 200 ? 'completed' : 'rejected';
      await eventually(
        async () => (await replica(0).as(ann).get(`/orders/${id}`)).body.applyStatus,
        (status) => status === ended,
      );
      expect(body.id).toBe(id);
    }
  });
});
