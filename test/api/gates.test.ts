import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forUpdate } from '../../src/database/dialect.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { requestStates, statesUnderWay } from '../../src/gate/vocabulary.js';
import { givenAction, givenGate, storeRequest } from '../support/gates.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { signal, until } from '../support/signal.js';
import { ann, boss, created, rival, root } from '../support/world.js';

const lines: string[] = [];
let app: TestApp;
let admin: Client;
let other: Client;
let system: Client;
beforeAll(async () => {
  app = await startApp({ env: { CALLBACK_ALLOWED_HOSTS: '10.0.0.0/8' }, onLog: (line) => lines.push(line) });
  [admin, other, system] = [app.as(boss), app.as(rival), app.as(root)];
  await created(admin, '/business-types', { code: 'export', name: 'Export' });
  await created(system, '/business-types', { code: 'any', name: 'Any' });
});
afterAll(() => app.close());

const upstream = 'http://10.0.0.1:8080';
const gate = (key: string, more: object = {}) => ({
  key,
  name: `Gate ${key}`,
  adapter: 'proxy',
  upstream,
  ...more,
});
const byHeaders = (key: string, more: object = {}) => gate(key, { identity: 'headers', ...more });
const storedHash = async (key: string): Promise<string | undefined> => {
  const [row] = await app.database.rows<{ readonly hash: string }>(
    'SELECT secret_hash AS hash FROM dms_s_apply_gate WHERE gate_key = ?',
    [key],
  );
  return row?.hash;
};
const sha256 = (text: unknown): string => createHash('sha256').update(String(text)).digest('hex');
const keysOf = async (client: Client, query = ''): Promise<string[]> =>
  (await client.get(`/gates?limit=100${query}`)).body.items.map((item: { key: string }) => item.key);

