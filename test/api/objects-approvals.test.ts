import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp, type TestUser } from '../support/harness.js';
import { logOf } from '../support/callbacks.js';
import { autoRun, givenObjectFlow, newObjectType, type Standing, standingsOf } from '../support/objects.js';
import { historiesOf } from '../support/order-history.js';
import { ann, bob, boss, carol, created, eve, rival, root } from '../support/world.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

/** Starts the one flow of an object. @returns the order's id */
const startedOn = async (object: string, who = ann): Promise<string> =>
  String((await autoRun(app, who, object)).body.orders[0].orderId);

const none = { approveFlag: 'none', approveStage: null, approvers: [], approveDscr: null, orderId: null };

describe('summaries', () => {
  it('given objects with and without orders, then there is one for each object and flow, in their sequence', async () => {
    const objectType = newObjectType();
    const types = [
      await givenObjectFlow(app, objectType, [{ users: ['bob'] }]),
      await givenObjectFlow(app, objectType, [{ users: ['carol'] }]),
    ].toSorted();
    await autoRun(app, ann, `${objectType}/2`);
    const items = await standingsOf(app, ann, objectType, '3,2,1,2');
    expect(items.map(({ objectId, businessType }) => [objectId, businessType])).toEqual(
      ['3', '2', '1'].flatMap((id) => types.map((type) => [id, type])),
    );
    expect(items.filter(({ objectId }) => objectId !== '2')).toEqual(
      ['3', '1'].flatMap((objectId) => types.map((businessType) => ({ objectId, businessType, ...none }))),
    );
    expect(items.filter(({ objectId }) => objectId === '2').map((item) => item.approveFlag)).toEqual([
      'pending',
      'pending',
    ]);
  });

  it('given the states of an order, then flag, stage, approvers and words say where it is', async () => {
    const objectType = newObjectType();
    await givenObjectFlow(app, objectType, [{ users: ['bob'] }, { users: ['carol', 'dave'], mode: 'all' }]);
    const id = await startedOn(`${objectType}/1`);
    const standing = async (): Promise<Standing> => {
      const [item] = await standingsOf(app, ann, objectType, '1');
      if (!item) throw new Error('nothing is said of the object');
      return item;
    };
    const first = await standing();
    expect(first).toMatchObject({ approveFlag: 'pending', approvers: ['bob'], orderId: id });
    expect(first.approveDscr).toBe(`waiting for bob at "${first.approveStage}"`);
    await app.as(bob).post(`/orders/${id}/approve`, { auditMsg: '同意' });
    const second = await standing();
    expect(second.approvers).toEqual(['carol', 'dave']);
    expect(second.approveStage).not.toBe(first.approveStage);
    expect(second.approveDscr).toBe(`bob approved "${first.approveStage}": 同意`);
    await app.as(carol).post(`/orders/${id}/approve`, {});
    const third = await standing();
    expect(third).toMatchObject({ approvers: ['dave'], approveStage: second.approveStage });
    expect(third.approveDscr).toBe(`carol approved "${second.approveStage}"`);
    const back = await app.as({ sub: 'dave', acc_code: 't1' }).post(`/orders/${id}/return`, {
      toStep: 0,
      auditMsg: 'more, please',
    });
    expect(back.status).toBe(200);
    expect(await standing()).toMatchObject({
      approveFlag: 'pending',
      approvers: [],
      approveStage: second.approveStage,
      approveDscr: `dave returned "${second.approveStage}" to ann: more, please`,
    });
    await app.as(ann).post(`/orders/${id}/resubmit`, {});
    expect((await standing()).approveDscr).toBe(`waiting for bob at "${first.approveStage}"`);
    await app.as(ann).post(`/orders/${id}/withdraw`, {});
    expect(await standing()).toMatchObject(none);
  });

  it('given groups, then their members are told, at most 20, and never who may not decide', async () => {
    const objectType = newObjectType();
    const members = ['ann', ...Array.from({ length: 30 }, (_, n) => `member-${String(n).padStart(2, '0')}`)];
    await app.as(boss).put(`/directory/groups/${objectType}`, { name: 'Many', members });
    await givenObjectFlow(app, objectType, [{ groups: [objectType] }], { autoApprove: 'never' });
    await startedOn(`${objectType}/1`);
    const [item] = await standingsOf(app, ann, objectType, '1');
    expect(item?.approvers).toEqual(members.slice(1, 21));
    expect(item?.approveDscr).toBe(
      `waiting for member-00, member-01, member-02 and others at "${item?.approveStage}"`,
    );
  });

  it('given an end without a reviewer, then the words say so', async () => {
    const objectType = newObjectType();
    await givenObjectFlow(app, objectType, [{ users: ['bob'] }]);
    await startedOn(`${objectType}/1`, bob);
    const [item] = await standingsOf(app, ann, objectType, '1');
    expect(item).toMatchObject({ approveFlag: 'approved', approveDscr: 'approved automatically' });
  });

  it('given another team, then its orders never appear', async () => {
    const objectType = newObjectType();
    const code = `both-${objectType}`;
    await created(app.as(root), '/business-types', { code, name: 'platform', objectType });
    const ours = await startedOn(`${objectType}/1`);
    expect((await standingsOf(app, eve, objectType, '1'))[0]).toMatchObject(none);
    const theirs = await startedOn(`${objectType}/1`, eve);
    expect((await standingsOf(app, ann, objectType, '1'))[0]).toMatchObject({ orderId: ours });
    expect((await standingsOf(app, eve, objectType, '1'))[0]).toMatchObject({ orderId: theirs });
    expect((await standingsOf(app, root, objectType, '1&accCode=t2'))[0]).toMatchObject({ orderId: theirs });
    expect((await standingsOf(app, root, objectType, '1'))[0]).toMatchObject(none);
    const history = async (who: TestUser, query = '') =>
      (await app.as(who).get(`/objects/${objectType}/1/approvals${query}`)).body.items.map(
        ({ id }: { id: string }) => id,
      );
    expect(await history(boss)).toEqual([ours]);
    expect(await history(rival)).toEqual([theirs]);
    expect(await history(root, '?accCode=t1')).toEqual([ours]);
    expect(await history(root)).toEqual([]);
    expect((await app.as(rival).delete(`/objects/${objectType}/2/approvals`)).body).toEqual({ detached: 0 });
    const path = `/objects/${objectType}/approvals?ids=1`;
    expect((await app.as(ann).get(`${path}&accCode=t2`)).status).toBe(404);
    const { key } = await created(app.as(root), '/api-keys', { name: 'both', accCodes: ['t1', 't2'] });
    expect((await app.key(String(key)).get(path)).body.errors[0].field).toBe('accCode');
    expect((await app.key(String(key)).get(`${path}&accCode=t1`)).body.items[0].orderId).toBe(ours);
  });

  it('given 100 ids, then they are answered; none, 101 or a long one are refused', async () => {
    const objectType = newObjectType();
    await givenObjectFlow(app, objectType, [{ users: ['bob'] }]);
    const ids = Array.from({ length: 101 }, (_, n) => `${n}`);
    expect(await standingsOf(app, ann, objectType, ids.slice(0, 100).join(','))).toHaveLength(100);
    const refused = [
      '',
      '?ids=',
      `?ids=${ids.join(',')}`,
      `?ids=${'x'.repeat(129)}`,
      '?ids=1,,2',
      '?ids=1,%202',
    ];
    for (const query of refused) {
      const answer = await app.as(ann).get(`/objects/${objectType}/approvals${query}`);
      expect([query, answer.status, answer.body.errors?.[0].field]).toEqual([query, 400, 'ids']);
    }
    expect(await standingsOf(app, ann, newObjectType(), '1')).toEqual([]);
  });
});

