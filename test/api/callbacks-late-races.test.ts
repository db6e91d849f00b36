import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agree, type BusinessModule, hold, refuse, takeOver } from '../support/business-module.js';
import {
  called,
  type CallbackWorld,
  deliveryIn,
  executing,
  givenType,
  opened,
  operationsOf,
  orderIn,
  orderOf,
  quiet,
  startCallbackWorld,
} from '../support/callbacks.js';
import type { Answer, Client, TestApp } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { ann, boss, created } from '../support/world.js';

let world: CallbackWorld;
let app: TestApp;
let module: BusinessModule;
let key: Client;
beforeAll(async () => {
  world = await startCallbackWorld();
  ({ app, module } = world);
  const made = await created(app.as(boss), '/api-keys', { name: 'k', accCodes: ['t1'] });
  key = app.key(String(made.key));
});
afterAll(() => world.close());

const answers = (kind: string, id: string, results: readonly boolean[]): Promise<Answer[]> =>
  Promise.all(
    results.map((result, n) =>
      (n % 3 === 0 ? app.as(boss) : key).post(`/callbacks/${kind}`, { ticket_id: id, result }),
    ),
  );
const halfAndHalf = (first: boolean) => Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? first : !first));

/** One answer was taken, and everybody was told the same: either that it counts, or that another one does. */
async function expectOneAnswer(
  kind: 'check' | 'execute',
  id: string,
  said: readonly Answer[],
): Promise<boolean> {
  const outcomes = (await operationsOf(app, id)).filter((name) =>
    new RegExp(`^callback\\.${kind}\\.(succeeded|failed)$`).test(name),
  );
  expect(outcomes).toHaveLength(1);
  const result = outcomes[0] === `callback.${kind}.succeeded`;
  for (const { status, body } of said) {
    if (status === 200) expect(body).toMatchObject({ ticket_id: id, result });
    else expect([status, body.code]).toEqual([409, 'already_decided']);
  }
  expect(await deliveryIn(app, id, kind, 'succeeded')).toMatchObject({ result, nextAttemptAt: null });
  const ends = kind === 'check' ? ['in_review', 'rejected'] : ['completed', 'rejected'];
  expect((await orderOf(app, id)).applyStatus).toBe(ends[result ? 0 : 1]);
  return result;
}

describe('20 late answers at once, half of them yes', () => {
  it.each(['check', 'execute'] as const)('should give one outcome of the %s', async (kind) => {
    module.behave(takeOver);
    const { code } = await givenType(app, { [`${kind}Url`]: module[`${kind}Url`] });
    for (let round = 0; round < 3; round++) {
      const id = await (kind === 'check' ? opened(app, ann, code) : executing(app, code));
      await deliveryIn(app, id, kind, 'awaiting');
      const said = await answers(kind, id, halfAndHalf(round % 2 === 0));
      const result = await expectOneAnswer(kind, id, said);
      expect(said.filter(({ status }) => status === 200)).toHaveLength(10);
      expect((await orderOf(app, id)).version).toBe(2);
      expect(said.filter(({ body }) => body.result === result)).toHaveLength(10);
    }
  });

  it.each(['check', 'execute'] as const)(
    'should give one outcome of the %s also when its own call is answered at that moment',
    async (kind) => {
      const { code } = await givenType(app, { [`${kind}Url`]: module[`${kind}Url`] });
      for (let round = 0; round < 3; round++) {
        const held = hold(round % 2 === 0 ? agree : refuse('no'));
        module.behave(held.behaviour);
        const id = await (kind === 'check' ? opened(app, ann, code) : executing(app, code));
        await called(module, kind, id);
        held.release();
        await expectOneAnswer(kind, id, await answers(kind, id, halfAndHalf(round % 2 !== 0)));
        expect((await orderOf(app, id)).version).toBe(2);
      }
    },
  );
});

