import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenAction, givenGate } from '../support/gates.js';
import { startApp, type TestApp, tokenOf } from '../support/harness.js';
import { startUpstream, type Upstream } from '../support/upstream.js';
import { send } from '../support/wire.js';
import { ann, bob, boss, eve, givenFlow, root } from '../support/world.js';

const limit = 65_536;

let app: TestApp;
let upstream: Upstream;
let gate: { readonly key: string; readonly secret: string };
let last = 0;
const somewhere = (kind = 'orders'): string => `/${kind}/${++last}`;

beforeAll(async () => {
  app = await startApp({ env: { CALLBACK_ALLOWED_HOSTS: '127.0.0.1', GATE_BODY_LIMIT: String(limit) } });
  upstream = await startUpstream();
  const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
  gate = await givenGate(app.as(boss), { adapter: 'submit' });
  const common = { businessType, upstream: upstream.url };
  await givenAction(app.as(boss), { ...common, path: '/orders/{id}', hold: 202 });
  await givenAction(app.as(boss), { ...common, path: '/once/{id}', mode: 'retry-once' });
  await givenAction(app.as(boss), { ...common, path: '/items/{id}', method: 'DELETE' });
});
afterAll(async () => {
  await app.close();
  await upstream.close();
});

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

async function submit(
  described: unknown,
  more: Record<string, string | string[]> = {},
  { key, secret } = gate,
) {
  const headers = {
    'content-type': 'application/json',
    'x-gate-secret': secret,
    authorization: `Bearer ${await tokenOf(ann)}`,
    ...more,
  };
  const body =
    typeof described === 'string' || Buffer.isBuffer(described) ? described : JSON.stringify(described);
  return send(app.url, `/gate/${key}/submit`, { method: 'POST', headers, body });
}

