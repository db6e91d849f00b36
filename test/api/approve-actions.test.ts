import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forUpdate } from '../../src/database/dialect.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { actionMethods, holds, requestStates, statesUnderWay } from '../../src/gate/vocabulary.js';
import { givenAction, givenGate, storeRequest } from '../support/gates.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { signal } from '../support/signal.js';
import { ann, boss, created, rival, root } from '../support/world.js';

let app: TestApp;
let admin: Client;
let other: Client;
let system: Client;
beforeAll(async () => {
  app = await startApp({ env: { CALLBACK_ALLOWED_HOSTS: '10.0.0.0/8' } });
  [admin, other, system] = [app.as(boss), app.as(rival), app.as(root)];
  await created(admin, '/business-types', { code: 'export', name: 'Export' });
  await created(other, '/business-types', { code: 'theirs', name: 'Theirs' });
  await created(system, '/business-types', { code: 'any', name: 'Any' });
  for (const [scope, code] of [
    ['t1', 'lark'],
    ['t2', 'ding'],
    ['', 'house'],
  ] as const) {
    const now = new Date();
    const row = { id: `p-${code}`, scope, code, kind: 'webhook', name: code, url: 'http://10.0.0.1/' };
    await app.get(UnitOfWork).run((tx) =>
      tx.repository('Provider').insert({
        ...row,
        sealedSecret: '',
        sealedPreviousSecret: null,
        previousSecretUntil: null,
        createTime: now,
        updateTime: now,
      }),
    );
  }
});
afterAll(() => app.close());

let number = 0;
/** A path that no other test uses. */
const fresh = (): string => `/fresh/${++number}/{id}/`;
const action = (more: object = {}) => ({
  name: 'Export',
  path: fresh(),
  method: 'POST',
  businessType: 'export',
  ...more,
});
const idsOf = async (client: Client, query: string): Promise<string[]> =>
  (await client.get(`/approve-actions?limit=100&${query}`)).body.items.map((item: { id: string }) => item.id);

