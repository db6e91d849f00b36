import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import {
  agree,
  answerStatus,
  type BusinessModule,
  hold,
  refuse,
  startBusinessModule,
  takeOver,
  verify,
} from '../support/business-module.js';
import {
  attempted,
  called,
  type CallbackWorld,
  deliveryIn,
  deliveryOf,
  executing,
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
import { storedDelivery } from '../support/stored-deliveries.js';
import { ann, bob, boss, created, givenFlow, rival, root } from '../support/world.js';

// What becomes of a callback under way when its order is withdrawn, or its business type changes.

let world: CallbackWorld;
let app: TestApp;
let module: BusinessModule;
let other: BusinessModule;
beforeAll(async () => {
  world = await startCallbackWorld();
  ({ app, module } = world);
  other = await startBusinessModule();
});
afterAll(async () => {
  await world.close();
  await other.close();
});

const change = async (code: string, fields: object) => {
  const answer = await app.as(boss).patch(`/business-types/${code}`, fields);
  expect(answer.status).toBe(200);
};

describe('an order that is withdrawn while it waits for its check', () => {
  it('should have its delivery cancelled, and be asked about no more', async () => {
    // given a module that fails, so that another attempt is on its way
    module.behave(answerStatus(500));
    const { code } = await givenType(app, { checkUrl: module.checkUrl });
    const id = await opened(app, ann, code);
    await attempted(app, id, 'check');
    // when the applicant withdraws
    expect((await app.as(ann).post(`/orders/${id}/withdraw`, {})).body.applyStatus).toBe('withdrawn');
    // then nothing is left to send
    expect(await deliveryIn(app, id, 'check', 'cancelled')).toMatchObject({
      nextAttemptAt: null,
      result: null,
    });
    const { attempts } = await storedDelivery(app.database, id);
    const another = await opened(app, ann, code);
    await attempted(app, another, 'check', 4);
    expect((await storedDelivery(app.database, id)).attempts).toBe(attempts);
    expect(module.callsOf('check', id)).toHaveLength(attempts);
    // and a late answer changes nothing
    const late = await app.as(boss).post('/callbacks/check', { ticket_id: id, result: true });
    expect(late).toMatchObject({ status: 409, body: { code: 'order_closed' } });
    expect(await orderOf(app, id)).toMatchObject({ applyStatus: 'withdrawn', version: 2 });
  });

  it.each([
    ['a yes', agree],
    ['a no', refuse('too late')],
  ])('should not be changed by %s that is in flight', async (_, then) => {
    const held = hold(then);
    module.behave(held.behaviour);
    const { code } = await givenType(app, { checkUrl: module.checkUrl });
    const id = await opened(app, ann, code);
    await called(module, 'check', id);
    await app.as(ann).post(`/orders/${id}/withdraw`, {});
    held.release();
    // what the call brought is kept for administrators, and nothing else comes of it
    const delivery = await attempted(app, id, 'check');
    expect(delivery).toMatchObject({
      state: 'cancelled',
      result: null,
      attempts: [{ status: 200, outcome: 'succeeded' }],
    });
    expect(await orderOf(app, id)).toMatchObject({ applyStatus: 'withdrawn', error: null, version: 2 });
    expect((await operationsOf(app, id)).slice(2)).toEqual(['step.cancelled', 'order.withdrawn']);
  });

  // What only somebody in the tables can bring about: a delivery that outlives its order.
  const writeDelivery = (id: string, set: string, values: readonly (string | null)[] = []) =>
    app
      .get(UnitOfWork)
      .run((tx) =>
        tx.run(`UPDATE dms_s_apply_delivery SET ${set} WHERE apply_order_id = ?`, [...values, id]),
      );

  it('should not be asked about by a delivery that outlives it', async () => {
    module.behave(takeOver);
    const { code } = await givenType(app, { checkUrl: module.checkUrl });
    const id = await opened(app, ann, code);
    await deliveryIn(app, id, 'check', 'awaiting');
    await app.as(ann).post(`/orders/${id}/withdraw`, {});
    await writeDelivery(id, "state = 'pending', due_at = 0");
    const given = await deliveryIn(app, id, 'check', 'abandoned');
    expect(given.lastError).toBe('not sent: the order is withdrawn and does not wait for its check');
    expect(module.callsOf('check', id)).toHaveLength(1);
    expect(await orderOf(app, id)).toMatchObject({ applyStatus: 'withdrawn', version: 2 });
  });

  it('should keep its end when a call that outlives it is answered', async () => {
    const held = hold();
    module.behave(held.behaviour);
    const { code } = await givenType(app, { checkUrl: module.checkUrl });
    const id = await opened(app, ann, code);
    await called(module, 'check', id);
    const { claimToken } = await storedDelivery(app.database, id);
    await app.as(ann).post(`/orders/${id}/withdraw`, {});
    await writeDelivery(id, "state = 'sending', claim_token = ?", [claimToken]);
    held.release();
    // then the answer is recorded, once, and the order stays as it is
    const delivery = await deliveryIn(app, id, 'check', 'succeeded');
    expect(delivery.attempts.map(({ outcome }) => outcome)).toEqual(['succeeded']);
    expect(await orderOf(app, id)).toMatchObject({ applyStatus: 'withdrawn', version: 2 });
  });
});

describe('an address that is corrected', () => {
  it.each(['check', 'execute'] as const)('should be where the next attempt of the %s goes', async (kind) => {
    // given an address that fails
    module.behave(answerStatus(500));
    other.behave(agree);
    const { code } = await givenType(app, { [`${kind}Url`]: `${module.url}/mistyped` });
    const id = await opened(app, bob, code);
    await attempted(app, id, kind, 2);
    // when it is corrected
    await change(code, { [`${kind}Url`]: other[`${kind}Url`] });
    // then the same delivery arrives there
    await orderIn(app, id, 'completed');
    const [call, ...more] = other.callsOf(kind, id);
    expect(more).toEqual([]);
    expect(module.calls.find((earlier) => earlier.ticket === id)?.id).toBe(call?.id);
  });
});

describe('an address that is taken away', () => {
  it.each([
    ['check', 'initiating'],
    ['execute', 'executing'],
  ] as const)('should park the %s, whose order waits for an administrator', async (kind, waiting) => {
    // given a delivery whose first attempt fails
    const held = hold(answerStatus(500));
    module.behave(held.behaviour);
    const { code } = await givenType(app, { [`${kind}Url`]: module[`${kind}Url`] });
    const id = await opened(app, bob, code);
    await deliveryIn(app, id, kind, 'sending');
    // when the address is gone at the second
    await change(code, { [`${kind}Url`]: null });
    held.release();
    // then nothing more is tried, and the error says what to do
    const why = `business type ${code} has no ${kind}Url any more; set one and redeliver, or abandon this`;
    const parked = await deliveryIn(app, id, kind, 'failed');
    expect(parked).toMatchObject({ lastError: why, nextAttemptAt: null, result: null });
    expect(parked.attempts.map(({ status, error }) => [status, error])).toEqual([
      [500, 'the business module answered 500'],
      [null, why],
    ]);
    expect((await orderOf(app, id)).applyStatus).toBe(waiting);
    expect((await loggedOf(app, id, `callback.${kind}.parked`)).operationDetails).toContain(why);
    // and with an address again it goes on
    module.behave(agree);
    await change(code, { [`${kind}Url`]: module[`${kind}Url`] });
    expect((await app.as(boss).post(`/deliveries/${parked.id}/redeliver`)).status).toBe(200);
    await orderIn(app, id, 'completed');
  });
});

describe('a business type that is deleted', () => {
  it('should park what its orders wait for, also when another of the same code comes', async () => {
    const held = hold(answerStatus(500));
    module.behave(held.behaviour);
    const { code } = await givenType(app, { executeUrl: module.executeUrl });
    const id = await executing(app, code);
    await deliveryIn(app, id, 'execute', 'sending');
    // when the type is replaced by another one
    await app.as(boss).delete(`/bindings/${code}`);
    expect((await app.as(boss).delete(`/business-types/${code}`)).status).toBe(204);
    other.behave(agree);
    await created(app.as(boss), '/business-types', { code, name: code, executeUrl: other.executeUrl });
    held.release();
    // then the order does not take that one for its own
    const why = `business type ${code} is gone; abandon this`;
    expect(await deliveryIn(app, id, 'execute', 'failed')).toMatchObject({ lastError: why });
    expect(other.callsOf('execute', id)).toEqual([]);
    expect((await orderOf(app, id)).applyStatus).toBe('executing');
    expect((await operationsOf(app, id)).at(-1)).toBe('callback.execute.parked');
  });
});

describe('a type of the same code that the team makes for itself later', () => {
  it('should be for new orders only', async () => {
    // given an order under a type of the platform
    module.behave(agree);
    other.behave(agree);
    const code = 'shadowed';
    const platform = await created(app.as(root), '/business-types', {
      code,
      name: code,
      executeUrl: module.executeUrl,
    });
    const { templateId } = await givenFlow(app, [{ users: ['bob'] }]);
    await app.as(boss).put(`/bindings/${code}`, { templateId });
    const before = await opened(app, ann, code);
    // when its team makes a type of its own
    const own = await created(app.as(boss), '/business-types', {
      code,
      name: code,
      executeUrl: other.executeUrl,
    });
    const after = await opened(app, ann, code);
    for (const id of [before, after]) await app.as(bob).post(`/orders/${id}/approve`, {});
    for (const id of [before, after]) await orderIn(app, id, 'completed');
    // then each order is executed under the type that it was opened under, and under its secret
    const [[first], [second]] = [module.callsOf('execute', before), other.callsOf('execute', after)];
    if (!first || !second) throw new Error('not called');
    verify(first, String(platform.secret));
    verify(second, String(own.secret));
    expect(() => verify(first, String(own.secret))).toThrow('No matching signature');
    expect([module.callsOf('execute', after), other.callsOf('execute', before)]).toEqual([[], []]);
  });

  it('should not be for orders of other teams', async () => {
    module.behave(agree);
    const code = 'of-the-platform';
    const fields = { code, name: code, executeUrl: module.executeUrl };
    await created(app.as(root), '/business-types', fields);
    await created(app.as(rival), '/business-types', { ...fields, executeUrl: other.executeUrl });
    const { templateId } = await givenFlow(app, [{ users: ['bob'] }]);
    await app.as(boss).put(`/bindings/${code}`, { templateId });
    const id = await executing(app, code);
    await orderIn(app, id, 'completed');
    expect([module.callsOf('execute', id).length, other.callsOf('execute', id).length]).toEqual([1, 0]);
  });
});

describe('how a type wants to be answered', () => {
  it('should be what it is at the attempt: asynchronous from now on', async () => {
    // given a module that answers 204, which is no answer to a synchronous call
    module.behave(answerStatus(204));
    const { templateId } = await givenFlow(app, [{ users: ['bob'] }]);
    const { code } = await givenTypeOf(app, templateId, { executeUrl: module.executeUrl });
    const id = await executing(app, code);
    const failed = await attempted(app, id, 'execute');
    expect(failed.attempts[0]).toMatchObject({ status: 204, outcome: 'failed' });
    // when its type says so
    await change(code, { callbackMode: 'async' });
    // then the next one is taken over
    await deliveryIn(app, id, 'execute', 'awaiting');
    expect((await orderOf(app, id)).applyStatus).toBe('executing');
  });
});

describe('after all of this', () => {
  it("every order's log should replay to exactly its stored state", async () => {
    module.behave(agree);
    await quiet(app);
    expect((await historiesOf(app.database)).length).toBeGreaterThan(5);
  });
});

describe('an order that somebody has deleted from the tables', () => {
  it('should be asked about no more, and leave no delivery that is tried for ever', async () => {
    // given a delivery that would be tried again
    const held = hold(answerStatus(500));
    module.behave(held.behaviour);
    const { code } = await givenType(app, { executeUrl: module.executeUrl });
    const id = await executing(app, code);
    await called(module, 'execute', id);
    // when its order is gone with everything that belongs to it
    await app.get(UnitOfWork).run(async (tx) => {
      for (const table of ['order_assignee', 'order_process', 'order_log']) {
        await tx.run(`DELETE FROM dms_s_apply_${table} WHERE apply_order_id = ?`, [id]);
      }
      await tx.run('DELETE FROM dms_s_apply_order WHERE id = ?', [id]);
    });
    held.release();
    // then the next attempt is the last one, and says why
    await attempted(app, id, 'execute', 2);
    const delivery = await deliveryOf(app, id, 'execute');
    expect(delivery).toMatchObject({ lastError: 'the order is gone', nextAttemptAt: null });
    expect(['failed', 'abandoned']).toContain(delivery.state);
    expect(module.callsOf('execute', id)).toHaveLength(1);
  });
});
