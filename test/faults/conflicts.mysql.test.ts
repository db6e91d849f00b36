import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { QueryRunnerSql } from '../../src/database/sql.js';
import { agree, answerStatus, type BusinessModule, startBusinessModule } from '../support/business-module.js';
import { callbackSettings } from '../support/callback-settings.js';
import { type CheckedOrders, givenCheckedOrders } from '../support/checked-orders.js';
import { eventually } from '../support/eventually.js';
import { startApp, type TestApp } from '../support/harness.js';
import { holdCalls } from '../support/held-calls.js';
import { until } from '../support/signal.js';

/** Deadlocks (1213) and locks that come too late (1205), wherever a callback writes. */
let app: TestApp;
let module: BusinessModule;
let orders: CheckedOrders;
beforeAll(async () => {
  module = await startBusinessModule();
  app = await startApp({ env: callbackSettings });
  orders = await givenCheckedOrders(app, module);
});
afterAll(async () => {
  await app.close();
  await module.close();
});
beforeEach(() => module.behave(agree));
afterEach(() => void vi.restoreAllMocks());

/** Statements, by what they do. */
const statements = {
  'claiming a delivery': /^UPDATE dms_s_apply_delivery SET state = 'sending'/,
  'giving it back': /^UPDATE dms_s_apply_delivery SET state = \?, due_at/,
  'recording the attempt': /^INSERT INTO dms_s_apply_delivery_attempt/,
  'settling it by a late answer': /^UPDATE dms_s_apply_delivery SET state = 'succeeded'/,
  'changing the order': /^UPDATE dms_s_apply_order SET/,
  'writing the log': /^INSERT INTO dms_s_apply_order_log/,
};
type What = keyof typeof statements;

/**
 * Does something each time before a statement is sent, in the same session; the statement is refused by throwing.
 * @returns how often it came
 */
function before(what: What, act: (run: (sql: string) => Promise<number>, time: number) => Promise<unknown>) {
  // oxlint-disable-next-line typescript/unbound-method -- called with its `this` below
  const { run } = QueryRunnerSql.prototype;
  let times = 0;
  const spy = vi.spyOn(QueryRunnerSql.prototype, 'run');
  spy.mockImplementation(async function (this: QueryRunnerSql, sql, values) {
    if (statements[what].test(sql)) await act((other) => run.call(this, other), ++times);
    return run.call(this, sql, values);
  });
  return () => times;
}

/** The database refuses a statement so many times. */
const refused = (what: What, errno: number, count: number) =>
  before(what, async (_run, time) => {
    if (time <= count) throw Object.assign(new Error('a conflict'), { errno });
  });

/** More than one unit of work puts up with. */
const persistently = 7;

describe.each([
  { errno: 1213, name: 'a deadlock (1213)' },
  { errno: 1205, name: 'a lock that comes too late (1205)' },
])('$name', ({ errno }) => {
  it.each<[What, number]>([
    ['giving it back', 1],
    ['recording the attempt', 1],
    ['changing the order', 1],
    ['writing the log', 1],
    ['writing the log', persistently],
  ])('given an answer, and %s is refused %d times, then it is recorded, once', async (what, count) => {
    const held = holdCalls();
    module.behave(held.behaviour);
    const orderId = await orders.open();
    await held.came(1);
    const came = refused(what, errno, count);
    await held.answerAll(agree);
    await orders.inReview(orderId);
    expect(came()).toBe(count + 1);
    await orders.expectOnce(orderId);
    expect(await orders.delivery(orderId)).toMatchObject({ state: 'succeeded', result: 1, attempts: 1 });
  });

  it('given that claiming is refused again and again, then the delivery is sent, once', async () => {
    const came = refused('claiming a delivery', errno, persistently);
    const orderId = await orders.open();
    await orders.inReview(orderId);
    expect(came()).toBe(persistently + 1);
    await orders.expectOnce(orderId);
  });

  it.each<What>(['settling it by a late answer', 'changing the order', 'writing the log'])(
    'given a late answer, and %s is refused, then the caller notices nothing',
    async (what) => {
      module.behave(answerStatus(202));
      const orderId = await orders.open();
      await orders.until(orderId, ({ state }) => state === 'awaiting');
      const came = refused(what, errno, 1);
      expect((await orders.answerLate(orderId, true)).body).toMatchObject({ apply_status: 'in_review' });
      expect(came()).toBe(2);
      await orders.expectOnce(orderId, ['accepted']);
    },
  );

  it('given a late answer that is refused five times, then the caller is told to try again, and may', async () => {
    module.behave(answerStatus(202));
    const orderId = await orders.open();
    await orders.until(orderId, ({ state }) => state === 'awaiting');
    refused('writing the log', errno, 5);
    const answer = await orders.answerLate(orderId, true);
    expect([answer.status, answer.body.code]).toEqual([503, 'unavailable']);
    expect(await orders.status(orderId)).toBe('initiating');
    expect((await orders.answerLate(orderId, true)).body).toMatchObject({ apply_status: 'in_review' });
    await orders.expectOnce(orderId, ['accepted']);
  });
});

