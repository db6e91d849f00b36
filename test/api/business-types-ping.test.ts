import { randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { Clock } from '../../src/runtime/clock.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { ann, boss, created, rival, root } from '../support/world.js';

let app: TestApp;
let admin: Client;
let other: Client;
let system: Client;
beforeAll(async () => {
  app = await startApp({ env: { CALLBACK_ALLOWED_HOSTS: '127.0.0.1' } });
  [admin, other, system] = [app.as(boss), app.as(rival), app.as(root)];
});
afterAll(() => app.close());
afterEach(() => vi.restoreAllMocks());

const newType = (code: string, more: object = {}) => ({ code, name: `Type ${code}`, ...more });

describe('POST /business-types/{code}/ping', () => {
  interface Received {
    readonly url: string | undefined;
    readonly body: string;
    readonly headers: IncomingHttpHeaders;
  }
  let received: Received[];
  let server: Server;
  let address: string;
  /** An address where nobody listens. */
  let deadAddress: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        received.push({
          url: request.url,
          body: Buffer.concat(chunks).toString(),
          headers: request.headers,
        });
        const status = Number(/\d{3}$/.exec(request.url ?? '')?.[0] ?? 200);
        response.writeHead(status, status === 302 ? { location: `${address}/followed` } : {});
        response.end(status === 204 ? undefined : 'what the module says');
      });
    });
    address = await listen(server);
    const closed = createServer();
    deadAddress = await listen(closed);
    await new Promise((done) => closed.close(done));
  });
  beforeEach(() => {
    received = [];
  });
  afterAll(() => new Promise((done) => server.close(done)));

  const ping = (as: Client, code: string, query = '') => as.post(`/business-types/${code}/ping${query}`);
  const verify = (message: Received | undefined, secret: string): unknown =>
    new Webhook(secret).verify(message?.body ?? '', message?.headers as Record<string, string>);

  it('should send one signed message to each address', async () => {
    // given a type with both addresses
    const urls = { checkUrl: `${address}/check`, executeUrl: `${address}/execute/204` };
    const { secret } = await created(admin, '/business-types', newType('ping', urls));
    // when it is pinged
    const answer = await ping(admin, 'ping');
    // then the answer tells what became of each
    const durationMs = expect.any(Number) as number;
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      items: [
        { kind: 'check', url: urls.checkUrl, ok: true, status: 200, durationMs, error: null },
        { kind: 'execute', url: urls.executeUrl, ok: true, status: 204, durationMs, error: null },
      ],
    });
    // and each got a message of its own, which its secret verifies and another does not
    expect(received.map(({ url }) => url).toSorted()).toEqual(['/check', '/execute/204']);
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(2);
    for (const message of received) {
      expect(message.headers['content-type']).toMatch(/^application\/json/);
      expect(verify(message, String(secret))).toEqual({
        type: 'ping',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
        data: { business_type: 'ping', acc_code: 't1' },
      });
      expect(() => verify(message, `whsec_${randomBytes(32).toString('base64')}`)).toThrow(/signature/i);
    }
  });

  it('should sign with both secrets during an overlap, and with one behind it', async () => {
    const type = newType('ping-overlap', { checkUrl: `${address}/check`, format: 'lark-ticket' });
    const { secret } = await created(admin, '/business-types', type);
    const rotated = await admin.post('/business-types/ping-overlap/rotate-secret', { overlap: '1m' });
    expect(await ping(admin, 'ping-overlap')).toMatchObject({ body: { items: [{ ok: true }] } });
    expect(verify(received[0], String(secret))).toMatchObject({ type: 'ping' });
    expect(verify(received[0], String(rotated.body.secret))).toMatchObject({ type: 'ping' });
    vi.spyOn(app.get(Clock), 'now').mockImplementation(() => new Date(Date.now() + 2 * 60_000));
    await ping(admin, 'ping-overlap');
    expect(() => verify(received[1], String(secret))).toThrow(/signature/i);
    expect(verify(received[1], String(rotated.body.secret))).toMatchObject({ type: 'ping' });
  });

  it('should tell of an address that fails, whatever happened there', async () => {
    const urls = { checkUrl: `${deadAddress}/check`, executeUrl: `${address}/500` };
    const { secret } = await created(admin, '/business-types', newType('ping-dead', urls));
    const dead = await ping(admin, 'ping-dead');
    expect(dead).toMatchObject({
      status: 200,
      body: {
        items: [
          { kind: 'check', ok: false, status: null, error: expect.stringMatching(/./) as string },
          { kind: 'execute', ok: false, status: 500, error: 'answered 500' },
        ],
      },
    });
    // and neither a secret nor the answer's text leaves
    expect(JSON.stringify(dead.body)).not.toContain(String(secret).slice(6));
    expect(JSON.stringify(dead.body)).not.toContain('what the module says');
  });

  it('should follow no redirect', async () => {
    await created(admin, '/business-types', newType('ping-redirect', { executeUrl: `${address}/302` }));
    expect(await ping(admin, 'ping-redirect')).toMatchObject({
      status: 200,
      body: { items: [{ kind: 'execute', ok: false, status: 302 }] },
    });
    expect(received.map(({ url }) => url)).toEqual(['/302']);
  });

  it('should not call a stored address that is no longer allowed', async () => {
    await created(admin, '/business-types', newType('ping-barred', { checkUrl: `${address}/check` }));
    // given an address that CALLBACK_ALLOWED_HOSTS named once
    await app
      .get(UnitOfWork)
      .run((tx) =>
        tx.run(
          "UPDATE dms_s_apply_business_type SET check_url = 'http://127.0.0.2:8080/' WHERE code = 'ping-barred'",
        ),
      );
    expect(await ping(admin, 'ping-barred')).toMatchObject({
      status: 200,
      body: {
        items: [
          { kind: 'check', ok: false, status: null, error: expect.stringContaining('loopback') as string },
        ],
      },
    });
    expect(received).toEqual([]);
  });

  it('should refuse a type without an address', async () => {
    await created(admin, '/business-types', newType('ping-nothing'));
    const answer = await ping(admin, 'ping-nothing');
    expect(answer).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
    expect(answer.body.errors).toMatchObject([{ field: 'checkUrl' }]);
  });

  it('should send nothing for those whose type it is not', async () => {
    // given a team's type and the platform's
    await created(admin, '/business-types', newType('ping-own', { checkUrl: `${address}/own` }));
    await created(system, '/business-types', newType('ping-platform', { checkUrl: `${address}/platform` }));
    // then another team's does not exist, and the platform's is only seen
    expect(await ping(other, 'ping-own')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await ping(other, 'ping-own', '?accCode=t1')).toMatchObject({ status: 404 });
    expect(await ping(system, 'ping-own')).toMatchObject({ status: 404 });
    expect(await ping(admin, 'ping-platform')).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await ping(app.as(ann), 'ping-own')).toMatchObject({ status: 403 });
    expect(await ping(app.as(null), 'ping-own')).toMatchObject({ status: 401 });
    expect(received).toEqual([]);
    // and system administrators reach both
    expect(await ping(system, 'ping-own', '?accCode=t1')).toMatchObject({ body: { items: [{ ok: true }] } });
    expect(await ping(system, 'ping-platform')).toMatchObject({ body: { items: [{ ok: true }] } });
    expect(received.map(({ body }) => (JSON.parse(body) as { data: unknown }).data)).toEqual([
      { business_type: 'ping-own', acc_code: 't1' },
      { business_type: 'ping-platform', acc_code: null },
    ]);
  });

  it('should send once for an Idempotency-Key', async () => {
    await created(admin, '/business-types', newType('ping-key', { checkUrl: `${address}/check` }));
    const headers = { 'idempotency-key': 'ping-1' };
    const first = await admin.post('/business-types/ping-key/ping', undefined, headers);
    const second = await admin.post('/business-types/ping-key/ping', undefined, headers);
    expect(second).toMatchObject({ status: 200, body: first.body });
    expect(received).toHaveLength(1);
  });
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