describe('a late answer and a withdrawal at once', () => {
  it('should leave the order with one of them', async () => {
    module.behave(takeOver);
    const { code } = await givenType(app, { checkUrl: module.checkUrl });
    for (let round = 0; round < 6; round++) {
      const id = await opened(app, ann, code);
      await deliveryIn(app, id, 'check', 'awaiting');
      const withdraw = () => app.as(ann).post(`/orders/${id}/withdraw`, {});
      const answer = () => key.post('/callbacks/check', { ticket_id: id, result: false });
      const [first, second] = await Promise.all(
        round % 2 === 0 ? [withdraw(), answer()] : [answer(), withdraw()],
      );
      const [loser] = [first, second].filter(({ status }) => status !== 200);
      expect([loser?.status, loser?.body.code]).toEqual([409, 'order_closed']);
      const { applyStatus, version } = await orderOf(app, id);
      const delivery = await deliveryIn(
        app,
        id,
        'check',
        applyStatus === 'withdrawn' ? 'cancelled' : 'succeeded',
      );
      expect([version, delivery.result]).toEqual([2, applyStatus === 'withdrawn' ? null : false]);
    }
  });
});

describe('a late answer with an Idempotency-Key', () => {
  const awaited = async () => {
    module.behave(takeOver);
    const { code } = await givenType(app, { executeUrl: module.executeUrl });
    const id = await executing(app, code);
    await deliveryIn(app, id, 'execute', 'awaiting');
    return id;
  };
  const headers = () => ({ 'idempotency-key': randomUUID() });

  it('should be answered as the first time, and be no other answer under the same key', async () => {
    const id = await awaited();
    const once = headers();
    const first = await key.post('/callbacks/execute', { ticket_id: id, result: true }, once);
    const again = await key.post('/callbacks/execute', { ticket_id: id, result: true }, once);
    expect([again.status, again.body]).toEqual([first.status, first.body]);
    expect([first, again].map((answer) => answer.headers.get('idempotent-replayed'))).toEqual([null, 'true']);
    const other = await key.post('/callbacks/execute', { ticket_id: id, result: false }, once);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    expect((await orderOf(app, id)).applyStatus).toBe('completed');
  });

  it('should count in the end when it was refused as too early', async () => {
    // given an answer that comes before the question
    module.behave(agree);
    const held = hold(takeOver);
    const { code } = await givenType(app, { checkUrl: module.checkUrl, executeUrl: module.executeUrl });
    const id = await opened(app, ann, code);
    await orderIn(app, id, 'in_review');
    module.behave(held.behaviour);
    const once = headers();
    const body = { ticket_id: id, result: true };
    expect((await key.post('/callbacks/execute', body, once)).body.code).toBe('not_awaited');
    // when it is said again, as the module was told to
    await app.as({ sub: 'bob', acc_code: 't1' }).post(`/orders/${id}/approve`, {});
    expect(await key.post('/callbacks/execute', body, once)).toMatchObject({
      status: 200,
      body: { apply_status: 'completed' },
    });
    held.release();
  });

  it('should be one answer when the same comes 10 times at once', async () => {
    const id = await awaited();
    const once = headers();
    const said = await Promise.all(
      Array.from({ length: 10 }, () => key.post('/callbacks/execute', { ticket_id: id, result: true }, once)),
    );
    for (const { status, body } of said) {
      if (status === 200) expect(body).toEqual({ ticket_id: id, result: true, apply_status: 'completed' });
      else expect([status, body.code]).toEqual([409, 'request_in_flight']);
    }
    expect(said.some(({ status }) => status === 200)).toBe(true);
    expect((await orderOf(app, id)).version).toBe(2);
  });
});

describe('after all of these races', () => {
  it("every order's log should replay to exactly its stored state", async () => {
    module.behave(agree);
    await quiet(app);
    expect((await historiesOf(app.database)).length).toBeGreaterThan(15);
  });
});
