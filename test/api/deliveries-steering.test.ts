import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  agree,
  answerStatus,
  type BusinessModule,
  hold,
  inTurn,
  refuse,
  takeOver,
} from '../support/business-module.js';
import {
  attempted,
  called,
  type CallbackWorld,
  deliveryIn,
  deliveryOf,
  executing,
  givenType,
  loggedOf,
  logOf,
  opened,
  operationsOf,
  orderIn,
  orderOf,
  quiet,
  startCallbackWorld,
} from '../support/callbacks.js';
import type { Answer, Client, TestApp } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { ann, bob, boss, path, root } from '../support/world.js';

// What administrators do about deliveries that got stuck: send them again, or give them up.

let world: CallbackWorld;
let app: TestApp;
let module: BusinessModule;
let admin: Client;
/** Types of the two callbacks, and of both. */
let checked: string;
let executed: string;
let both: string;
beforeAll(async () => {
  // a delivery is tried three times
  world = await startCallbackWorld({ CALLBACK_RETRY_SCHEDULE: '50ms,50ms' });
  ({ app, module } = world);
  admin = app.as(boss);
  ({ code: checked } = await givenType(app, { checkUrl: module.checkUrl }));
  ({ code: executed } = await givenType(app, { executeUrl: module.executeUrl }));
  ({ code: both } = await givenType(app, { checkUrl: module.checkUrl, executeUrl: module.executeUrl }));
});
afterAll(() => world.close());

const redeliver = (id: string, as: Client = admin): Promise<Answer> => as.post(`/deliveries/${id}/redeliver`);
const abandon = (id: string, applyStatus: string, reason = '业务模块已下线'): Promise<Answer> =>
  admin.post(`/deliveries/${id}/abandon`, { applyStatus, reason });
const problem = ({ status, body }: Answer): [number, unknown] => [status, body.code];
const openedFor = (kind: 'check' | 'execute'): Promise<string> =>
  kind === 'check' ? opened(app, ann, checked) : executing(app, executed);

/** An order whose callback is parked, since the schedule is used up. */
async function givenParked(kind: 'check' | 'execute'): Promise<{ id: string; delivery: string }> {
  module.behave(answerStatus(500));
  const id = await openedFor(kind);
  return { id, delivery: (await deliveryIn(app, id, kind, 'failed')).id };
}

/** An order whose callback was taken over. */
async function givenAwaiting(kind: 'check' | 'execute'): Promise<{ id: string; delivery: string }> {
  module.behave(takeOver);
  const id = await openedFor(kind);
  return { id, delivery: (await deliveryIn(app, id, kind, 'awaiting')).id };
}

describe('a delivery whose schedule is used up', () => {
  it.each([
    ['check', 'initiating'],
    ['execute', 'executing'],
  ] as const)('should be parked, and the order of the %s stay %s', async (kind, waiting) => {
    const { id, delivery } = await givenParked(kind);
    const shown = await deliveryOf(app, id, kind);
    expect(shown).toMatchObject({ lastError: 'the business module answered 500', nextAttemptAt: null });
    expect(shown.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'failed']);
    expect(await orderOf(app, id)).toMatchObject({ applyStatus: waiting, error: null, version: 2 });
    const { operationUserCode, operationDetails } = await loggedOf(app, id, `callback.${kind}.parked`);
    expect(operationUserCode).toBe('system');
    expect(operationDetails).toContain(delivery);
    expect(operationDetails).toContain('the business module answered 500');
  });
});

