import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  agree,
  answerBody,
  answerStatus,
  type Behaviour,
  type BusinessModule,
  inTurn,
  refuse,
  takeOver,
} from '../support/business-module.js';
import {
  attempted,
  type CallbackWorld,
  deliveryIn,
  executing,
  givenType,
  loggedOf,
  opened,
  operationsOf,
  orderIn,
  orderOf,
  quiet,
  startCallbackWorld,
} from '../support/callbacks.js';
import type { Client, TestApp } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { ann, bob, boss, path } from '../support/world.js';

// Answers that are missed, and checks that orders do not wait for.

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

const why = 'no answer came within the deadline';
const soon = { callbackDeadline: '1s' };

describe('an answer that does not come within the deadline', () => {
  it('should park check and execution, and still count when it comes', async () => {
    // given callbacks that were taken over, two of each kind
    module.behave(takeOver);
    const checks = await givenType(app, { checkUrl: module.checkUrl, ...soon });
    const executions = await givenType(app, { executeUrl: module.executeUrl, ...soon });
    const missed = {
      check: [await opened(app, ann, checks.code), await opened(app, ann, checks.code)],
      execute: [await executing(app, executions.code), await executing(app, executions.code)],
    };
    for (const kind of ['check', 'execute'] as const) {
      const waiting = kind === 'check' ? 'initiating' : 'executing';
      for (const [turn, id] of missed[kind].entries()) {
        // then they are parked, and their orders stay where they are
        expect(await deliveryIn(app, id, kind, 'failed')).toMatchObject({
          lastError: why,
          nextAttemptAt: null,
          result: null,
          attempts: [{ status: 202, outcome: 'accepted' }],
        });
        expect(await orderOf(app, id)).toMatchObject({ applyStatus: waiting, error: null });
        expect(await loggedOf(app, id, `callback.${kind}.parked`)).toMatchObject({
          operationUserCode: 'system',
          operationDetails: expect.stringContaining(why) as string,
        });
        // and what comes after all is an answer like any other
        const late = await admin.post(`/callbacks/${kind}`, {
          ticket_id: id,
          result: turn === 0,
          error: 'late',
        });
        const end = kind === 'check' ? 'in_review' : 'completed';
        expect(late).toMatchObject({ status: 200, body: { apply_status: turn === 0 ? end : 'rejected' } });
        expect(await deliveryIn(app, id, kind, 'succeeded')).toMatchObject({
          lastError: null,
          result: turn === 0,
        });
      }
    }
  });

  it('should leave the order to be withdrawn', async () => {
    module.behave(takeOver);
    const { code } = await givenType(app, { checkUrl: module.checkUrl, ...soon });
    const id = await opened(app, ann, code);
    await deliveryIn(app, id, 'check', 'failed');
    const withdrawn = await app.as(ann).post(`/orders/${id}/withdraw`, {});
    expect(withdrawn.body.applyStatus).toBe('withdrawn');
    // nobody has to look after it any more
    await deliveryIn(app, id, 'check', 'cancelled');
    const late = await admin.post('/callbacks/check', { ticket_id: id, result: true });
    expect(late).toMatchObject({ status: 409, body: { code: 'order_closed' } });
  });

  it('should be missed again after another attempt that was taken over', async () => {
    module.behave(takeOver);
    const { code } = await givenType(app, { executeUrl: module.executeUrl, ...soon });
    const id = await executing(app, code);
    const { id: delivery } = await deliveryIn(app, id, 'execute', 'failed');
    expect((await admin.post(`/deliveries/${delivery}/redeliver`)).status).toBe(200);
    await attempted(app, id, 'execute', 2);
    expect((await deliveryIn(app, id, 'execute', 'failed')).lastError).toBe(why);
    expect((await operationsOf(app, id)).slice(-3)).toEqual([
      'callback.execute.parked',
      'callback.execute.redelivered',
      'callback.execute.parked',
    ]);
  });
});

