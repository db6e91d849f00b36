import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeTold, fay, givenCrew, openActing } from '../support/acting.js';
import { startApp, type TestApp } from '../support/harness.js';
import { ann, bob, boss, carol, created, eve, givenFlow, root } from '../support/world.js';

/** 批量审批: many orders in one request, each decided by itself. */
let app: TestApp;
let businessType: string;
beforeAll(async () => {
  app = await startApp();
  await givenCrew(app);
  ({ businessType } = await givenFlow(app, [{ users: ['bob'] }, { users: ['carol'] }]));
});
afterAll(() => closeTold(app));

const open = (count: number) =>
  Promise.all(Array.from({ length: count }, () => openActing(app, businessType)));
const bulk = (decision: string, orders: unknown, more: object = {}, headers: Record<string, string> = {}) =>
  app.as(bob).post('/orders/bulk-decisions', { decision, orders, ...more }, headers);
const idsOf = (orders: readonly { id: string }[]) => orders.map(({ id }) => ({ id }));

describe('bulk decisions', () => {
  it('given orders of which some cannot be decided, then each has its own outcome, in their sequence', async () => {
    const [ready, stale, closed, passed] = (await open(4)) as [never, never, never, never];
    const orders = [ready, stale, closed, passed] as Awaited<ReturnType<typeof open>>;
    await orders[2]?.does(ann, 'withdraw');
    await orders[3]?.does(bob, 'approve');
    const foreign = (await givenFlow(app, [{ users: ['fay'] }])).businessType;
    const others = await openActing(app, foreign);
    const answer = await bulk(
      'approve',
      [
        { id: orders[0]?.id, version: 1 },
        { id: orders[1]?.id, version: 7 },
        { id: orders[2]?.id },
        { id: orders[3]?.id },
        { id: others.id },
        { id: 'no-such-order' },
        { id: orders[0]?.id },
      ],
      { auditMsg: '批量同意' },
    );
    expect(answer.status).toBe(200);
    expect(answer.body.items[0]).toEqual({
      id: orders[0]?.id,
      outcome: 'approved',
      applyStatus: 'in_review',
      version: 2,
      problem: null,
    });
    const codes = answer.body.items.map(
      (one: { problem: { code: string } | null }) => one.problem?.code ?? null,
    );
    expect(codes).toEqual([
      null,
      'version_conflict',
      'order_closed',
      'already_decided',
      'forbidden',
      'not_found',
      'already_decided',
    ]);
    expect(answer.body.items[5]).toMatchObject({
      outcome: 'failed',
      applyStatus: null,
      problem: { status: 404 },
    });
    expect((await orders[0]?.order())?.steps[0]).toMatchObject({
      auditUserCode: 'bob',
      auditMsg: '批量同意',
    });
    expect(await orders[1]?.turns()).toEqual(['bob']);
  });

  it('given rejections, then the orders are rejected', async () => {
    const orders = await open(3);
    const answer = await bulk('reject', idsOf(orders), { auditMsg: '不行' });
    for (const item of answer.body.items)
      expect(item).toMatchObject({ outcome: 'rejected', applyStatus: 'rejected' });
    for (const order of orders) expect(await order.path()).toEqual(['rejected', 'cancelled']);
  });

  it('given a hundred, then all are decided', async () => {
    const orders = await open(100);
    const answer = await bulk('approve', idsOf(orders));
    expect(answer.body.items.map((one: { id: string }) => one.id)).toEqual(orders.map(({ id }) => id));
    expect(new Set(answer.body.items.map((one: { outcome: string }) => one.outcome))).toEqual(
      new Set(['approved']),
    );
  });

  it.each<[string, unknown]>([
    ['none', []],
    ['101', Array.from({ length: 101 }, (_, n) => ({ id: `o${n}` }))],
    ['10,000', Array.from({ length: 10_000 }, (_, n) => ({ id: `o${n}` }))],
    ['no list', { id: 'o1' }],
    ['nothing', undefined],
    ['texts', ['o1']],
    ['no ids', [{}]],
    ['ids that are numbers', [{ id: 1 }]],
    ['a version of 0', [{ id: 'o1', version: 0 }]],
  ])('given %s, then 400 and nothing is decided', async (_, orders) => {
    const answer = await bulk('approve', orders);
    expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
  });

  it('given another decision than these two, then 400', async () => {
    expect((await bulk('transfer', [{ id: 'o1' }])).status).toBe(400);
    expect((await app.as(bob).post('/orders/bulk-decisions', { orders: [{ id: 'o1' }] })).status).toBe(400);
  });

  it('given an Idempotency-Key, then the same answer comes again and nothing happens twice', async () => {
    // bob sits on both steps: a second run would approve the second one as well
    const twice = (await givenFlow(app, [{ users: ['bob'] }, { users: ['bob'] }])).businessType;
    const orders = [await openActing(app, twice), await openActing(app, twice)];
    const headers = { 'idempotency-key': 'bulk-1' };
    const body = [...idsOf(orders), { id: 'no-such-order' }];
    const first = await bulk('approve', body, {}, headers);
    const again = await bulk('approve', body, {}, headers);
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    for (const order of orders) expect(await order.path()).toEqual(['approved', 'in_review']);
    const other = await bulk('reject', body, {}, headers);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    expect((await bulk('approve', body)).body.items.map((one: { outcome: string }) => one.outcome)).toEqual([
      'approved',
      'approved',
      'failed',
    ]);
  });

  it('given the same key for many at once, then one runs, and the others get its answer or are told to wait', async () => {
    const [order] = await open(1);
    const body = [{ id: order?.id }];
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => bulk('approve', body, {}, { 'idempotency-key': 'bulk-2' })),
    );
    for (const answer of answers) {
      if (answer.status === 409) expect(answer.body.code).toBe('request_in_flight');
      else expect(answer.body.items[0]).toMatchObject({ outcome: 'approved', version: 2 });
    }
    expect((await order?.order())?.version).toBe(2);
  });

  it('given another team or a service account, then it decides nothing', async () => {
    const [order] = await open(1);
    const body = { decision: 'approve', orders: [{ id: order?.id }] };
    const theirs = await app.as(eve).post('/orders/bulk-decisions', body);
    expect(theirs.body.items[0]).toMatchObject({ outcome: 'failed', problem: { code: 'not_found' } });
    const { key } = await created(app.as(boss), '/api-keys', { name: 'erp', accCodes: ['t1'] });
    expect((await app.key(String(key)).post('/orders/bulk-decisions', body)).status).toBe(403);
    expect((await app.as(carol).post('/orders/bulk-decisions', body)).body.items[0].problem.code).toBe(
      'forbidden',
    );
    expect((await app.as(fay).post('/orders/bulk-decisions', body)).body.items[0].problem.code).toBe(
      'forbidden',
    );
    expect((await app.as(root).post('/orders/bulk-decisions', body)).body.items[0].outcome).toBe('approved');
  });
});
