import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { givenAction, givenGate } from '../support/gates.js';
import { startApp, type TestApp, tokenOf } from '../support/harness.js';
import { heldBy, inState, through } from '../support/gate-visits.js';
import { startUpstream, type Upstream } from '../support/upstream.js';
import { ann, bob, boss, carol, created, dave, eve, givenFlow, rival, root } from '../support/world.js';

describe('executing what was approved', () => {
  let app: TestApp;
  let upstream: Upstream;
  let gate: string;
  let businessType: string;

  beforeAll(async () => {
    app = await startApp({
      env: {
        CALLBACK_ALLOWED_HOSTS: '127.0.0.1',
        CALLBACK_RETRY_SCHEDULE: '100ms,100ms,100ms,100ms,100ms,100ms',
        GATE_TIMEOUT: '1s',
      },
    });
    upstream = await startUpstream();
    ({ businessType } = await givenFlow(app, [{ users: ['bob', 'carol'] }]));
    gate = (await givenGate(app.as(boss), { upstream: upstream.url })).key;
    for (const method of ['POST', 'PUT', 'DELETE']) {
      await givenAction(app.as(boss), { path: '/orders/{id}', method, businessType });
    }
  });
  afterEach(() => {
    upstream.forget();
    upstream.answer(({ method, url }) => ({ body: { method, url } }));
  });
  afterAll(async () => {
    await app.close();
    await upstream.close();
  });

  let last = 0;
  const somewhere = (): string => `/orders/${++last}`;
  const hold = async (method: string, path = somewhere(), body = '{"n":1}') => {
    const headers = { 'content-type': 'application/json' };
    return heldBy(await through(app, gate, ann, path, { method, body, headers }));
  };
  const approve = (orderId: string, by = bob) => app.as(by).post(`/orders/${orderId}/approve`, {});
  const stays = async (requestId: string) => {
    await pause(700);
    return (await app.as(ann).get(`/approve-requests/${requestId}`)).body;
  };
  const sql = (text: string, values: (string | number | null)[]) =>
    app.database.rows(text, values).catch((error: unknown) => {
      // SQLite's driver has no rows to give back for a change.
      if (!/does not return data/.test(String(error))) throw error;
    });
  const alter = async (column: string, value: string | number | null, requestId: string) =>
    app.database.dialect === 'sqlite'
      ? runOnSqlite(app, `UPDATE dms_s_apply_approve_request SET ${column} = ? WHERE id = ?`, [
          value,
          requestId,
        ])
      : sql(`UPDATE dms_s_apply_approve_request SET ${column} = ? WHERE id = ?`, [value, requestId]);

  it('given two reviewers who approve at once, then the request is sent once', async () => {
    for (let round = 0; round < 5; round++) {
      const { requestId, orderId } = await hold('POST');
      const answers = await Promise.all([approve(orderId, bob), approve(orderId, carol)]);
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
      await inState(app, ann, requestId, 'executed');
    }
    await pause(300);
    expect(upstream.seen).toHaveLength(5);
    expect(new Set(upstream.seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(5);
  });

  it('given an identity token, then the system behind can check who it is for, and sees no credential of the caller', async () => {
    const path = somewhere();
    const { requestId, orderId } = await heldBy(
      await through(app, gate, ann, path, {
        method: 'POST',
        body: 'x',
        headers: { cookie: 'session=topsecret', 'content-type': 'text/plain', 'x-forwarded-for': '10.0.0.1' },
      }),
    );
    await approve(orderId);
    await inState(app, ann, requestId, 'executed');
    const { headers } = upstream.seen[0] ?? {};
    expect(headers?.cookie).toBeUndefined();
    expect(headers).toMatchObject({
      'x-forwarded-host': new URL(app.url).host,
      'content-type': 'text/plain',
    });
    expect(headers?.['x-forwarded-for']).toBeUndefined();
    const token = headers?.authorization?.replace('Bearer ', '') ?? '';
    const keys = createRemoteJWKSet(new URL(`${app.url}/api/v1/gate/jwks`));
    const { payload } = await jwtVerify(token, keys, { audience: upstream.url, issuer: 'countersign' });
    expect(payload).toMatchObject({
      sub: 'ann',
      acc_code: 't1',
      approve_request_id: requestId,
      ticket_id: orderId,
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBeLessThan(120);
  });

  it('given a gate that seals credentials, then they go along, and no table holds them or a password in clear', async () => {
    const sealing = (await givenGate(app.as(boss), { upstream: upstream.url, credentials: 'seal' })).key;
    const body = JSON.stringify({ name: 'x', password: 'correct horse battery' });
    const headers = { cookie: 'session=topsecret', 'content-type': 'application/json' };
    const { requestId, orderId } = await heldBy(
      await through(app, sealing, ann, somewhere(), { method: 'POST', body, headers }),
    );
    const stored = await everythingStored(app);
    expect(stored).toContain(requestId);
    for (const secret of ['topsecret', 'correct horse', (await tokenOf(ann)).split('.')[1]?.slice(0, 30)]) {
      expect(stored).not.toContain(secret);
    }
    await approve(orderId);
    await inState(app, ann, requestId, 'executed');
    expect(upstream.seen[0]?.headers.cookie).toBe('session=topsecret');
    expect(upstream.seen[0]?.headers.authorization).toMatch(/^Bearer /);
    expect(upstream.seen[0]?.body.toString()).toBe(body);
  });

  it('given sealed credentials whose time is over, then nothing keeps them', async () => {
    const sealing = (await givenGate(app.as(boss), { upstream: upstream.url, credentials: 'seal' })).key;
    const answer = await through(app, sealing, ann, somewhere(), { method: 'POST', body: 'x' });
    const { requestId, orderId } = await heldBy(answer);
    const sealed = () =>
      app.database.rows<{ sealed: string | null }>(
        'SELECT sealed_credentials AS sealed FROM dms_s_apply_approve_request WHERE id = ?',
        [requestId],
      );
    expect(await sealed()).toEqual([{ sealed: expect.stringMatching(/^v1\./) }]);
    const due =
      "UPDATE dms_s_apply_delivery SET due_at = 0 WHERE topic = 'gate.forget' AND apply_order_id = ?";
    await run(app, due, [orderId]);
    await eventually(sealed, ([row]) => row?.sealed === null);
  });

  it('given an upstream that is dead, then nothing is lost: it is sent, once, when it is back', async () => {
    const port = upstream.port;
    await upstream.close();
    const { requestId, orderId } = await hold('POST');
    await approve(orderId);
    await eventually(
      async () => (await app.as(ann).get(`/approve-requests/${requestId}`)).body,
      ({ status, error }) => status === 'approved' && /refused.*nothing was sent/.test(String(error)),
    );
    upstream = await startUpstream(undefined, port);
    await inState(app, ann, requestId, 'executed');
    expect(upstream.seen).toHaveLength(1);
  });

  it('given an upstream that never comes back, then the request stays approved and says so; redelivered, it is sent', async () => {
    const port = upstream.port;
    await upstream.close();
    const { requestId, orderId } = await hold('POST');
    await approve(orderId);
    const parked = await eventually(
      async () => (await app.as(boss).get(`/deliveries?orderId=${orderId}&state=failed`)).body.items,
      (items) => items.length > 0,
    );
    expect((await app.as(ann).get(`/approve-requests/${requestId}`)).body).toMatchObject({
      status: 'approved',
      error: expect.stringMatching(/^parked: /),
    });
    upstream = await startUpstream(undefined, port);
    await app.as(boss).post(`/deliveries/${parked[0].id}/redeliver`);
    await inState(app, ann, requestId, 'executed');
    expect(upstream.seen).toHaveLength(1);
  });

  it('given an upstream that takes a POST and does not answer, then the outcome is unknown and it is not sent again', async () => {
    upstream.answer(() => new Promise(() => undefined));
    const { requestId, orderId } = await hold('POST');
    await approve(orderId);
    const { error } = await inState(app, ann, requestId, 'unknown');
    expect(error).toMatch(/1000 ms/);
    expect((await stays(requestId)).status).toBe('unknown');
    expect(upstream.seen).toHaveLength(1);
    const metrics = await (await fetch(`${app.url}/metrics`)).text();
    expect(metrics).toMatch(/^countersign_approve_requests\{state="unknown"\} [1-9]/m);
    // A reminder whose time is still to come is no backlog.
    expect(metrics).not.toMatch(/countersign_deliveries\{topic="gate.expire"/);
    const found = { status: 'executed', remark: 'looked it up' };
    expect((await app.as(ann).post(`/approve-requests/${requestId}/resolve`, found)).status).toBe(403);
    expect((await app.as(rival).post(`/approve-requests/${requestId}/resolve`, found)).status).toBe(404);
    const resolved = await app.as(boss).post(`/approve-requests/${requestId}/resolve`, found);
    expect(resolved.body).toMatchObject({ status: 'executed', error: 'looked it up (boss)' });
    const again = await app.as(boss).post(`/approve-requests/${requestId}/resolve`, found);
    expect([again.status, again.body.code]).toEqual([409, 'already_decided']);
    const { body: log } = await app.as(boss).get(`/orders/${orderId}/logs`);
    expect(JSON.stringify(log.items)).toContain('counts as executed: looked it up');
  });

  it('given an upstream that loses a PUT once, then it is sent again under the same key', async () => {
    upstream.answer((_request, response) => {
      upstream.answer(() => ({ status: 200 }));
      response.destroy();
      return null;
    });
    const { requestId, orderId } = await hold('PUT');
    await approve(orderId);
    await inState(app, ann, requestId, 'executed');
    expect(upstream.seen.map(({ headers }) => headers['idempotency-key'])).toEqual([requestId, requestId]);
  });

  it('given an upstream that refuses, then that is its answer, kept and given to the repeat', async () => {
    upstream.answer(() => ({
      status: 422,
      headers: { 'content-type': 'text/plain' },
      body: 'no such thing',
    }));
    const path = somewhere();
    const { requestId, orderId } = await hold('POST', path);
    await approve(orderId);
    expect(await inState(app, ann, requestId, 'failed')).toMatchObject({ responseStatus: 422 });
    const headers = { 'content-type': 'application/json' };
    const repeat = await through(app, gate, ann, path, { method: 'POST', body: '{"n":1}', headers });
    expect([repeat.status, await repeat.text()]).toEqual([422, 'no such thing']);
    expect(upstream.seen).toHaveLength(1);
    const kept = await app.as(ann).get(`/approve-requests/${requestId}/response`);
    expect(kept.body).toMatchObject({ status: 422, body: 'no such thing' });
    expect((await app.as(eve).get(`/approve-requests/${requestId}/response`)).status).toBe(404);
  });

  const alterations: [string, string | number | null][] = [
    ['path', '/orders/1/../../admin'],
    ['method', 'DELETE'],
    ['query', 'all=1'],
    ['user_code', 'dave'],
    ['upstream', 'http://127.0.0.1:9'],
    ['request_hash', 'f'.repeat(64)],
    ['body_hash', 'f'.repeat(64)],
    ['acc_code', 't2'],
    ['mode', 'retry-once'],
    ['mac', 'f'.repeat(64)],
  ];
  it.each(alterations)(
    'given a stored request whose %s was altered by hand, then approving it sends nothing',
    async (column, value) => {
      const { requestId, orderId } = await hold('POST');
      await alter(column, value, requestId);
      await approve(orderId);
      await pause(500);
      expect(upstream.seen).toEqual([]);
    },
  );

  it('given an order that is returned, then its applicant cannot show reviewers another request than the one that is sent', async () => {
    const { requestId, orderId } = await hold('POST');
    await app.as(bob).post(`/orders/${orderId}/return`, { toStep: 0 });
    const { body: order } = await app.as(ann).get(`/orders/${orderId}`);
    const forged = { ...order.variables, body: { harmless: true } };
    const answer = await app.as(ann).post(`/orders/${orderId}/resubmit`, { variables: forged });
    expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
    expect((await app.as(ann).post(`/orders/${orderId}/resubmit`, { remark: 'as it was' })).status).toBe(200);
    await approve(orderId);
    await inState(app, ann, requestId, 'executed');
  });

  it('given an order whose variables were altered by hand, then approving it sends nothing', async () => {
    const { requestId, orderId } = await hold('POST');
    await run(app, 'UPDATE dms_s_apply_order SET variables = ? WHERE id = ?', [
      JSON.stringify({ requestId, body: { harmless: true } }),
      orderId,
    ]);
    await approve(orderId);
    expect((await inState(app, ann, requestId, 'failed')).error).toMatch(/shown something else/);
    expect(upstream.seen).toEqual([]);
  });

  it("given another request's sealed body in its place, then approving it sends nothing", async () => {
    const other = await hold('POST', somewhere(), '{"n":"other"}');
    const { requestId, orderId } = await hold('POST');
    const statement = `UPDATE dms_s_apply_approve_request SET sealed_request =
      (SELECT s FROM (SELECT sealed_request AS s FROM dms_s_apply_approve_request WHERE id = ?) x) WHERE id = ?`;
    await run(app, statement, [other.requestId, requestId]);
    await approve(orderId);
    expect((await inState(app, ann, requestId, 'failed')).error).toMatch(/altered/);
    expect(upstream.seen).toEqual([]);
  });

  it('given a request and an order that were set to approved by hand, then nothing is sent, and no repeat passes', async () => {
    const { requestId, orderId } = await hold('POST');
    await alter('state', 'approved', requestId);
    await run(app, "UPDATE dms_s_apply_order SET apply_status = '6' WHERE id = ?", [orderId]);
    await run(
      app,
      "UPDATE dms_s_apply_delivery SET topic = 'gate.execute', state = 'pending', due_at = 0 WHERE apply_order_id = ?",
      [orderId],
    );
    await pause(1_500);
    expect(upstream.seen).toEqual([]);
  });

  it('given an action that is deleted while a request waits, then the request stays held, and approving does not send it', async () => {
    const path = '/gone/1';
    const action = await givenAction(app.as(boss), { path: '/gone/{id}', method: 'POST', businessType });
    const { requestId, orderId } = await hold('POST', path);
    expect((await app.as(boss).delete(`/approve-actions/${action.id}`)).status).toBe(204);
    expect(await hold('POST', path)).toMatchObject({ requestId, status: 'waiting' });
    expect(upstream.seen).toEqual([]);
    await approve(orderId);
    expect((await inState(app, ann, requestId, 'failed')).error).toMatch(/deleted/);
    expect(upstream.seen).toEqual([]);
    // Another one is nobody's business any more.
    const headers = { 'content-type': 'application/json' };
    const free = await through(app, gate, ann, '/gone/2', { method: 'POST', body: '{}', headers });
    expect([free.status, upstream.seen.length]).toEqual([200, 1]);
  });

  it('given an applicant who is not active any more, then approving sends nothing', async () => {
    const headers = { 'content-type': 'application/json' };
    const answer = await through(app, gate, dave, somewhere(), { method: 'POST', body: '{}', headers });
    const { requestId, orderId } = await heldBy(answer);
    await app.as(boss).put('/directory/users/dave', { name: 'Dave', active: false });
    await approve(orderId);
    expect((await inState(app, boss, requestId, 'failed')).error).toMatch(/dave is not active/);
    expect(upstream.seen).toEqual([]);
  });

  it('given the same request twenty times at once, then there is one order', async () => {
    const path = somewhere();
    const held = await Promise.all(Array.from({ length: 20 }, () => hold('POST', path)));
    expect(new Set(held.map(({ orderId }) => orderId)).size).toBe(1);
    const mine = await app.as(ann).get(`/approve-requests?path=${path}`);
    expect(mine.body.items.filter((one: { path: string }) => one.path === path)).toHaveLength(1);
  });

  it('given a caller who says by a key that it is another request, or another body, then it is another order', async () => {
    const path = somewhere();
    const one = await hold('POST', path);
    const other = await hold('POST', path, '{"n":2}');
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'mine' };
    const third = await heldBy(
      await through(app, gate, ann, path, { method: 'POST', body: '{"n":1}', headers }),
    );
    expect(new Set([one.orderId, other.orderId, third.orderId]).size).toBe(3);
  });

  it('given nobody who decides in time, then the request expires with its order, and the next one is new', async () => {
    await givenAction(app.as(boss), { path: '/soon', method: 'POST', businessType, waitTtl: '1s' });
    const { requestId, orderId } = await hold('POST', '/soon');
    await inState(app, ann, requestId, 'expired');
    await eventually(
      async () => (await app.as(ann).get(`/orders/${orderId}`)).body.applyStatus,
      (status) => status === 'withdrawn',
    );
    expect((await hold('POST', '/soon')).requestId).not.toBe(requestId);
    expect(upstream.seen).toEqual([]);
  });

  it("given a form at another team's action whose body names a method that is held here, then it does not pass", async () => {
    const everybody = (await givenGate(app.as(root), { upstream: upstream.url })).key;
    await created(app.as(rival), '/business-types', { code: 'theirs', name: 'Theirs' });
    await givenAction(app.as(rival), { path: '/shared/{id}', method: 'POST', businessType: 'theirs' });
    await givenAction(app.as(boss), { path: '/shared/{id}', method: 'DELETE', businessType });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const send = (body: string) =>
      through(app, everybody, ann, '/shared/1', { method: 'POST', body, headers });
    expect((await send('_method=DELETE')).status).toBe(400);
    expect(upstream.seen).toEqual([]);
    expect((await send('a=1')).status).toBe(200);
  });

  it('given an upstream with a path, then no request leads above it, to what is held there or elsewhere', async () => {
    const below = (await givenGate(app.as(boss), { upstream: `${upstream.url}/base/v1` })).key;
    for (const path of ['/../v1/orders/1', '/%2e%2e/v1/orders/1', '/..%2fv1/orders/1', '/../../admin']) {
      const answer = await rawRequest(app.url, `DELETE /gate/${below}/proxy${path} HTTP/1.1`);
      expect(answer).toMatch(/^HTTP\/1.1 400 /);
    }
    expect(upstream.seen).toEqual([]);
    const free = await through(app, below, ann, '/elsewhere/1', { method: 'DELETE' });
    expect([free.status, upstream.seen[0]?.url]).toEqual([200, '/base/v1/elsewhere/1']);
  });

  it('given an applicant whom the directory has in another team, or no more, then approving sends nothing', async () => {
    for (const change of [
      () => app.as(root).put('/directory/users/carl', { name: 'Carl', accCode: 't2' }),
      () => app.as(root).delete('/directory/users/carl'),
    ]) {
      await app.as(root).put('/directory/users/carl', { name: 'Carl', accCode: 't1' });
      const carl = { sub: 'carl', acc_code: 't1' };
      const { requestId, orderId } = await heldBy(
        await through(app, gate, carl, somewhere(), { method: 'POST', body: 'x' }),
      );
      await change();
      await approve(orderId);
      expect((await inState(app, boss, requestId, 'failed')).error).toMatch(/carl is not active in the team/);
    }
    expect(upstream.seen).toEqual([]);
  });

  it('given nobody who can review it, then it is refused and does not pass', async () => {
    await created(app.as(boss), '/business-types', { code: 'off', name: 'Off', enabled: false });
    await givenAction(app.as(boss), { path: '/off', method: 'POST', businessType: 'off' });
    const answer = await through(app, gate, ann, '/off', { method: 'POST', body: 'x' });
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ code: 'business_type_disabled' });
    expect(upstream.seen).toEqual([]);
  });
});

/** Sends a request whose target no client would write, and gives the answer's first bytes. */
async function rawRequest(url: string, line: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(`${line}\r\nhost: gate\r\nconnection: close\r\n\r\n`);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

/** Runs a statement that changes rows, as somebody with access to the database would. */
async function run(app: TestApp, text: string, values: (string | number | null)[]): Promise<void> {
  if (app.database.dialect === 'mysql') await app.database.rows(text, values);
  else await runOnSqlite(app, text, values);
}

async function runOnSqlite(app: TestApp, text: string, values: (string | number | null)[]): Promise<void> {
  const { default: Sqlite } = await import('better-sqlite3');
  const connection = new Sqlite(app.databaseUrl.slice('sqlite:'.length), { timeout: 10_000 });
  try {
    connection.prepare(text).run(...values);
  } finally {
    connection.close();
  }
}

/** Every text and every blob of the tables that a held request leaves rows in. */
async function everythingStored(app: TestApp): Promise<string> {
  const tables = ['approve_request', 'order', 'order_process', 'order_log', 'delivery', 'delivery_attempt'];
  const rows = await Promise.all(
    tables.map((table) => app.database.rows<Record<string, unknown>>(`SELECT * FROM dms_s_apply_${table}`)),
  );
  return rows
    .flat(1)
    .flatMap((row) => Object.values(row))
    .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value)))
    .join('\n');
}
