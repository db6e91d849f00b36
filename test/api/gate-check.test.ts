import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { givenAction, givenGate } from '../support/gates.js';
import { startApp, type TestApp, tokenOf } from '../support/harness.js';
import { startUpstream, type Upstream } from '../support/upstream.js';
import { send, type Sent } from '../support/wire.js';
import { ann, bob, boss, eve, givenFlow } from '../support/world.js';

type Headers = Record<string, string | string[]>;

let app: TestApp;
let upstream: Upstream;
let businessType: string;
let last = 0;
const somewhere = (): string => `/orders/${++last}`;

beforeAll(async () => {
  app = await startApp({ env: { CALLBACK_ALLOWED_HOSTS: '127.0.0.1', GATE_BODY_LIMIT: '4096' } });
  upstream = await startUpstream();
  ({ businessType } = await givenFlow(app, [{ users: ['bob'] }]));
  for (const method of ['GET', 'POST']) {
    await givenAction(app.as(boss), { path: '/orders/{id}', method, businessType, hold: 202 });
  }
  await givenAction(app.as(boss), { path: '/once/{id}', method: 'GET', businessType, mode: 'retry-once' });
  await givenAction(app.as(boss), { path: '/items/{id}', method: 'DELETE', businessType });
  await givenAction(app.as(boss), {
    path: '/replay/{id}',
    method: 'GET',
    businessType,
    upstream: upstream.url,
  });
});
afterAll(async () => {
  await app.close();
  await upstream.close();
});
beforeEach(() => upstream.forget());

const stored = async (): Promise<number> => {
  const [row] = await app.database.rows<{ n: number }>(
    'SELECT COUNT(*) AS n FROM dms_s_apply_approve_request',
  );
  return Number(row?.n);
};
async function nothingStored<T>(act: () => Promise<T>): Promise<T> {
  const before = await stored();
  const result = await act();
  expect(await stored()).toBe(before);
  return result;
}

/** How each proxy asks about a request. */
const asks: Readonly<
  Record<string, (method: string, path: string) => { method: string; path: string; headers: Headers }>
> = {
  nginx: (method, path) => ({
    method: 'GET',
    path: '/check',
    headers: { 'x-original-method': method, 'x-original-uri': path },
  }),
  traefik: (method, path) => ({
    method: 'GET',
    path: '/check',
    headers: { 'x-forwarded-method': method, 'x-forwarded-uri': path, 'x-forwarded-host': 'shop.example' },
  }),
  apisix: (method, path) => ({
    method: method === 'GET' ? 'GET' : 'POST',
    path: '/check',
    headers: { 'x-forwarded-method': method, 'x-forwarded-uri': path, 'x-forwarded-host': 'shop.example' },
  }),
  envoy: (method, path) => ({ method, path: `/check${path}`, headers: {} }),
};