describe('submit', () => {
  it('given what no action names, then it is free, whoever is calling', async () => {
    const answer = await nothingStored(() =>
      submit({ method: 'get', url: '/free?x' }, { authorization: 'none' }),
    );
    expect(answer).toMatchObject({ status: 200, json: { status: 'free' } });
  });

  it('given a request that is executed, then repeats have its answer', async () => {
    const body = randomBytes(300);
    upstream.answer(() => ({ status: 201, headers: { 'set-cookie': ['a=1', 'b=2'] }, body }));
    const described = {
      method: 'POST',
      url: `${somewhere()}?q=%20&r`,
      host: 'Shop.example',
      headers: {
        'Content-Type': 'application/octet-stream',
        'X-Mine': ['1', '2'],
        X_Approval_Request_Id: 'forged',
      },
      bodyBase64: Buffer.from([0, 255, 10]).toString('base64'),
    };
    const held = await submit(described);
    const { requestId, orderId } = held.json;
    expect(held).toMatchObject({
      status: 202,
      headers: { location: `/api/v1/approve-requests/${requestId}`, 'x-approval-request-id': requestId },
      json: { code: 'approval_required', status: 'waiting' },
    });
    await app.as(bob).post(`/orders/${orderId}/approve`, {});
    await expect
      .poll(async () => (await submit(described)).json, { timeout: 20_000 })
      .toMatchObject({ status: 'executed', requestId });
    const { status, json } = await submit(described);
    expect(status).toBe(200);
    expect(json.response).toMatchObject({ status: 201, bodyBase64: body.toString('base64') });
    expect(json.response.headers).toEqual(
      expect.arrayContaining([
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
        ['content-length', '300'],
      ]),
    );
    expect(upstream.seenAt(described.url.split('?')[0] ?? '')).toMatchObject([
      {
        method: 'POST',
        url: described.url,
        body: Buffer.from([0, 255, 10]),
        headers: { 'content-type': 'application/octet-stream', 'x-mine': '1, 2' },
      },
    ]);
    expect(JSON.stringify(upstream.seen[0]?.rawHeaders)).not.toContain('forged');
  });

  it('given leave to pass, then it is given once', async () => {
    const described = { method: 'POST', url: somewhere('once'), body: 'text' };
    const { requestId, orderId } = (await submit(described)).json;
    await app.as(bob).post(`/orders/${orderId}/approve`, {});
    const answers = await Promise.all([submit(described), submit(described), submit(described)]);
    const passed = answers.filter(({ status }) => status === 200);
    expect(passed.map(({ json }) => json)).toEqual([{ status: 'pass', requestId }]);
  });

  it('given a text and its base64, then they are the same request', async () => {
    const url = somewhere();
    const one = await submit({ method: 'POST', url, body: '文' });
    const same = await submit({ method: 'POST', url, bodyBase64: Buffer.from('文').toString('base64') });
    expect(same.json.requestId).toBe(one.json.requestId);
  });

  it.each<[string, unknown, string]>([
    ['no JSON', '{', 'body'],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'body'],
    ['a list', [], 'body'],
    ['nothing', {}, 'method'],
    ['a method that is none', { method: 'FETCH', url: '/x' }, 'method'],
    ['CONNECT', { method: 'CONNECT', url: '/x' }, 'method'],
    ['a whole URL', { method: 'GET', url: 'https://shop.example/x' }, 'url'],
    ['a blank in the path', { method: 'GET', url: '/x y' }, 'url'],
    ['a line break in the path', { method: 'GET', url: '/x\r\nhost: y' }, 'url'],
    ['a fragment', { method: 'GET', url: '/x#y' }, 'url'],
    ['a host with a path', { method: 'GET', url: '/x', host: 'shop.example/y' }, 'host'],
    ['a header name that is none', { method: 'GET', url: '/x', headers: { 'a b': '1' } }, 'headers.a b'],
    ['a line break in a header', { method: 'GET', url: '/x', headers: { a: '1\r\nb: 2' } }, 'headers.a'],
    ['two bodies', { method: 'POST', url: '/x', body: 'x', bodyBase64: 'eA==' }, 'bodyBase64'],
    ['base64 that is none', { method: 'POST', url: '/x', bodyBase64: '!' }, 'bodyBase64'],
    ['a member that nobody knows', { method: 'POST', url: '/x', Body: 'x' }, 'body'],
  ])('given %s, then 400 names the field', async (_what, described, field) => {
    const answer = await nothingStored(() => submit(described));
    expect(answer).toMatchObject({ status: 400, json: { code: 'validation_failed' } });
    expect((answer.json.errors as { field: string }[]).map((error) => error.field)).toContain(field);
  });

  it('given a body that is too large, described or describing, then 413', async () => {
    const url = somewhere();
    for (const described of [
      { method: 'POST', url, body: 'x'.repeat(limit + 1) },
      { method: 'POST', url, headers: { a: 'x'.repeat(limit * 4) } },
    ]) {
      const answer = await nothingStored(() => submit(described));
      expect(answer).toMatchObject({ status: 413, json: { code: 'payload_too_large' } });
    }
    expect((await submit({ method: 'POST', url, body: 'x'.repeat(limit) })).status).toBe(202);
  });

  it.each<[string, object]>([
    ['a doubled slash', { url: '/orders//1' }],
    ['an encoded slash', { url: '/orders%2F1' }],
    ['dots', { url: '/x/../orders/1' }],
    ['a method override', { url: '/items/1', headers: { 'X-HTTP-Method-Override': 'DELETE' } }],
    [
      'a form that names another method',
      {
        url: '/items/1',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: '_method=DELETE',
      },
    ],
  ])('given %s, then 400 request_ambiguous', async (_what, described) => {
    const answer = await nothingStored(() => submit({ method: 'POST', ...described }));
    expect(answer).toMatchObject({ status: 400, json: { code: 'request_ambiguous' } });
  });

  it('given no secret or a wrong one, then 401 before anything is read', async () => {
    for (const secret of ['', 'gs_wrong', `${gate.secret} `.repeat(2)]) {
      const answer = await submit('{', { 'x-gate-secret': secret });
      expect(answer).toMatchObject({ status: 401, json: { code: 'unauthenticated' } });
    }
  });

  it('given nobody, or another team, then 401 and 403', async () => {
    const described = { method: 'POST', url: somewhere() };
    expect((await nothingStored(() => submit(described, { authorization: 'none' }))).status).toBe(401);
    const theirs = { authorization: `Bearer ${await tokenOf(eve)}` };
    expect((await nothingStored(() => submit(described, theirs))).status).toBe(403);
    // With identity `token`, nobody is known by another's word.
    const word = { ...described, userCode: 'ann', accCode: 't1' };
    expect((await nothingStored(() => submit(word, { authorization: 'none' }))).status).toBe(401);
  });

  it('given another door or method, then 404', async () => {
    const headers = { 'x-gate-secret': gate.secret };
    for (const [method, path] of [
      ['GET', 'submit'],
      ['POST', 'check'],
      ['POST', 'proxy/x'],
      ['POST', 'submit/x'],
    ] as const) {
      expect((await send(app.url, `/gate/${gate.key}/${path}`, { method, headers })).status).toBe(404);
    }
  });
});

describe('submit by a program that tells who is calling', () => {
  it('given names, then the request is held for that person; given none, then 401', async () => {
    const own = await givenGate(app.as(root), { adapter: 'submit', identity: 'headers' });
    const url = somewhere();
    const held = await submit({ method: 'POST', url, userCode: 'ann', accCode: 't1' }, {}, own);
    expect((await app.as(ann).get(`/approve-requests/${held.json.requestId}`)).status).toBe(200);
    for (const word of [{}, { userCode: 'ann' }, { accCode: 't1' }, { userCode: 'system', accCode: 't1' }]) {
      // What headers say counts for nothing here.
      const headers = { 'x-user-code': 'ann', 'x-acc-code': 't1' };
      const answer = await nothingStored(() => submit({ method: 'POST', url, ...word }, headers, own));
      expect(answer.status).toBe(401);
    }
  });

  it("given a team's gate, then the team is known, and another one is refused", async () => {
    const own = await givenGate(app.as(boss), { adapter: 'submit', identity: 'headers' });
    const url = somewhere();
    expect((await submit({ method: 'POST', url, userCode: 'ann' }, {}, own)).status).toBe(202);
    const theirs = { method: 'POST', url, userCode: 'ann', accCode: 't2' };
    expect((await nothingStored(() => submit(theirs, {}, own))).status).toBe(403);
  });
});
