import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  agree,
  answerBody,
  answerStatus,
  type Behaviour,
  type BusinessModule,
  hold,
  inTurn,
  type ReceivedCall,
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
import type { TestApp } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { ann, boss } from '../support/world.js';

// What counts as an answer of the business module, and what does not.

let world: CallbackWorld;
let app: TestApp;
let module: BusinessModule;
/** A synchronous type with an execution. */
let code: string;
beforeAll(async () => {
  world = await startCallbackWorld();
  ({ app, module } = world);
  ({ code } = await givenType(app, { executeUrl: module.executeUrl }));
});
afterAll(() => world.close());

/** The right answer to a call, changed. */
const struct = (call: ReceivedCall, change: object): object => ({
  ticket_id: call.ticket,
  result: true,
  ...change,
});
const changed =
  (change: object, status: number = 200): Behaviour =>
  (call) => ({ status, body: struct(call, change) });
const asText =
  (text: (struct: object) => string, contentType = 'application/json'): Behaviour =>
  (call) => ({ status: 200, body: text(struct(call, {})), headers: { 'content-type': contentType } });

const html = '<!doctype html><html><body>Please sign in</body></html>';
const redirect =
  (status: number): Behaviour =>
  (call) => ({
    status,
    headers: { location: `${module.url}/redirected` },
    body: struct(call, {}),
  });

describe('an answer that is none', () => {
  it.each<[string, Behaviour, number, string]>([
    ['another ticket', changed({ ticket_id: 'another' }), 200, 'ticket_id'],
    ['no ticket', changed({ ticket_id: undefined }), 200, 'ticket_id'],
    [
      'a list of tickets',
      (call) => ({ status: 200, body: struct(call, { ticket_id: [call.ticket] }) }),
      200,
      'ticket_id',
    ],
    ['no result', changed({ result: undefined }), 200, 'result'],
    ['the text "true" as result', changed({ result: 'true' }), 200, 'result'],
    ['the number 1 as result', changed({ result: 1 }), 200, 'result'],
    ['null as result', changed({ result: null }), 200, 'result'],
    ['a number as msg', changed({ msg: 5 }), 200, 'msg'],
    ['a list as error', changed({ error: ['no'] }), 200, 'error'],
    ['a list', (call) => ({ status: 200, body: [struct(call, {})] }), 200, 'object'],
    ['an envelope', (call) => ({ status: 200, body: { code: 0, data: struct(call, {}) } }), 200, 'ticket_id'],
    [
      'a result that is not its own',
      asText((right) => JSON.stringify(right).replace('"result":true', '"__proto__":{"result":true}')),
      200,
      'result',
    ],
    ['the word true', answerBody('true'), 200, 'object'],
    ['the word null', answerBody('null'), 200, 'object'],
    ['the struct as a text', asText((right) => JSON.stringify(JSON.stringify(right))), 200, 'object'],
    ['HTML', answerBody(html), 200, 'JSON'],
    ['nothing', answerBody(''), 200, 'JSON'],
    ['half a struct', asText((right) => JSON.stringify(right).slice(0, -1)), 200, 'JSON'],
    ['more than a struct', asText((right) => `${JSON.stringify(right)};`), 200, 'JSON'],
    ['more than 64 KiB', changed({ msg: 'x'.repeat(70_000) }), 200, '64 KiB'],
    ['201', changed({}, 201), 201, '201'],
    ['204', answerStatus(204), 204, '204'],
    ['301', redirect(301), 301, '301'],
    ['302', redirect(302), 302, '302'],
    ['307', redirect(307), 307, '307'],
    ['400', changed({}, 400), 400, '400'],
    ['404', changed({}, 404), 404, '404'],
    ['429 without a time', changed({}, 429), 429, '429'],
    ['500', changed({}, 500), 500, '500'],
    ['503', changed({}, 503), 503, '503'],
  ])('should be %s: a failed attempt, and the next one may do better', async (_, answer, status, why) => {
    // given a module that answers so, and then takes its time
    const held = hold();
    module.behave(inTurn(answer, held.behaviour));
    const id = await executing(app, code);
    // then the first attempt has failed, and nothing about the order has changed
    const delivery = await attempted(app, id, 'execute');
    expect(delivery.attempts).toMatchObject([{ attempt: 1, status, outcome: 'failed' }]);
    expect(delivery.attempts[0]?.error).toContain(why);
    expect(delivery).toMatchObject({ result: null, lastError: delivery.attempts[0]?.error });
    expect(await orderOf(app, id)).toMatchObject({ applyStatus: 'executing', version: 1 });
    // and the second one's answer counts
    held.release();
    await orderIn(app, id, 'completed');
    expect(module.callsOf('execute', id)).toHaveLength(2);
    expect(module.calls.some((call) => call.path === '/redirected')).toBe(false);
    expect((await operationsOf(app, id)).slice(-2)).toEqual([
      'callback.execute.succeeded',
      'order.completed',
    ]);
  });

  it('should not start an order either', async () => {
    module.behave(inTurn(answerBody(html), changed({ result: 'false' }), agree));
    const { code: checked } = await givenType(app, { checkUrl: module.checkUrl });
    const id = await opened(app, ann, checked);
    await orderIn(app, id, 'in_review');
    expect(module.callsOf('check', id)).toHaveLength(3);
    expect((await operationsOf(app, id)).slice(1)).toEqual([
      'check.requested',
      'callback.check.succeeded',
      'step.in_review',
    ]);
  });
});