describe('POST /gates', () => {
  it('should make a gate of the team with every field, and show its secret this once', async () => {
    const body = byHeaders('full', {
      upstream: `${upstream}/base`,
      userHeader: 'X-Remote-User',
      credentials: 'seal',
      credentialsTtl: '30m',
      forwardsBody: true,
    });
    const answer = await admin.post('/gates', body);
    expect(answer.status).toBe(201);
    const { secret, ...view } = answer.body as Record<string, unknown>;
    expect(view).toEqual({
      ...body,
      id: expect.any(String),
      accCode: 't1',
      // names of headers in lower case, as requests are read
      userHeader: 'x-remote-user',
      teamHeader: null,
      createTime: expect.any(String),
      updateTime: expect.any(String),
    });
    expect(secret).toMatch(/^gs_[\w-]{43}$/);
    expect(Buffer.from(String(secret).slice(3), 'base64url')).toHaveLength(32);
    expect((await admin.get('/gates/full')).body).toEqual(view);
    expect(JSON.stringify((await admin.get('/gates')).body)).not.toContain('gs_');
  });

  it('should store the hash of the secret alone', async () => {
    const { secret } = await givenGate(admin, gate('hashed'));
    expect(await storedHash('hashed')).toBe(sha256(secret));
  });

  it('should fill in defaults', async () => {
    expect(await created(admin, '/gates', gate('plain'))).toMatchObject({
      upstream,
      identity: 'token',
      userHeader: null,
      teamHeader: null,
      credentials: 'drop',
      credentialsTtl: '15m',
    });
    expect(await created(admin, '/gates', byHeaders('plain-headers'))).toMatchObject({
      userHeader: 'x-user-code',
      teamHeader: null,
    });
    expect(await created(system, '/gates', byHeaders('plain-platform'))).toMatchObject({
      accCode: null,
      userHeader: 'x-user-code',
      teamHeader: 'x-acc-code',
    });
  });

  it('should let a system administrator make one of the platform, or of the team named', async () => {
    expect(
      await created(system, '/gates', byHeaders('by-root', { teamHeader: 'X-Tenant', userHeader: 'X-Uid' })),
    ).toMatchObject({ accCode: null, teamHeader: 'x-tenant', userHeader: 'x-uid' });
    expect(await created(system, '/gates', gate('by-root-2', { accCode: 't2' }))).toMatchObject({
      accCode: 't2',
    });
    expect(await keysOf(other)).toContain('by-root-2');
  });

  it.each(['traefik', 'envoy', 'apisix', 'submit'])(
    'should need no upstream where %s only asks for leave, or hands in',
    async (adapter) => {
      expect(
        await created(admin, '/gates', gate(`bare-${adapter}`, { adapter, upstream: null })),
      ).toMatchObject({
        adapter,
        upstream: null,
      });
      expect(
        await created(admin, '/gates', gate(`barer-${adapter}`, { adapter, upstream: undefined })),
      ).toMatchObject({ upstream: null });
    },
  );

  it.each([
    ['https://DMS.example.com/', 'https://dms.example.com'],
    ['HTTP://dms.example.com:80/api/', 'http://dms.example.com/api'],
    ['http://10.1.2.3:8080/a/b', 'http://10.1.2.3:8080/a/b'],
    ['http://dms.example.com/审批', 'http://dms.example.com/%E5%AE%A1%E6%89%B9'],
  ])('should store the upstream %s without a slash at the end', async (given, stored) => {
    const number = (await keysOf(admin)).length;
    const made = await created(admin, '/gates', gate(`upstream-${number}`, { upstream: given }));
    expect(made.upstream).toBe(stored);
  });

  it('should refuse a key that is taken, by whatever team, and say nothing more', async () => {
    await givenGate(other, gate('taken'));
    const answers = [
      await admin.post('/gates', gate('taken')),
      await other.post('/gates', gate('taken')),
      await system.post('/gates', gate('taken')),
    ];
    for (const { status, body } of answers) {
      expect([status, body.code, body.detail]).toEqual([409, 'already_exists', 'the key taken is taken']);
    }
  });

  it('should let one of several who make the same gate at once win', async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => admin.post('/gates', gate('race'))));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409]);
  });

  it('should answer an Idempotency-Key with the same secret, and store the answer sealed', async () => {
    const headers = { 'idempotency-key': 'gate-1' };
    const first = await admin.post('/gates', gate('once'), headers);
    const second = await admin.post('/gates', gate('once'), headers);
    expect([second.status, second.body]).toEqual([201, first.body]);
    const [row] = await app.database.rows<{ readonly answer: string }>(
      "SELECT answer FROM dms_s_apply_idempotency WHERE idempotency_key = 'gate-1'",
    );
    expect(row?.answer).not.toContain('gs_');
  });

  const named = (name: string) => byHeaders('x1', { userHeader: name });
  it.each<[string, object, string]>([
    ['no key', gate('x1', { key: undefined }), 'key'],
    ['a key of one character', gate('x'), 'key'],
    ['a key of 64 characters', gate('x'.repeat(64)), 'key'],
    ['a key with capitals', gate('Gate'), 'key'],
    ['a key with an underscore', gate('a_b'), 'key'],
    ['a key with a slash', gate('a/b'), 'key'],
    ['a key with a dot', gate('a.b'), 'key'],
    ['a key with a line break behind it', gate('ab\n'), 'key'],
    ['a key that begins with a dash', gate('-ab'), 'key'],
    ['a key that is a number', { ...gate('x1'), key: 12 }, 'key'],
    ['a key that is a list', { ...gate('x1'), key: ['ab'] }, 'key'],
    ['no name', gate('x1', { name: undefined }), 'name'],
    ['an empty name', gate('x1', { name: '' }), 'name'],
    ['a name of 129 characters', gate('x1', { name: 'n'.repeat(129) }), 'name'],
    ['no adapter', gate('x1', { adapter: undefined }), 'adapter'],
    ['an unknown adapter', gate('x1', { adapter: 'haproxy' }), 'adapter'],
    ['an adapter of an object', gate('x1', { adapter: 'constructor' }), 'adapter'],
    ['a proxy without an upstream', gate('x1', { upstream: undefined }), 'upstream'],
    ['a proxy with a null upstream', gate('x1', { upstream: null }), 'upstream'],
    ['nginx without an upstream', gate('x1', { adapter: 'nginx', upstream: undefined }), 'upstream'],
    ['an upstream that is no URL', gate('x1', { upstream: 'dms.example.com' }), 'upstream'],
    ['an upstream without a host', gate('x1', { upstream: 'http:///path' }), 'upstream'],
    ['an upstream of another scheme', gate('x1', { upstream: 'ftp://dms.example.com' }), 'upstream'],
    ['an upstream with a password', gate('x1', { upstream: 'http://u:p@dms.example.com' }), 'upstream'],
    ['an upstream with a query', gate('x1', { upstream: 'http://dms.example.com/?a=1' }), 'upstream'],
    ['an upstream with an empty query', gate('x1', { upstream: 'http://dms.example.com/?' }), 'upstream'],
    ['an upstream with a fragment', gate('x1', { upstream: 'http://dms.example.com/#a' }), 'upstream'],
    ['an upstream with dot segments', gate('x1', { upstream: 'http://dms.example.com/a/../b' }), 'upstream'],
    ['one with encoded dots', gate('x1', { upstream: 'http://dms.example.com/a/%2E%2e' }), 'upstream'],
    ['an upstream with doubled slashes', gate('x1', { upstream: 'http://dms.example.com/a//' }), 'upstream'],
    ['one with an encoded slash', gate('x1', { upstream: 'http://dms.example.com/a%2fb' }), 'upstream'],
    ['an upstream with a backslash', gate('x1', { upstream: 'http://dms.example.com\\a' }), 'upstream'],
    ['an upstream with a blank', gate('x1', { upstream: 'http://dms.example.com/a b' }), 'upstream'],
    ['one that is too long', gate('x1', { upstream: `http://h/${'p'.repeat(2040)}` }), 'upstream'],
    ['one that gets too long', gate('x1', { upstream: `http://h/${'审'.repeat(300)}` }), 'upstream'],
    ['an upstream that is a list', gate('x1', { upstream: ['http://10.0.0.1'] }), 'upstream'],
    ['a private upstream', gate('x1', { upstream: 'http://192.168.0.1' }), 'upstream'],
    ['this machine', gate('x1', { upstream: 'http://localhost:3000' }), 'upstream'],
    ['the address of cloud metadata', gate('x1', { upstream: 'http://169.254.169.254' }), 'upstream'],
    ['an unknown identity', gate('x1', { identity: 'cookie' }), 'identity'],
    ['a null identity', gate('x1', { identity: null }), 'identity'],
    ['a header of the user beside tokens', gate('x1', { userHeader: 'x-user' }), 'userHeader'],
    ['a header of the team beside tokens', gate('x1', { teamHeader: 'x-team' }), 'teamHeader'],
    ["a header of the team at a team's gate", byHeaders('x1', { teamHeader: 'x-team' }), 'teamHeader'],
    ['an empty header', named(''), 'userHeader'],
    ['a header with a blank', named('x user'), 'userHeader'],
    ['a header with a colon', named('x-user:'), 'userHeader'],
    ['a header with a line break', named('x-user\r\nx: y'), 'userHeader'],
    ['a header with an underscore', named('x_user_code'), 'userHeader'],
    ['a header beyond ASCII', named('x-用户'), 'userHeader'],
    ['a header of 65 characters', named(`x${'y'.repeat(64)}`), 'userHeader'],
    ['a header that is null', byHeaders('x1', { userHeader: null }), 'userHeader'],
    ['a header that is a list', byHeaders('x1', { userHeader: ['x-user'] }), 'userHeader'],
    ...[
      'host',
      'Authorization',
      'cookie',
      'X-Gate-Secret',
      'Connection',
      'keep-alive',
      'Proxy-Authorization',
      'proxy-connection',
      'TE',
      'trailer',
      'Transfer-Encoding',
      'upgrade',
      'Content-Length',
      'content-type',
      'X-Forwarded-For',
      'x-original-uri',
      'X-Approval-Request-Id',
      'idempotency-key',
      'X-HTTP-Method-Override',
    ].map((name): [string, object, string] => [`the reserved header ${name}`, named(name), 'userHeader']),
    ['an unknown rule for credentials', gate('x1', { credentials: 'keep' }), 'credentials'],
    ['a null rule for credentials', gate('x1', { credentials: null }), 'credentials'],
    ['credentials for 59 seconds', gate('x1', { credentialsTtl: '59s' }), 'credentialsTtl'],
    ['credentials for eight days', gate('x1', { credentialsTtl: '8d' }), 'credentialsTtl'],
    ['credentials for a number', gate('x1', { credentialsTtl: 900 }), 'credentialsTtl'],
    ['credentials for ever', gate('x1', { credentialsTtl: 'forever' }), 'credentialsTtl'],
    ['a secret of its own', gate('x1', { secret: 'gs_x' }), 'secret'],
    ['an unknown field', gate('x1', { colour: 'red' }), 'colour'],
  ])('should refuse %s', async (_what, body, field) => {
    const answer = await admin.post('/gates', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toEqual([field]);
    expect(await admin.get('/gates/x1')).toMatchObject({ status: 404 });
  });

  it('should refuse the same header for user and team', async () => {
    const answer = await system.post('/gates', byHeaders('same', { userHeader: 'X-Acc-Code' }));
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'teamHeader' }] } });
  });

  it('should take everything at its limit', async () => {
    const body = byHeaders('k'.repeat(63), {
      name: '名'.repeat(128),
      upstream: `http://10.0.0.1/${'p'.repeat(2032)}`,
      userHeader: `x${'y'.repeat(63)}`,
      credentialsTtl: '7d',
    });
    expect(await created(admin, '/gates', body)).toMatchObject(body);
    expect(await created(admin, '/gates', gate('k2', { credentialsTtl: '1m' }))).toMatchObject({
      key: 'k2',
      credentialsTtl: '1m',
    });
  });

  it('should be for administrators of the team', async () => {
    for (const answer of [
      await app.as(ann).post('/gates', gate('member')),
      await app.as(ann).get('/gates'),
      await app.as(ann).get('/gates/full'),
      await app.as(ann).delete('/gates/full'),
    ]) {
      expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    }
    expect(await app.as(null).get('/gates')).toMatchObject({ status: 401 });
    expect(await admin.post('/gates', gate('elsewhere', { accCode: 't2' }))).toMatchObject({ status: 404 });
  });
});

