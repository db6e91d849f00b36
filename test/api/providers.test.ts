import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Sealer } from '../../src/config/sealer.js';
import { Clock } from '../../src/runtime/clock.js';
import {
  answerStatus,
  type BusinessModule,
  startBusinessModule,
  verify,
} from '../support/business-module.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { givenAction } from '../support/gates.js';
import { ann, boss, created, givenFlow, rival, root } from '../support/world.js';

let app: TestApp;
let receiver: BusinessModule;
let admin: Client;
let other: Client;
let system: Client;
const lines: string[] = [];
beforeAll(async () => {
  receiver = await startBusinessModule();
  app = await startApp({
    env: { CALLBACK_ALLOWED_HOSTS: '127.0.0.1', CALLBACK_TIMEOUT: '5s' },
    onLog: (line) => lines.push(line),
  });
  [admin, other, system] = [app.as(boss), app.as(rival), app.as(root)];
});
afterAll(async () => {
  await app.close();
  await receiver.close();
});
afterEach(() => vi.restoreAllMocks());

const larkApp = {
  appId: 'cli_1',
  appSecret: 's3cr3t-app',
  encryptKey: 's3cr3t-key',
  verificationToken: 's3cr3t-token',
};

let made = 0;
const provider = (more: object = {}) => ({
  code: `oa-${++made}`,
  name: '集团 OA',
  url: `${receiver.url}/requests`,
  ...more,
});
const given = async (client: Client, more: object = {}): Promise<{ code: string; secret: string }> => {
  const { code, secret } = await created(client, '/providers', provider(more));
  return { code: String(code), secret: String(secret) };
};
const codesOf = async (client: Client, query = ''): Promise<string[]> =>
  (await client.get(`/providers?limit=100${query}`)).body.items.map(
    (item: { code: string; accCode: string | null }) => `${item.accCode ?? ''}/${item.code}`,
  );

describe('POST /providers', () => {
  it('given a team administrator, then it is the team’s, and its secret is shown this once', async () => {
    const body = provider();
    const answer = await admin.post('/providers', body);
    expect(answer.status).toBe(201);
    const { secret, ...view } = answer.body as Record<string, unknown>;
    expect(view).toEqual({
      ...body,
      id: expect.any(String) as string,
      kind: 'webhook',
      accCode: 't1',
      vendor: null,
      createTime: expect.any(String) as string,
      updateTime: expect.any(String) as string,
    });
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const shown = await admin.get(`/providers/${body.code}`);
    expect(shown.body).toEqual(view);
    const listed = JSON.stringify((await admin.get('/providers?limit=100')).body);
    expect(listed).not.toContain(String(secret).slice(6));
  });

  it('given its row, then the secret is sealed for it alone', async () => {
    const { code, secret } = await given(admin);
    const [row] = await app.database.rows<{ sealed: string }>(
      "SELECT sealed_secret AS sealed FROM dms_s_apply_provider WHERE scope = 't1' AND code = ?",
      [code],
    );
    const sealed = row?.sealed ?? '';
    expect(sealed).not.toContain(secret.slice(6));
    const sealer = app.get(Sealer);
    expect(sealer.open(sealed, `provider/t1/${code}`)).toBe(secret);
    expect(() => sealer.open(sealed, `provider/t2/${code}`)).toThrow();
    expect(() => sealer.open(sealed, `business-type/t1/${code}`)).toThrow();
  });

  it('given a system administrator, then it is the platform’s, or the team’s that is named', async () => {
    expect((await system.post('/providers', provider())).body).toMatchObject({ accCode: null });
    expect((await system.post('/providers', provider({ accCode: 't2' }))).body).toMatchObject({
      accCode: 't2',
    });
  });

  it('given the same code again, then 409 in one team, and 201 in another and for the platform', async () => {
    const body = provider();
    for (const client of [admin, other, system]) await created(client, '/providers', body);
    for (const client of [admin, other, system]) {
      expect(await client.post('/providers', body)).toMatchObject({
        status: 409,
        body: { code: 'already_exists' },
      });
    }
  });

  it.each<[string, object, string]>([
    ['the reserved code', { code: 'internal' }, 'code'],
    ['no code', { code: undefined }, 'code'],
    ['a code with a comma', { code: 'a,b' }, 'code'],
    ['a code that makes no user code', { code: 'x'.repeat(49) }, 'code'],
    ['no name', { name: '' }, 'name'],
    ['another kind', { kind: 'internal' }, 'kind'],
    ['a vendor without its app', { kind: 'lark' }, 'lark'],
    ['the app of another kind', { lark: larkApp }, 'lark'],
    ['no address', { url: undefined }, 'url'],
    ['no address, but null', { url: null }, 'url'],
    ['another scheme', { url: 'ftp://oa.example.com/' }, 'url'],
    ['a password in the address', { url: 'https://u:p@oa.example.com/' }, 'url'],
    ['an address inside the house', { url: 'http://10.1.2.3/' }, 'url'],
    ['the cloud’s metadata', { url: 'http://169.254.169.254/latest' }, 'url'],
    ['a secret of one’s own', { secret: 'whsec_x' }, 'secret'],
  ])('given %s, then 400 names the field', async (_what, more, field) => {
    const answer = await admin.post('/providers', provider(more));
    expect(answer.status).toBe(400);
    expect(answer.body.errors[0].field).toBe(field);
  });

  it('given a member, nobody, or another team by name, then 403, 401 and 404', async () => {
    expect((await app.as(ann).post('/providers', provider())).status).toBe(403);
    expect((await app.as(null).post('/providers', provider())).status).toBe(401);
    expect((await admin.post('/providers', provider({ accCode: 't2' }))).status).toBe(404);
  });

  it('given an Idempotency-Key, then the repeat shows the same secret, and its stored copy does not', async () => {
    const body = provider();
    const key = { 'idempotency-key': 'provider-once' };
    const first = await admin.post('/providers', body, key);
    const second = await admin.post('/providers', body, key);
    expect(second.body).toEqual(first.body);
    const rows = await app.database.rows('SELECT * FROM dms_s_apply_idempotency');
    expect(JSON.stringify(rows)).not.toContain(String(first.body.secret).slice(6));
  });
});

