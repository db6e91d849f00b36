import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agree, hold, refuse } from '../support/business-module.js';
import {
  called,
  type CallbackWorld,
  deliveryOf,
  givenType,
  givenTypeOf,
  loggedOf,
  opened,
  operationsOf,
  orderIn,
  orderOf,
  quiet,
  startCallbackWorld,
} from '../support/callbacks.js';
import type { TestApp } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { ann, bob, boss, created, givenFlow, path, root } from '../support/world.js';

let world: CallbackWorld;
let app: TestApp;
let module: CallbackWorld['module'];
beforeAll(async () => {
  world = await startCallbackWorld();
  ({ app, module } = world);
});
afterAll(() => world.close());

const withCheck = () => givenType(app, { checkUrl: module.checkUrl });
const withExecution = () => givenType(app, { executeUrl: module.executeUrl });
describe('a check', () => {
  it('should be asked before the first step, and start the order when the answer is yes', async () => {
    // given a business module that takes its time
    const held = hold();
    module.behave(held.behaviour);
    const { code } = await withCheck();
    // when an order is opened
    const order = await created(app.as(ann), '/orders', { businessType: code });
    const id = String(order.id);
    expect(order).toMatchObject({ applyStatus: 'initiating', error: null, version: 1 });
    // then nobody can review it until the module has answered
    await called(module, 'check', id);
    const early = await app.as(bob).post(`/orders/${id}/approve`, {});
    expect(early).toMatchObject({ status: 409, body: { code: 'not_in_review' } });
    expect(path(await orderOf(app, id))).toEqual(['waiting']);
    expect(await deliveryOf(app, id, 'check')).toMatchObject({
      state: 'sending',
      result: null,
      attempts: [],
    });
    // and then it goes its way
    held.release();
    expect(path(await orderIn(app, id, 'in_review'))).toEqual(['in_review']);
    await app.as(bob).post(`/orders/${id}/approve`, {});
    await orderIn(app, id, 'completed');
    expect(await operationsOf(app, id)).toEqual([
      'order.opened',
      'check.requested',
      'callback.check.succeeded',
      'step.in_review',
      'step.approved',
      'order.completed',
    ]);
    expect(await loggedOf(app, id, 'callback.check.succeeded')).toMatchObject({
      operationUserCode: 'system',
      operationDetails: 'the business module lets the order start: fine',
    });
    expect(await deliveryOf(app, id, 'check')).toMatchObject({
      state: 'succeeded',
      result: true,
      lastError: null,
      nextAttemptAt: null,
      attempts: [{ attempt: 1, status: 200, outcome: 'succeeded', error: null }],
    });
  });

  it('should reject the order with its error when the answer is no', async () => {
    module.behave(refuse('没有配额 (no quota)'));
    const { code } = await withCheck();
    const id = await opened(app, ann, code);
    const order = await orderIn(app, id, 'rejected');
    expect(order.error).toBe('没有配额 (no quota)');
    expect(path(order)).toEqual(['cancelled']);
    expect(await operationsOf(app, id)).toEqual([
      'order.opened',
      'check.requested',
      'callback.check.failed',
      'step.cancelled',
      'order.rejected',
    ]);
    for (const operation of ['callback.check.failed', 'order.rejected']) {
      expect((await loggedOf(app, id, operation)).operationDetails).toContain('没有配额 (no quota)');
    }
    // a no is an answer like any other: the delivery has succeeded
    expect(await deliveryOf(app, id, 'check')).toMatchObject({ state: 'succeeded', result: false });
    expect(module.callsOf('check', id)).toHaveLength(1);
  });

  it('should give a reason also when the business module gives none', async () => {
    module.behave(({ ticket }) => ({ status: 200, body: { ticket_id: ticket, result: false } }));
    const { code } = await withCheck();
    const order = await orderIn(app, await opened(app, ann, code), 'rejected');
    expect(order.error).toBe('the business module refuses the order');
  });

  it('should come before the automatic approval of all steps', async () => {
    const held = hold();
    module.behave(held.behaviour);
    const { code } = await withCheck();
    const id = await opened(app, bob, code);
    await called(module, 'check', id);
    expect(await orderOf(app, id)).toMatchObject({
      applyStatus: 'initiating',
      steps: [{ auditStatus: 'waiting' }],
    });
    held.release();
    expect(path(await orderIn(app, id, 'completed'))).toEqual(['auto_approved']);
    expect(await operationsOf(app, id)).toEqual([
      'order.opened',
      'check.requested',
      'callback.check.succeeded',
      'step.auto_approved',
      'order.completed',
    ]);
  });

  it('should keep an order from automatic approval when the answer is no', async () => {
    module.behave(refuse('no'));
    const { code } = await givenType(app, { checkUrl: module.checkUrl, executeUrl: module.executeUrl });
    const id = await opened(app, bob, code);
    expect(path(await orderIn(app, id, 'rejected'))).toEqual(['cancelled']);
    expect(module.callsOf('execute', id)).toEqual([]);
  });

  it('should leave steps skipped whose condition does not hold', async () => {
    module.behave(agree);
    const { templateId } = await givenFlow(app, [
      { users: ['carol'], condition: 'amount > 100' },
      { users: ['bob'] },
    ]);
    const { code } = await givenTypeOf(app, templateId, { checkUrl: module.checkUrl });
    const id = await opened(app, ann, code, { variables: { amount: 5 } });
    expect(path(await orderIn(app, id, 'in_review'))).toEqual(['skipped', 'in_review']);
  });

  it('should be asked for a system administrator, whose order belongs to no team', async () => {
    module.behave(agree);
    const urls = { checkUrl: module.checkUrl, executeUrl: module.executeUrl };
    const platform = { code: 'platform', name: 'Platform', ...urls };
    await created(app.as(root), '/business-types', platform);
    const id = await opened(app, root, 'platform');
    expect(await orderIn(app, id, 'completed')).toMatchObject({
      accCode: null,
      steps: [{ auditStatus: 'auto_approved' }],
    });
    for (const kind of ['check', 'execute'] as const) {
      const [call] = module.callsOf(kind, id);
      expect(call?.body.data).toMatchObject({ acc_code: null, user_code: 'root' });
    }
    expect(await operationsOf(app, id)).toEqual([
      'order.opened',
      'check.requested',
      'callback.check.succeeded',
      'step.auto_approved',
      'order.executing',
      'callback.execute.succeeded',
      'order.completed',
    ]);
  });
});