describe('a session that holds the rows that a callback needs', () => {
  let beside: Connection;
  beforeEach(async () => {
    beside = await createConnection(app.databaseUrl);
  });
  afterEach(() => beside.end());

  const lock = (table: string, column: string, id: string) =>
    beside.query(`SELECT 1 FROM ${table} WHERE ${column} = ? FOR UPDATE`, [id]);
  const isWaiting = async () => {
    const [rows] = await beside.query<RowDataPacket[]>(
      `SELECT 1 FROM information_schema.processlist
        WHERE db = DATABASE() AND info LIKE 'UPDATE dms_s_apply_delivery%'`,
    );
    return rows.length > 0;
  };

  it('given that it locks them the other way round, then the answer is recorded after the deadlock, once', async () => {
    const held = holdCalls();
    module.behave(held.behaviour);
    const orderId = await orders.open();
    await held.came(1);
    const came = before('giving it back', () => Promise.resolve());
    // given a transaction with much to undo, which the database therefore spares
    await beside.query(
      'CREATE TABLE IF NOT EXISTS ballast (no int AUTO_INCREMENT PRIMARY KEY, name char(9))',
    );
    await beside.query('START TRANSACTION');
    await beside.query('INSERT INTO ballast (name) VALUES ?', [Array.from({ length: 500 }, () => ['x'])]);
    await lock('dms_s_apply_delivery', 'apply_order_id', orderId);
    await held.answerAll(agree);
    await until('the worker waits for the delivery', isWaiting);
    await lock('dms_s_apply_order', 'id', orderId);
    await beside.query('COMMIT');
    await orders.inReview(orderId);
    expect(came()).toBe(2);
    await orders.expectOnce(orderId);
  });

  it.each(['the answer of the call', 'a late answer'])(
    'given that it holds them for longer than anybody waits for a lock, then %s is recorded afterwards, once',
    async (what) => {
      const late = what === 'a late answer';
      const held = holdCalls();
      module.behave(late ? answerStatus(202) : held.behaviour);
      const orderId = await orders.open();
      if (late) await orders.until(orderId, ({ state }) => state === 'awaiting');
      else await held.came(1);
      const came = before(late ? 'settling it by a late answer' : 'giving it back', (run) =>
        run('SET SESSION innodb_lock_wait_timeout = 1'),
      );
      await beside.query('START TRANSACTION');
      await lock('dms_s_apply_delivery', 'apply_order_id', orderId);
      const answered = late ? orders.answerLate(orderId, true) : held.answerAll(agree);
      await eventually(came, (times) => times >= 2);
      await beside.query('COMMIT');
      await answered;
      await orders.inReview(orderId);
      await orders.expectOnce(orderId, late ? ['accepted'] : ['succeeded']);
    },
  );
});