describe('the providers that a team sees', () => {
  it('given a code of the platform and of the team, then the team’s own shadows it', async () => {
    const { code } = await given(system, { name: 'Platform' });
    expect((await admin.get(`/providers/${code}`)).body).toMatchObject({ name: 'Platform', accCode: null });
    await given(admin, { code, name: 'Own' });
    expect((await admin.get(`/providers/${code}`)).body).toMatchObject({ name: 'Own', accCode: 't1' });
    expect((await other.get(`/providers/${code}`)).body).toMatchObject({ name: 'Platform' });
    expect((await system.get(`/providers/${code}`)).body).toMatchObject({ name: 'Platform' });
    expect((await system.get(`/providers/${code}?accCode=t1`)).body).toMatchObject({ name: 'Own' });
    const seen = async (client: Client, query?: string) =>
      (await codesOf(client, query)).filter((one) => one.endsWith(`/${code}`));
    expect(await seen(admin)).toEqual([`t1/${code}`]);
    expect(await seen(other)).toEqual([`/${code}`]);
    expect((await seen(system)).toSorted()).toEqual([`/${code}`, `t1/${code}`]);
    expect(await seen(system, '&accCode=t1')).toEqual([`t1/${code}`]);
  });

  it('given another team’s, then it does not exist; given the platform’s, then a team reads and does not change it', async () => {
    const { code } = await given(admin);
    const { code: platforms } = await given(system);
    const calls = (client: Client, of: string) => [
      () => client.patch(`/providers/${of}`, { name: 'x' }),
      () => client.post(`/providers/${of}/rotate-secret`),
      () => client.post(`/providers/${of}/ping`),
      () => client.delete(`/providers/${of}`),
    ];
    for (const call of [() => other.get(`/providers/${code}`), ...calls(other, code)]) {
      expect(await call()).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
    for (const call of calls(other, platforms)) {
      expect(await call()).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    }
    for (const call of calls(app.as(ann), code)) expect((await call()).status).toBe(403);
    expect((await admin.get(`/providers/${code}`)).status).toBe(200);
  });

  it('given pages, then each provider comes once', async () => {
    const { code } = await given(other);
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const page = await other.get(`/providers?limit=2${cursor}`);
      seen.push(...page.body.items.map((item: { code: string }) => item.code));
      if (page.body.nextCursor === null) break;
      cursor = `&cursor=${page.body.nextCursor}`;
    }
    expect(seen).toContain(code);
    expect(new Set(seen).size).toBe(seen.length);
    expect((await other.get('/providers?cursor=nonsense')).status).toBe(400);
  });
});

describe('PATCH /providers/{code}', () => {
  it('given a name or an address, then that alone changes', async () => {
    const { code } = await given(admin);
    const url = `${receiver.url}/elsewhere`;
    expect((await admin.patch(`/providers/${code}`, { url })).body).toMatchObject({ name: '集团 OA', url });
    expect((await admin.patch(`/providers/${code}`, { name: 'New' })).body).toMatchObject({
      name: 'New',
      url,
    });
    expect((await admin.patch(`/providers/${code}`, {})).status).toBe(200);
  });

  it.each([
    { url: 'http://127.0.0.2/' },
    { url: null },
    { name: null },
    { name: '' },
    { code: 'x' },
    { kind: 'webhook' },
    { secret: 'x' },
  ])('given %j, then 400, and nothing changes', async (change) => {
    const { code } = await given(admin);
    const before = (await admin.get(`/providers/${code}`)).body as unknown;
    expect((await admin.patch(`/providers/${code}`, change)).status).toBe(400);
    expect((await admin.get(`/providers/${code}`)).body).toEqual(before);
  });
});

