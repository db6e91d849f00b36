import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { RulesService } from '../../src/gate/rules.service.js';
import { OutboxService } from '../../src/outbox/outbox.service.js';
import { IdentitiesRepository } from '../../src/providers/identities/identities.repository.js';
import { eventually } from '../support/eventually.js';
import { type FakeSentry, startFakeSentry } from '../support/fake-sentry.js';
import { startApp, type TestApp } from '../support/harness.js';
import { ann, boss, created } from '../support/world.js';

let app: TestApp;
let sentry: FakeSentry;
const lines: string[] = [];
beforeAll(async () => {
  sentry = await startFakeSentry();
  app = await startApp({
    env: {
      SENTRY_DSN: sentry.dsn,
      CALLBACK_ALLOWED_HOSTS: '127.0.0.1',
      CALLBACK_TIMEOUT: '20s',
      PUBLIC_URL: 'https://approvals.example',
      SHUTDOWN_TIMEOUT: '1s',
    },
    onLog: (line) => lines.push(line),
  });
  await created(app.as(boss), '/providers', { code: 'oa', name: 'OA', url: 'http://127.0.0.1:9/oa' });
});
afterAll(async () => {
  await app.close();
  await sentry.close();
});
afterEach(() => {
  vi.restoreAllMocks();
  sentry.answer({ status: 200 });
});

let made = 0;

/** Has a request fail with an error. @returns the id under which it does */
async function broken(error: unknown): Promise<string> {
  vi.spyOn(app.get(IdentitiesRepository), 'list').mockRejectedValueOnce(error);
  const id = `request-${++made}`;
  const path = '/providers/oa/identities?externalId=somebody-there';
  const answer = await app.as(boss).get(path, { 'x-request-id': id });
  expect(answer).toMatchObject({ status: 500, body: { code: 'internal_error' } });
  return id;
}

/** A delivery that is parked at once: its provider does not exist. @returns its order's id */
async function parked(): Promise<string> {
  const orderId = `order-${++made}`;
  const delivery = {
    topic: 'provider.event',
    orderId,
    accCode: 't1',
    target: `p:${made}`,
    payload: { providerId: 'gone', event: { title: 'words of somebody' } },
    time: new Date(),
  };
  await app.get(UnitOfWork).run((tx) => app.get(OutboxService).enqueue(tx, [delivery]));
  return orderId;
}

const eventOf = async (tag: string, value: string) => {
  const [event, ...others] = await eventually(
    () => sentry.eventsOf(tag, value),
    (events) => events.length > 0,
  );
  expect(others).toEqual([]);
  return event;
};

