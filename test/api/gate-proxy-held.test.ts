import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { givenAction, givenGate } from '../support/gates.js';
import { startApp, type TestApp, type TestUser, tokenOf } from '../support/harness.js';
import { startUpstream, type Upstream } from '../support/upstream.js';
import { send, type Sent } from '../support/wire.js';
import { ann, bob, boss, eve, givenFlow, root } from '../support/world.js';

const limit = 1_048_576;

let app: TestApp;
let upstream: Upstream;
let gate: string;
let everybody: string;
let businessType: string;

beforeAll(async () => {
  app = await startApp({
    env: {
      CALLBACK_ALLOWED_HOSTS: '127.0.0.1',
      GATE_BODY_LIMIT: String(limit),
      PUBLIC_URL: 'https://approvals.example.com',
    },
  });
  upstream = await startUpstream();
  ({ businessType } = await givenFlow(app, [{ users: ['bob'] }]));
  gate = (await givenGate(app.as(boss), { upstream: upstream.url })).key;
  everybody = (await givenGate(app.as(root), { upstream: upstream.url })).key;
  await givenAction(app.as(boss), { path: '/orders/{id}', businessType });
  await givenAction(app.as(boss), { path: '/read/{id}', method: 'GET', businessType });
  await givenAction(app.as(boss), { path: '/items/{id}', method: 'DELETE', businessType });
  for (const hold of [401, 403, 202, 200]) {
    await givenAction(app.as(boss), { path: `/held/${hold}/{id}`, hold, businessType });
  }
});
afterAll(async () => {
  await app.close();
  await upstream.close();
});
beforeEach(() => upstream.forget());

const as = async (user: TestUser): Promise<Record<string, string>> => ({
  authorization: `Bearer ${await tokenOf(user)}`,
});
async function through(path: string, sent: Sent = {}, who: TestUser | null = ann, key = gate) {
  const headers = { ...(who ? await as(who) : {}), ...(sent.headers as Record<string, string>) };
  return send(app.url, `/gate/${key}/proxy${path}`, { method: 'POST', ...sent, headers });
}
const stored = async (): Promise<number> => {
  const [row] = await app.database.rows<{ n: number }>(
    'SELECT COUNT(*) AS n FROM dms_s_apply_approve_request',
  );
  return Number(row?.n);
};
/** Runs this and expects that nothing came of it: nothing stored, nothing sent. */
const nothingComesOf = async <T>(act: () => Promise<T>): Promise<T> => {
  const before = await stored();
  const result = await act();
  expect(await stored()).toBe(before);
  expect(upstream.seen).toEqual([]);
  return result;
};

describe('What a caller is told at the proxy', () => {
  it.each([
    [401, { 'www-authenticate': expect.stringMatching(/^Approval request="[\w-]+"$/) }],
    [403, {}],
    [202, {}],
    [200, {}],
  ])('given an action that holds with %i, then that, and where to ask', async (hold, more) => {
    const answer = await through(`/held/${hold}/1`, { body: '{}' });
    const { requestId, orderId } = answer.json;
    const statusUrl = `https://approvals.example.com/api/v1/approve-requests/${requestId}`;
    expect(answer).toMatchObject({
      status: hold,
      headers: {
        location: statusUrl,
        'x-approval-request-id': requestId,
        'cache-control': 'no-store',
        'content-security-policy': expect.any(String),
        ...more,
      },
      json: { code: 'approval_required', status: 'waiting', statusUrl, detail: expect.any(String) },
    });
    if (hold !== 401) expect(answer.headers).not.toHaveProperty('www-authenticate');
    expect((await app.as(bob).get(`/orders/${orderId}`)).status).toBe(200);
    expect(upstream.seen).toEqual([]);
  });

  it.each([
    [401, 401],
    [403, 403],
    [202, 403],
    [200, 200],
  ])('given a denied request, then what held with %i is %i', async (hold, status) => {
    const { orderId } = (await through(`/held/${hold}/2`)).json;
    expect((await app.as(bob).post(`/orders/${orderId}/reject`, { auditMsg: 'no' })).status).toBe(200);
    expect(await through(`/held/${hold}/2`)).toMatchObject({
      status,
      json: { code: 'approval_denied', status: 'denied' },
    });
  });

  it('given a HEAD, then it is held as the GET that it is', async () => {
    const answer = await through('/read/1', { method: 'HEAD' });
    expect(answer).toMatchObject({ status: 401, body: Buffer.alloc(0) });
    expect(answer.headers['x-approval-request-id']).toBeDefined();
    expect(upstream.seen).toEqual([]);
  });

  it("given an executed request, then its repeat has the upstream's answer, byte for byte", async () => {
    const body = randomBytes(3_000);
    upstream.answer(() => ({
      status: 201,
      headers: { 'content-type': 'image/png', 'set-cookie': ['a=1', 'b=2'], 'x-answer': 'yes' },
      body,
    }));
    const { requestId, orderId } = (await through('/orders/9', { body: 'x' })).json;
    await app.as(bob).post(`/orders/${orderId}/approve`, {});
    const answer = await eventually(
      () => through('/orders/9', { body: 'x' }),
      ({ status }) => status === 201,
    );
    upstream.answer(() => ({ body: 'ok' }));
    expect(answer.body.equals(body)).toBe(true);
    expect(answer.headers).toMatchObject({
      'content-type': 'image/png',
      'content-length': '3000',
      'set-cookie': ['a=1', 'b=2'],
      'x-answer': 'yes',
      'x-approval-request-id': requestId,
    });
    expect(answer.headers).not.toHaveProperty('content-security-policy');
    expect(upstream.seen).toHaveLength(1);
  });
});