describe.each(Object.keys(asks))('check, asked by %s', (adapter) => {
  let key: string;
  let secret: string;
  beforeAll(async () => {
    ({ key, secret } = await givenGate(app.as(boss), { adapter, upstream: upstream.url }));
  });

  const ask = async (method: string, path: string, more: Sent & { without?: string } = {}) => {
    const asked = asks[adapter]?.(method, path) ?? { method, path, headers: {} };
    const authorization = `Bearer ${await tokenOf(ann)}`;
    const headers: Headers = {
      'x-gate-secret': secret,
      authorization,
      ...asked.headers,
      ...(more.headers as Headers),
    };
    if (more.without !== undefined) delete headers[more.without];
    const sent = { method: asked.method, headers, ...(more.body === undefined ? {} : { body: more.body }) };
    return send(app.url, `/gate/${key}${asked.path}`, sent);
  };

  it('given what no action names, then 200 without a body, whoever is calling', async () => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const answer = await ask(method, '/free?x=1', { without: 'authorization' });
      expect(answer).toMatchObject({ status: 200, body: Buffer.alloc(0) });
      expect(answer.headers).not.toHaveProperty('x-approval-request-id');
    }
  });

  it('given what an action names, then 403 tells of the request, whatever its action holds with', async () => {
    const path = somewhere();
    const answer = await ask('GET', path);
    const { requestId, orderId } = answer.json;
    expect(answer).toMatchObject({
      status: 403,
      headers: { 'x-approval-request-id': requestId, 'cache-control': 'no-store' },
      json: {
        code: 'approval_required',
        status: 'waiting',
        statusUrl: `/api/v1/approve-requests/${requestId}`,
        orderId,
      },
    });
    const again = await nothingStored(() => ask('GET', path));
    expect(again.json.requestId).toBe(requestId);
    await app.as(bob).post(`/orders/${orderId}/reject`, { auditMsg: 'no' });
    expect(await ask('GET', path)).toMatchObject({
      status: 403,
      json: { code: 'approval_denied', status: 'denied' },
    });
  });

  it('given leave to pass once, then the repeat has 200 once', async () => {
    const path = `/once/${++last}`;
    const { orderId, requestId } = (await ask('GET', path)).json;
    await app.as(bob).post(`/orders/${orderId}/approve`, {});
    const statuses = await Promise.all([ask('GET', path), ask('GET', path), ask('GET', path)]);
    const passed = statuses.filter(({ status }) => status === 200);
    expect(passed).toHaveLength(1);
    expect(passed[0]?.headers['x-approval-request-id']).toBe(requestId);
    expect((await app.as(ann).get(`/approve-requests/${requestId}`)).body.status).toBe('executed');
    expect((await ask('GET', path)).status).toBe(403);
  });

  it('given a request that was executed, then its repeat is told where the result is', async () => {
    const path = `/replay/${++last}`;
    const { orderId, requestId } = (await ask('GET', path)).json;
    await app.as(bob).post(`/orders/${orderId}/approve`, {});
    await expect
      .poll(async () => (await ask('GET', path)).json, { timeout: 20_000 })
      .toMatchObject({ code: 'approval_executed', status: 'executed', requestId });
    const { detail } = (await ask('GET', path)).json;
    expect(detail).toContain(`/api/v1/approve-requests/${requestId}/response`);
    expect(upstream.seen.map(({ url }) => url)).toEqual([path]);
  });

  it('given a body that the proxy does not bring, then 403 and nothing is stored', async () => {
    const headers = { 'content-type': 'application/json' };
    const answer = await nothingStored(() => ask('POST', somewhere(), { headers }));
    if (adapter === 'envoy' || adapter === 'apisix') return;
    expect(answer).toMatchObject({
      status: 403,
      json: { code: 'approval_required', requestId: null, status: 'unseen' },
    });
  });

  it('given a form whose body is not brought and could name an action, then 403', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await ask('POST', '/items/1', { headers })).status).toBe(403);
  });

  it.each([
    ['no secret', undefined],
    ['a wrong one', 'gs_wrong'],
    ['it twice', ['twice', 'twice']],
  ])('given %s for a secret, then 401 for everything', async (_what, given) => {
    const wrong = Array.isArray(given) ? [secret, secret] : given;
    for (const path of ['/free', somewhere()]) {
      const answer = await nothingStored(() =>
        wrong === undefined
          ? ask('GET', path, { without: 'x-gate-secret' })
          : ask('GET', path, { headers: { 'x-gate-secret': wrong } }),
      );
      expect(answer).toMatchObject({ status: 401, json: { code: 'unauthenticated' } });
      expect(answer.headers).not.toHaveProperty('x-approval-request-id');
    }
  });

  it('given nobody, then 401; given another team, then 403; and nothing is stored', async () => {
    const nobody = await nothingStored(() => ask('GET', somewhere(), { without: 'authorization' }));
    expect(nobody.status).toBe(401);
    const headers = { authorization: `Bearer ${await tokenOf(eve)}` };
    const theirs = await nothingStored(() => ask('GET', somewhere(), { headers }));
    expect(theirs).toMatchObject({ status: 403, json: { code: 'forbidden', status: 'refused' } });
  });

  it('given a path that can be read in two ways, then 403 says so', async () => {
    for (const path of ['/orders//1', '/orders%2F1', '/x/../orders/1']) {
      expect(await nothingStored(() => ask('GET', path))).toMatchObject({
        status: 403,
        json: { code: 'request_ambiguous', status: 'refused', requestId: null, statusUrl: null },
      });
    }
  });

  it("given another adapter's headers, then they tell nothing", async () => {
    const theirs: Headers = {};
    for (const [name, of] of Object.entries(asks)) {
      if (name === adapter) continue;
      for (const [header, value] of Object.entries(of('GET', '/free').headers)) theirs[header] = value;
    }
    for (const header of Object.keys(asks[adapter]?.('GET', '').headers ?? {})) delete theirs[header];
    expect((await ask('GET', somewhere(), { headers: theirs })).json).toMatchObject({
      code: 'approval_required',
    });
  });

  it('given the other doors, then 404', async () => {
    const headers = { 'x-gate-secret': secret };
    for (const path of ['/proxy/x', '/submit', ...(adapter === 'nginx' ? [] : ['/hold', '/hold/x'])]) {
      const answer = await send(app.url, `/gate/${key}${path}`, { method: 'POST', headers });
      expect(answer.status).toBe(404);
    }
  });

  const told = Object.keys(asks[adapter]?.('GET', '').headers ?? {});
  it.each(told.length === 0 ? ['x-gate-secret'] : told)(
    'given no header %s, or two of them, then it does not pass',
    async (header) => {
      for (const path of ['/free', somewhere()]) {
        const missing = await nothingStored(() => ask('GET', path, { without: header }));
        expect([401, 403]).toContain(missing.status);
        const twice = [String(asks[adapter]?.('GET', path).headers[header]), '/free'];
        const doubled = await nothingStored(() => ask('GET', path, { headers: { [header]: twice } }));
        expect([401, 403]).toContain(doubled.status);
      }
    },
  );
});