describe('DELETE /providers/{code}', () => {
  it('given nobody names it, then it is gone, and its code is free', async () => {
    const { code } = await given(admin);
    expect((await admin.delete(`/providers/${code}`)).status).toBe(204);
    expect((await admin.get(`/providers/${code}`)).status).toBe(404);
    expect((await admin.delete(`/providers/${code}`)).status).toBe(404);
    await given(admin, { code });
  });

  it('given an approve action that names it, then 409 until the action is deleted', async () => {
    const { code } = await given(admin);
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
    const action = await givenAction(admin, { path: '/in-use/{id}', businessType, provider: code });
    const refused = await admin.delete(`/providers/${code}`);
    expect(refused).toMatchObject({ status: 409, body: { code: 'in_use' } });
    expect(refused.body.detail).toContain(String(action['name']));
    expect((await admin.delete(`/approve-actions/${action.id}`)).status).toBe(204);
    expect((await admin.delete(`/providers/${code}`)).status).toBe(204);
  });

  it('given an action that names it in the same moment, then one of the two is refused', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
    for (let time = 0; time < 8; time++) {
      const { code } = await given(admin);
      const action = {
        name: code,
        method: 'POST',
        path: `/racing-${time}/{id}`,
        businessType,
        provider: code,
      };
      const [named, deleted] = await Promise.all([
        admin.post('/approve-actions', action),
        admin.delete(`/providers/${code}`),
      ]);
      expect([
        [201, 409],
        [404, 204],
      ]).toContainEqual([named.status, deleted.status]);
    }
  });

  it('given the platform’s, then the action of a team without an own one keeps it, and with one it does not', async () => {
    const { code } = await given(system);
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
    await givenAction(admin, { path: '/of-platform/{id}', businessType, provider: code });
    expect(await system.delete(`/providers/${code}`)).toMatchObject({ status: 409 });
    // another team's of the same code is nobody's business here
    await given(other, { code });
    expect(await system.delete(`/providers/${code}`)).toMatchObject({ status: 409 });
    expect((await other.delete(`/providers/${code}`)).status).toBe(204);
    await given(admin, { code });
    expect(await system.delete(`/providers/${code}`)).toMatchObject({ status: 204 });
    expect(await admin.delete(`/providers/${code}`)).toMatchObject({ status: 409 });
  });
});

describe('POST /providers/{code}/ping', () => {
  const ping = (client: Client, code: string) => client.post(`/providers/${code}/ping`);
  const lastCall = () => {
    const call = receiver.calls.at(-1);
    if (!call) throw new Error('nobody was called');
    return call;
  };

  it('given a provider that answers, then it has got one signed message', async () => {
    const { code, secret } = await given(admin);
    const answer = await ping(admin, code);
    expect(answer).toMatchObject({
      status: 200,
      body: { url: `${receiver.url}/requests`, ok: true, status: 200, error: null },
    });
    expect(verify(lastCall(), secret)).toMatchObject({
      type: 'ping',
      data: { provider: code, acc_code: 't1' },
    });
    const wrong = `whsec_${randomBytes(32).toString('base64')}`;
    expect(() => verify(lastCall(), wrong)).toThrow(/signature/i);
  });

  it('given one that fails, then the answer says so, and not what it said', async () => {
    const { code } = await given(admin, { url: `${receiver.url}/failing` });
    receiver.behave(() => ({ status: 500, body: { inside: 'internals' } }));
    const answer = await ping(admin, code);
    receiver.behave(answerStatus(200));
    expect(answer).toMatchObject({ status: 200, body: { ok: false, status: 500, error: 'answered 500' } });
    expect(JSON.stringify(answer.body)).not.toContain('internals');
  });

  it('given a rotation, then both secrets sign during the overlap, and the new one behind it', async () => {
    const { code, secret } = await given(admin);
    const rotated = await admin.post(`/providers/${code}/rotate-secret`, { overlap: '1m' });
    expect(rotated.status).toBe(200);
    expect(Date.parse(rotated.body.previousSecretValidUntil)).toBeGreaterThan(Date.now());
    await ping(admin, code);
    for (const one of [secret, String(rotated.body.secret)]) {
      expect(verify(lastCall(), one)).toMatchObject({ type: 'ping' });
    }
    vi.spyOn(app.get(Clock), 'now').mockImplementation(() => new Date(Date.now() + 2 * 60_000));
    await ping(admin, code);
    expect(verify(lastCall(), String(rotated.body.secret))).toMatchObject({ type: 'ping' });
    expect(() => verify(lastCall(), secret)).toThrow(/signature/i);
  });

  it('given a rotation without overlap, then the old secret has ended', async () => {
    const { code, secret } = await given(admin);
    const rotated = await admin.post(`/providers/${code}/rotate-secret`, { overlap: '0s' });
    expect(rotated.body.previousSecretValidUntil).toBeNull();
    await ping(admin, code);
    expect(() => verify(lastCall(), secret)).toThrow(/signature/i);
    expect((await admin.post(`/providers/${code}/rotate-secret`, { overlap: '31d' })).status).toBe(400);
  });
});

it('given all of this, then no log line holds a secret', async () => {
  const { code, secret } = await given(admin);
  const rotated = await admin.post(`/providers/${code}/rotate-secret`);
  await admin.post(`/providers/${code}/ping`);
  const log = lines.join('\n');
  expect(log).toContain(`/providers/${code}/ping`);
  for (const one of [secret, String(rotated.body.secret)]) expect(log).not.toContain(one.slice(6));
});
