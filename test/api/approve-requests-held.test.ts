import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { givenAction, givenGate } from '../support/gates.js';
import { type Answer, startApp, type TestApp, type TestUser, tokenOf } from '../support/harness.js';
import { startUpstream, type Upstream } from '../support/upstream.js';
import { ann, bob, boss, carol, eve, givenFlow, root } from '../support/world.js';

// The same as the other files about approve requests, with requests that came by a gate.

const answered = '{"made":"安"}';
let app: TestApp;
let upstream: Upstream;
let gate: string;
let actionId: string;
beforeAll(async () => {
  app = await startApp({ env: { CALLBACK_ALLOWED_HOSTS: '127.0.0.1' } });
  upstream = await startUpstream(() => ({
    status: 201,
    headers: { 'content-type': 'application/json', 'set-cookie': 'session=of-ann-alone' },
    body: Buffer.from(answered),
  }));
  const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
  gate = (await givenGate(app.as(boss), { upstream: upstream.url })).key;
  actionId = (await givenAction(app.as(boss), { path: '/things/{id}', businessType })).id;
});
afterAll(async () => {
  await app.close();
  await upstream.close();
});

let made = 0;

/** Given a POST of ann that is held. */
async function givenHeld(): Promise<{ readonly id: string; readonly path: string }> {
  const path = `/things/${++made}`;
  const response = await fetch(`${app.url}/gate/${gate}/proxy${path}?token=query-secret&why=x`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await tokenOf(ann)}`,
      cookie: 'session=cookie-secret',
      'content-type': 'application/json',
    },
    body: '{"name":"张三","password":"body-secret"}',
  });
  expect(response.status).toBe(401);
  const { requestId } = (await response.json()) as { requestId: string };
  return { id: requestId, path };
}

const get = (who: TestUser, path: string): Promise<Answer> => app.as(who).get(`/approve-requests${path}`);

const act = (who: TestUser, id: string, command: string, body: object = {}): Promise<Answer> =>
  app.as(who).post(`/approve-requests/${id}/${command}`, body);

/** Waits until the row itself says so, and expects that it is told then as before. */
async function stored(id: string, state: string): Promise<void> {
  await eventually(
    () =>
      app.database.rows<{ state: string }>('SELECT state FROM dms_s_apply_approve_request WHERE id = ?', [
        id,
      ]),
    ([row]) => row?.state === state,
  );
  expect((await get(ann, `/${id}`)).body.status).toBe(state);
  expect(
    (await get(ann, `?status=${state}&limit=100`)).body.items.map((one: { id: string }) => one.id),
  ).toContain(id);
}

describe('a request that came by a gate', () => {
  it('given it is held, when it is listed and read, then as it came, without its secrets', async () => {
    const { id, path } = await givenHeld();

    const lists = [
      await get(ann, `?status=open&path=${path}`),
      await get(boss, `?scope=all&gate=${gate}&actionId=${actionId}&method=POST&userCode=ann&path=${path}`),
      await get(root, `?scope=all&accCode=t1&provider=internal&status=waiting&path=${path}`),
    ];
    const read = [await get(ann, `/${id}`), await get(bob, `/${id}`)];

    for (const { body } of lists) {
      expect(body.items).toHaveLength(1);
      expect(body.items[0]).toMatchObject({ id, gate, actionId, path, status: 'waiting', userCode: 'ann' });
      expect(body.items[0].query).toBe('token=***&why=x');
      expect(Date.parse(body.items[0].endsAt)).toBeGreaterThan(Date.parse(body.items[0].createTime));
    }
    for (const { body } of read) {
      expect(body.request.body).toEqual({ name: '张三', password: '***' });
      expect(body.request.headers).toMatchObject({ 'content-type': 'application/json' });
    }
    const text = JSON.stringify([...lists, ...read]);
    for (const secret of ['query-secret', 'body-secret', 'cookie-secret', await tokenOf(ann)])
      expect(text).not.toContain(secret);
  });

  it('given it is passed, when it has been executed, then its applicant and administrators read the answer', async () => {
    const { id } = await givenHeld();
    expect((await act(bob, id, 'pass', { auditMsg: '同意' })).body.status).toBe('approved');
    await stored(id, 'executed');

    const own = (await get(ann, `/${id}/response`)).body;
    const admins = (await get(boss, `/${id}/response`)).body;

    expect(own).toMatchObject({ status: 201, body: answered, truncated: false });
    expect(own.headers).toContainEqual(['set-cookie', 'session=of-ann-alone']);
    expect(admins).toMatchObject({ status: 201, body: answered, bodyBase64: own.bodyBase64 });
    expect(JSON.stringify(admins)).not.toContain('of-ann-alone');
    expect((await get(bob, `/${id}/response`)).status).toBe(403);
    expect((await get(eve, `/${id}/response`)).status).toBe(404);
    expect((await get(ann, `/${id}`)).body).toMatchObject({ status: 'executed', responseStatus: 201 });
  });

  it.each([
    ['deny', bob, 'denied'],
    ['cancel', ann, 'cancelled'],
  ])('given %s, then it is told so at once, and stored so in the end', async (command, who, status) => {
    const { id } = await givenHeld();
    const before = upstream.seen.length;
    expect((await act(carol, id, command)).status).toBe(403);
    expect((await act(who, id, command)).body.status).toBe(status);
    await stored(id, status);
    expect((await act(bob, id, 'pass')).status).toBe(409);
    expect((await get(ann, `/${id}/response`)).status).toBe(404);
    expect(upstream.seen).toHaveLength(before);
  });

  it('given it was denied, when its order is reopened, then it waits again, and can be passed', async () => {
    const { id } = await givenHeld();
    await act(bob, id, 'deny');
    await stored(id, 'denied');
    const { orderId } = (await get(ann, `/${id}`)).body;
    const reopened = await app.as(bob).post(`/orders/${orderId}/reopen`, {});
    expect(reopened.status, JSON.stringify(reopened.body)).toBe(200);
    expect((await get(ann, `/${id}`)).body.status).toBe('waiting');
    expect((await act(bob, id, 'pass')).body.status).toBe('approved');
    await stored(id, 'executed');
  });
});