describe('Who is calling at the proxy', () => {
  it.each<[string, () => Promise<Record<string, string | string[]>>]>([
    ['no token', () => Promise.resolve({})],
    ['a token that is none', () => Promise.resolve({ authorization: 'Bearer x.y.z' })],
    ['another scheme', () => Promise.resolve({ authorization: 'Basic YW5uOng=' })],
    [
      'a token signed by somebody',
      async () => ({ authorization: `Bearer ${await tokenOf(ann, 'x'.repeat(40))}` }),
    ],
  ])('given %s, then 401 and nothing is stored', async (_what, headers) => {
    const sent = { headers: await headers() };
    const answer = await nothingComesOf(() => through('/orders/1', sent, null));
    expect(answer).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer' },
      json: { code: 'unauthenticated' },
    });
  });

  it('given a token twice, then 401', async () => {
    const { authorization = '' } = await as(ann);
    const headers = [
      'host',
      'x',
      'authorization',
      authorization,
      'authorization',
      authorization,
      'content-length',
      '0',
    ];
    const path = `/gate/${gate}/proxy/orders/1`;
    const answer = await nothingComesOf(() => send(app.url, path, { method: 'POST', headers }));
    expect(answer.status).toBe(401);
  });

  it.each([
    ['another team', eve],
    ['a system administrator, who is of none', root],
  ])("given a token of %s at a team's gate, then 403", async (_who, user) => {
    const answer = await nothingComesOf(() => through('/orders/1', {}, user));
    expect(answer).toMatchObject({ status: 403, json: { code: 'forbidden' } });
  });

  it("given another team at the platform's gate, then this team's actions do not hold it", async () => {
    expect((await through('/orders/1', { body: 'theirs' }, eve, everybody)).status).toBe(200);
    expect(upstream.seen[0]?.body.toString()).toBe('theirs');
    expect((await through('/orders/1', {}, ann, everybody)).status).toBe(401);
  });

  it('given nobody who is known, then what no action names passes', async () => {
    expect((await through('/free', {}, null)).status).toBe(200);
  });
});

describe('A proxy that tells who is calling', () => {
  let key: string;
  let secret: string;
  beforeAll(async () => {
    const fields = { upstream: upstream.url, identity: 'headers' };
    ({ key, secret } = await givenGate(app.as(root), fields));
  });
  const told = (headers: Record<string, string | string[]>, path = '/orders/7') =>
    send(app.url, `/gate/${key}/proxy${path}`, { method: 'POST', headers });
  const known = { 'x-user-code': 'ann', 'x-acc-code': 't1' };

  it('given its secret and a name, then the request is held for that person', async () => {
    const answer = await told({ 'x-gate-secret': secret, ...known });
    expect(answer.json).toMatchObject({ code: 'approval_required' });
    expect((await app.as(ann).get(`/approve-requests/${answer.json.requestId}`)).status).toBe(200);
  });

  it.each<[string, () => Record<string, string | string[]>]>([
    ['no secret', () => ({})],
    ['a wrong secret', () => ({ 'x-gate-secret': `${secret}x` })],
    ['an empty secret', () => ({ 'x-gate-secret': '' })],
    ['the secret twice', () => ({ 'x-gate-secret': [secret, secret] })],
    ['the secret beside a wrong one', () => ({ 'x-gate-secret': ['x', secret] })],
  ])('given %s, then 401, also for what no action names', async (_what, headers) => {
    for (const path of ['/orders/7', '/free']) {
      const answer = await nothingComesOf(() => told({ ...headers(), ...known }, path));
      expect(answer).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': 'Gate' },
        json: { code: 'unauthenticated', detail: 'send the secret of this gate as X-Gate-Secret' },
      });
    }
  });

  it.each<[string, Record<string, string | string[]>]>([
    ['no user', { 'x-acc-code': 't1' }],
    ['no team', { 'x-user-code': 'ann' }],
    ['two users', { 'x-user-code': ['ann', 'bob'], 'x-acc-code': 't1' }],
    ['two teams', { 'x-user-code': 'ann', 'x-acc-code': ['t1', 't2'] }],
    ['an empty user', { 'x-user-code': '', 'x-acc-code': 't1' }],
    ['a list', { 'x-user-code': 'ann,bob', 'x-acc-code': 't1' }],
    ['a name that is too long', { 'x-user-code': 'a'.repeat(65), 'x-acc-code': 't1' }],
    ['bytes that are not UTF-8', { 'x-user-code': '\u00ff', 'x-acc-code': 't1' }],
    ['the service itself', { 'x-user-code': 'system', 'x-acc-code': 't1' }],
  ])('given %s, then 401', async (_what, headers) => {
    const answer = await nothingComesOf(() => told({ 'x-gate-secret': secret, ...headers }));
    expect(answer).toMatchObject({ status: 401, json: { code: 'unauthenticated' } });
  });

  it('given what it says of where a request comes from, then that is believed, and its secret goes no further', async () => {
    const headers = { 'x-gate-secret': secret, 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https' };
    const url = { 'x-original-url': '/before' };
    expect((await told({ ...headers, ...url }, '/free')).status).toBe(200);
    expect(upstream.seen[0]?.headers).toMatchObject({
      'x-forwarded-for': '1.2.3.4, 127.0.0.1',
      'x-forwarded-proto': 'https',
      ...url,
    });
    expect(upstream.seen[0]?.headers).not.toHaveProperty('x-gate-secret');
  });
});