describe('what Sentry is told', () => {
  it('given a parked delivery, then an envelope with one event, which names it by ids', async () => {
    const orderId = await parked();
    const event = await eventOf('order', orderId);
    const [row] = await app.database.rows<{ id: string }>(
      'SELECT id FROM dms_s_apply_delivery WHERE apply_order_id = ?',
      [orderId],
    );
    expect(event).toMatchObject({
      event_id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      level: 'error',
      platform: 'node',
      environment: 'development',
      logger: 'outbox',
      message: 'a delivery is parked until an administrator acts: provider.event',
      fingerprint: ['parked', 'provider.event'],
      tags: { topic: 'provider.event', delivery: row?.id, order: orderId },
      extra: { details: `https://approvals.example/api/v1/deliveries/${row?.id}` },
    });
    expect(Math.abs(event.timestamp - Date.now() / 1000)).toBeLessThan(600);
    const envelope = sentry.envelopes.find(({ raw }) => raw.includes(orderId));
    expect(envelope?.path).toBe('/under/api/42/envelope/');
    expect(Object.fromEntries(envelope?.query ?? [])).toEqual({
      sentry_version: '7',
      sentry_key: sentry.key,
    });
    expect(envelope?.headers['content-type']).toBe('application/x-sentry-envelope');
    expect(envelope?.head).toMatchObject({ event_id: event.event_id, sent_at: expect.any(String) as string });
    expect(envelope?.items.map(({ head }) => head)).toEqual([{ type: 'event' }]);
    expect(envelope?.raw).not.toContain('words of somebody');
    expect(envelope?.raw).not.toContain('the provider is gone');
  });

  it('given an unexpected error, then where it was thrown, and nothing that anybody has written', async () => {
    function thrownHere(): Error {
      return new TypeError('s3cret of a person\n    at s3cret (/s3cret/file.js:1:1)\n    at s3cret');
    }
    const id = await broken(thrownHere());
    const event = await eventOf('request', id);
    expect(event).toMatchObject({
      logger: 'http',
      transaction: 'GET /api/v1/providers/:code/identities',
      tags: { request: id },
    });
    const [exception] = event.exception.values;
    expect(exception).toMatchObject({ type: 'TypeError' });
    const frames = exception.stacktrace.frames as { function: string; filename: string; lineno: number }[];
    expect(frames.at(-1)).toMatchObject({
      function: 'thrownHere',
      filename: expect.stringContaining('alarms-sentry.test') as string,
      lineno: expect.any(Number) as number,
    });
    const raw = sentry.envelopes.find(({ raw: text }) => text.includes(id))?.raw;
    for (const word of ['s3cret', 'somebody-there', 'boss', 'Bearer', 'authorization']) {
      expect(raw).not.toContain(word);
    }
  });

  it('given what is thrown is no error, or has another message by now, then it is told without frames', async () => {
    const altered = new Error('s3cret');
    // Written down when it is read first.
    expect(altered.stack).toContain('s3cret');
    altered.message = 'another';
    for (const error of ['s3cret', { s3cret: 1 }, altered]) {
      const id = await broken(error);
      const [exception] = (await eventOf('request', id)).exception.values;
      expect(exception).not.toHaveProperty('stacktrace');
      expect(JSON.stringify(exception)).not.toContain('s3cret');
    }
  });

  it('given an error at the gate, then that too', async () => {
    vi.spyOn(app.get(RulesService), 'now').mockRejectedValueOnce(new Error('broken'));
    const headers = { 'x-request-id': 'at-the-gate' };
    expect((await fetch(`${app.url}/gate/some/proxy/path?x=1`, { headers })).status).toBe(500);
    expect(await eventOf('request', 'at-the-gate')).toMatchObject({ logger: 'http' });
  });

  it('given refusals of callers, then nothing', async () => {
    const before = sentry.envelopes.length;
    await app.as(ann).get('/orders/none');
    await app.as(null).get('/orders');
    await app.as(boss).post('/providers', { code: 1 });
    await eventOf('request', await broken(new Error('last')));
    expect(sentry.envelopes).toHaveLength(before + 1);
  });
});

describe('Sentry being away', () => {
  it('given it never answers, then nobody waits for it, and no more is kept than a few', async () => {
    sentry.answer('hang');
    const before = sentry.envelopes.length;
    const ids: string[] = [];
    for (let count = 0; count < 45; count++) ids.push(await broken(new Error('again')));
    await eventually(
      () => sentry.envelopes.length,
      (count) => count === before + 30,
    );
    const orderId = await parked();
    await eventually(
      async () => (await app.as(boss).get(`/deliveries?orderId=${orderId}`)).body.items,
      (items: { state: string }[]) => items[0]?.state === 'failed',
    );
    expect(sentry.envelopes).toHaveLength(before + 30);
  });

  it('given it refuses, then the log says it once, and never the key', async () => {
    const own = await startFakeSentry();
    const log: string[] = [];
    const other = await startApp({
      env: { SENTRY_DSN: own.dsn, CALLBACK_ALLOWED_HOSTS: '127.0.0.1', SHUTDOWN_TIMEOUT: '1s' },
      onLog: (line) => log.push(line),
    });
    try {
      const fail = async () => {
        vi.spyOn(other.get(IdentitiesRepository), 'find').mockRejectedValueOnce(new Error('x'));
        return (await other.as(boss).get('/providers/oa/identities/ann')).status;
      };
      await created(other.as(boss), '/providers', { code: 'oa', name: 'OA', url: 'http://127.0.0.1:9/' });
      own.answer({ status: 403 });
      for (const count of [1, 2, 3]) {
        expect(await fail()).toBe(500);
        await eventually(
          () => own.envelopes.length,
          (number) => number === count,
        );
      }
      const told = () => log.filter((line) => line.includes('Sentry does not take events'));
      await eventually(told, (found) => found.length > 0);
      // It says itself for how long it wants to hear nothing.
      own.answer({ status: 429, headers: { 'retry-after': '600' } });
      expect(await fail()).toBe(500);
      await eventually(
        () => own.envelopes.length,
        (number) => number === 4,
      );
      for (let count = 0; count < 5; count++) expect(await fail()).toBe(500);
      expect(own.envelopes.length).toBeLessThan(7);
      await own.close();
      expect(await fail()).toBe(500);
      expect(told()).toHaveLength(1);
    } finally {
      await other.close();
    }
    expect(log.join('\n') + lines.join('\n')).not.toContain(own.key);
  });
});