describe('POST /approve-actions', () => {
  it('should make an action of the team with every field', async () => {
    const body = action({
      description: '导出数据',
      path: '/API/v1/data-sets/{id}/Export/',
      method: 'PATCH',
      provider: 'lark',
      upstream: 'http://10.0.0.1:8080/base',
      mode: 'retry-once',
      hold: 202,
      ignoreQuery: ['page', '页'],
      waitTtl: '3d',
      passTtl: '90s',
      resultTtl: '2h',
    });
    const answer = await admin.post('/approve-actions', body);
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      ...body,
      id: expect.any(String),
      accCode: 't1',
      createTime: expect.any(String),
      updateTime: expect.any(String),
    });
    expect((await admin.get(`/approve-actions/${answer.body.id}`)).body).toEqual(answer.body);
  });

  it('should fill in defaults, the 401 of requirement 000 among them', async () => {
    expect(await givenAction(admin, action())).toMatchObject({
      description: null,
      provider: 'internal',
      upstream: null,
      mode: 'replay',
      hold: 401,
      ignoreQuery: [],
      waitTtl: '7d',
      passTtl: '1h',
      resultTtl: '24h',
    });
  });

  it("should make the platform's for a system administrator, or that of the team named", async () => {
    const body = action({ businessType: 'any' });
    expect(await givenAction(system, body)).toMatchObject({ accCode: null });
    expect(await givenAction(system, { ...body, accCode: 't1' })).toMatchObject({ accCode: 't1' });
  });

  it.each(actionMethods)('should take %s', async (method) => {
    expect(await givenAction(admin, action({ method }))).toMatchObject({ method });
  });

  it.each(holds)('should answer %i while a request is held', async (hold) => {
    expect(await givenAction(admin, action({ hold }))).toMatchObject({ hold });
  });

  it.each([
    ['/twins/{id}/', '/twins/{id}/'],
    ['/Users/{pk}', '/users/{id}/'],
    ['/审批/{a}/x', '/%E5%AE%A1%E6%89%B9/{b}/X/'],
  ])('should refuse %s where %s is named, and say which action names it', async (first, second) => {
    const { id } = await givenAction(admin, action({ path: first }));
    const again = await admin.post('/approve-actions', action({ path: second }));
    expect(again).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    expect(again.body.detail).toContain(id);
    // another method, another provider, another team and the platform are something else
    await givenAction(admin, action({ path: second, method: 'GET' }));
    await givenAction(admin, action({ path: second, provider: 'lark' }));
    await givenAction(other, action({ path: second, businessType: 'theirs' }));
    await givenAction(system, action({ path: second, businessType: 'any' }));
    expect(await system.post('/approve-actions', action({ path: first, businessType: 'any' }))).toMatchObject(
      {
        status: 409,
      },
    );
  });

  it('should let one of several who name the same path at once win', async () => {
    const body = action();
    const answers = await Promise.all(Array.from({ length: 4 }, () => admin.post('/approve-actions', body)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409]);
    const winner = String(answers.find(({ status }) => status === 201)?.body.id);
    for (const { body: refusal } of answers.filter(({ status }) => status === 409)) {
      expect(refusal.detail).toContain(winner);
    }
  });

  it('should know business types and providers of the team and of the platform', async () => {
    await givenAction(admin, action({ businessType: 'any', provider: 'house' }));
    for (const [client, more, what] of [
      [admin, { businessType: 'theirs' }, 'business type theirs'],
      [admin, { businessType: 'nowhere' }, 'business type nowhere'],
      [system, { businessType: 'export' }, 'business type export'],
      [system, { businessType: 'export', accCode: 't2' }, 'business type export'],
      [admin, { provider: 'ding' }, 'provider ding'],
      [admin, { provider: 'nowhere' }, 'provider nowhere'],
      [system, { businessType: 'any', provider: 'lark' }, 'provider lark'],
    ] as const) {
      const answer = await client.post('/approve-actions', action(more));
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
      expect(answer.body.detail).toContain(what);
    }
  });

  const at = (path: unknown) => action({ path });
  it.each<[string, object, string]>([
    ['no name', action({ name: undefined }), 'name'],
    ['an empty name', action({ name: '' }), 'name'],
    ['a name of 129 characters', action({ name: 'n'.repeat(129) }), 'name'],
    ['a description of 2,001 characters', action({ description: 'd'.repeat(2_001) }), 'description'],
    ['no path', at(undefined), 'path'],
    ['an empty path', at(''), 'path'],
    ['a path without a slash', at('users'), 'path'],
    ['a path that is an address', at('http://dms.example.com/users'), 'path'],
    ['a path with a query', at('/users?x=1'), 'path'],
    ['a path with a fragment', at('/users#x'), 'path'],
    ['a path with a star', at('/users/*'), 'path'],
    ['a path with an empty segment', at('/users//x'), 'path'],
    ['a path with dots', at('/users/../x'), 'path'],
    ['a path with encoded dots', at('/users/%2e%2e/x'), 'path'],
    ['a path with an encoded slash', at('/users%2Fx'), 'path'],
    ['a path with a broken encoding', at('/users/%zz'), 'path'],
    ['a path with a name and more', at('/users/{id}.json'), 'path'],
    ['a path with an open brace', at('/users/{id'), 'path'],
    ['a path with an empty name', at('/users/{}'), 'path'],
    ['a path with the same name twice', at('/users/{id}/{id}'), 'path'],
    ["a path with a framework's name", at('/users/:id'), 'path'],
    ['a path with a blank', at('/users/a b'), 'path'],
    ['a path of 256 characters', at(`/${'p'.repeat(255)}`), 'path'],
    ['a path that is a list', at(['/users']), 'path'],
    ['no method', action({ method: undefined }), 'method'],
    ['a method in lower case', action({ method: 'post' }), 'method'],
    ['HEAD, which is held as the GET that it is', action({ method: 'HEAD' }), 'method'],
    ['every method', action({ method: '*' }), 'method'],
    ['no business type', action({ businessType: undefined }), 'businessType'],
    ['a business type with a comma', action({ businessType: 'a,b' }), 'businessType'],
    ['an empty provider', action({ provider: '' }), 'provider'],
    ['a null provider', action({ provider: null }), 'provider'],
    ['an upstream that is no URL', action({ upstream: 'dms' }), 'upstream'],
    ['an upstream with a query', action({ upstream: 'http://10.0.0.1/?a' }), 'upstream'],
    ['a private upstream', action({ upstream: 'http://192.168.0.1' }), 'upstream'],
    ['an unknown mode', action({ mode: 'both' }), 'mode'],
    ['the status 404', action({ hold: 404 }), 'hold'],
    ['a status that is a text', action({ hold: '401' }), 'hold'],
    ['a null status', action({ hold: null }), 'hold'],
    ['parameters that are a text', action({ ignoreQuery: 'page' }), 'ignoreQuery'],
    ['an empty parameter', action({ ignoreQuery: [''] }), 'ignoreQuery'],
    ['the same parameter twice', action({ ignoreQuery: ['a', 'a'] }), 'ignoreQuery'],
    ['51 parameters', action({ ignoreQuery: Array.from({ length: 51 }, (_, i) => `p${i}`) }), 'ignoreQuery'],
    ['no time to wait', action({ waitTtl: '0s' }), 'waitTtl'],
    ['91 days to wait', action({ waitTtl: '91d' }), 'waitTtl'],
    ['half a second to pass', action({ passTtl: '500ms' }), 'passTtl'],
    ['31 days to pass', action({ passTtl: '31d' }), 'passTtl'],
    ['a result for ever', action({ resultTtl: 'forever' }), 'resultTtl'],
    ['a result for a number', action({ resultTtl: 60 }), 'resultTtl'],
    ['an unknown field', action({ colour: 'red' }), 'colour'],
  ])('should refuse %s', async (_what, body, field) => {
    const answer = await admin.post('/approve-actions', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toEqual([field]);
  });

  it('should take everything at its limit', async () => {
    const body = action({
      name: '名'.repeat(128),
      description: '😀'.repeat(2_000),
      path: `/limits/${'p'.repeat(247)}`,
      ignoreQuery: Array.from({ length: 50 }, (_, index) => `${index}${'参'.repeat(128)}`.slice(0, 128)),
      waitTtl: '90d',
      passTtl: '30d',
      resultTtl: '1s',
    });
    expect(await givenAction(admin, body)).toMatchObject(body);
  });

  it('should be for administrators of the team', async () => {
    const { id } = await givenAction(admin, action());
    for (const answer of [
      await app.as(ann).post('/approve-actions', action()),
      await app.as(ann).get('/approve-actions'),
      await app.as(ann).get(`/approve-actions/${id}`),
      await app.as(ann).patch(`/approve-actions/${id}`, { name: 'mine' }),
      await app.as(ann).delete(`/approve-actions/${id}`),
    ]) {
      expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    }
    expect(await app.as(null).get('/approve-actions')).toMatchObject({ status: 401 });
    expect(await admin.post('/approve-actions', action({ accCode: 't2' }))).toMatchObject({ status: 404 });
  });
});

