import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Tx } from '../../src/database/sql.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { evolveAll } from '../../src/engine/evolve.js';
import type { OrderEvent } from '../../src/engine/events.js';
import { OrdersRepository } from '../../src/orders/orders.repository.js';
import { testDialect } from '../support/fresh-database.js';
import { type Answer, startApp, type TestApp } from '../support/harness.js';
import { historiesOf, winnersOf } from '../support/order-history.js';
import { meeting } from '../support/signal.js';
import { ann, bob, carol, created, givenFlow } from '../support/world.js';

/** Fact 2 of the architecture page: row lock, version and unique keys, each of which prevents a second winner alone. */
let app: TestApp;
let businessType: string;
beforeAll(async () => {
  app = await startApp();
  ({ businessType } = await givenFlow(app, [{ users: ['bob', 'carol'] }]));
});
afterAll(() => app.close());

const newOrder = async () => String((await created(app.as(ann), '/orders', { businessType })).id);

const expectHistories = () => historiesOf(app.database);

describe('saving an order', () => {
  const approval: readonly OrderEvent[] = [
    { type: 'step.approved', applyStep: 1, userCode: 'bob', auditMsg: null, capacity: 'assignee' },
    { type: 'order.completed' },
  ];

  it('given another version than the one that was decided on, then it is refused and nothing is stored', async () => {
    const id = await newOrder();
    const orders = app.get(OrdersRepository);
    const before = await orders.find('all', id);
    if (!before) throw new Error('the order is there');
    expect((await app.as(carol).post(`/orders/${id}/approve`, {})).status).toBe(200);
    const after = { ...before, state: evolveAll(before.state, approval) };
    const stale = app.get(UnitOfWork).run((tx) => orders.save(tx, before, after));
    await expect(stale).rejects.toMatchObject({ code: 'version_conflict', status: 409 });
    const history = (await expectHistories()).find((one) => one.id === id);
    expect(history && [...winnersOf(history)]).toEqual([[1, ['carol']]]);
  });
});

describe.runIf(testDialect === 'mysql')('two decisions at the same moment', () => {
  /** A transaction whose statements are changed on their way. */
  const rewriting = (
    tx: Tx,
    change: (sql: string, values: readonly unknown[]) => [string, unknown[]],
  ): Tx => {
    const changed =
      (method: 'rows' | 'run') =>
      (sql: string, values: readonly unknown[] = []): unknown =>
        (tx[method] as (sql: string, values: unknown[]) => unknown)(...change(sql, values));
    return { ...tx, rows: changed('rows'), run: changed('run') } as unknown as Tx;
  };

  /** Takes out what prevents a second winner; both decisions have then read the same version. */
  function withoutLock(): void {
    const orders = app.get(OrdersRepository);
    const lock = orders.lock.bind(orders);
    const bothHaveRead = meeting(2);
    vi.spyOn(orders, 'lock').mockImplementation(async (tx, ...given) => {
      const read = await lock(
        rewriting(tx, (sql, values) => [sql.replace(' FOR UPDATE', ''), [...values]]),
        ...given,
      );
      await bothHaveRead();
      return read;
    });
  }
  function withoutVersion(): void {
    const orders = app.get(OrdersRepository);
    const save = orders.save.bind(orders);
    vi.spyOn(orders, 'save').mockImplementation((tx, ...given) =>
      save(
        rewriting(tx, (sql, values) =>
          sql.endsWith(' AND version = ?')
            ? [sql.replace(' AND version = ?', ''), values.slice(0, -1)]
            : [sql, [...values]],
        ),
        ...given,
      ),
    );
  }
  const key = 'uq_order_log_transition';
  const columns = 'apply_order_id, transition_no, seq';
  const withoutKey = () =>
    app.database.writer.query(
      `ALTER TABLE dms_s_apply_order_log DROP INDEX ${key}, ADD INDEX no_${key} (${columns})`,
    );
  const withKey = () =>
    app.database.writer.query(
      `ALTER TABLE dms_s_apply_order_log DROP INDEX no_${key}, ADD UNIQUE INDEX ${key} (${columns})`,
    );

  async function decideAtOnce(): Promise<{ id: string; answers: Answer[] }> {
    const id = await newOrder();
    const answers = await Promise.all(
      [bob, carol].map((reviewer) => app.as(reviewer).post(`/orders/${id}/approve`, {})),
    );
    return { id, answers };
  }

  async function expectOneWinner({ id, answers }: { id: string; answers: Answer[] }): Promise<Answer> {
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 409]);
    const history = (await expectHistories()).find((one) => one.id === id);
    expect(history && [...winnersOf(history).values()].map((winners) => winners.length)).toEqual([1]);
    return answers.find((answer) => answer.status === 409) as Answer;
  }

  it('given nothing but the row lock, then one wins, and the other one sees it', async () => {
    withoutVersion();
    await withoutKey();
    try {
      for (let round = 0; round < 10; round++) {
        expect((await expectOneWinner(await decideAtOnce())).body.code).toBe('order_closed');
      }
    } finally {
      await withKey();
      vi.restoreAllMocks();
    }
  });

  it('given nothing but the version, then one wins, and the other one has decided on a stale order', async () => {
    withoutLock();
    await withoutKey();
    try {
      expect((await expectOneWinner(await decideAtOnce())).body.code).toBe('version_conflict');
    } finally {
      await withKey();
      vi.restoreAllMocks();
    }
  });

  it('given nothing but the unique key of order and transition, then one wins', async () => {
    withoutLock();
    withoutVersion();
    try {
      expect((await expectOneWinner(await decideAtOnce())).body.code).toBe('already_exists');
    } finally {
      vi.restoreAllMocks();
    }
  });

  it('given none of them, then both win: the tests above would notice', async () => {
    withoutLock();
    withoutVersion();
    await withoutKey();
    try {
      const { id, answers } = await decideAtOnce();
      expect(answers.map((answer) => answer.status)).toEqual([200, 200]);
      await expect(expectHistories()).rejects.toThrow(`log of order ${id}`);
      await app.database.writer.query('DELETE FROM dms_s_apply_order_log WHERE apply_order_id = ?', [id]);
      await app.database.writer.query('DELETE FROM dms_s_apply_order WHERE id = ?', [id]);
    } finally {
      await withKey();
      vi.restoreAllMocks();
    }
  });
});
