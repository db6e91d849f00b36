import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, startApp, type TestApp } from '../support/harness.js';
import { autoRun, givenObjectFlow, newObjectType, standingsOf } from '../support/objects.js';
import { ann, bob, boss, created } from '../support/world.js';

/** Requirement 002, `autoRun`: the flows of an object start by themselves, each once. */
let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const margin = 'amount > 100 and rate < 0.3';
const low = { variables: { amount: 200, rate: 0.1 } };

/** Given a flow that bob decides. */
async function givenSimple(condition?: string): Promise<{ objectType: string; businessType: string }> {
  const objectType = newObjectType();
  const stage = { users: ['bob'], ...(condition ? { condition } : {}) };
  return { objectType, businessType: await givenObjectFlow(app, objectType, [stage]) };
}

/** What an answer says of one flow. */
const told = (answer: Answer, businessType: string) =>
  answer.body.orders.find((order: { businessType: string }) => order.businessType === businessType);

const started = (businessType: string) => ({
  businessType,
  orderId: expect.any(String),
  created: true,
  reason: 'started',
  detail: null,
});

describe('auto-run', () => {
  it('given that the condition holds, then it starts the flow, and is true while it is under way', async () => {
    const { objectType, businessType } = await givenSimple(margin);
    const object = `${objectType}/SO-1`;
    const first = await autoRun(app, ann, object, { ...low, title: 'margin of SO-1' });
    expect(first.status).toBe(200);
    expect(first.body).toEqual({ triggered: true, orders: [started(businessType)] });
    const { orderId } = first.body.orders[0];
    const order = await app.as(ann).get(`/orders/${orderId}`);
    expect(order.body).toMatchObject({
      businessKey: 'SO-1',
      title: 'margin of SO-1',
      applyStatus: 'in_review',
      userCode: 'ann',
      variables: low.variables,
    });
    const again = await autoRun(app, ann, object, low);
    const expected = { businessType, orderId, created: false, reason: 'in_progress', detail: null };
    expect(again.body).toEqual({ triggered: true, orders: [expected] });
  });

  it('given that no stage applies, then nothing is started', async () => {
    const { objectType, businessType } = await givenSimple(margin);
    const answer = await autoRun(app, ann, `${objectType}/SO-1`, { variables: { amount: 50, rate: 0.1 } });
    const expected = { businessType, orderId: null, created: false, reason: 'condition_false', detail: null };
    expect(answer.body).toEqual({ triggered: false, orders: [expected] });
    expect((await app.as(boss).get(`/objects/${objectType}/SO-1/approvals`)).body.items).toEqual([]);
  });

  it('given that only the second stage applies, then the flow starts there', async () => {
    const objectType = newObjectType();
    await givenObjectFlow(app, objectType, [
      { users: ['bob'], condition: 'amount > 1000' },
      { users: ['carol'] },
    ]);
    const answer = await autoRun(app, ann, `${objectType}/1`, { variables: { amount: 5 } });
    const order = await app.as(ann).get(`/orders/${answer.body.orders[0].orderId}`);
    expect(order.body.steps.map((step: { auditStatus: string }) => step.auditStatus)).toEqual([
      'skipped',
      'in_review',
    ]);
  });

  it('given an end, then it starts once only; POST /orders and a withdrawal start anew', async () => {
    const { objectType, businessType } = await givenSimple();
    const object = `${objectType}/1`;
    const first = (await autoRun(app, ann, object)).body.orders[0].orderId as string;
    await app.as(bob).post(`/orders/${first}/reject`, {});
    expect((await autoRun(app, ann, object)).body).toMatchObject({
      triggered: false,
      orders: [{ orderId: first, created: false, reason: 'rejected' }],
    });
    const manual = await created(app.as(ann), '/orders', { businessType, businessKey: '1' });
    expect((await autoRun(app, ann, object)).body).toMatchObject({
      triggered: true,
      orders: [{ orderId: manual.id, created: false, reason: 'in_progress' }],
    });
    await app.as(bob).post(`/orders/${String(manual.id)}/approve`, {});
    expect((await autoRun(app, ann, object)).body).toMatchObject({
      triggered: false,
      orders: [{ orderId: manual.id, created: false, reason: 'approved' }],
    });
    const third = await created(app.as(ann), '/orders', { businessType, businessKey: '1' });
    await app.as(ann).post(`/orders/${String(third.id)}/withdraw`, {});
    const anew = await autoRun(app, ann, object);
    expect(anew.body).toEqual({ triggered: true, orders: [started(businessType)] });
    const history = await app.as(boss).get(`/objects/${object}/approvals`);
    expect(history.body.items.map(({ id }: { id: string }) => id)).toEqual([
      anew.body.orders[0].orderId,
      third.id,
      manual.id,
      first,
    ]);
  });

  it('given that nobody has to decide, then the order is over at once and does not trigger', async () => {
    const { objectType } = await givenSimple();
    const answer = await autoRun(app, bob, `${objectType}/1`);
    expect(answer.body).toMatchObject({ triggered: false, orders: [{ created: true, reason: 'approved' }] });
  });

  it('given several flows, then each goes its own way', async () => {
    const objectType = newObjectType();
    const one = await givenObjectFlow(app, objectType, [{ users: ['bob'], condition: margin }]);
    const two = await givenObjectFlow(app, objectType, [{ users: ['carol'] }]);
    const object = `${objectType}/1`;
    const only = await autoRun(app, ann, object, { ...low, businessTypes: [one] });
    expect(only.body).toEqual({ triggered: true, orders: [started(one)] });
    const both = await autoRun(app, ann, object, low);
    expect(both.body.triggered).toBe(true);
    expect(told(both, one)).toMatchObject({ created: false, reason: 'in_progress' });
    expect(told(both, two)).toEqual(started(two));
    await app.as(bob).post(`/orders/${only.body.orders[0].orderId}/approve`, {});
    const third = await autoRun(app, ann, object, low);
    expect(third.body.triggered).toBe(true);
    expect([told(third, one).reason, told(third, two).reason]).toEqual(['approved', 'in_progress']);
    const unknown = await autoRun(app, ann, object, { businessTypes: [one, 'nope'] });
    expect(unknown.status).toBe(400);
    expect(unknown.body.errors).toEqual([
      { field: 'businessTypes', message: expect.stringContaining('nope') },
    ]);
  });

  it('given a type that is switched off, then it is not started; an order under way counts all the same', async () => {
    const { objectType, businessType } = await givenSimple();
    const before = await autoRun(app, ann, `${objectType}/1`);
    await app.as(boss).patch(`/business-types/${businessType}`, { enabled: false });
    const answer = await autoRun(app, ann, `${objectType}/2`);
    const expected = { businessType, orderId: null, created: false, reason: 'disabled', detail: null };
    expect(answer.body).toEqual({ triggered: false, orders: [expected] });
    expect((await autoRun(app, ann, `${objectType}/1`)).body).toMatchObject({
      triggered: true,
      orders: [{ orderId: before.body.orders[0].orderId, reason: 'in_progress' }],
    });
  });

  it('given a refusal, then it is told beside what was started, and is the answer when nothing was', async () => {
    const objectType = newObjectType();
    const empty = await app.as(boss).put(`/directory/groups/${objectType}`, { name: 'Nobody', members: [] });
    expect(empty.status).toBeLessThan(300);
    const orphan = await givenObjectFlow(app, objectType, [{ groups: [objectType] }]);
    const alone = await autoRun(app, ann, `${objectType}/1`);
    expect([alone.status, alone.body.code]).toEqual([422, 'approver_not_found']);
    const other = await givenObjectFlow(app, objectType, [{ users: ['bob'] }]);
    const both = await autoRun(app, ann, `${objectType}/1`);
    expect(both.body.triggered).toBe(true);
    expect(told(both, orphan)).toEqual({
      businessType: orphan,
      orderId: null,
      created: false,
      reason: 'approver_not_found',
      detail: expect.stringContaining('stage 1'),
    });
    expect(told(both, other)).toEqual(started(other));
    await app.as(bob).post(`/orders/${told(both, other).orderId}/approve`, {});
    expect((await autoRun(app, ann, `${objectType}/1`)).status).toBe(422);
  });

  it('given an Idempotency-Key, then the same call answers the same, and another body is refused', async () => {
    const { objectType } = await givenSimple();
    const headers = { 'idempotency-key': `auto-run ${objectType}`.replace(' ', '-') };
    const first = await autoRun(app, ann, `${objectType}/1`, low, headers);
    expect(first.body.orders[0]).toMatchObject({ created: true });
    const replay = await autoRun(app, ann, `${objectType}/1`, low, headers);
    expect(replay.body).toEqual(first.body);
    expect(replay.headers.get('idempotent-replayed')).toBe('true');
    const other = await autoRun(app, ann, `${objectType}/1`, { variables: {} }, headers);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
  });

  it('given the use case of requirement 002, then the boss decides, and the second time is a manual one', async () => {
    const objectType = newObjectType();
    const role = `laoban-${objectType}`;
    await app.as(boss).put('/directory/users/uc-user1', { name: 'user1', accCode: 't1' });
    await app.as(boss).put('/directory/users/uc-user2', { name: 'user2', accCode: 't1', roles: [role] });
    const node = await created(app.as(boss), '/nodes', {
      templateNodeName: '老板',
      auditObjectType: 'role',
      auditObject: [role],
    });
    const stages = [{ nodeId: node.id, condition: margin }];
    const template = await created(app.as(boss), '/templates', { templateName: '订单毛利率', stages });
    const businessType = `订单毛利率-${objectType}`;
    await created(app.as(boss), '/business-types', { code: businessType, name: '订单毛利率', objectType });
    await app.as(boss).put(`/bindings/${encodeURIComponent(businessType)}`, { templateId: template.id });
    const user1 = { sub: 'uc-user1', acc_code: 't1' };
    const user2 = { sub: 'uc-user2', acc_code: 't1' };
    const standing = async () => (await standingsOf(app, ann, objectType, '1'))[0];

    expect(await standing()).toMatchObject({ approveFlag: 'none', approveDscr: null, approvers: [] });
    const { orderId } = (await autoRun(app, ann, `${objectType}/1`, low)).body.orders[0];
    expect(await standing()).toEqual({
      objectId: '1',
      businessType,
      approveFlag: 'pending',
      approveStage: '老板',
      approvers: ['uc-user2'],
      approveDscr: 'waiting for uc-user2 at "老板"',
      orderId,
    });
    expect((await app.as(user1).post(`/orders/${orderId}/reject`, {})).status).toBe(403);
    await app.as(boss).put('/directory/users/uc-user1', { name: 'user1', accCode: 't1', roles: [role] });
    expect((await app.as(user1).post(`/orders/${orderId}/reject`, {})).status).toBe(200);
    expect(await standing()).toMatchObject({
      approveFlag: 'rejected',
      approvers: [],
      approveDscr: 'uc-user1 rejected "老板"',
    });
    const body = { businessType, businessKey: '1', ...low };
    const second = await created(app.as(ann), '/orders', body);
    await app.as(user2).post(`/orders/${String(second.id)}/approve`, { auditMsg: 'abc' });
    expect(await standing()).toMatchObject({
      approveFlag: 'approved',
      approveStage: '老板',
      approveDscr: 'uc-user2 approved "老板": abc',
      orderId: second.id,
    });
  });
});