describe('GET /gates', () => {
  it("should show a team its own, and system administrators everybody's", async () => {
    await givenGate(admin, gate('list-t1'));
    await givenGate(other, gate('list-t2'));
    await givenGate(system, gate('list-platform'));
    const listed = async (client: Client, query = '') =>
      (await keysOf(client, query)).filter((key) => key.startsWith('list-'));
    expect(await listed(admin)).toEqual(['list-t1']);
    expect(await listed(other)).toEqual(['list-t2']);
    expect(await listed(system)).toEqual(['list-platform', 'list-t2', 'list-t1']);
    expect(await listed(system, '&accCode=t1')).toEqual(['list-t1']);
    expect(await admin.get('/gates?accCode=t2')).toMatchObject({ status: 404 });
  });

  it('should answer in pages', async () => {
    const all = await keysOf(admin);
    const paged: string[] = [];
    let cursor = '';
    do {
      const { body } = await admin.get(`/gates?limit=5${cursor && `&cursor=${cursor}`}`);
      paged.push(...body.items.map((item: { key: string }) => item.key));
      cursor = body.nextCursor;
    } while (cursor);
    expect(paged).toEqual(all);
    expect(paged.length).toBeGreaterThan(5);
    expect(await admin.get('/gates?cursor=nonsense')).toMatchObject({ status: 400 });
  });
});