describe('check, where the proxy brings the body', () => {
  it.each(['traefik', 'apisix', 'envoy'])('given %s, then the body is held', async (adapter) => {
    const { key, secret } = await givenGate(app.as(boss), { adapter, upstream: upstream.url });
    const path = somewhere();
    const asked = asks[adapter]?.('POST', path);
    const headers: Headers = {
      ...asked?.headers,
      'x-gate-secret': secret,
      authorization: `Bearer ${await tokenOf(ann)}`,
    };
    const bring = (body: string) =>
      send(app.url, `/gate/${key}${asked?.path}`, { method: 'POST', headers, body });
    const one = (await bring('{"n":1}')).json;
    expect(one).toMatchObject({ code: 'approval_required', status: 'waiting' });
    expect((await bring('{"n":1}')).json.requestId).toBe(one.requestId);
    expect((await bring('{"n":2}')).json.requestId).not.toBe(one.requestId);
    const large = await nothingStored(() => bring('x'.repeat(5_000)));
    expect(large).toMatchObject({ status: 403, json: { code: 'payload_too_large', status: 'refused' } });
  });
});

describe('hold, where nginx brings the body', () => {
  let key: string;
  let secret: string;
  beforeAll(async () => {
    ({ key, secret } = await givenGate(app.as(boss), { adapter: 'nginx', upstream: upstream.url }));
  });
  const bring = async (path: string, sent: Sent = {}, at = '/hold') => {
    const headers = {
      'x-gate-secret': secret,
      'x-original-uri': path,
      authorization: `Bearer ${await tokenOf(ann)}`,
      ...(sent.headers as Headers),
    };
    return send(app.url, `/gate/${key}${at}`, { method: 'POST', ...sent, headers });
  };

  it('given the body of a request that check could not judge, then it is held as its action wants it', async () => {
    const path = somewhere();
    const answer = await bring(path, { body: '{"n":1}' }, `/hold${path}`);
    expect(answer).toMatchObject({ status: 202, json: { code: 'approval_required', status: 'waiting' } });
    expect((await bring(path, { body: '{"n":1}' })).json.requestId).toBe(answer.json.requestId);
    expect(upstream.seen).toEqual([]);
  });

  it('given a form that names no other method, then it passes with its bytes', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': '1.2.3.4' };
    expect((await bring('/items/1?q=%20', { headers, body: 'a=1' })).status).toBe(200);
    const [seen] = upstream.seen;
    expect(seen).toMatchObject({ method: 'POST', url: '/items/1?q=%20' });
    expect(seen?.body.toString()).toBe('a=1');
    expect(seen?.headers).toMatchObject({ 'x-forwarded-for': '1.2.3.4, 127.0.0.1' });
    expect(Object.keys(seen?.headers ?? {})).not.toContain('x-original-uri');
    expect(Object.keys(seen?.headers ?? {})).not.toContain('x-gate-secret');
  });

  it('given one that does, then 400', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await nothingStored(() => bring('/items/1', { headers, body: '_method=DELETE' }));
    expect(answer).toMatchObject({ status: 400, json: { code: 'request_ambiguous' } });
    expect(upstream.seen).toEqual([]);
  });

  it('given no secret, or no URI, then it does not pass', async () => {
    expect((await bring('/free', { headers: { 'x-gate-secret': 'x' } })).status).toBe(401);
    expect(await bring('/free', { headers: { 'x-original-uri': ['/free', '/free'] } })).toMatchObject({
      status: 400,
      json: { code: 'request_ambiguous' },
    });
    expect(upstream.seen).toEqual([]);
  });
});