describe('GET /approve-actions', () => {
  it("should show a team its own and the platform's, and system administrators everybody's", async () => {
    const path = '/listed/{id}';
    const mine = (await givenAction(admin, action({ path }))).id;
    const theirs = (await givenAction(other, action({ path, businessType: 'theirs' }))).id;
    const platform = (await givenAction(system, action({ path, businessType: 'any' }))).id;
    const query = `path=${encodeURIComponent('/LISTED/{pk}/')}`;
    expect(await idsOf(admin, query)).toEqual([platform, mine]);
    expect(await idsOf(other, query)).toEqual([platform, theirs]);
    expect(await idsOf(system, query)).toEqual([platform, theirs, mine]);
    expect(await idsOf(system, `${query}&accCode=t1`)).toEqual([platform, mine]);
    expect(await admin.get('/approve-actions?accCode=t2')).toMatchObject({ status: 404 });
    // and reads them one by one
    expect(await admin.get(`/approve-actions/${platform}`)).toMatchObject({
      status: 200,
      body: { accCode: null },
    });
    expect(await admin.get(`/approve-actions/${theirs}`)).toMatchObject({ status: 404 });
    expect(await system.get(`/approve-actions/${theirs}`)).toMatchObject({ body: { accCode: 't2' } });
  });

  it('should narrow the list to path, method, provider and business type', async () => {
    await created(admin, '/business-types', { code: 'narrow', name: 'Narrow' });
    const [one, two] = [fresh(), fresh()];
    const given = async (more: object) =>
      (await givenAction(admin, action({ businessType: 'narrow', ...more }))).id;
    const a = await given({ path: one });
    const b = await given({ path: one, method: 'GET' });
    const c = await given({ path: two, provider: 'lark' });
    const d = await given({ path: two });
    const narrowed = (query: string) => idsOf(admin, `businessType=narrow&${query}`);
    expect(await narrowed('')).toEqual([d, c, b, a]);
    expect(await narrowed(`path=${encodeURIComponent(one)}`)).toEqual([b, a]);
    expect(await narrowed('method=POST')).toEqual([d, c, a]);
    expect(await narrowed('provider=lark')).toEqual([c]);
    expect(await narrowed(`method=POST&provider=internal&path=${encodeURIComponent(two)}`)).toEqual([d]);
    expect(await idsOf(admin, 'businessType=nowhere')).toEqual([]);
  });

  it('should answer in pages', async () => {
    const all = await idsOf(admin, '');
    const paged: string[] = [];
    let cursor = '';
    do {
      const { body } = await admin.get(`/approve-actions?limit=7${cursor && `&cursor=${cursor}`}`);
      paged.push(...body.items.map((item: { id: string }) => item.id));
      cursor = body.nextCursor;
    } while (cursor);
    expect(paged).toEqual(all);
    expect(paged.length).toBeGreaterThan(7);
  });

  it.each(['path=users', 'method=post', 'provider=', 'cursor=nonsense', 'limit=0', 'colour=red'])(
    'should refuse the query %s',
    async (query) => {
      expect(await admin.get(`/approve-actions?${query}`)).toMatchObject({ status: 400 });
    },
  );
});

