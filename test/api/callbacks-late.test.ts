import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  agree,
  answerStatus,
  type BusinessModule,
  hold,
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
  opened,
  operationsOf,
  orderIn,
  orderOf,
  quiet,
  startCallbackWorld,
} from '../support/callbacks.js';
import type { Answer, Client, TestApp } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { storedDelivery } from '../support/stored-deliveries.js';
import { ann, bob, boss, created, eve, rival, root } from '../support/world.js';

// Answers that the business module brings itself: POST /callbacks/check and /callbacks/execute.

let world: CallbackWorld;
let app: TestApp;
let module: BusinessModule;
/** A type with both callbacks, and keys of its team, of its team for other types, and of another team. */
let code: string;
let keyId: string;
let key: Client;
let limited: Client;
let stranger: Client;
beforeAll(async () => {
  world = await startCallbackWorld();
  ({ app, module } = world);
  ({ code } = await givenType(app, { checkUrl: module.checkUrl, executeUrl: module.executeUrl }));
  const made = await created(app.as(boss), '/api-keys', {
    name: 'k',
    accCodes: ['t1'],
    businessTypes: [code],
  });
  keyId = String(made.id);
  key = app.key(String(made.key));
  const other = { name: 'other types', accCodes: ['t1'], businessTypes: ['another'] };
  limited = app.key(String((await created(app.as(boss), '/api-keys', other)).key));
  const foreign = { name: 'other team', accCodes: ['t2'] };
  stranger = app.key(String((await created(app.as(rival), '/api-keys', foreign)).key));
});
afterAll(() => world.close());

/** An order of ann's whose check was taken over. */
async function givenAwaitedCheck(): Promise<string> {
  module.behave(takeOver);
  const id = await opened(app, ann, code);
  await deliveryIn(app, id, 'check', 'awaiting');
  return id;
}

/** An order of bob's whose execution was taken over. */
async function givenAwaitedExecution(): Promise<string> {
  module.behave((call, response) => (call.path === '/check' ? agree : takeOver)(call, response));
  const id = await executing(app, code);
  await deliveryIn(app, id, 'execute', 'awaiting');
  return id;
}

const yes = (id: string) => ({ ticket_id: id, result: true });
const no = (id: string) => ({ ticket_id: id, result: false, error: 'no' });
const problem = ({ status, body }: Answer): [number, unknown] => [status, body.code];

