import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/harness.js';
import { ann, boss, created } from '../support/world.js';

describe('what operators expect', () => {
  let app: TestApp;
  const lines: string[] = [];
  beforeAll(async () => {
    app = await startApp({ onLog: (line) => lines.push(line) });
  });
  afterAll(() => app.close());

  it('the process tells that it lives and that it is ready', async () => {
    expect(await (await fetch(`${app.url}/health/live`)).json()).toEqual({ status: 'ok' });
    const ready = await fetch(`${app.url}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 'ok', checks: { database: 'ok', migrations: 'ok' } },
    ]);
  });

  it('metrics count requests by route, and events by operation', async () => {
    await created(app.as(boss), '/business-types', { code: 'metrics', name: 'Metrics' });
    const { id } = await created(app.as(ann), '/orders', { businessType: 'metrics' });
    await app.as(ann).get(`/orders/${String(id)}`);
    const text = await (await fetch(`${app.url}/metrics`)).text();
    expect(text).toMatch(
      /countersign_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/orders\/:id",status="200"\} 1/,
    );
    expect(text).toMatch(/countersign_order_events_total\{operation="order.opened"\} 1/);
    expect(text).toContain('process_cpu_seconds_total');
    expect(text).not.toContain(String(id));
  });

  it('every answer has a request id: the caller’s when harmless, else a new one', async () => {
    const given = await fetch(`${app.url}/health/live`, { headers: { 'x-request-id': 'trace-1' } });
    expect(given.headers.get('x-request-id')).toBe('trace-1');
    const odd = await fetch(`${app.url}/health/live`, { headers: { 'x-request-id': 'a b{c}' } });
    expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('one JSON line for each request, with its id, and no credential in any line', async () => {
    lines.length = 0;
    const secret = 'a-very-secret-credential';
    await fetch(`${app.url}/api/v1/orders?cursor=secret-cursor`, {
      headers: { authorization: `Bearer ${secret}`, 'x-request-id': 'log-1' },
    });
    await app.key(secret).get('/orders');
    await expect.poll(() => lines.filter((line) => line.includes('"request"')).length).toBe(2);
    const line = JSON.parse(lines.find((one) => one.includes('log-1')) ?? '{}') as object;
    expect(line).toMatchObject({
      reqId: 'log-1',
      method: 'GET',
      path: '/api/v1/orders',
      status: 401,
      msg: 'request',
    });
    expect(lines.join('')).not.toContain(secret);
    expect(lines.join('')).not.toContain('secret-cursor');
  });

  it('answers carry the security headers of helmet', async () => {
    const { headers } = await fetch(`${app.url}/health/live`);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(headers.get('x-powered-by')).toBeNull();
  });

  it('serves Swagger UI and an OpenAPI 3.1 document that names every route', async () => {
    expect((await fetch(`${app.url}/docs`)).headers.get('content-type')).toContain('text/html');
    const document = (await (await fetch(`${app.url}/docs-json`)).json()) as {
      openapi: string;
      paths: Record<string, Record<string, { summary?: string }>>;
    };
    expect(document.openapi).toMatch(/^3\.1/);
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/api/v1/orders',
        '/api/v1/orders/{id}/approve',
        '/api/v1/bindings/{businessType}',
      ]),
    );
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        expect(operation.summary, `${method} ${path}`).toEqual(expect.any(String));
      }
    }
  });
});

describe('a service that stops', () => {
  it('given a connection on which nothing was ever asked, then it does not wait for it', async () => {
    const app = await startApp();
    const { port } = new URL(app.url);
    const socket = connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    const ended = once(socket, 'close');
    // Without that, it takes until Node gives the connection up: a minute, which is the limit of this test.
    await app.close();
    await ended;
  });
});

describe('RATE_LIMIT', () => {
  it('given more requests a minute than one credential may make, then it is 429 with Retry-After; others go on', async () => {
    const app = await startApp({ env: { RATE_LIMIT: '5' } });
    try {
      const statuses: number[] = [];
      for (let n = 0; n < 7; n++) statuses.push((await app.as(ann).get('/orders')).status);
      expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
      const limited = await app.as(ann).get('/orders/todo/count');
      expect(limited.body.code).toBe('rate_limited');
      expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await app.as(boss).get('/orders')).status).toBe(200);
      expect((await fetch(`${app.url}/health/live`)).status).toBe(200);
    } finally {
      await app.close();
    }
  });
});
