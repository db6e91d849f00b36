import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Webhook } from 'standardwebhooks';
import { eventually } from '../support/eventually.js';
import { givenAction, givenGate } from '../support/gates.js';
import { type Answer, startApp, type TestApp, tokenOf } from '../support/harness.js';
import { startUpstream, type Upstream } from '../support/upstream.js';
import { ann, bob, boss, created, givenFlow, rival } from '../support/world.js';

/** Requirement 000, from its first line to its last: the approve system, through the proxy and a third party. */
describe('requirement 000: a request waits for its approval', () => {
  let app: TestApp;
  let upstream: Upstream;
  let thirdParty: Upstream;
  let secret: string;
  let gate: string;
  let businessType: string;
  let action: Record<string, unknown>;

  beforeAll(async () => {
    app = await startApp({
      env: { CALLBACK_ALLOWED_HOSTS: '127.0.0.1', CALLBACK_RETRY_SCHEDULE: '50ms,50ms' },
    });
    upstream = await startUpstream(({ body }) => ({
      status: 201,
      headers: { 'x-made-by': 'users', 'content-type': 'application/json; charset=utf-8' },
      body: Buffer.from(`{"kept":${body.toString() || 'null'}}`),
    }));
    thirdParty = await startUpstream(() => ({ status: 204 }));
    ({ businessType } = await givenFlow(app, [{ users: ['bob'] }]));
    const provider = await created(app.as(boss), '/providers', {
      code: 'oa',
      name: 'The company OA',
      url: `${thirdParty.url}/events`,
    });
    secret = provider['secret'] as string;
    gate = (await givenGate(app.as(boss), { upstream: upstream.url })).key;
  });
  afterAll(async () => {
    await app.close();
    await upstream.close();
    await thirdParty.close();
  });

  const send = async (path: string, init: RequestInit, as = ann): Promise<Response> =>
    fetch(`${app.url}/gate/${gate}/proxy${path}`, {
      ...init,
      headers: { authorization: `Bearer ${await tokenOf(as)}`, ...init.headers },
    });
  const change = (id: string, body: unknown): Promise<Answer> => {
    const text = JSON.stringify(body);
    const at = new Date();
    const message = `msg-${at.getTime()}-${Math.random()}`;
    return app.as(null).post(`/change_approve_request_status/${id}/`, text, {
      'webhook-id': message,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(message, at, text),
    });
  };
  const told = (type: string) =>
    thirdParty.seen.map((one) => JSON.parse(one.body.toString())).filter((one) => one.type === type);
  const put = { method: 'PUT', body: '{"name":"张三"}', headers: { 'content-type': 'application/json' } };

  it('an action is made of path, method and approve system, once', async () => {
    const fields = {
      name: 'Change a user',
      path: '/users/{id}/',
      method: 'PUT',
      provider: 'oa',
      businessType,
    };
    action = await givenAction(app.as(boss), fields);
    expect(action).toMatchObject({
      path: '/users/{id}/',
      method: 'PUT',
      provider: 'oa',
      mode: 'replay',
      hold: 401,
    });
    const again = await app.as(boss).post('/approve-actions', { ...fields, path: '/Users/{pk}' });
    expect([again.status, again.body.code]).toEqual([409, 'already_exists']);
  });

  it('a request that no action names goes on to the system behind', async () => {
    const answer = await send('/users/7/', { method: 'GET' });
    expect(answer.status).toBe(201);
    expect(upstream.seen.at(-1)).toMatchObject({ method: 'GET', url: '/users/7/' });
  });

  let held: Record<string, string>;
  it('a request that an action names is kept, answered 401, and the approve system is told of it', async () => {
    upstream.forget();
    const answer = await send('/users/7/?why=x', put);
    expect(answer.status).toBe(401);
    held = (await answer.json()) as Record<string, string>;
    expect(held).toMatchObject({ code: 'approval_required', status: 'waiting' });
    const [event] = await eventually(
      () => told('CREATE_APPROVE_REQUEST'),
      (all) => all.length > 0,
    );
    expect(event.data).toMatchObject({
      approve_request_id: held['requestId'],
      ticket_id: held['orderId'],
      action: { id: action['id'], name: 'Change a user', path: '/users/{id}/', method: 'PUT' },
      method: 'PUT',
      path: '/users/7/',
      body: { name: '张三' },
      user_code: 'ann',
      acc_code: 't1',
    });
    const raw = thirdParty.seen.at(-1);
    expect(() =>
      new Webhook(secret).verify(raw?.body.toString() ?? '', raw?.headers as Record<string, string>),
    ).not.toThrow();
  });

  it('the same request again is the same approve request, still 401, and nothing has reached the system', async () => {
    const again = await send('/users/7/?why=x', put);
    expect(again.status).toBe(401);
    expect(await again.json()).toMatchObject({ requestId: held['requestId'], status: 'waiting' });
    expect(upstream.seen).toEqual([]);
    expect(told('CREATE_APPROVE_REQUEST')).toHaveLength(1);
    const mine = await app.as(ann).get('/approve-requests?status=waiting');
    expect(mine.body.items.map((one: { id: string }) => one.id)).toEqual([held['requestId']]);
  });

  it('the third party passes it: what was kept is executed once, byte for byte, and the repeat gets its answer', async () => {
    const passed = await change(held['requestId'] ?? '', { status: 'pass', auditMsg: '同意' });
    expect(passed.status).toBe(200);
    await eventually(
      async () => (await app.as(ann).get(`/approve-requests/${held['requestId']}`)).body.status,
      (status) => status === 'executed',
    );
    expect(upstream.seen).toHaveLength(1);
    expect(upstream.seen[0]).toMatchObject({ method: 'PUT', url: '/users/7/?why=x' });
    expect(upstream.seen[0]?.body.toString()).toBe(put.body);
    expect(upstream.seen[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': held['requestId'],
      'x-approval-request-id': held['requestId'],
    });
    const repeat = await send('/users/7/?why=x', put);
    expect([repeat.status, repeat.headers.get('x-made-by'), await repeat.text()]).toEqual([
      201,
      'users',
      `{"kept":${put.body}}`,
    ]);
    expect(upstream.seen).toHaveLength(1);
  });

  it('the third party denies another one: it stays 401 and is never executed', async () => {
    upstream.forget();
    const first = (await (await send('/users/8/', put)).json()) as Record<string, string>;
    expect((await change(first['requestId'] ?? '', { status: 'deny', auditMsg: '不同意' })).status).toBe(200);
    const repeat = await send('/users/8/', put);
    expect(repeat.status).toBe(401);
    expect(await repeat.json()).toMatchObject({ requestId: first['requestId'], code: 'approval_denied' });
    expect(upstream.seen).toEqual([]);
  });

  it('lists: mine, all of the team for its administrator, by path, method, user and state; nothing for another team', async () => {
    const all = await app.as(boss).get('/approve-requests?scope=all&provider=oa&userCode=ann&method=PUT');
    expect(all.body.items.map((one: { path: string; status: string }) => [one.path, one.status])).toEqual([
      ['/users/8/', 'denied'],
      ['/users/7/', 'executed'],
    ]);
    const denied = await app.as(boss).get('/approve-requests?scope=all&status=denied&path=/users/8');
    expect(denied.body).toMatchObject({ items: [{ path: '/users/8/' }] });
    expect((await app.as(rival).get('/approve-requests?scope=all')).body.items).toEqual([]);
    expect((await app.as(rival).get(`/approve-requests/${held['requestId']}`)).status).toBe(404);
  });

  it('people decide here as well: pass through the approve request, once', async () => {
    upstream.forget();
    const one = (await (await send('/users/9/', put)).json()) as Record<string, string>;
    const passed = await app.as(bob).post(`/approve-requests/${one['requestId']}/pass`, { auditMsg: 'fine' });
    expect(passed.status).toBe(200);
    await eventually(
      () => upstream.seen.length,
      (count) => count === 1,
    );
    const late = await change(one['requestId'] ?? '', { status: 'deny' });
    expect(late.status).toBe(409);
  });
});