describe('an answer', () => {
  it.each<[string, Behaviour]>([
    ['without words', changed({})],
    ['with words that are null', changed({ msg: null, error: null })],
    ['with both words', changed({ msg: 'done', error: '' })],
    ['with more than the contract asks for', changed({ took_ms: 12, data: { rows: 3 } })],
    [
      'in any order of its names',
      (call) => ({ status: 200, body: { error: null, result: true, ticket_id: call.ticket } }),
    ],
    ['behind a byte order mark', asText((right) => `\uFEFF ${JSON.stringify(right, null, 2)}\r\n`)],
    ['of another content type', asText((right) => JSON.stringify(right), 'text/plain; charset=utf-8')],
    ['of just under 64 KiB', changed({ more: 'x'.repeat(65_000) })],
  ])('should count %s', async (_, answer) => {
    module.behave(inTurn(answer, refuse('asked twice')));
    await orderIn(app, await executing(app, code), 'completed');
  });

  it('should be cut where its words are longer than anybody reads', async () => {
    module.behave(refuse('长'.repeat(9_000)));
    const order = await orderIn(app, await executing(app, code), 'rejected');
    expect(order.error).toBe('长'.repeat(2_000));
  });

  it.each([
    ['characters outside of the basic plane', '👨‍👩‍👧‍👦 𠮷 \u{10FFFF}'],
    ['control characters', 'tab\t bell\u0007 delete\u007F NUL\u0000 line\u2028 '],
    ['something like SQL and HTML', `'; DROP TABLE dms_s_apply_order; -- <script>alert("?")</script> %s ?`],
  ])('should be told as it is with %s', async (_, words) => {
    module.behave(refuse(words));
    const id = await executing(app, code);
    expect((await orderIn(app, id, 'rejected')).error).toBe(words);
    expect((await loggedOf(app, id, 'order.rejected')).operationDetails).toContain(words);
  });
});

