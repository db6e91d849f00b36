import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agree, type BusinessModule, refuse, startBusinessModule, verify } from '../support/business-module.js';
import { eventually } from '../support/eventually.js';
import { startApp, type TestApp } from '../support/harness.js';
import { ann, bob, boss, created, givenFlow } from '../support/world.js';

let app: TestApp;
let module: BusinessModule;
beforeAll(async () => {
  app = await startApp({
    env: {
      CALLBACK_ALLOWED_HOSTS: '127.0.0.1',
      CALLBACK_RETRY_SCHEDULE: '50ms,50ms,50ms',
      CALLBACK_TIMEOUT: '1s',
      SHUTDOWN_TIMEOUT: '1s',
    },
  });
  module = await startBusinessModule();
});
afterAll(async () => {
  await app.close();
  await module.close();
});

const status = async (id: unknown, wanted: string) =>
  (await eventually(
    () => app.as(boss).get(`/orders/${String(id)}`),
    (answer) => answer.body.applyStatus === wanted,
  )).body;

describe('a check', () => {
  it('should start the order when the business module agrees', async () => {
    module.behave(agree);
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }], { checkUrl: module.checkUrl });
    const order = await created(app.as(ann), '/orders', { businessType, title: 'x', variables: { a: 1 } });
    expect(order.applyStatus).toBe('initiating');
    const checked = await status(order.id, 'in_review');
    expect(checked.steps[0].auditStatus).toBe('in_review');
    const end = await app.as(bob).post(`/orders/${String(order.id)}/approve`, {});
    expect(end.body.applyStatus).toBe('completed');
    const logs = await app.as(ann).get(`/orders/${String(order.id)}/logs`);
    expect(logs.body.items.map((row: { operation: string }) => row.operation)).toEqual([
      'order.opened', 'check.requested', 'callback.check.succeeded', 'step.in_review', 'step.approved', 'order.completed',
    ]);
  });
  it('should reject the order with its error when it refuses', async () => {
    module.behave(refuse('no quota'));
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }], { checkUrl: module.checkUrl });
    const order = await created(app.as(ann), '/orders', { businessType });
    const end = await status(order.id, 'rejected');
    expect(end.error).toBe('no quota');
    expect(end.steps[0].auditStatus).toBe('cancelled');
  });
});

describe('an execution', () => {
  it('should complete the order', async () => {
    module.behave(agree);
    const type = await created(app.as(boss), '/business-types', { code: 'ex', name: 'x', executeUrl: module.executeUrl, fieldMapping: { 金额: 'amount' } });
    const { templateId } = await givenFlow(app, [{ users: ['bob'] }]);
    await app.as(boss).put('/bindings/ex', { templateId });
    const order = await created(app.as(ann), '/orders', { businessType: 'ex', variables: { 金额: 5, b: 2 } });
    const approved = await app.as(bob).post(`/orders/${String(order.id)}/approve`, {});
    expect(approved.body.applyStatus).toBe('executing');
    await status(order.id, 'completed');
    const [call] = module.callsOf('execute', String(order.id));
    if (!call) throw new Error('no call');
    verify(call, String(type.secret));
    expect(call.body).toMatchObject({ type: 'order.execute', data: { fields: { amount: 5, b: 2 } } });
    const deliveries = await app.as(boss).get(`/deliveries?orderId=${String(order.id)}`);
    expect(deliveries.body.items).toMatchObject([{ id: call.id, state: 'succeeded', result: true, attempts: [{ attempt: 1, status: 200 }] }]);
  });
});
