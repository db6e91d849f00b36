import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { OrdersRepository } from '../../src/orders/orders.repository.js';
import { Clock } from '../../src/runtime/clock.js';
import { type CommitProxy, startCommitProxy } from '../support/commit-proxy.js';
import { freshDatabase, type FreshDatabase } from '../support/fresh-database.js';
import { type Answer, startApp, type TestApp } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { until } from '../support/signal.js';
import { ann, bob, boss, created, givenFlow } from '../support/world.js';

/**
 * Fact 3 of the architecture page: a connection that is lost at COMMIT leaves the outcome unknown. What happened is read
 * back; nothing is ever run a second time.
 */
let fresh: FreshDatabase;
let proxy: CommitProxy;
let app: TestApp;
let businessType: string;
beforeAll(async () => {
  fresh = await freshDatabase();
  proxy = await startCommitProxy(fresh.url);
  app = await startApp({ databaseUrl: proxy.url });
  ({ businessType } = await givenFlow(app, [{ users: ['bob'] }, { users: ['bob'] }]));
});
afterAll(async () => {
  await app.close();
  await proxy.close();
  await fresh.drop();
});
beforeEach(() => void vi.restoreAllMocks());

let made = 0;
const newKey = () => `key-${++made}`;

/** Opens an order of a business key of its own. */
const open = (businessKey: string, headers: Record<string, string> = {}): Promise<Answer> =>
  app.as(ann).post('/orders', { businessType, businessKey }, headers);

const ordersOf = (businessKey: string) =>
  app.database.rows<{ id: string }>('SELECT id FROM dms_s_apply_order WHERE business_key = ?', [businessKey]);

const expectUnknown = (answer: Answer) => {
  expect(answer.status).toBe(503);
  expect(answer.body).toMatchObject({ code: 'unavailable' });
  expect(answer.body.detail).toContain('the change may have been made');
  expect(answer.headers.get('retry-after')).toBe('1');
};

/** The time that a request in flight is given before its key may be taken over. */
const afterTheLease = () =>
  vi.spyOn(app.get(Clock), 'now').mockImplementation(() => new Date(Date.now() + 61_000));

describe('opening an order', () => {
  it('given that the commit is carried out and its answer is lost, then it is read back and answered 201', async () => {
    const insert = vi.spyOn(app.get(OrdersRepository), 'insert');
    const key = newKey();
    proxy.breakAtCommit('is carried out');
    const opened = await open(key);
    expect(opened.status).toBe(201);
    expect(await ordersOf(key)).toEqual([{ id: opened.body.id }]);
    expect((await app.as(ann).get(`/orders/${opened.body.id}`)).body).toEqual(opened.body);
    expect(insert).toHaveBeenCalledTimes(1);
  });

  it('given that the commit never arrives, then nothing is stored or run again, and the caller is told to look', async () => {
    const insert = vi.spyOn(app.get(OrdersRepository), 'insert');
    const key = newKey();
    proxy.breakAtCommit('never arrives');
    expectUnknown(await open(key));
    expect(insert).toHaveBeenCalledTimes(1);
    expect(await ordersOf(key)).toEqual([]);
    // and the caller who looks and tries again gets the order
    expect((await open(key)).status).toBe(201);
    expect(await ordersOf(key)).toHaveLength(1);
  });

  it('given that the commit arrives after the service has looked, then the service has not said no', async () => {
    const key = newKey();
    proxy.breakAtCommit('arrives late');
    const answer = await open(key);
    const meanwhile = await ordersOf(key);
    await proxy.deliverLateCommit();
    expectUnknown(answer);
    expect(meanwhile).toEqual([]);
    expect(await ordersOf(key)).toHaveLength(1);
  });
});

describe('a database that cannot be reached any more', () => {
  it('given after it has carried out the commit, then the outcome is called unknown, and the key tells it later', async () => {
    const key = newKey();
    proxy.breakAtCommit('is the last', { after: 1 });
    expectUnknown(await open(key, { 'idempotency-key': key }));
    // while it is away, nothing is promised
    const meanwhile = await open(key, { 'idempotency-key': key });
    expect([meanwhile.status, meanwhile.body.code]).toEqual([503, 'unavailable']);
    expect((await fetch(`${app.url}/health/ready`)).status).toBe(503);
    proxy.restore();
    const again = await open(key, { 'idempotency-key': key });
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect(await ordersOf(key)).toEqual([{ id: again.body.id }]);
    expect((await fetch(`${app.url}/health/ready`)).status).toBe(200);
  });
});