describe('POST /deliveries/{id}/redeliver', () => {
  it.each(['check', 'execute'] as const)(
    'should send a parked %s again under its webhook-id, with the whole schedule before it',
    async (kind) => {
      const { id, delivery } = await givenParked(kind);
      // when it is sent again, and the module still fails
      const answer = await redeliver(delivery);
      expect(answer).toMatchObject({ status: 200, body: { id: delivery, state: 'pending', result: null } });
      await attempted(app, id, kind, 6);
      await deliveryIn(app, id, kind, 'failed');
      // and once more when it works again
      module.behave(agree);
      await redeliver(delivery);
      await orderIn(app, id, kind === 'check' ? 'in_review' : 'completed');
      const calls = module.callsOf(kind, id);
      expect(calls.map((call) => call.id)).toEqual(Array.from({ length: 7 }, () => delivery));
      // then the log tells who did what
      const steps = ['parked', 'redelivered', 'parked', 'redelivered', 'succeeded'];
      const rows = (await logOf(app, id)).filter((row) => row.operation.startsWith(`callback.${kind}`));
      expect(rows.map((row) => row.operation)).toEqual(steps.map((step) => `callback.${kind}.${step}`));
      expect(rows.map((row) => row.operationUserCode)).toEqual([
        'system',
        'boss',
        'system',
        'boss',
        'system',
      ]);
    },
  );

  it('should not wait for a pause that the target asked for', async () => {
    module.behave(inTurn(answerStatus(503, { 'retry-after': '3600' }), agree));
    const id = await executing(app, executed);
    const { id: delivery } = await attempted(app, id, 'execute');
    expect((await redeliver(delivery, app.as(root))).status).toBe(200);
    await orderIn(app, id, 'completed');
    expect((await loggedOf(app, id, 'callback.execute.redelivered')).operationUserCode).toBe('root');
  });

  it('should ask again what was taken over', async () => {
    const { id, delivery } = await givenAwaiting('execute');
    module.behave(agree);
    expect((await redeliver(delivery)).status).toBe(200);
    await orderIn(app, id, 'completed');
    expect((await attempted(app, id, 'execute', 2)).attempts.map(({ outcome }) => outcome)).toEqual([
      'accepted',
      'succeeded',
    ]);
  });

  it('should be refused for what has been answered, withdrawn or given up', async () => {
    module.behave(agree);
    const answered = await executing(app, executed);
    await orderIn(app, answered, 'completed');
    const withdrawn = await givenAwaiting('check');
    await app.as(ann).post(`/orders/${withdrawn.id}/withdraw`, {});
    const abandoned = await givenAwaiting('execute');
    await abandon(abandoned.delivery, 'completed');
    for (const [id, kind] of [
      [answered, 'execute'],
      [withdrawn.id, 'check'],
      [abandoned.id, 'execute'],
    ] as const) {
      const before = await deliveryOf(app, id, kind);
      const order = await orderOf(app, id);
      expect(problem(await redeliver(before.id))).toEqual([409, 'delivery_closed']);
      expect(problem(await abandon(before.id, 'rejected'))).toEqual([409, 'delivery_closed']);
      expect(await deliveryOf(app, id, kind)).toEqual(before);
      expect(await orderOf(app, id)).toEqual(order);
    }
  });

  it('should be refused while it is being sent', async () => {
    const held = hold();
    module.behave(held.behaviour);
    const id = await executing(app, executed);
    await called(module, 'execute', id);
    const { id: delivery } = await deliveryOf(app, id, 'execute');
    const answer = await redeliver(delivery);
    expect(problem(answer)).toEqual([409, 'delivery_closed']);
    expect(answer.body.detail).toContain('is being sent right now');
    held.release();
    await orderIn(app, id, 'completed');
    expect(module.callsOf('execute', id)).toHaveLength(1);
  });

  it('should be harmless when 10 do it at once', async () => {
    const { id, delivery } = await givenParked('execute');
    module.behave(agree);
    const answers = await Promise.all(Array.from({ length: 10 }, () => redeliver(delivery)));
    expect(answers.some(({ status }) => status === 200)).toBe(true);
    for (const answer of answers) {
      if (answer.status !== 200) expect(problem(answer)).toEqual([409, 'delivery_closed']);
    }
    await orderIn(app, id, 'completed');
    expect((await operationsOf(app, id)).filter((name) => name === 'order.completed')).toHaveLength(1);
    // a call that was under way is not sent beside itself
    expect(module.callsOf('execute', id)).toHaveLength(4);
  });
});