describe('a check of failMode open', () => {
  const open = { failMode: 'open' };
  const openCheck = () => givenType(app, { checkUrl: module.checkUrl, ...open });

  it('should let its order go on when its address is taken away while it waits', async () => {
    module.behave(answerStatus(500));
    const { code } = await givenType(app, { checkUrl: module.checkUrl });
    const id = await opened(app, ann, code);
    await attempted(app, id, 'check');
    await admin.patch(`/business-types/${code}`, { checkUrl: null, ...open });
    await orderIn(app, id, 'in_review');
    const { operationDetails } = await loggedOf(app, id, 'callback.check.skipped');
    expect(operationDetails).toContain('has no checkUrl any more');
  });

  it.each<[string, Behaviour, string]>([
    ['fails with 500', answerStatus(500), 'the business module answered 500'],
    ['is gone', answerStatus(410), 'the business module answered 410'],
    ['is answered with HTML', answerBody('<html></html>'), 'the answer is not JSON'],
    [
      'breaks off',
      (_call, response) => {
        response.socket?.destroy();
        return null;
      },
      'closed before the answer',
    ],
  ])('should let its order go on when its first attempt %s', async (_, behaviour, error) => {
    module.behave(inTurn(behaviour, refuse('asked twice')));
    const { code } = await openCheck();
    const id = await opened(app, ann, code);
    expect(path(await orderIn(app, id, 'in_review'))).toEqual(['in_review']);
    expect(await operationsOf(app, id)).toEqual([
      'order.opened',
      'check.requested',
      'callback.check.skipped',
      'step.in_review',
    ]);
    expect((await loggedOf(app, id, 'callback.check.skipped')).operationDetails).toContain(error);
    const delivery = await attempted(app, id, 'check');
    // nobody need act: the delivery is not among those that are parked
    expect(delivery).toMatchObject({ state: 'abandoned', result: null, nextAttemptAt: null });
    expect(delivery.attempts).toMatchObject([{ outcome: 'failed' }]);
    expect(delivery.lastError).toContain(error);
    // and nobody asks again, or waits for an answer
    for (const result of [true, false]) {
      const late = await admin.post('/callbacks/check', { ticket_id: id, result });
      expect(late).toMatchObject({ status: 409, body: { code: 'not_awaited' } });
    }
    expect(module.callsOf('check', id)).toHaveLength(1);
    expect((await orderOf(app, id)).version).toBe(2);
  });

  it('should be answered before the automatic approval like any other', async () => {
    module.behave(answerStatus(503));
    const { code } = await openCheck();
    expect(path(await orderIn(app, await opened(app, bob, code), 'completed'))).toEqual(['auto_approved']);
  });

  it('should still reject its order when it is refused', async () => {
    module.behave(refuse('no'));
    const { code } = await openCheck();
    expect((await orderIn(app, await opened(app, ann, code), 'rejected')).error).toBe('no');
  });

  it('should be parked when it was taken over and its answer is missed', async () => {
    module.behave(takeOver);
    const { code } = await givenType(app, { checkUrl: module.checkUrl, ...open, ...soon });
    const id = await opened(app, ann, code);
    expect((await deliveryIn(app, id, 'check', 'failed')).lastError).toBe(why);
    expect((await orderOf(app, id)).applyStatus).toBe('initiating');
    expect((await operationsOf(app, id)).at(-1)).toBe('callback.check.parked');
  });

  it('should not make the execution one that may be left out', async () => {
    module.behave(inTurn(answerStatus(500), answerStatus(500), agree));
    const { code } = await givenType(app, { executeUrl: module.executeUrl, ...open });
    const id = await executing(app, code);
    await attempted(app, id, 'execute');
    await orderIn(app, id, 'completed');
    expect(module.callsOf('execute', id)).toHaveLength(3);
  });
});

describe('after all of this', () => {
  it("every order's log should replay to exactly its stored state", async () => {
    module.behave(agree);
    await quiet(app);
    expect((await historiesOf(app.database)).length).toBeGreaterThan(10);
  });
});