describe('deciding a step', () => {
  const approve = (id: string, headers = {}) => app.as(bob).post(`/orders/${id}/approve`, {}, headers);
  const newOrder = async () =>
    String((await created(app.as(ann), '/orders', { businessType, businessKey: newKey() })).id);

  it('given that the commit is carried out and its answer is lost, then it is read back and answered 200', async () => {
    const id = await newOrder();
    proxy.breakAtCommit('is carried out');
    const approved = await approve(id);
    expect(approved.status).toBe(200);
    // the same person sits on the second step too: had it run twice, the order would be completed
    expect(approved.body).toMatchObject({ version: 2, applyStatus: 'in_review' });
    expect((await app.as(ann).get(`/orders/${id}`)).body).toEqual(approved.body);
  });

  it('given that the commit never arrives, then the step is open as before, and the caller is told to look', async () => {
    const id = await newOrder();
    proxy.breakAtCommit('never arrives');
    expectUnknown(await approve(id));
    expect((await app.as(ann).get(`/orders/${id}`)).body.version).toBe(1);
    expect((await approve(id)).body.version).toBe(2);
  });

  it('given that the commit arrives late and the caller repeats it with the version, then it counts once', async () => {
    const id = await newOrder();
    proxy.breakAtCommit('arrives late');
    expectUnknown(await approve(id));
    await proxy.deliverLateCommit();
    const again = await app.as(bob).post(`/orders/${id}/approve`, { version: 1 });
    expect([again.status, again.body.code]).toEqual([409, 'version_conflict']);
    expect((await app.as(ann).get(`/orders/${id}`)).body.version).toBe(2);
  });
});

describe('with an Idempotency-Key', () => {
  /** The key is reserved by a transaction of its own before the one that does the work. */
  const work = { after: 1 };
  const reservation = { after: 0 };

  it('given that the commit is carried out and its answer is lost, then the repetition gets the first answer', async () => {
    const key = newKey();
    proxy.breakAtCommit('is carried out', work);
    const opened = await open(key, { 'idempotency-key': key });
    expect(opened.status).toBe(201);
    const again = await open(key, { 'idempotency-key': key });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect([again.status, again.body]).toEqual([201, opened.body]);
    expect(await ordersOf(key)).toHaveLength(1);
  });

  it('given that the commit arrives late, then the repetition gets the answer that the first one did not', async () => {
    const key = newKey();
    proxy.breakAtCommit('arrives late', work);
    expectUnknown(await open(key, { 'idempotency-key': key }));
    // while nobody knows, nothing is run
    const meanwhile = await open(key, { 'idempotency-key': key });
    expect([meanwhile.status, meanwhile.body.code]).toEqual([409, 'request_in_flight']);
    await proxy.deliverLateCommit();
    const again = await open(key, { 'idempotency-key': key });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.status).toBe(201);
    expect(await ordersOf(key)).toEqual([{ id: again.body.id }]);
  });

  it('given that the commit arrives after another one took the key over, then the late one counts, and nothing runs again', async () => {
    const key = newKey();
    proxy.breakAtCommit('arrives late', work);
    expectUnknown(await open(key, { 'idempotency-key': key }));
    afterTheLease();
    // the late transaction holds the record, so the takeover waits for it
    const taking = open(key, { 'idempotency-key': key });
    await until('the takeover waits', async () => {
      const waiting = await app.database.rows(
        "SELECT 1 FROM information_schema.processlist WHERE info LIKE 'DELETE FROM dms_s_apply_idempotency%'",
      );
      return waiting.length > 0;
    });
    await proxy.deliverLateCommit();
    const taken = await taking;
    expect([taken.status, taken.body.code]).toEqual([409, 'request_in_flight']);
    const again = await open(key, { 'idempotency-key': key });
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect(await ordersOf(key)).toEqual([{ id: again.body.id }]);
  });

  it.each([
    ['the commit', work],
    ['the commit of the reservation', reservation],
  ])('given that %s never arrives, then the repetition runs once the lease is over', async (_, which) => {
    const key = newKey();
    proxy.breakAtCommit('never arrives', which);
    expectUnknown(await open(key, { 'idempotency-key': key }));
    expect(await ordersOf(key)).toEqual([]);
    afterTheLease();
    const again = await open(key, { 'idempotency-key': key });
    expect(again.status).toBe(201);
    expect(again.headers.get('idempotent-replayed')).toBeNull();
    expect(await ordersOf(key)).toEqual([{ id: again.body.id }]);
  });

  it('given a command that cannot be read back, then the repetition tells what became of it', async () => {
    const key = newKey();
    const node = { templateNodeName: key, auditObjectType: 'user', auditObject: ['bob'] };
    const headers = { 'idempotency-key': key };
    proxy.breakAtCommit('is carried out', work);
    expectUnknown(await app.as(boss).post('/nodes', node, headers));
    const again = await app.as(boss).post('/nodes', node, headers);
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect((await app.as(boss).get(`/nodes/${again.body.id}`)).body).toEqual(again.body);
    const named = await app.database.rows(
      'SELECT id FROM dms_s_apply_template_process_node WHERE template_node_name = ?',
      [key],
    );
    expect(named).toEqual([{ id: again.body.id }]);
  });
});

describe('after all of this', () => {
  it("every order's log replays to its state", async () => {
    expect((await historiesOf(app.database)).length).toBeGreaterThan(5);
  });
});
