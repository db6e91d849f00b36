import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDialect } from '../support/fresh-database.js';
import { startApp, type TestApp } from '../support/harness.js';
import { autoRun, givenObjectFlow, newObjectType } from '../support/objects.js';
import { ann, boss, created, eve, rival, root } from '../support/world.js';

/** Who calls auto-run, and what happens when many do at the same moment. */
let app: TestApp;
beforeAll(async () => {
  // On a busy machine a request may wait for a connection; here that is no failure.
  app = await startApp({ env: { DATABASE_ACQUIRE_TIMEOUT: '50s' } });
});
afterAll(() => app.close());

/** Given a flow that bob decides. */
async function givenSimple(): Promise<{ objectType: string; businessType: string }> {
  const objectType = newObjectType();
  return { objectType, businessType: await givenObjectFlow(app, objectType, [{ users: ['bob'] }]) };
}

const started = (businessType: string) => ({
  businessType,
  orderId: expect.any(String),
  created: true,
  reason: 'started',
  detail: null,
});

describe('who may auto-run', () => {
  it('given an API key, then it names the applicant, and is held to its business types', async () => {
    const objectType = newObjectType();
    const one = await givenObjectFlow(app, objectType, [{ users: ['bob'] }]);
    const two = await givenObjectFlow(app, objectType, [{ users: ['bob'] }]);
    const made = await created(app.as(boss), '/api-keys', {
      name: 'orders',
      accCodes: ['t1'],
      businessTypes: [one],
    });
    const key = app.key(String(made.key));
    const path = `/objects/${objectType}/1/auto-run`;
    const nobody = await key.post(path, { variables: {} });
    expect([nobody.status, nobody.body.errors[0].field]).toEqual([400, 'userCode']);
    const answer = await key.post(path, { userCode: 'ann', variables: {} });
    expect(answer.body).toEqual({ triggered: true, orders: [started(one)] });
    const order = await key.get(`/orders/${answer.body.orders[0].orderId}`);
    expect(order.body).toMatchObject({ userCode: 'ann', accCode: 't1' });
    const forbidden = await key.post(path, { userCode: 'ann', variables: {}, businessTypes: [two] });
    expect([forbidden.status, forbidden.body.code]).toEqual([403, 'forbidden']);
    expect((await key.post(path, { userCode: 'ann', accCode: 't2', variables: {} })).status).toBe(404);
  });

  it('given somebody else as applicant, or another team, then people are refused', async () => {
    const { objectType } = await givenSimple();
    expect((await autoRun(app, ann, `${objectType}/1`, { userCode: 'bob' })).status).toBe(403);
    expect((await autoRun(app, ann, `${objectType}/1`, { accCode: 't2' })).status).toBe(404);
  });

  it('given another team, then it has none of these flows, and its own type shadows the platform’s', async () => {
    const { objectType, businessType } = await givenSimple();
    expect((await autoRun(app, eve, `${objectType}/1`)).body).toEqual({ triggered: false, orders: [] });
    expect((await autoRun(app, eve, `${objectType}/1`, { businessTypes: [businessType] })).status).toBe(400);
    const code = `shadow-${objectType}`;
    await created(app.as(root), '/business-types', { code, name: 'platform', objectType });
    expect((await autoRun(app, eve, `${objectType}/1`)).body.orders).toEqual([started(code)]);
    await created(app.as(rival), '/business-types', { code, name: 'own', objectType: 'something else' });
    expect((await autoRun(app, eve, `${objectType}/2`)).body.orders).toEqual([]);
  });

  it('given a wrong body or path, then 400 names the field', async () => {
    const { objectType } = await givenSimple();
    const refused = async (object: string, body: object) => {
      const answer = await autoRun(app, ann, object, body);
      expect(answer.status).toBe(400);
      return answer.body.errors[0].field as string;
    };
    expect(await refused(`${objectType}/1`, { variables: null })).toBe('variables');
    expect(await refused(`${objectType}/1`, { variables: 'x' })).toBe('variables');
    expect(await refused(`${objectType}/1`, { businessTypes: [] })).toBe('businessTypes');
    expect(await refused(`${objectType}/1`, { nope: 1 })).toBe('nope');
    expect(await refused(`${objectType}/${'x'.repeat(129)}`, {})).toBe('objectId');
    expect(await refused(`${'x'.repeat(65)}/1`, {})).toBe('objectType');
    expect(await refused(`${objectType}/1`, { variables: { text: 'x'.repeat(60_001) } })).toBe('variables');
  });
});

describe('racing auto-runs', () => {
  it('given 20 at the same moment, then one order is made, and all are told of it', async () => {
    const { objectType, businessType } = await givenSimple();
    // MySQL serves several replicas; a SQLite file belongs to one process.
    const other = testDialect === 'mysql' ? await startApp({ databaseUrl: app.databaseUrl }) : app;
    try {
      for (let round = 1; round <= 5; round++) {
        const object = `${objectType}/${round}`;
        if (round % 2 === 0) {
          // The object's row is there already, and its order was withdrawn.
          const { orderId } = (await autoRun(app, ann, object)).body.orders[0];
          expect((await app.as(ann).post(`/orders/${orderId}/withdraw`, {})).status).toBe(200);
        }
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, n) => autoRun(n % 2 ? app : other, ann, object)),
        );
        expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
        const orders = answers.map(({ body }) => body.orders[0]);
        expect(new Set(orders.map(({ orderId }) => orderId)).size).toBe(1);
        expect(orders.filter((order) => order.created)).toHaveLength(1);
        expect(answers.every(({ body }) => body.triggered)).toBe(true);
        const rows = await app.database.rows(
          'SELECT id FROM dms_s_apply_order WHERE business_type = ? AND business_key = ?',
          [businessType, String(round)],
        );
        expect(rows).toHaveLength(round % 2 === 0 ? 2 : 1);
        const runs = await app.database.rows<{ apply_order_id: string }>(
          'SELECT apply_order_id FROM dms_s_apply_object_run WHERE business_type = ? AND object_id = ?',
          [businessType, String(round)],
        );
        expect(runs).toEqual([{ apply_order_id: orders[0].orderId }]);
      }
    } finally {
      if (other !== app) await other.close();
    }
  });
});