describe('an execution', () => {
  it('should complete the order when the answer is yes', async () => {
    const held = hold();
    module.behave(held.behaviour);
    const { code } = await withExecution();
    const id = await opened(app, ann, code);
    // given the last approval
    const approved = await app.as(bob).post(`/orders/${id}/approve`, {});
    expect(approved.body).toMatchObject({ applyStatus: 'executing', steps: [{ auditStatus: 'approved' }] });
    // then it is too late to withdraw, and the module's answer ends it
    const late = await app.as(ann).post(`/orders/${id}/withdraw`, {});
    expect(late).toMatchObject({ status: 409, body: { code: 'not_in_review' } });
    held.release();
    await orderIn(app, id, 'completed');
    expect(await operationsOf(app, id)).toEqual([
      'order.opened',
      'step.in_review',
      'step.approved',
      'order.executing',
      'callback.execute.succeeded',
      'order.completed',
    ]);
    expect((await loggedOf(app, id, 'callback.execute.succeeded')).operationDetails).toContain('fine');
  });

  it('should reject the order with its error when the answer is no', async () => {
    module.behave(refuse('磁盘已满'));
    const { code } = await withExecution();
    const id = await opened(app, ann, code);
    await app.as(bob).post(`/orders/${id}/approve`, {});
    expect(await orderIn(app, id, 'rejected')).toMatchObject({
      error: '磁盘已满',
      steps: [{ auditStatus: 'approved' }],
    });
    expect((await operationsOf(app, id)).slice(-3)).toEqual([
      'order.executing',
      'callback.execute.failed',
      'order.rejected',
    ]);
    expect((await loggedOf(app, id, 'callback.execute.failed')).operationDetails).toContain('磁盘已满');
    expect(module.callsOf('execute', id)).toHaveLength(1);
  });

  it('should follow an order that passes by itself', async () => {
    const held = hold();
    module.behave(held.behaviour);
    const { code } = await withExecution();
    const order = await created(app.as(bob), '/orders', { businessType: code });
    expect(order).toMatchObject({ applyStatus: 'executing', steps: [{ auditStatus: 'auto_approved' }] });
    held.release();
    await orderIn(app, String(order.id), 'completed');
  });

  it('should be a delivery of its own beside the check', async () => {
    module.behave(agree);
    const { code } = await givenType(app, { checkUrl: module.checkUrl, executeUrl: module.executeUrl });
    const id = await opened(app, bob, code);
    await orderIn(app, id, 'completed');
    const [[check], [execute]] = [module.callsOf('check', id), module.callsOf('execute', id)];
    expect([check?.body.type, execute?.body.type]).toEqual(['order.check', 'order.execute']);
    expect(check?.id).not.toBe(execute?.id);
    expect(module.calls.filter((call) => call.ticket === id)).toHaveLength(2);
  });

  it('should be left out, and stay out, where the type had no executeUrl when the order was opened', async () => {
    module.behave(agree);
    const { code } = await givenType(app);
    const id = await opened(app, ann, code);
    await app.as(boss).patch(`/business-types/${code}`, { executeUrl: module.executeUrl });
    const approved = await app.as(bob).post(`/orders/${id}/approve`, {});
    expect(approved.body.applyStatus).toBe('completed');
    expect(module.callsOf('execute', id)).toEqual([]);
  });
});

describe('after all of this', () => {
  it("every order's log should replay to exactly its stored state", async () => {
    module.behave(agree);
    await quiet(app);
    expect((await historiesOf(app.database)).length).toBeGreaterThan(10);
  });
});
