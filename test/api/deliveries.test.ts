import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agree, answerStatus, type BusinessModule, inTurn, takeOver } from '../support/business-module.js';
import {
  attempted,
  type CallbackWorld,
  deliveryIn,
  executing,
  givenType,
  opened,
  orderIn,
  startCallbackWorld,
} from '../support/callbacks.js';
import type { Client, TestApp } from '../support/harness.js';
import { ann, bob, boss, created, eve, rival, root } from '../support/world.js';

// What administrators see of outgoing calls; what they do about them is in deliveries-steering.test.ts.

let world: CallbackWorld;
let app: TestApp;
let module: BusinessModule;
let admin: Client;
beforeAll(async () => {
  world = await startCallbackWorld();
  ({ app, module } = world);
  admin = app.as(boss);
});
afterAll(() => world.close());

const idsOf = (answer: { body: { items: readonly { id: string }[] } }): string[] =>
  answer.body.items.map((item) => item.id);

/** A platform type with an execution, whose orders a system administrator opens for a team: they pass by themselves. */
async function givenPlatformType(code: string): Promise<string> {
  await created(app.as(root), '/business-types', { code, name: code, executeUrl: module.executeUrl });
  return code;
}

describe('GET /deliveries/{id}', () => {
  it('should tell every attempt: status, time, and the beginning of the answer', async () => {
    // given a module that fails at length, then briefly, and then agrees
    const long = '长'.repeat(5_000);
    module.behave(inTurn(() => ({ status: 500, body: long }), answerStatus(404), agree));
    const { code } = await givenType(app, { executeUrl: module.executeUrl });
    const id = await executing(app, code);
    await orderIn(app, id, 'completed');
    const { id: delivery } = await attempted(app, id, 'execute', 3);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string;
    const durationMs = expect.any(Number) as number;
    const attempt = { startedAt: time, durationMs };
    const answer = await admin.get(`/deliveries/${delivery}`);
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        id: module.callsOf('execute', id)[0]?.id,
        topic: 'order.execute',
        orderId: id,
        accCode: 't1',
        state: 'succeeded',
        result: true,
        lastError: null,
        nextAttemptAt: null,
        createTime: time,
        updateTime: time,
        attempts: [
          {
            ...attempt,
            attempt: 1,
            status: 500,
            outcome: 'failed',
            error: 'the business module answered 500',
            answer: `${long.slice(0, 1_023)}…`,
          },
          {
            ...attempt,
            attempt: 2,
            status: 404,
            outcome: 'failed',
            error: 'the business module answered 404',
            answer: '{}',
          },
          {
            ...attempt,
            attempt: 3,
            status: 200,
            outcome: 'succeeded',
            error: null,
            answer: JSON.stringify({ ticket_id: id, result: true, msg: 'fine' }),
          },
        ],
      },
    ]);
    for (const { durationMs: took } of answer.body.attempts) expect(took).toBeGreaterThanOrEqual(0);
  });

  it('should tell an attempt that brought no answer at all', async () => {
    module.behave(
      inTurn((_call, response) => {
        response.socket?.destroy();
        return null;
      }, agree),
    );
    const { code } = await givenType(app, { executeUrl: module.executeUrl });
    const id = await executing(app, code);
    const delivery = await attempted(app, id, 'execute');
    expect(delivery.attempts[0]).toMatchObject({
      status: null,
      outcome: 'failed',
      error: expect.stringContaining('The connection was closed') as string,
      answer: null,
    });
    await orderIn(app, id, 'completed');
  });

  it('should show no secret of the type', async () => {
    module.behave(agree);
    const { code, secret } = await givenType(app, { executeUrl: module.executeUrl });
    const id = await executing(app, code);
    await orderIn(app, id, 'completed');
    const shown = JSON.stringify(await deliveryIn(app, id, 'execute', 'succeeded'));
    expect(shown).not.toContain(secret.slice('whsec_'.length));
  });
});

