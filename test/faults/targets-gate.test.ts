import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agree, type BusinessModule, hold, startBusinessModule } from '../support/business-module.js';
import {
  called,
  type CallbackWorld,
  executing,
  givenType,
  orderIn,
  orderOf,
  quiet,
  startCallbackWorld,
} from '../support/callbacks.js';
import type { TestApp } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { boss } from '../support/world.js';

// One business module that hangs, and others that work.

let world: CallbackWorld;
let app: TestApp;
let dead: BusinessModule;
const healthy: BusinessModule[] = [];
const warnings: string[] = [];
const warned = (warning: Error): unknown => warnings.push(`${warning.name}: ${warning.message}`);
beforeAll(async () => {
  process.on('warning', warned);
  world = await startCallbackWorld();
  ({ app, module: dead } = world);
  for (let n = 0; n < 4; n++) healthy.push(await startBusinessModule(agree));
});
afterAll(async () => {
  process.off('warning', warned);
  await world.close();
  for (const module of healthy) await module.close();
});

/** More than this process sends at once (128), and more than it sees at one look at the queue (200). */
const stuck = 210;
const each = 5;

describe('a target that hangs', () => {
  it('should keep none of the others waiting', async () => {
    // given more calls to it than the service can have under way; none of them comes to an end
    const held = hold();
    dead.behave(held.behaviour);
    const { code } = await givenType(app, { executeUrl: dead.executeUrl });
    const first = await executing(app, code);
    await called(dead, 'execute', first);
    const waiting = [first, ...(await inParallel(stuck, () => executing(app, code)))];
    // when orders for the others come behind them
    const codes: string[] = [];
    for (const { executeUrl } of healthy) codes.push((await givenType(app, { executeUrl })).code);
    const orders = await inParallel(each * codes.length, (n) =>
      executing(app, codes[n % codes.length] ?? ''),
    );
    // then all of these are executed while all of those still wait
    for (const id of orders) await orderIn(app, id, 'completed');
    expect((await orderOf(app, first)).applyStatus).toBe('executing');
    expect(healthy.map((module) => module.calls.length)).toEqual(healthy.map(() => each));
    const unanswered = await app.as(boss).get(`/deliveries?orderId=${first}`);
    expect(unanswered.body.items).toMatchObject([{ state: 'sending', attempts: [] }]);
    expect(dead.calls.length).toBeLessThanOrEqual(16);
    // and when it wakes up, its own are executed as well
    dead.behave(agree);
    held.release();
    await quiet(app);
    for (const id of waiting) expect(dead.callsOf('execute', id)).toHaveLength(1);
    const histories = await historiesOf(app.database);
    expect(histories).toHaveLength(waiting.length + orders.length);
    expect(new Set(histories.map(({ state }) => state.applyStatus))).toEqual(new Set(['completed']));
  });
});

describe('calls to many targets at once', () => {
  it('should be nothing that the process warns of', async () => {
    // given a dozen types of a module that takes its time, so that a dozen calls are under way
    const held = hold();
    dead.behave(held.behaviour);
    const codes = await inParallel(12, () => givenType(app, { executeUrl: dead.executeUrl }));
    const orders = await inParallel(12, (n) => executing(app, codes[n]?.code ?? ''));
    for (const id of orders) await called(dead, 'execute', id);
    held.release();
    for (const id of orders) await orderIn(app, id, 'completed');
    expect(warnings).toEqual([]);
  });
});

/** As many as that, some at a time. */
async function inParallel<T>(count: number, make: (n: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  while (made.length < count) {
    const from = made.length;
    const size = Math.min(20, count - from);
    made.push(...(await Promise.all(Array.from({ length: size }, (_, n) => make(from + n)))));
  }
  return made;
}
