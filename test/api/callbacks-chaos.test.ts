import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { garbage, reset } from '../support/broken-answers.js';
import {
  agree,
  answerBody,
  answerStatus,
  type Behaviour,
  type BusinessModule,
  refuse,
  takeOver,
} from '../support/business-module.js';
import { type CallbackWorld, givenType, opened, startCallbackWorld } from '../support/callbacks.js';
import { eventually } from '../support/eventually.js';
import type { Answer, TestApp } from '../support/harness.js';
import { historiesOf, type OrderHistory } from '../support/order-history.js';
import { ann, bob, boss } from '../support/world.js';

// A business module that does anything, and people who do everything about it, all at once.

let world: CallbackWorld;
let app: TestApp;
let module: BusinessModule;
beforeAll(async () => {
  world = await startCallbackWorld({ CALLBACK_RETRY_SCHEDULE: '20ms,20ms,20ms' });
  ({ app, module } = world);
});
afterAll(() => world.close());

/** A dice that falls the same in every run (mulberry32). */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

const moods: readonly Behaviour[] = [
  agree,
  agree,
  refuse('no'),
  takeOver,
  takeOver,
  answerStatus(500),
  answerStatus(500),
  answerStatus(410),
  answerBody('<html></html>'),
  garbage,
  reset,
  async (call, response) => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    return agree(call, response);
  },
];

interface Listed {
  readonly id: string;
  readonly orderId: string;
  readonly topic: string;
  readonly state: string;
  readonly result: boolean | null;
}
const listed = async (query: string): Promise<readonly Listed[]> =>
  (await app.as(boss).get(`/deliveries?limit=100${query}`)).body.items as readonly Listed[];
const kindOf = (topic: string): string => topic.replace('order.', '');

/** Somebody does something about an order. */
async function act(id: string, roll: (sides: number) => number): Promise<Answer> {
  const admin = app.as(boss);
  const kind = roll(2) === 0 ? 'check' : 'execute';
  const choice = roll(6);
  if (choice === 0) return app.as(roll(2) === 0 ? ann : bob).post(`/orders/${id}/withdraw`, {});
  if (choice === 1) return app.as(bob).post(`/orders/${id}/approve`, {});
  if (choice === 2) return admin.post(`/callbacks/${kind}`, { ticket_id: id, result: roll(3) > 0 });
  const [delivery] = await listed(`&orderId=${id}`);
  if (!delivery || choice === 3) return admin.get(`/orders/${id}`);
  if (choice === 4) return admin.post(`/deliveries/${delivery.id}/redeliver`);
  const good = delivery.topic === 'order.check' ? 'in_review' : 'completed';
  const applyStatus = roll(2) === 0 ? 'rejected' : good;
  return admin.post(`/deliveries/${delivery.id}/abandon`, { applyStatus, reason: 'enough' });
}

/** Each callback of an order has one end, and the order has one. */
function expectOneEnd(history: OrderHistory, deliveries: readonly Listed[]): void {
  const names: string[] = history.transitions.flat().map((event) => event.type);
  const count = (pattern: RegExp) => names.filter((name) => pattern.test(name)).length;
  expect(count(/^order\.(completed|rejected|withdrawn)$/), names.join(' ')).toBe(1);
  for (const { topic, state, result } of deliveries) {
    const kind = kindOf(topic);
    const ends = names.filter((name) =>
      new RegExp(`^callback\\.${kind}\\.(succeeded|failed|skipped|abandoned)$`).test(name),
    );
    const told = { succeeded: [`callback.${kind}.${result ? 'succeeded' : 'failed'}`], cancelled: [] };
    const expected = told[state as keyof typeof told] ?? [`callback.${kind}.abandoned`];
    expect([state, ends], names.join(' ')).toEqual([state, expected]);
  }
  // nobody executes what has not passed
  expect(count(/^order\.executing$/)).toBe(
    deliveries.filter(({ topic }) => topic === 'order.execute').length,
  );
}

describe('whatever a business module, administrators and people do at once', () => {
  it('should leave every order with one path and one end', async () => {
    const roll = dice(7);
    module.behave((call, response) => moods[roll(moods.length)]?.(call, response) ?? null);
    const { code } = await givenType(app, { checkUrl: module.checkUrl, executeUrl: module.executeUrl });
    const ids = await Promise.all(
      Array.from({ length: 40 }, (_, n) => opened(app, n % 2 === 0 ? ann : bob, code)),
    );
    for (let round = 0; round < 6; round++) {
      const answers = await Promise.all(ids.map((id) => act(id, roll)));
      expect(answers.filter(({ status }) => status >= 500).map(({ body }) => body as unknown)).toEqual([]);
    }
    // when the module works again, and somebody looks after what is left
    module.behave(agree);
    await eventually(
      async () => {
        for (const id of ids) await app.as(bob).post(`/orders/${id}/approve`, {});
        for (const { orderId, topic } of [
          ...(await listed('&state=failed')),
          ...(await listed('&state=awaiting')),
        ]) {
          await app.as(boss).post(`/callbacks/${kindOf(topic)}`, { ticket_id: orderId, result: true });
        }
        return app.database.rows(
          "SELECT id FROM dms_s_apply_order WHERE apply_status NOT IN ('3', '4', '6') UNION ALL " +
            "SELECT id FROM dms_s_apply_delivery WHERE state IN ('pending', 'sending', 'awaiting', 'failed')",
        );
      },
      (left) => left.length === 0,
    );
    // then each has one end, and its log tells no other
    for (const history of await historiesOf(app.database)) {
      expectOneEnd(history, await listed(`&orderId=${history.id}`));
      const executed = module.callsOf('execute', history.id).length;
      const asked = history.transitions.flat().some((event) => event.type === 'order.executing');
      expect(executed === 0 || asked).toBe(true);
    }
  });
});