describe('GET /deliveries', () => {
  it('should be narrowed by state, order and topic', async () => {
    // given an order that was checked and waits for its execution, and one that waits for its check
    const { code } = await givenType(app, { checkUrl: module.checkUrl, executeUrl: module.executeUrl });
    module.behave((call, response) => (call.path === '/check' ? agree : takeOver)(call, response));
    const first = await opened(app, bob, code);
    const execution = await deliveryIn(app, first, 'execute', 'awaiting');
    const check = await deliveryIn(app, first, 'check', 'succeeded');
    module.behave(takeOver);
    const second = await opened(app, bob, code);
    const waiting = await deliveryIn(app, second, 'check', 'awaiting');
    const list = async (query: string) => idsOf(await admin.get(`/deliveries?${query}`));
    expect(await list(`orderId=${first}`)).toEqual([execution.id, check.id]);
    expect(await list(`orderId=${first}&topic=order.check`)).toEqual([check.id]);
    expect(await list(`orderId=${first}&state=awaiting`)).toEqual([execution.id]);
    expect(await list(`orderId=${first}&state=awaiting&topic=order.check`)).toEqual([]);
    expect(await list(`orderId=no-such-order`)).toEqual([]);
    expect(await list('state=awaiting&topic=order.check')).toEqual([waiting.id]);
    expect(await list('state=awaiting')).toEqual([waiting.id, execution.id]);
    expect(await list('state=abandoned')).toEqual([]);
  });

  it.each([
    ['state=lost', 'state'],
    ['topic=a,b', 'topic'],
    ['limit=101', 'limit'],
    ['limit=0', 'limit'],
    ['cursor=nonsense', 'cursor'],
    ['order=1', 'order'],
  ])('should refuse %s', async (query, field) => {
    const answer = await admin.get(`/deliveries?${query}`);
    expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toEqual([field]);
  });

  it('should come in pages, newest first, each delivery once', async () => {
    module.behave(agree);
    const { code } = await givenType(app, { executeUrl: module.executeUrl });
    const orders: string[] = [];
    for (let n = 0; n < 5; n++) orders.push(await executing(app, code));
    for (const id of orders) await orderIn(app, id, 'completed');
    const all = await admin.get('/deliveries?topic=order.execute&limit=100');
    expect(all.body.nextCursor).toBeNull();
    expect(idsOf(all)).toEqual(idsOf(all).toSorted().toReversed());
    const found: { id: string; orderId: string; attempts: unknown[] }[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const from = cursor && `&cursor=${cursor}`;
      const page = await admin.get(`/deliveries?topic=order.execute&limit=2${from}`);
      expect(page.body.items.length).toBeLessThanOrEqual(2);
      found.push(...page.body.items);
      cursor = page.body.nextCursor as string | null;
    }
    expect(found).toEqual(all.body.items);
    expect(found.slice(0, 5).map((item) => item.orderId)).toEqual(orders.toReversed());
    expect(found.slice(0, 5).map((item) => item.attempts.length)).toEqual([1, 1, 1, 1, 1]);
  });
});

describe('deliveries of a team', () => {
  it('should not exist for another team', async () => {
    module.behave(takeOver);
    const { code } = await givenType(app, { executeUrl: module.executeUrl });
    const id = await executing(app, code);
    const delivery = await deliveryIn(app, id, 'execute', 'awaiting');
    const stranger = app.as(rival);
    expect((await stranger.get('/deliveries')).body).toEqual({ items: [], nextCursor: null });
    expect((await stranger.get(`/deliveries?orderId=${id}`)).body.items).toEqual([]);
    const abandoned = { applyStatus: 'completed', reason: 'not mine' };
    for (const answer of [
      await stranger.get(`/deliveries/${delivery.id}`),
      await stranger.post(`/deliveries/${delivery.id}/redeliver`),
      await stranger.post(`/deliveries/${delivery.id}/abandon`, abandoned),
      await stranger.get('/deliveries?accCode=t1'),
      await admin.get('/deliveries/no-such-delivery'),
      await admin.post('/deliveries/no-such-delivery/redeliver'),
      await admin.post('/deliveries/no-such-delivery/abandon', abandoned),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
    }
    expect(await deliveryIn(app, id, 'execute', 'awaiting')).toEqual(delivery);
  });

  it('should be for administrators', async () => {
    const { key } = await created(admin, '/api-keys', { name: 'k', accCodes: ['t1'] });
    for (const client of [app.as(ann), app.as(eve), app.key(String(key))]) {
      for (const answer of [
        await client.get('/deliveries'),
        await client.get('/deliveries/any'),
        await client.post('/deliveries/any/redeliver'),
        await client.post('/deliveries/any/abandon', { applyStatus: 'rejected', reason: 'x' }),
      ]) {
        expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
      }
    }
  });

  it('should all be seen by system administrators, who may name a team', async () => {
    // given one delivery of another team, and one of no team
    module.behave(agree);
    const code = await givenPlatformType('for-all');
    const ofTeam = await opened(app, root, code, { accCode: 't2' });
    const ofNobody = await opened(app, root, code);
    for (const id of [ofTeam, ofNobody]) await orderIn(app, id, 'completed');
    const system = app.as(root);
    const teams = async (query: string) =>
      (await system.get(`/deliveries?limit=100${query}`)).body.items.map(
        (item: { accCode: string | null }) => item.accCode,
      ) as (string | null)[];
    expect(new Set(await teams(''))).toEqual(new Set(['t1', 't2', null]));
    expect(new Set(await teams('&accCode=t1'))).toEqual(new Set(['t1']));
    expect(await teams('&accCode=t2')).toEqual(['t2']);
    expect(await teams('&accCode=t3')).toEqual([]);
    // and teams see their own
    const ours = await app.as(rival).get('/deliveries');
    expect(ours.body.items).toMatchObject([{ orderId: ofTeam, accCode: 't2' }]);
    expect((await app.as(rival).get('/deliveries?accCode=t2')).body).toEqual(ours.body);
  });
});