describe('a late answer', () => {
  it('should start the order, said by the API key of its team', async () => {
    const id = await givenAwaitedCheck();
    const answer = await key.post('/callbacks/check', { ...yes(id), msg: '检查成功。', error: null });
    expect([answer.status, answer.body]).toEqual([
      200,
      { ticket_id: id, result: true, apply_status: 'in_review' },
    ]);
    expect(await loggedOf(app, id, 'callback.check.succeeded')).toMatchObject({
      operationUserCode: `api-key:${keyId}`,
      operationDetails: 'the business module lets the order start: 检查成功。',
    });
    expect(await deliveryOf(app, id, 'check')).toMatchObject({
      state: 'succeeded',
      result: true,
      nextAttemptAt: null,
      attempts: [{ attempt: 1, status: 202, outcome: 'accepted' }],
    });
    expect(module.callsOf('check', id)).toHaveLength(1);
  });

  it('should reject the order with its error', async () => {
    const id = await givenAwaitedExecution();
    const answer = await key.post('/callbacks/execute', { ...no(id), error: '磁盘已满' });
    expect(answer.body).toEqual({ ticket_id: id, result: false, apply_status: 'rejected' });
    expect(await orderOf(app, id)).toMatchObject({ applyStatus: 'rejected', error: '磁盘已满' });
    expect((await operationsOf(app, id)).slice(-2)).toEqual(['callback.execute.failed', 'order.rejected']);
  });

  it.each([
    ['a team administrator', boss],
    ['a system administrator', root],
  ])('should count from %s as well', async (_, who) => {
    const id = await givenAwaitedExecution();
    const answer = await app.as(who).post('/callbacks/execute', yes(id));
    expect(answer.body).toEqual({ ticket_id: id, result: true, apply_status: 'completed' });
    expect((await loggedOf(app, id, 'callback.execute.succeeded')).operationUserCode).toBe(who.sub);
  });

  it('should be refused from members, and from nobody in particular', async () => {
    const id = await givenAwaitedCheck();
    for (const who of [ann, bob, eve]) {
      expect(problem(await app.as(who).post('/callbacks/check', yes(id)))).toEqual([403, 'forbidden']);
    }
    expect((await app.as(null).post('/callbacks/check', yes(id))).status).toBe(401);
    expect((await orderOf(app, id)).version).toBe(1);
  });

  it('should find nothing in the hands of another team, whatever has become of the order', async () => {
    // given orders that wait, were never asked about this, and were answered
    const waiting = await givenAwaitedCheck();
    const answered = await givenAwaitedCheck();
    await key.post('/callbacks/check', yes(answered));
    for (const client of [stranger, app.as(rival)]) {
      for (const id of [waiting, answered, 'no-such-ticket']) {
        for (const kind of ['check', 'execute']) {
          for (const body of [yes(id), no(id)]) {
            const answer = await client.post(`/callbacks/${kind}`, body);
            expect(problem(answer)).toEqual([404, 'not_found']);
            expect(answer.body.detail).toBe(`order ${id} does not exist`);
          }
        }
      }
    }
    expect((await orderOf(app, waiting)).applyStatus).toBe('initiating');
    expect((await orderOf(app, answered)).applyStatus).toBe('in_review');
  });

  it('should be refused with a key that is for other business types', async () => {
    const id = await givenAwaitedCheck();
    for (const kind of ['check', 'execute']) {
      expect(problem(await limited.post(`/callbacks/${kind}`, yes(id)))).toEqual([403, 'forbidden']);
    }
    expect(problem(await limited.post('/callbacks/check', yes('no-such-ticket')))).toEqual([
      404,
      'not_found',
    ]);
    expect((await orderOf(app, id)).applyStatus).toBe('initiating');
  });

  it.each<[string, (id: string) => object, string]>([
    ['the text "true"', (id) => ({ ticket_id: id, result: 'true' }), 'result'],
    ['the number 1', (id) => ({ ticket_id: id, result: 1 }), 'result'],
    ['null', (id) => ({ ticket_id: id, result: null }), 'result'],
    ['no result', (id) => ({ ticket_id: id }), 'result'],
    ['no ticket', () => ({ result: true }), 'ticket_id'],
    ['an empty ticket', () => ({ ticket_id: '', result: true }), 'ticket_id'],
    ['a number for a ticket', () => ({ ticket_id: 7, result: true }), 'ticket_id'],
    ['a ticket that is too long', () => yes('x'.repeat(192)), 'ticket_id'],
    ['a msg that is too long', (id) => ({ ...yes(id), msg: '长'.repeat(2_001) }), 'msg'],
    ['an error that is too long', (id) => ({ ...no(id), error: 'x'.repeat(2_001) }), 'error'],
    ['a number for a msg', (id) => ({ ...yes(id), msg: 1 }), 'msg'],
    ['half of a character', (id) => ({ ...no(id), error: '\uD83D' }), 'body'],
    ['a field that is not of the struct', (id) => ({ ...yes(id), approved: true }), 'approved'],
    ['a list', (id) => [yes(id)], 'body'],
  ])('should be refused as not valid: %s', async (_, body, field) => {
    const answer = await key.post('/callbacks/check', body('ticket'));
    expect(problem(answer)).toEqual([400, 'validation_failed']);
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toEqual([field]);
  });

  it('should hold words of every kind', async () => {
    const id = await givenAwaitedExecution();
    const error = `${'👍'.repeat(1_989)} "quoted" \n`;
    expect((await key.post('/callbacks/execute', { ...no(id), error })).status).toBe(200);
    expect((await orderOf(app, id)).error).toBe(error);
  });
});

describe('the first answer', () => {
  it.each([
    ['check', true],
    ['check', false],
    ['execute', true],
    ['execute', false],
  ] as const)('should stand: %s answered with %s', async (kind, result) => {
    const id = await (kind === 'check' ? givenAwaitedCheck() : givenAwaitedExecution());
    const first = await key.post(`/callbacks/${kind}`, { ticket_id: id, result, error: 'first' });
    const order = await orderOf(app, id);
    // the same again is answered in the same way
    const again = await app.as(boss).post(`/callbacks/${kind}`, { ticket_id: id, result, error: 'second' });
    expect([again.status, again.body]).toEqual([200, first.body]);
    // and the contrary is refused
    const contrary = await key.post(`/callbacks/${kind}`, { ticket_id: id, result: !result });
    expect(problem(contrary)).toEqual([409, 'already_decided']);
    expect(await orderOf(app, id)).toEqual(order);
    expect(order.error).toBe(result ? null : 'first');
  });

  it('should stand when it was the one in the response', async () => {
    module.behave(refuse('no'));
    const id = await opened(app, ann, code);
    await orderIn(app, id, 'rejected');
    expect(problem(await key.post('/callbacks/check', yes(id)))).toEqual([409, 'already_decided']);
    const again = await key.post('/callbacks/check', no(id));
    expect(again.body).toEqual({ ticket_id: id, result: false, apply_status: 'rejected' });
  });

  it('should still be told when the order has gone on', async () => {
    const id = await givenAwaitedCheck();
    await key.post('/callbacks/check', yes(id));
    await app.as(bob).post(`/orders/${id}/reject`, {});
    const again = await key.post('/callbacks/check', yes(id));
    expect(again.body).toEqual({ ticket_id: id, result: true, apply_status: 'rejected' });
  });
});

