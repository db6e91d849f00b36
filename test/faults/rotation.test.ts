import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Clock } from '../../src/runtime/clock.js';
import {
  agree,
  answerStatus,
  type BusinessModule,
  type ReceivedCall,
  startBusinessModule,
  verify,
} from '../support/business-module.js';
import { callbackSettings } from '../support/callback-settings.js';
import { type CheckedOrders, givenCheckedOrders } from '../support/checked-orders.js';
import { eventually } from '../support/eventually.js';
import { startApp, type TestApp } from '../support/harness.js';
import { boss } from '../support/world.js';

/** A secret that is rotated while deliveries are being retried: the module is never called in a way it cannot verify. */
let app: TestApp;
let module: BusinessModule;
beforeAll(async () => {
  module = await startBusinessModule();
  app = await startApp({ env: callbackSettings });
});
afterAll(async () => {
  await app.close();
  await module.close();
});
afterEach(() => void vi.restoreAllMocks());

let orders: CheckedOrders;
let orderId: string;
let first: string;
beforeEach(async () => {
  // A business module that is not well, and one delivery that is tried again and again.
  module.behave(answerStatus(500));
  orders = await givenCheckedOrders(app, module);
  first = (await rotate('0s')).secret;
  orderId = await orders.open();
});

async function rotate(overlap: string): Promise<{ secret: string; previousSecretValidUntil: string | null }> {
  const answer = await app.as(boss).post(`/business-types/${orders.businessType}/rotate-secret`, { overlap });
  expect(answer.status).toBe(200);
  return answer.body as { secret: string; previousSecretValidUntil: string | null };
}

const calls = () => module.callsOf('check', orderId);
/** The next calls. One that was signed before may still be under way, and does not count. */
async function nextCalls(count: number): Promise<readonly ReceivedCall[]> {
  const from = calls().length + 1;
  return (await eventually(calls, (all) => all.length >= from + count)).slice(from);
}
const fits = (call: ReceivedCall, secret: string): boolean => {
  try {
    verify(call, secret);
    return true;
  } catch {
    return false;
  }
};
/** Which of the secrets each call verifies under. */
const fitting = (received: readonly ReceivedCall[], ...secrets: string[]) =>
  received.map((call) => secrets.map((secret) => fits(call, secret)));

async function expectItEndsWell(): Promise<void> {
  module.behave(agree);
  await orders.inReview(orderId);
  expect(new Set(calls().map((call) => call.id)).size).toBe(1);
}

describe('a secret that is rotated while a delivery is retried', () => {
  it('given an overlap, then calls verify under both, and when it is over under the new one only', async () => {
    expect(fitting(await nextCalls(2), first)).toEqual([[true], [true]]);
    const { secret: second, previousSecretValidUntil: until } = await rotate('1h');
    // then a module that knows only one of them, whichever it is, can verify during the overlap
    expect(fitting(await nextCalls(2), first, second)).toEqual([
      [true, true],
      [true, true],
    ]);
    // and afterwards only the one with the new secret
    vi.spyOn(app.get(Clock), 'now').mockImplementation(() => new Date(until ?? ''));
    expect(fitting(await nextCalls(2), first, second)).toEqual([
      [false, true],
      [false, true],
    ]);
    // and a module that learned of the new secret in time could verify every call
    for (const [old, fresh] of fitting(calls(), first, second)) expect(old || fresh).toBe(true);
    await expectItEndsWell();
  });

  it('given no overlap, then calls verify under the new one only, from the next attempt on', async () => {
    expect(fitting(await nextCalls(1), first)).toEqual([[true]]);
    const { secret: second } = await rotate('0s');
    expect(fitting(await nextCalls(2), first, second)).toEqual([
      [false, true],
      [false, true],
    ]);
    await expectItEndsWell();
  });

  it('given another rotation during the overlap, then the newest two count', async () => {
    const { secret: second } = await rotate('1h');
    const { secret: third } = await rotate('1h');
    expect(fitting(await nextCalls(2), first, second, third)).toEqual([
      [false, true, true],
      [false, true, true],
    ]);
    await expectItEndsWell();
  });
});