describe('history', () => {
  it('given a key with one more blank, then it is another object', async () => {
    const objectType = newObjectType();
    const businessType = await givenObjectFlow(app, objectType, [{ users: ['bob'] }]);
    const id = await startedOn(`${objectType}/1`);
    await created(app.as(ann), '/orders', { businessType, businessKey: '1 ' });
    expect((await standingsOf(app, ann, objectType, '1'))[0]?.orderId).toBe(id);
    expect(await startedOn(`${objectType}/1`)).toBe(id);
    const path = `/objects/${objectType}/1/approvals`;
    const history = await app.as(boss).get(path);
    expect(history.body.items.map((order: { id: string }) => order.id)).toEqual([id]);
    expect((await app.as(boss).delete(path)).body).toEqual({ detached: 1 });
  });

  it('given several orders, then administrators page through all, and people see their own', async () => {
    const objectType = newObjectType();
    const businessType = await givenObjectFlow(app, objectType, [{ users: ['carol'] }]);
    const open = async (who = ann, businessKey = '1') =>
      String((await created(app.as(who), '/orders', { businessType, businessKey })).id);
    const ids = [await open(), await open(bob), await open()].toReversed();
    await open(ann, '2');
    const page = `/objects/${objectType}/1/approvals`;
    const first = await app.as(boss).get(`${page}?limit=2`);
    const second = await app.as(boss).get(`${page}?limit=2&cursor=${first.body.nextCursor}`);
    const shown = [...first.body.items, ...second.body.items].map(({ id }: { id: string }) => id);
    expect(shown).toEqual(ids);
    expect(second.body.nextCursor).toBeNull();
    expect(first.body.items[0]).toMatchObject({ businessType, businessKey: '1', applyStatus: 'in_review' });
    expect(first.body.items[0]).not.toHaveProperty('variables');
    const own = await app.as(bob).get(page);
    expect(own.body.items.map(({ id }: { id: string }) => id)).toEqual([ids[1]]);
    expect((await app.as(eve).get(page)).body.items).toEqual([]);
    expect((await app.as(rival).get(`${page}?accCode=t1`)).status).toBe(404);
    expect((await app.as(boss).get(`/objects/${newObjectType()}/1/approvals`)).body.items).toEqual([]);
  });
});