describe('an answer that nobody waits for', () => {
  it('should execute and complete nothing while the order is under review', async () => {
    const id = await givenAwaitedCheck();
    expect(problem(await key.post('/callbacks/execute', yes(id)))).toEqual([409, 'not_awaited']);
    await key.post('/callbacks/check', yes(id));
    for (const body of [yes(id), no(id)]) {
      expect(problem(await key.post('/callbacks/execute', body))).toEqual([409, 'not_awaited']);
    }
    expect(await orderOf(app, id)).toMatchObject({ applyStatus: 'in_review', version: 2 });
    expect(module.callsOf('execute', id)).toEqual([]);
    // and the order still has its way to go
    const approved = await app.as(bob).post(`/orders/${id}/approve`, {});
    expect(approved.body.applyStatus).toBe('executing');
    expect((await key.post('/callbacks/execute', yes(id))).body.apply_status).toBe('completed');
  });

  it('should be refused for a check that the order does not have', async () => {
    module.behave(takeOver);
    const { code: unchecked } = await givenType(app, { executeUrl: module.executeUrl });
    const id = await opened(app, ann, unchecked);
    const answer = await app.as(boss).post('/callbacks/check', yes(id));
    expect(problem(answer)).toEqual([409, 'not_awaited']);
    expect((await orderOf(app, id)).version).toBe(1);
  });

  it('should be refused when the order was withdrawn', async () => {
    const id = await givenAwaitedCheck();
    await app.as(ann).post(`/orders/${id}/withdraw`, {});
    for (const body of [yes(id), no(id)]) {
      expect(problem(await key.post('/callbacks/check', body))).toEqual([409, 'order_closed']);
    }
    expect(await orderOf(app, id)).toMatchObject({ applyStatus: 'withdrawn', version: 2, error: null });
    expect((await deliveryOf(app, id, 'check')).state).toBe('cancelled');
  });
});

describe('an answer that overtakes its own call', () => {
  it('should settle a delivery that is still tried, and end the trying', async () => {
    module.behave(answerStatus(500));
    const { code: type } = await givenType(app, { executeUrl: module.executeUrl });
    const id = await executing(app, type);
    await attempted(app, id, 'execute', 2);
    const answer = await app.as(boss).post('/callbacks/execute', yes(id));
    expect(answer.body).toMatchObject({ apply_status: 'completed' });
    const settled = await deliveryOf(app, id, 'execute');
    expect(settled).toMatchObject({ state: 'succeeded', result: true, nextAttemptAt: null, lastError: null });
    // what had begun by then still arrives, and nothing more
    const { attempts } = await storedDelivery(app.database, id);
    const another = await executing(app, type);
    await attempted(app, another, 'execute', 4);
    expect((await storedDelivery(app.database, id)).attempts).toBe(attempts);
    expect(module.callsOf('execute', id)).toHaveLength(attempts);
    expect((await operationsOf(app, id)).slice(-2)).toEqual([
      'callback.execute.succeeded',
      'order.completed',
    ]);
  });

  it.each([
    [true, refuse('said too late')],
    [false, agree],
  ])('should win with %s over what the call in flight brings', async (result, then) => {
    // given a module that says one thing, and then answers another
    const held = hold(then);
    module.behave(held.behaviour);
    const { code: type } = await givenType(app, { executeUrl: module.executeUrl });
    const id = await executing(app, type);
    await called(module, 'execute', id);
    const told = await app.as(boss).post('/callbacks/execute', { ticket_id: id, result, error: 'first' });
    expect(told.body.apply_status).toBe(result ? 'completed' : 'rejected');
    const order = await orderOf(app, id);
    held.release();
    // then the second one is recorded, and changes nothing
    const delivery = await attempted(app, id, 'execute');
    expect(delivery).toMatchObject({ state: 'succeeded', result, attempts: [{ outcome: 'succeeded' }] });
    expect(await orderOf(app, id)).toEqual(order);
  });
});

describe('after all of this', () => {
  it("every order's log should replay to exactly its stored state", async () => {
    module.behave(agree);
    await quiet(app);
    expect((await historiesOf(app.database)).length).toBeGreaterThan(15);
  });
});
