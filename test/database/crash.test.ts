import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Database } from '../../src/database/database.js';
import { Clock } from '../../src/runtime/clock.js';
import { freshDatabase, type FreshDatabase } from '../support/fresh-database.js';
import { type Answer, startApp, type TestUser } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { type Service, startService } from '../support/service.js';
import { signal } from '../support/signal.js';
import { ann, bob, carol, dave, givenFlow, type Speaks } from '../support/world.js';

/** How often the service is killed; CRASH_KILLS kills it more often. */
const KILLS = Number(process.env.CRASH_KILLS ?? 8);
const CLIENTS = 8;

/** A request that a client has sent, and its answer, if it got one. */
interface Sent {
  readonly key: string;
  readonly who: TestUser;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  answer: Answer | null;
}

const send = async (service: Speaks, request: Sent): Promise<Answer> =>
  service.as(request.who).post(request.path, request.body, { 'idempotency-key': request.key });

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.drop());

describe('a service that is killed under load', () => {
  it(
    'given that it is killed again and again, then each acknowledged command is there, and each request counts once',
    { timeout: 60_000 + KILLS * 30_000 },
    async () => {
      // given a service that opens and decides, and is killed at an answer that nobody foresees
      const sent: Sent[] = [];
      let service = await startService(fresh.url);
      const { businessType } = await givenFlow(service, [
        { users: ['bob', 'carol'] },
        { users: ['carol', 'dave'], mode: 'all' },
        { users: ['bob', 'dave'] },
      ]);
      for (let kill = 0; kill < KILLS; kill++) {
        await killUnderLoad(service, businessType, sent);
        // when it starts again, clients that got no answer ask again
        service = await startService(fresh.url);
        for (const request of sent.filter((one) => one.answer === null)) {
          const answer = await send(service, request);
          if (answer.body.code !== 'request_in_flight') request.answer = answer;
        }
      }
      await service.kill();

      const app = await startApp({ databaseUrl: fresh.url });
      try {
        const acknowledged = sent.filter((one) => one.answer !== null && one.answer.status < 300);
        const unanswered = sent.filter((one) => one.answer === null);
        expect(acknowledged.length).toBeGreaterThan(KILLS * 5);
        // then nothing is half done
        expect((await historiesOf(app.database)).length).toBeGreaterThan(0);
        // and what was acknowledged is there, once; what was refused is not
        for (const { answer, ...request } of sent) {
          if (answer === null) continue;
          expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(500);
          expect(await effectsOf(app.database, request), request.key).toBe(answer.status < 300 ? 1 : 0);
        }
        // and a request that was in flight when the service died counts once its key may be taken over
        vi.spyOn(app.get(Clock), 'now').mockImplementation(() => new Date(Date.now() + 61_000));
        for (const request of unanswered) {
          expect(await effectsOf(app.database, request), request.key).toBe(0);
          const answer = await send(app, request);
          expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(500);
          expect(await effectsOf(app.database, request), request.key).toBe(answer.status < 300 ? 1 : 0);
        }
        // and every answer that a key ever got, it gets again
        for (const request of acknowledged) {
          const again = await send(app, request);
          expect([again.status, again.body]).toEqual([request.answer?.status, request.answer?.body]);
          expect(again.headers.get('idempotent-replayed')).toBe('true');
        }
        await historiesOf(app.database);
      } finally {
        await app.close();
      }
    },
  );
});

/** Several clients send one request after the other, until the service is killed at some answer. */
async function killUnderLoad(service: Service, businessType: string, sent: Sent[]): Promise<void> {
  const enough = signal();
  let answersLeft = 10 + Math.floor(Math.random() * 50);
  const one = async (): Promise<void> => {
    for (;;) {
      const request = nextRequest(businessType, sent);
      sent.push(request);
      try {
        request.answer = await send(service, request);
      } catch {
        return;
      }
      if (--answersLeft === 0) enough.give();
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, one));
  await enough.happened;
  await service.kill();
  await clients;
}

/** Opens an order, or decides one that is open; each with words of its own, by which its effect is found. */
function nextRequest(businessType: string, sent: readonly Sent[]): Sent {
  const key = `request-${sent.length}`;
  const opened = sent.filter((one) => one.path === '/orders' && one.answer?.status === 201);
  const order = opened[Math.floor(Math.random() * opened.length)];
  if (!order || Math.random() < 0.3) {
    return { key, who: ann, path: '/orders', body: { businessType, businessKey: key }, answer: null };
  }
  const who = [bob, carol, dave][Math.floor(Math.random() * 3)] as TestUser;
  const command = Math.random() < 0.1 ? 'reject' : 'approve';
  return {
    key,
    who,
    path: `/orders/${order.answer?.body.id}/${command}`,
    body: { auditMsg: key },
    answer: null,
  };
}

/** How often a request has taken effect: orders of its business key, or decisions with its words in the log. */
async function effectsOf(database: Database, { key, path }: Pick<Sent, 'key' | 'path'>): Promise<number> {
  const found = await database.rows(
    path === '/orders'
      ? 'SELECT id FROM dms_s_apply_order WHERE business_key = ?'
      : 'SELECT id FROM dms_s_apply_order_log WHERE operation_data LIKE ?',
    [path === '/orders' ? key : `%"auditMsg":"${key}"%`],
  );
  return found.length;
}