describe('clean-up of test environments', () => {
  it('given orders in every state, then none counts any more, none is deleted, and auto-run starts anew', async () => {
    const objectType = newObjectType();
    const businessType = await givenObjectFlow(app, objectType, [{ users: ['bob'] }], {
      executeUrl: 'https://business.example/execute',
    });
    const other = await startedOn(`${objectType}/2`);
    const open = async () =>
      String((await created(app.as(ann), '/orders', { businessType, businessKey: '1' })).id);
    const rejected = await open();
    await app.as(bob).post(`/orders/${rejected}/reject`, {});
    const executing = await open();
    await app.as(bob).post(`/orders/${executing}/approve`, {});
    const inReview = await open();
    const before = await app.as(bob).get(`/orders?scope=todo&businessKey=1&businessType=${businessType}`);
    expect(before.body.items).toHaveLength(1);

    const path = `/objects/${objectType}/1/approvals`;
    expect((await app.as(ann).delete(path)).status).toBe(403);
    expect((await app.as(rival).delete(path)).body).toEqual({ detached: 0 });
    const answer = await app.as(boss).delete(path);
    expect([answer.status, answer.body]).toEqual([200, { detached: 3 }]);
    expect((await app.as(boss).delete(path)).body).toEqual({ detached: 0 });

    const statuses = await Promise.all(
      [rejected, executing, inReview].map(
        async (id) => (await app.as(ann).get(`/orders/${id}`)).body.applyStatus,
      ),
    );
    expect(statuses).toEqual(['rejected', 'withdrawn', 'withdrawn']);
    const deliveries = await app.database.rows(
      `SELECT state FROM dms_s_apply_delivery WHERE apply_order_id = ? AND topic = 'order.execute'`,
      [executing],
    );
    expect(deliveries).toEqual([{ state: 'cancelled' }]);
    expect((await logOf(app, inReview)).map((row) => [row.operation, row.operationUserCode])).toEqual([
      ['order.opened', 'ann'],
      ['step.in_review', 'ann'],
      ['step.cancelled', 'boss'],
      ['order.withdrawn', 'boss'],
      ['order.detached', 'boss'],
    ]);
    // every order's log still rebuilds it
    await historiesOf(app.database);
    const todo = await app.as(bob).get(`/orders?scope=todo&businessKey=1&businessType=${businessType}`);
    expect(todo.body.items).toEqual([]);
    expect((await app.as(boss).get(path)).body.items).toEqual([]);
    const [one, two] = await standingsOf(app, ann, objectType, '1,2');
    expect(one).toMatchObject(none);
    expect(two).toMatchObject({ approveFlag: 'pending', orderId: other });
    const anew = await autoRun(app, ann, `${objectType}/1`);
    expect(anew.body).toMatchObject({ triggered: true, orders: [{ created: true, reason: 'started' }] });
  });

  it('given two at once, then each order is taken once', async () => {
    const objectType = newObjectType();
    const businessType = await givenObjectFlow(app, objectType, [{ users: ['bob'] }]);
    for (let n = 0; n < 4; n++) await created(app.as(ann), '/orders', { businessType, businessKey: '1' });
    const answers = await Promise.all(
      [1, 2, 3].map(() => app.as(boss).delete(`/objects/${objectType}/1/approvals`)),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.reduce((sum, { body }) => sum + Number(body.detached), 0)).toBe(4);
  });

  it('given production, then it is refused and nothing changes', async () => {
    const production = await startApp({ env: { NODE_ENV: 'production' } });
    try {
      const objectType = newObjectType();
      await givenObjectFlow(production, objectType, [{ users: ['bob'] }]);
      await autoRun(production, ann, `${objectType}/1`);
      const answer = await production.as(boss).delete(`/objects/${objectType}/1/approvals`);
      expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
      expect(answer.body.detail).toContain('test environments only');
      expect(await standingsOf(production, ann, objectType, '1')).toMatchObject([{ approveFlag: 'pending' }]);
    } finally {
      await production.close();
    }
  });
});
