import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApprovalProof } from '../../src/gate/keeping/approval.proof.js';
import { DeliveryQueue } from '../../src/outbox/delivery.queue.js';
import { callbackSettings } from '../support/callback-settings.js';
import { eventually } from '../support/eventually.js';
import { heldBy, inState, through } from '../support/gate-visits.js';
import { givenAction, givenGate } from '../support/gates.js';
import { startApp, type TestApp } from '../support/harness.js';
import { type Signal, signal } from '../support/signal.js';
import { startUpstream, type Upstream } from '../support/upstream.js';
import { ann, bob, boss, givenFlow } from '../support/world.js';

/** A process that stands still right before it sends, for longer than its claim holds: another one takes over. */
describe('a held request that two processes are about to send', () => {
  let app: TestApp;
  let upstream: Upstream;
  beforeAll(async () => {
    app = await startApp({ env: { ...callbackSettings, CALLBACK_LEASE: '1s' } });
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
    for (const method of ['POST', 'PUT'])
      await givenAction(app.as(boss), { path: '/entries/{name}', method, businessType });
  });
  // One of its own for each, since one that has failed is sent less at once.
  beforeEach(async () => {
    upstream = await startUpstream();
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await upstream.close();
  });
  afterAll(() => app.close());

  it.each([
    // Nobody may record what the first one hears, and a POST is not sent again.
    ['POST', 'unknown', 1],
    ['PUT', 'executed', 2],
  ])(
    'given a %s that the first one still sends, then it ends %s, and is not left as being executed',
    async (method, state, calls) => {
      // given two attempts that have both seen the request approved
      vi.spyOn(app.get(DeliveryQueue), 'renew').mockResolvedValue();
      const still: Signal[] = [];
      vi.spyOn(app.get(ApprovalProof), 'whyNot').mockImplementation(async () => {
        if (still.length >= 2) return null;
        const waits = signal();
        still.push(waits);
        await waits.happened;
        return null;
      });
      const answered = signal();
      upstream.answer(async ({ method: sent, url }) => {
        if (upstream.seen.length === 1) await answered.happened;
        return { body: { sent, url } };
      });
      const { key } = await givenGate(app.as(boss), { upstream: upstream.url });
      const held = await heldBy(await through(app, key, ann, '/entries/1', { method, body: 'x' }));
      await app.as(bob).post(`/orders/${held.orderId}/approve`, {});
      await eventually(
        () => still.length,
        (count) => count === 2,
      );
      // when the first one sends it, and the second one comes too late
      still[0]?.give();
      await eventually(
        () => upstream.seen.length,
        (count) => count === 1,
      );
      still[1]?.give();
      await eventually(
        () => app.as(boss).get(`/deliveries?topic=gate.execute&orderId=${held.orderId}`),
        ({ body }) => body.items[0].attempts.length > 1,
      );
      answered.give();
      // then it comes to an end
      await inState(app, ann, held.requestId, state);
      expect(upstream.seen).toHaveLength(calls);
      expect(new Set(upstream.seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    },
  );
});