describe('/gates/{key}', () => {
  it("should not know another team's, nor show a team the platform's", async () => {
    await givenGate(other, gate('foreign'));
    await givenGate(system, gate('of-platform'));
    for (const key of ['foreign', 'of-platform', 'nowhere', 'Foreign', 'foreign%20', 'a%2Fb', '%25']) {
      for (const answer of [
        await admin.get(`/gates/${key}`),
        await admin.patch(`/gates/${key}`, { name: 'mine' }),
        await admin.delete(`/gates/${key}`),
        await admin.post(`/gates/${key}/rotate-secret`),
      ]) {
        expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
      }
    }
    expect(await other.get('/gates/foreign')).toMatchObject({ body: { name: 'Gate foreign' } });
    expect(await system.patch('/gates/foreign', { name: 'helped' })).toMatchObject({
      status: 200,
      body: { name: 'helped', accCode: 't2' },
    });
  });

  it('should change what is given and leave the rest', async () => {
    const { secret: _secret, updateTime: _time, ...before } = await created(admin, '/gates', gate('patch'));
    const change = { name: 'New', credentials: 'seal', credentialsTtl: '2h' };
    expect(await admin.patch('/gates/patch', change)).toMatchObject({
      status: 200,
      body: { ...before, ...change },
    });
    const more = { identity: 'headers', upstream: 'http://10.0.0.2' };
    const expected = { ...before, ...change, ...more, userHeader: 'x-user-code', teamHeader: null };
    expect((await admin.patch('/gates/patch', { ...more, upstream: 'http://10.0.0.2/' })).body).toMatchObject(
      expected,
    );
    expect((await admin.patch('/gates/patch', { userHeader: 'X-Uid' })).body.userHeader).toBe('x-uid');
    expect((await admin.patch('/gates/patch', { name: 'Newer' })).body).toMatchObject({
      ...expected,
      name: 'Newer',
      userHeader: 'x-uid',
    });
    // with tokens the headers mean nothing more
    expect((await admin.patch('/gates/patch', { identity: 'token' })).body).toMatchObject({
      identity: 'token',
      userHeader: null,
    });
    expect((await admin.get('/gates/patch')).body).toMatchObject({ name: 'Newer', userHeader: null });
  });

  it('should take the upstream away where it is not needed', async () => {
    await givenGate(admin, gate('light', { adapter: 'traefik' }));
    expect((await admin.patch('/gates/light', { upstream: null })).body.upstream).toBeNull();
    expect((await admin.get('/gates/light')).body.upstream).toBeNull();
  });

  it.each([
    ['a null name', { name: null }, 'name'],
    ['a null upstream', { upstream: null }, 'upstream'],
    ['a private upstream', { upstream: 'http://192.168.0.1' }, 'upstream'],
    ['an upstream with a query', { upstream: 'http://10.0.0.1/?x' }, 'upstream'],
    ['a header beside tokens', { userHeader: 'x-user' }, 'userHeader'],
    ['a header beside tokens to be', { identity: 'token', userHeader: 'x-user' }, 'userHeader'],
    ['a reserved header', { identity: 'headers', userHeader: 'cookie' }, 'userHeader'],
    ['the header of a team', { identity: 'headers', teamHeader: 'x-team' }, 'teamHeader'],
    ['a null time to live', { credentialsTtl: null }, 'credentialsTtl'],
    ['another adapter', { adapter: 'nginx' }, 'adapter'],
    ['the same adapter', { adapter: 'proxy' }, 'adapter'],
    ['another key', { key: 'other' }, 'key'],
    ['another team', { accCode: 't2' }, 'accCode'],
    ['the secret', { secret: 'gs_x' }, 'secret'],
  ])('should refuse to change %s', async (_what, change, field) => {
    await admin.post('/gates', gate('steady'));
    const before = (await admin.get('/gates/steady')).body;
    const answer = await admin.patch('/gates/steady', change);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field }] } });
    expect((await admin.get('/gates/steady')).body).toEqual(before);
  });
});