describe('PATCH /approve-actions/{id}', () => {
  it('should change what is given and leave the rest', async () => {
    const { updateTime: _time, ...before } = await givenAction(admin, action({ description: 'd' }));
    const path = `/approve-actions/${before.id}`;
    const change = { name: 'New', hold: 403, mode: 'retry-once', provider: 'lark', ignoreQuery: ['page'] };
    expect(await admin.patch(path, change)).toMatchObject({ status: 200, body: { ...before, ...change } });
    const more = {
      path: fresh(),
      method: 'DELETE',
      businessType: 'any',
      upstream: 'http://10.0.0.3',
      description: null,
      ignoreQuery: [],
      waitTtl: '1h',
      passTtl: '2h',
      resultTtl: '3h',
    };
    expect((await admin.patch(path, more)).body).toMatchObject({ ...before, ...change, ...more });
    expect((await admin.patch(path, { upstream: null })).body.upstream).toBeNull();
    expect((await admin.get(path)).body).toMatchObject({ ...before, ...change, ...more, upstream: null });
  });

  it('should refuse to become the twin of another', async () => {
    const [one, two] = [await givenAction(admin, action()), await givenAction(admin, action())];
    const answer = await admin.patch(`/approve-actions/${two.id}`, { path: String(one.path).toUpperCase() });
    expect(answer).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    expect(answer.body.detail).toContain(one.id);
    // its own path, spelled differently, is no twin
    const spelled = String(two.path).replace('{id}', '{pk}');
    expect((await admin.patch(`/approve-actions/${two.id}`, { path: spelled })).body.path).toBe(spelled);
  });

  it.each([
    ['a null name', { name: null }, 'name'],
    ['a null path', { path: null }, 'path'],
    ['a wrong path', { path: '/a/{b}.json' }, 'path'],
    ['a wrong method', { method: 'TRACE' }, 'method'],
    ['a null business type', { businessType: null }, 'businessType'],
    ['a private upstream', { upstream: 'http://192.168.0.1' }, 'upstream'],
    ['a wrong status', { hold: 404 }, 'hold'],
    ['a null time to live', { waitTtl: null }, 'waitTtl'],
    ['another team', { accCode: 't2' }, 'accCode'],
    ['its life', { alive: 1 }, 'alive'],
  ])('should refuse to change %s', async (_what, change, field) => {
    const before = await givenAction(admin, action());
    const answer = await admin.patch(`/approve-actions/${before.id}`, change);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field }] } });
    expect((await admin.get(`/approve-actions/${before.id}`)).body).toEqual(before);
  });

  it("should know business types and providers of the action's team, not of the caller's", async () => {
    const { id } = await givenAction(admin, action());
    for (const change of [{ businessType: 'theirs' }, { provider: 'ding' }]) {
      expect(await admin.patch(`/approve-actions/${id}`, change)).toMatchObject({ status: 404 });
      expect(await system.patch(`/approve-actions/${id}`, change)).toMatchObject({ status: 404 });
    }
    expect(await system.patch(`/approve-actions/${id}`, { provider: 'lark' })).toMatchObject({ status: 200 });
  });

  it("should not know another team's, and keep the platform's from teams", async () => {
    const theirs = await givenAction(other, action({ businessType: 'theirs' }));
    const platform = await givenAction(system, action({ businessType: 'any' }));
    for (const [id, status] of [
      [theirs.id, 404],
      [platform.id, 403],
      ['nowhere', 404],
    ] as const) {
      expect(await admin.patch(`/approve-actions/${id}`, { name: 'mine' })).toMatchObject({ status });
      expect(await admin.delete(`/approve-actions/${id}`)).toMatchObject({ status });
    }
    expect((await other.get(`/approve-actions/${theirs.id}`)).body).toEqual(theirs);
    expect(await system.patch(`/approve-actions/${platform.id}`, { name: 'ours' })).toMatchObject({
      status: 200,
    });
  });

  it.each(requestStates)('should keep path and method while requests are under way: %s', async (state) => {
    const { id, path } = await givenAction(admin, action());
    await app.get(UnitOfWork).run((tx) => storeRequest(tx, { actionId: id, state }));
    const underWay = (statesUnderWay as readonly string[]).includes(state);
    for (const change of [{ path: fresh() }, { method: 'PUT' }]) {
      expect(await admin.patch(`/approve-actions/${id}`, change)).toMatchObject(
        underWay ? { status: 409, body: { code: 'in_use' } } : { status: 200 },
      );
    }
    if (underWay) {
      const same = { path: String(path).toUpperCase().replace('{ID}', '{x}'), method: 'POST', hold: 403 };
      expect(await admin.patch(`/approve-actions/${id}`, same)).toMatchObject({ status: 200 });
    }
  });

  it('should not miss a request that is just being stored', async () => {
    const { id } = await givenAction(admin, action());
    const locked = signal();
    const storing = app.get(UnitOfWork).run(async (tx) => {
      const lock = forUpdate(app.database.dialect);
      await tx.rows(`SELECT id FROM dms_s_apply_approve_action WHERE id = ?${lock}`, [id]);
      locked.give();
      await new Promise((resolve) => setTimeout(resolve, 500));
      await storeRequest(tx, { actionId: id });
    });
    await locked.happened;
    const answer = await admin.patch(`/approve-actions/${id}`, { method: 'PUT' });
    await storing;
    expect(answer).toMatchObject({ status: 409, body: { code: 'in_use' } });
  });
});