describe('What could be read in two ways at the proxy', () => {
  it.each([
    '/orders//1',
    '//orders/1',
    '/orders%2F1',
    '/orders%252F1',
    '/orders\\1',
    '/x/../orders/1',
    '/x/%2e%2e/orders/1',
    '/orders/./1',
    '/orders/1;x=1',
    '/orders/1%00',
    '/orders/1#x',
    '/orders;x/1',
    '/%zz/../orders/1',
  ])('given the path %s, then 400 and nothing passes', async (path) => {
    const answer = await nothingComesOf(() => through(path));
    expect(answer).toMatchObject({ status: 400, json: { code: 'request_ambiguous' } });
  });

  it.each(['/%6frders/3', '/ORDERS/3', '/orders/3/', '/orders/3?_x=1'])(
    'given the path %s, which means the same to everybody, then it is held',
    async (path) => {
      const answer = await through(path);
      expect(answer.json).toMatchObject({ code: 'approval_required' });
      expect(upstream.seen).toEqual([]);
    },
  );

  it.each(['X-HTTP-Method-Override', 'X-Method-Override', 'X-HTTP-Method', 'x_http_method_override'])(
    'given the header %s that names an action, then 400',
    async (header) => {
      const answer = await nothingComesOf(() => through('/items/1', { headers: { [header]: 'DELETE' } }));
      expect(answer).toMatchObject({ status: 400, json: { code: 'request_ambiguous' } });
    },
  );

  it.each<[string, string | undefined, string]>([
    ['a form', 'application/x-www-form-urlencoded', 'a=1&_method=delete'],
    ['a form with its name encoded', 'application/x-www-form-urlencoded', 'a=1&%5fmethod=DELETE'],
    [
      'a multipart form',
      'multipart/form-data; boundary=x',
      '--x\r\ncontent-disposition: form-data; name="_method"\r\n\r\nDELETE\r\n--x--\r\n',
    ],
    ['JSON', 'application/json', '{"_method":"DELETE"}'],
    ['a body of no type', undefined, '_method=DELETE'],
  ])('given %s that names the method of an action, then 400', async (_what, type, body) => {
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
    // By itself, or hidden behind an action of its own.
    for (const path of ['/items/1', '/orders/1']) {
      const answer = await nothingComesOf(() => through(path, { headers, body }));
      expect(answer).toMatchObject({ status: 400, json: { code: 'request_ambiguous' } });
    }
  });

  it('given a form that names none, then it passes byte for byte', async () => {
    const body = 'a=1&b=%C4%E3&method=DELETE';
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=gbk2' };
    const plain = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await through('/items/1', { headers: plain, body })).status).toBe(200);
    expect(upstream.seen[0]?.body.toString()).toBe(body);
    expect(upstream.seen[0]?.headers['content-length']).toBe(String(body.length));
    expect((await through('/elsewhere', { headers, body })).status).toBe(200);
  });

  it('given a body in GBK, then it passes byte for byte or is held, unless it names a method', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=GBK' };
    const body = Buffer.from('a=\xc4\xe3\xba\xc3&b=%C4%E3&payment_method=card', 'latin1');
    expect((await through('/items/1', { headers, body })).status).toBe(200);
    expect(upstream.seen[0]?.body.equals(body)).toBe(true);
    upstream.forget();
    const json = { 'content-type': 'application/json; charset=GBK' };
    const told = Buffer.from('{"a":"\xc4\xe3\xba\xc3"}', 'latin1');
    const held = await nothingAfter(() => through('/orders/gbk', { headers: json, body: told }));
    expect(held).toMatchObject({ status: 401, json: { code: 'approval_required' } });
    for (const name of ['_method', '%5Fmethod', '\x81_method']) {
      const hiding = Buffer.from(`a=\xc4\xe3&${name}=DELETE`, 'latin1');
      const answer = await nothingComesOf(() => through('/items/1', { headers, body: hiding }));
      expect(answer).toMatchObject({ status: 400, json: { code: 'request_ambiguous' } });
    }
    const hiding = Buffer.from('{"a":"\xc4\xe3","_method":"DELETE"}', 'latin1');
    const answer = await nothingComesOf(() => through('/orders/1', { headers: json, body: hiding }));
    expect(answer).toMatchObject({ status: 400, json: { code: 'request_ambiguous' } });
  });

  it.each(['X-Original-URL', 'X-Rewrite-URL', 'x_original_url'])(
    'given the header %s, then 400 where it names an action, and else it goes no further',
    async (header) => {
      for (const url of ['/items/1', 'http://shop.example/items/1?a=1', '/x/../items/1']) {
        const sent = { method: 'DELETE', headers: { [header]: url } };
        const answer = await nothingComesOf(() => through('/free', sent));
        expect(answer).toMatchObject({ status: 400, json: { code: 'request_ambiguous' } });
      }
      const form = { 'content-type': 'application/x-www-form-urlencoded', [header]: '/items/1' };
      const sent = { headers: form, body: '_method=DELETE' };
      expect((await nothingComesOf(() => through('/free', sent))).status).toBe(400);
      expect((await through('/free', { headers: { [header]: '/elsewhere' } })).status).toBe(200);
      expect(upstream.seen[0]?.headers).not.toHaveProperty(header.toLowerCase());
    },
  );

  it('given a form that is too large to look through, then 413', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = `a=${'x'.repeat(limit)}`;
    const answer = await nothingComesOf(() => through('/items/1', { headers, body }));
    expect(answer).toMatchObject({ status: 413, json: { code: 'payload_too_large' } });
  });

  it("given another adapter's headers, then they tell nothing", async () => {
    const elsewhere = {
      'x-original-uri': '/free',
      'x-original-method': 'GET',
      'x-forwarded-uri': '/free',
      'x-forwarded-method': 'GET',
      'x-forwarded-host': 'free.example',
      'x-rewrite-url': '/free',
      'x-approval-request-id': '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30',
    };
    const held = await nothingAfter(() => through('/orders/4', { headers: elsewhere }));
    expect(held.json).toMatchObject({ code: 'approval_required' });
  });
});