describe('POST /gates/{key}/rotate-secret', () => {
  it('should give a new secret and end the old one at once', async () => {
    const { secret } = await givenGate(admin, gate('rotated'));
    const answer = await admin.post('/gates/rotated/rotate-secret');
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body as object)).toEqual(['secret']);
    expect(answer.body.secret).toMatch(/^gs_[\w-]{43}$/);
    expect(answer.body.secret).not.toBe(secret);
    expect(await storedHash('rotated')).toBe(sha256(answer.body.secret));
  });

  it('should leave no secret in the log, nor in any other answer', async () => {
    const { secret } = await givenGate(admin, gate('quiet'));
    const rotated = await admin.post('/gates/quiet/rotate-secret');
    const patched = await admin.patch('/gates/quiet', { name: 'Quieter' });
    expect(lines.length).toBeGreaterThan(0);
    const told = [...lines, JSON.stringify([patched.body, (await admin.get('/gates/quiet')).body])].join(
      '\n',
    );
    for (const shown of [secret, rotated.body.secret]) {
      expect(told).not.toContain(String(shown));
      expect(told).not.toContain(sha256(shown));
    }
  });
});

describe('DELETE /gates/{key}', () => {
  const idOf = async (key: string): Promise<string> => String((await system.get(`/gates/${key}`)).body.id);

  it('should be gone, and its key free again', async () => {
    await givenGate(admin, gate('gone'));
    expect(await admin.delete('/gates/gone')).toMatchObject({ status: 204, body: '' });
    expect(await admin.get('/gates/gone')).toMatchObject({ status: 404 });
    expect(await admin.delete('/gates/gone')).toMatchObject({ status: 404 });
    await givenGate(other, gate('gone'));
  });

  it.each(requestStates)('should ask whether requests of it are under way: %s', async (state) => {
    const key = `busy-${state}`;
    await givenGate(admin, gate(key));
    await givenGate(admin, gate(`idle-${state}`));
    const action = await givenAction(admin, { path: `/busy/${state}`, businessType: 'export' });
    const gateId = await idOf(key);
    await app.get(UnitOfWork).run((tx) => storeRequest(tx, { actionId: action.id, gateId, state }));
    // a request that was held by an action that is deleted by now counts as well
    await admin.delete(`/approve-actions/${action.id}`);
    const answer = await admin.delete(`/gates/${key}`);
    if ((statesUnderWay as readonly string[]).includes(state)) {
      expect(answer).toMatchObject({ status: 409, body: { code: 'in_use' } });
      expect(await admin.get(`/gates/${key}`)).toMatchObject({ status: 200 });
    } else {
      expect(answer.status).toBe(204);
    }
    // and not of another gate
    expect((await admin.delete(`/gates/idle-${state}`)).status).toBe(204);
  });

  it.each([
    ["of a team's gate by the team's action", 'just-a', () => admin, () => admin],
    ["of a team's gate by the platform's action", 'just-b', () => admin, () => system],
    ["of the platform's gate by a team's action", 'just-c', () => system, () => other],
  ])('should not miss a request that is just being stored, %s', async (_what, key, ofGate, ofAction) => {
    // given a gate, and a request of it that is being stored: its action is locked, its row not there yet
    const { gateId, actionId } = {
      gateId: (await created(ofGate(), '/gates', gate(key))).id as string,
      actionId: (await givenAction(ofAction(), { path: `/just/${key}`, businessType: 'any' })).id,
    };
    const locked = signal();
    const goOn = signal();
    const storing = app.get(UnitOfWork).run(async (tx) => {
      const lock = forUpdate(app.database.dialect);
      await tx.rows(`SELECT id FROM dms_s_apply_approve_action WHERE id = ?${lock}`, [actionId]);
      locked.give();
      await goOn.happened;
      await storeRequest(tx, { actionId, gateId });
    });
    await locked.happened;
    // when the gate is deleted meanwhile
    let ended = false;
    const deleting = ofGate()
      .delete(`/gates/${key}`)
      .finally(() => {
        ended = true;
      });
    await until('the deletion waits or has ended', async () => ended || (await isWaiting())).finally(() =>
      goOn.give(),
    );
    await storing;
    // then it waits for the request, and is refused
    expect(await deleting).toMatchObject({ status: 409, body: { code: 'in_use' } });
  });

  /** Whether the deletion waits for the action; on SQLite, whose transactions queue up in this process, always. */
  const isWaiting = async (): Promise<boolean> => {
    if (app.database.dialect === 'sqlite') return true;
    const waiting = await app.database.rows(
      `SELECT 1 FROM information_schema.processlist
        WHERE db = DATABASE() AND info LIKE 'SELECT id FROM dms_s_apply_approve_action%ORDER BY id FOR UPDATE'`,
    );
    return waiting.length > 0;
  };
});