describe('DELETE /approve-actions/{id}', () => {
  it('should be gone for everybody, and its path free again, as often as one likes', async () => {
    const body = action();
    const ids: string[] = [];
    for (let time = 0; time < 3; time++) {
      const { id } = await givenAction(admin, body);
      expect(ids).not.toContain(id);
      ids.push(id);
      expect(await admin.delete(`/approve-actions/${id}`)).toMatchObject({ status: 204, body: '' });
      for (const client of [admin, system]) {
        expect(await client.get(`/approve-actions/${id}`)).toMatchObject({ status: 404 });
        expect(await client.patch(`/approve-actions/${id}`, { name: 'x' })).toMatchObject({ status: 404 });
        expect(await client.delete(`/approve-actions/${id}`)).toMatchObject({ status: 404 });
      }
    }
    expect(await idsOf(admin, `path=${encodeURIComponent(body.path)}`)).toEqual([]);
    // the rows stay, for the requests that they held
    const rows = await app.database.rows<{ readonly id: string }>(
      'SELECT id FROM dms_s_apply_approve_action WHERE path = ? ORDER BY id',
      [body.path],
    );
    expect(rows.map(({ id }) => id)).toEqual(ids);
  });

  it('should be free while requests wait', async () => {
    const { id } = await givenAction(admin, action());
    await app.get(UnitOfWork).run((tx) => storeRequest(tx, { actionId: id }));
    expect(await admin.delete(`/approve-actions/${id}`)).toMatchObject({ status: 204 });
  });

  it('should come out without a deadlock, whatever else is changed at the same time', async () => {
    const ids = await Promise.all(
      Array.from({ length: 6 }, async () => (await givenAction(admin, action())).id),
    );
    const gates = await Promise.all(
      Array.from({ length: 4 }, async () => (await givenGate(admin, { adapter: 'submit' })).key),
    );
    const answers = await Promise.all([
      ...ids.map((id) => admin.patch(`/approve-actions/${id}`, { method: 'PUT' })),
      ...ids.map((id) => admin.delete(`/approve-actions/${id}`)),
      ...ids.map(() => admin.post('/approve-actions', action({ provider: 'lark' }))),
      ...gates.map((key) => admin.post(`/gates/${key}/rotate-secret`)),
      ...gates.map((key) => admin.delete(`/gates/${key}`)),
    ]);
    expect(answers.filter(({ status }) => ![200, 201, 204, 404].includes(status))).toEqual([]);
    for (const id of ids) expect(await admin.get(`/approve-actions/${id}`)).toMatchObject({ status: 404 });
  });
});