describe('a special status', () => {
  it('should park at once with 410: the target is gone for good', async () => {
    module.behave(changed({}, 410));
    const id = await executing(app, code);
    const delivery = await deliveryIn(app, id, 'execute', 'failed');
    expect(delivery).toMatchObject({
      lastError: 'the business module answered 410',
      nextAttemptAt: null,
      attempts: [{ attempt: 1, status: 410, outcome: 'failed' }],
    });
    expect((await orderOf(app, id)).applyStatus).toBe('executing');
    expect((await operationsOf(app, id)).at(-1)).toBe('callback.execute.parked');
    expect(module.callsOf('execute', id)).toHaveLength(1);
  });

  it.each([429, 503])(
    'should have the next attempt wait as asked with %i and Retry-After',
    async (status) => {
      module.behave(inTurn(answerStatus(status, { 'retry-after': '3600' }), agree));
      const id = await executing(app, code);
      const delivery = await attempted(app, id, 'execute');
      // the schedule alone would have it tried again within milliseconds
      const pause =
        Date.parse(String(delivery.nextAttemptAt)) - Date.parse(String(delivery.attempts[0]?.startedAt));
      expect(pause).toBeGreaterThan(3_000_000);
      expect(delivery.state).toBe('pending');
      // and an administrator need not wait
      await app.as(boss).post(`/deliveries/${delivery.id}/redeliver`);
      await orderIn(app, id, 'completed');
      expect(module.callsOf('execute', id)).toHaveLength(2);
    },
  );

  it('should wait for a later answer with 202, whatever its body says', async () => {
    module.behave(changed({}, 202));
    const id = await executing(app, code);
    const delivery = await deliveryIn(app, id, 'execute', 'awaiting');
    expect(delivery).toMatchObject({
      result: null,
      attempts: [{ status: 202, outcome: 'accepted', error: null }],
    });
    // until the deadline of its type: a day, unless it says otherwise
    const patience = Date.parse(String(delivery.nextAttemptAt)) - Date.now();
    expect(patience).toBeGreaterThan(23 * 3_600_000);
    expect((await orderOf(app, id)).applyStatus).toBe('executing');
  });
});

describe('an asynchronous type', () => {
  const async = { callbackMode: 'async' };
  const lark = { format: 'lark-ticket' };
  it.each<[string, object, Behaviour, string]>([
    ['takes 201 for a later answer', async, changed({}, 201), 'awaiting'],
    ['takes 204 for a later answer', async, answerStatus(204), 'awaiting'],
    ['takes 202 for a later answer', async, takeOver, 'awaiting'],
    ['may be answered at once', async, agree, 'succeeded'],
    ['does not take HTML with 200 for a later answer', async, answerBody(html), 'pending'],
    ['does not take {} with 200 for a later answer', async, answerBody({}), 'pending'],
    ['does not take 500 for a later answer', async, answerStatus(500), 'pending'],
    ['does not take a redirect for a later answer', async, redirect(302), 'pending'],
    [
      'takes 200 without a struct for a later answer in format lark-ticket',
      { ...async, ...lark },
      answerBody('ok'),
      'awaiting',
    ],
    [
      'takes 204 for a later answer in format lark-ticket',
      { ...async, ...lark },
      answerStatus(204),
      'awaiting',
    ],
    ['may be answered at once in format lark-ticket', { ...async, ...lark }, agree, 'succeeded'],
    [
      'does not take 404 for a later answer in format lark-ticket',
      { ...async, ...lark },
      answerStatus(404),
      'pending',
    ],
    ['is what defers, not the format', lark, answerBody('ok'), 'pending'],
  ])('%s', async (_, fields, answer, state) => {
    const held = hold();
    module.behave(inTurn(answer, held.behaviour));
    const { code: type } = await givenType(app, { executeUrl: module.executeUrl, ...fields });
    const id = await executing(app, type);
    const delivery = await attempted(app, id, 'execute');
    const outcomes = { awaiting: 'accepted', succeeded: 'succeeded', pending: 'failed' };
    expect(delivery.attempts[0]).toMatchObject({ outcome: outcomes[state as keyof typeof outcomes] });
    // by now, the next attempt of one that failed may be under way
    expect(state === 'pending' ? ['pending', 'sending'] : [state]).toContain(delivery.state);
    expect((await orderOf(app, id)).applyStatus).toBe(state === 'succeeded' ? 'completed' : 'executing');
    held.release();
  });
});

describe('after all of this', () => {
  it("every order's log should replay to exactly its stored state", async () => {
    module.behave(agree);
    await quiet(app);
    expect((await historiesOf(app.database)).length).toBeGreaterThan(50);
  });
});

describe('words that no column can hold as they are', () => {
  it.each([
    ['half of a character', 'before \uD83D after'],
    ['a character that the cut divides', `${'x'.repeat(1_999)}👍`],
  ])('should be the same in the order and in its log: %s', async (_, words) => {
    module.behave(refuse(words));
    const id = await executing(app, code);
    const { error } = await orderIn(app, id, 'rejected');
    expect(error?.isWellFormed()).toBe(true);
    const state = (await historiesOf(app.database)).find((history) => history.id === id)?.state;
    expect(state?.error).toBe(error);
  });
});