describe('POST /deliveries/{id}/abandon', () => {
  const reason = '业务模块已下线';

  it.each([
    ['check', 'in_review', ['step.in_review']],
    ['check', 'rejected', ['step.cancelled', 'order.rejected']],
    ['execute', 'completed', ['order.completed']],
    ['execute', 'rejected', ['order.rejected']],
  ] as const)('should lead the order from its %s to %s', async (kind, applyStatus, events) => {
    const { id, delivery } = await givenParked(kind);
    const answer = await abandon(delivery, applyStatus);
    expect(answer).toMatchObject({
      status: 200,
      body: { id: delivery, state: 'abandoned', result: null, nextAttemptAt: null },
    });
    const order = await orderOf(app, id);
    expect(order).toMatchObject({ applyStatus, error: applyStatus === 'rejected' ? reason : null });
    // it is told as what it is: the act of this administrator
    const told = (await logOf(app, id)).slice(-1 - events.length);
    expect(told.map((row) => row.operation)).toEqual([`callback.${kind}.abandoned`, ...events]);
    expect(new Set(told.map((row) => row.operationUserCode))).toEqual(new Set(['boss']));
    expect(told[0]?.operationDetails).toContain(`the order goes to ${applyStatus}: ${reason}`);
    // and nothing that comes later changes it
    const late = await admin.post(`/callbacks/${kind}`, {
      ticket_id: id,
      result: applyStatus === 'rejected',
    });
    expect(problem(late)).toEqual([409, applyStatus === 'in_review' ? 'not_awaited' : 'order_closed']);
    expect(await orderOf(app, id)).toEqual(order);
  });

  it('should start an order that passes by itself, up to its execution', async () => {
    module.behave(inTurn(takeOver, agree));
    const id = await opened(app, bob, both);
    await abandon((await deliveryIn(app, id, 'check', 'awaiting')).id, 'in_review');
    expect(path(await orderIn(app, id, 'completed'))).toEqual(['auto_approved']);
    expect(module.callsOf('execute', id)).toHaveLength(1);
  });

  it.each<[string, 'check' | 'execute', object, string]>([
    [
      'a check that completes, for nobody has approved',
      'check',
      { applyStatus: 'completed', reason },
      'applyStatus',
    ],
    ['an execution that goes back to review', 'execute', { applyStatus: 'in_review', reason }, 'applyStatus'],
    ['a status that is none of these', 'execute', { applyStatus: 'withdrawn', reason }, 'applyStatus'],
    ['no status', 'execute', { reason }, 'applyStatus'],
    ['null as status', 'execute', { applyStatus: null, reason }, 'applyStatus'],
    ['no reason', 'execute', { applyStatus: 'completed' }, 'reason'],
    ['an empty reason', 'execute', { applyStatus: 'completed', reason: '' }, 'reason'],
    ['null as reason', 'execute', { applyStatus: 'completed', reason: null }, 'reason'],
    [
      'a reason that is too long',
      'execute',
      { applyStatus: 'completed', reason: 'x'.repeat(2_001) },
      'reason',
    ],
    ['more fields than it has', 'execute', { applyStatus: 'completed', reason, force: true }, 'force'],
  ])('should refuse %s', async (_, kind, body, field) => {
    const { id, delivery } = await givenAwaiting(kind);
    const answer = await admin.post(`/deliveries/${delivery}/abandon`, body);
    expect(problem(answer)).toEqual([400, 'validation_failed']);
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toEqual([field]);
    expect((await deliveryOf(app, id, kind)).state).toBe('awaiting');
    expect((await orderOf(app, id)).version).toBe(1);
  });

  it.each([
    ['a yes', agree, 'rejected'],
    ['a no', refuse('no'), 'completed'],
  ])('should win over %s that is in flight', async (_, then, applyStatus) => {
    const held = hold(then);
    module.behave(held.behaviour);
    const id = await executing(app, executed);
    await called(module, 'execute', id);
    expect((await abandon((await deliveryOf(app, id, 'execute')).id, applyStatus)).status).toBe(200);
    const order = await orderOf(app, id);
    held.release();
    expect(await attempted(app, id, 'execute')).toMatchObject({ state: 'abandoned', result: null });
    expect(await orderOf(app, id)).toEqual(order);
    expect(order.applyStatus).toBe(applyStatus);
  });

  it.each([
    ['check', 'in_review', 'rejected'],
    ['execute', 'completed', 'rejected'],
  ] as const)('should give one outcome of the %s beside late answers', async (kind, good, bad) => {
    for (let round = 0; round < 4; round++) {
      const { id, delivery } = await givenAwaiting(kind);
      const result = round % 2 === 0;
      const say = () => admin.post(`/callbacks/${kind}`, { ticket_id: id, result });
      const give = () => abandon(delivery, result ? bad : good);
      const answers = await Promise.all(round < 2 ? [say(), give(), say()] : [give(), say(), give()]);
      const { applyStatus, version } = await orderOf(app, id);
      expect(version).toBe(2);
      const { state } = await deliveryOf(app, id, kind);
      expect([
        ['succeeded', result ? good : bad],
        ['abandoned', result ? bad : good],
      ]).toContainEqual([state, applyStatus]);
      for (const answer of answers.filter(({ status }) => status !== 200)) {
        expect(['delivery_closed', 'order_closed', 'not_awaited']).toContain(answer.body.code);
      }
    }
  });
});

describe('after all of this', () => {
  it("every order's log should replay to exactly its stored state", async () => {
    module.behave(agree);
    await quiet(app);
    expect((await historiesOf(app.database)).length).toBeGreaterThan(20);
  });
});