describe('An upload of 20 MB to a path that an action names', () => {
  const size = 20 * 1_024 * 1_024;

  it('given its length, then 413 before it is read, and nothing is stored', async () => {
    const answer = await nothingComesOf(() => through('/orders/1', { body: Buffer.alloc(size) }));
    expect(answer).toMatchObject({ status: 413, json: { code: 'payload_too_large' } });
  });

  it('given no length, then 413 while it is read, and nothing is stored', async () => {
    const body = Readable.from(Array.from({ length: size / 65_536 }, () => Buffer.alloc(65_536)));
    const answer = await nothingComesOf(() => through('/orders/1', { body }));
    expect(answer).toMatchObject({ status: 413, json: { code: 'payload_too_large' } });
  });

  it('given exactly the limit, then it is held; one byte more, then not', async () => {
    expect((await through('/orders/5', { body: Buffer.alloc(limit) })).json).toMatchObject({
      code: 'approval_required',
    });
    const answer = await nothingAfter(() => through('/orders/6', { body: Buffer.alloc(limit + 1) }));
    expect(answer.status).toBe(413);
  });

  it('given a path with an action of another method, then what cannot be a form streams through', async () => {
    const headers = { 'content-type': 'application/octet-stream' };
    expect((await through('/items/1', { headers, body: Buffer.alloc(size) })).status).toBe(200);
    expect(upstream.seen[0]?.body.length).toBe(size);
  });
});

/** Runs this and expects that nothing was sent. */
async function nothingAfter<T>(act: () => Promise<T>): Promise<T> {
  const result = await act();
  expect(upstream.seen).toEqual([]);
  return result;
}
