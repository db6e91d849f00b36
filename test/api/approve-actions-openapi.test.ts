import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenAction } from '../support/gates.js';
import { type Answer, type Client, startApp, type TestApp } from '../support/harness.js';
import { ann, boss, created, rival, root } from '../support/world.js';

let app: TestApp;
let admin: Client;
let other: Client;
let system: Client;
beforeAll(async () => {
  app = await startApp({ env: { CALLBACK_ALLOWED_HOSTS: '10.0.0.0/8' } });
  [admin, other, system] = [app.as(boss), app.as(rival), app.as(root)];
  await created(admin, '/business-types', { code: 'export', name: 'Export' });
  await created(system, '/business-types', { code: 'any', name: 'Any' });
});
afterAll(() => app.close());

type Paths = Readonly<Record<string, unknown>>;
interface Item {
  readonly path: string;
  readonly method: string;
  readonly name: string;
  readonly description: string | null;
  readonly actionId: string | null;
}

let number = 0;
/** The beginning of paths that no other test uses. */
const fresh = (): string => `/openapi-${++number}`;
const openapi = (paths: unknown, more: object = {}) => ({
  openapi: '3.1.0',
  info: { title: 'Data sets', version: '1' },
  paths,
  ...more,
});
const read = (document: unknown, client: Client = admin): Promise<Answer> =>
  client.post('/approve-actions/openapi/paths', { document });
const itemsOf = async (document: unknown, client: Client = admin): Promise<Item[]> => {
  const answer = await read(document, client);
  expect(answer.status).toBe(200);
  return answer.body.items as Item[];
};
const pathsOf = async (document: unknown): Promise<string[]> =>
  (await itemsOf(document)).map(({ method, path }) => `${method} ${path}`);
const bring = (
  document: unknown,
  choose: unknown,
  more: object = {},
  client: Client = admin,
): Promise<Answer> =>
  client.post('/approve-actions/openapi/import', { document, choose, businessType: 'export', ...more });
const named = async (client: Client, beginning: string): Promise<string[]> =>
  (await client.get('/approve-actions?limit=100')).body.items
    .map(({ method, path }: { method: string; path: string }) => `${method} ${path}`)
    .filter((name: string) => name.includes(beginning))
    .toSorted();

describe('POST /approve-actions/openapi/paths', () => {
  it('should list the operations in the order of the document', async () => {
    const document = openapi({
      '/b/{id}/': {
        summary: 'Not an operation',
        parameters: [{ name: 'id', in: 'path' }],
        post: { summary: '导出', description: 'Exports it', operationId: 'b.post' },
        get: { operationId: 'b.get' },
      },
      'x-own': { get: {} },
      '/a': { delete: {}, patch: { summary: '' }, put: { description: '' } },
    });
    const answer = await read(document);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      items: [
        ['/b/{id}/', 'GET', 'b.get', null],
        ['/b/{id}/', 'POST', '导出', 'Exports it'],
        ['/a', 'PUT', 'PUT /a', null],
        ['/a', 'PATCH', 'PATCH /a', null],
        ['/a', 'DELETE', 'DELETE /a', null],
      ].map(([path, method, name, description]) => ({ path, method, name, description, actionId: null })),
      skipped: [],
    });
  });

  it.each<[string, object, string]>([
    ['no server', {}, '/x'],
    ['an empty list of servers', { servers: [] }, '/x'],
    ['a server without a path', { servers: [{ url: 'https://dms.example.com' }] }, '/x'],
    ['a server', { servers: [{ url: 'https://dms.example.com:8443/api/v1' }] }, '/api/v1/x'],
    ['a server with a slash at the end', { servers: [{ url: 'https://dms.example.com/api/' }] }, '/api/x'],
    ['the first of two servers', { servers: [{ url: 'http://a/one' }, { url: 'http://b/two' }] }, '/one/x'],
    ['a server relative to the document', { servers: [{ url: '/api' }] }, '/api/x'],
    ['a server without a slash', { servers: [{ url: 'api' }] }, '/api/x'],
    ['a server of the same scheme', { servers: [{ url: '//dms.example.com/api' }] }, '/api/x'],
    ['the root', { servers: [{ url: '/' }] }, '/x'],
    [
      'a server with variables',
      {
        servers: [
          {
            url: 'https://{tenant}.example.com/{base}/v1',
            variables: { tenant: { default: 'dms' }, base: { default: 'api' } },
          },
        ],
      },
      '/api/v1/x',
    ],
    [
      'a variable without a default',
      { servers: [{ url: 'http://a/{base}', variables: { base: {} } }] },
      '/{base}/x',
    ],
    [
      'a variable of no object',
      { servers: [{ url: 'http://a/{toString}', variables: {} }] },
      '/{toString}/x',
    ],
    ['a server that is none', { servers: [7] }, '/x'],
    ['servers that are none', { servers: 'http://a/api' }, '/x'],
  ])('should put the path of its server in front: %s', async (_what, more, path) => {
    expect(await pathsOf(openapi({ '/x': { get: {} } }, more))).toEqual([`GET ${path}`]);
  });

  it('should prefer the server of a path, and that of an operation', async () => {
    const at = (url: string) => ({ servers: [{ url }] });
    const paths = { '/x': { ...at('/of-path'), get: {}, post: at('/of-operation') }, '/y': { get: {} } };
    expect(await pathsOf(openapi(paths, at('/of-document')))).toEqual([
      'GET /of-path/x',
      'POST /of-operation/x',
      'GET /of-document/y',
    ]);
  });

  it.each([
    ['/api/', '/api/x'],
    ['/', '/x'],
    ['api', '/api/x'],
    [undefined, '/x'],
    [7, '/x'],
  ])('should read Swagger 2.0 with the base path %j', async (basePath, path) => {
    const document = { swagger: '2.0', basePath, paths: { '/x': { get: {} } } };
    expect(await pathsOf(document)).toEqual([`GET ${path}`]);
  });

  it('should write names with dashes and dots as actions have them', async () => {
    const document = openapi({ '/users/{user-id}/{file.name}': { get: {} } });
    expect(await pathsOf(document)).toEqual(['GET /users/{user_id}/{file_name}']);
  });

  it('should tell what cannot be read, item by item', async () => {
    const { body } = await read(
      openapi({
        '/good': { get: {}, head: {}, trace: {}, options: 7 },
        '/a/{b}.json': { get: {}, post: {} },
        '/a//b': { get: {} },
        '/a/{b}/{b}': { get: {} },
        '/a?b=1': { get: {} },
        '/a/../b': { get: {} },
        '/a/{__proto__}': { get: {} },
        [`/${'p'.repeat(300)}`]: { get: {} },
        'no-slash': { get: {} },
        '/list': [],
        '/text': 'get',
        '/null': null,
        '/elsewhere': { $ref: '#/components/pathItems/x' },
        '/operation': { get: 'x', post: null, put: [] },
      }),
    );
    expect(body.items).toMatchObject([{ path: '/good', method: 'GET' }]);
    const told = (body.skipped as { path: string; method: string | null; reason: string }[]).map(
      ({ path, method, reason }) => {
        expect(reason.length).toBeGreaterThan(10);
        return `${method ?? '*'} ${path.slice(0, 20)}`;
      },
    );
    expect(told).toEqual([
      'HEAD /good',
      'OPTIONS /good',
      'TRACE /good',
      'GET /a/{b}.json',
      'POST /a/{b}.json',
      'GET /a//b',
      'GET /a/{b}/{b}',
      'GET /a?b=1',
      'GET /a/../b',
      'GET /a/{__proto__}',
      `GET /${'p'.repeat(19)}`,
      'GET no-slash',
      '* /list',
      '* /text',
      '* /null',
      '* /elsewhere',
      'GET /operation',
      'POST /operation',
      'PUT /operation',
    ]);
  });

  it('should cut what the columns cannot hold, between characters', async () => {
    const post = { summary: `a${'😀'.repeat(200)}`, description: '😀'.repeat(3_000) };
    const [item] = await itemsOf(openapi({ '/x': { post } }));
    expect(item?.name).toBe(`a${'😀'.repeat(127)}`);
    expect(item?.description).toBe('😀'.repeat(2_000));
    const [odd] = await itemsOf(openapi({ '/x': { post: { summary: { a: 1 }, operationId: 7 } } }));
    expect(odd?.name).toBe('POST /x');
  });

  it("should say which action names an operation already: the team's, else the platform's", async () => {
    const at = fresh();
    const platform = await givenAction(system, { path: `${at}/{x}`, businessType: 'any' });
    const document = openapi({ [`${at}/{id}/`]: { post: {}, get: {} } });
    const actionsOf = async (client: Client) =>
      (await itemsOf(document, client)).map(({ actionId }) => actionId);
    expect(await actionsOf(admin)).toEqual([null, platform.id]);
    const own = await givenAction(admin, { path: `${at.toUpperCase()}/{y}`, businessType: 'export' });
    expect(await actionsOf(admin)).toEqual([null, own.id]);
    expect(await actionsOf(other)).toEqual([null, platform.id]);
    expect(await actionsOf(system)).toEqual([null, platform.id]);
    await admin.delete(`/approve-actions/${own.id}`);
    expect(await actionsOf(admin)).toEqual([null, platform.id]);
  });

  const many = (count: number): Paths =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`/many/${index}`, { get: {} }]));
  it.each<[string, unknown, string]>([
    ['no document', undefined, 'document'],
    ['null', null, 'document'],
    ['a text', '{"openapi": "3.1.0"}', 'document'],
    ['a list', [openapi({ '/x': { get: {} } })], 'document'],
    ['an empty document', {}, 'document'],
    ['a document without a version', { paths: { '/x': { get: {} } } }, 'document'],
    ['OpenAPI 2', { openapi: '2.0', paths: { '/x': { get: {} } } }, 'document'],
    ['Swagger 1.2', { swagger: '1.2', paths: { '/x': { get: {} } } }, 'document'],
    ['a version that is a number', { openapi: 3.1, paths: { '/x': { get: {} } } }, 'document'],
    ['no paths', openapi(undefined), 'document'],
    ['empty paths', openapi({}), 'document'],
    ['paths that are a list', openapi([{ get: {} }]), 'document'],
    ['paths that are a text', openapi('/x'), 'document'],
    ['1,001 operations', openapi(many(1_001)), 'document'],
  ])('should refuse %s', async (_what, document, field) => {
    for (const answer of [await read(document), await bring(document, [{ path: '/x', method: 'GET' }])]) {
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ field }] } });
    }
  });

  it('should take 1,000 operations', async () => {
    expect(await itemsOf(openapi(many(1_000)))).toHaveLength(1_000);
  });

  it.each(['__proto__', 'constructor', 'prototype'])(
    'should refuse the name %s, and take no harm',
    async (name) => {
      const text = `{"document": {"openapi": "3.1.0", "paths": {"/x": {"get": {"${name}": {"summary": "x"}}}}}}`;
      const answer = await admin.post('/approve-actions/openapi/paths', text);
      expect(answer).toMatchObject({ status: 400 });
      expect(({} as { summary?: unknown }).summary).toBeUndefined();
    },
  );

  it('should take names that every object has for what they are', async () => {
    const document = openapi({ '/toString': { get: {}, valueOf: {} }, '/hasOwnProperty': { post: {} } });
    expect(await pathsOf(document)).toEqual(['GET /toString', 'POST /hasOwnProperty']);
  });

  it("should read this service's own description", async () => {
    const text = await readFile(new URL('../../docs/openapi.json', import.meta.url), 'utf8');
    const document = JSON.parse(text) as { paths: Record<string, Record<string, unknown>> };
    const methods = ['get', 'post', 'put', 'patch', 'delete'];
    const expected = Object.entries(document.paths).flatMap(([path, item]) =>
      methods.filter((method) => method in item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const { body } = await read(document);
    expect(body.skipped).toEqual([]);
    expect(body.items.map(({ method, path }: Item) => `${method} ${path}`)).toEqual(expected);
    expect(expected.length).toBeGreaterThan(80);
    // and makes actions of all of it at once
    const choose = (body.items as Item[]).map(({ path, method }) => ({ path, method }));
    const imported = await bring(document, choose, {}, admin);
    expect(imported.status).toBe(201);
    expect(imported.body.skipped).toEqual([]);
    expect(imported.body.created).toHaveLength(expected.length);
    const again = await itemsOf(document);
    expect(again.filter(({ actionId }) => actionId === null)).toEqual([]);
  });
});

describe('POST /approve-actions/openapi/import', () => {
  it('should make actions of what is chosen, with the same settings', async () => {
    const at = fresh();
    const document = openapi(
      {
        '/one/{id}': { post: { summary: 'One', description: 'The first' }, get: {} },
        '/two': { delete: {} },
      },
      { servers: [{ url: `https://dms.example.com${at}` }] },
    );
    const settings = {
      provider: 'internal',
      upstream: 'http://10.0.0.1:8080',
      mode: 'retry-once',
      hold: 202,
      ignoreQuery: ['page'],
      waitTtl: '1h',
      passTtl: '2h',
      resultTtl: '3h',
    };
    const choose = [
      { path: `${at}/one/{id}`, method: 'POST' },
      { path: `${at}/two`, method: 'DELETE', name: '删除' },
    ];
    const answer = await bring(document, choose, settings);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      created: [
        {
          ...settings,
          ...choose[0],
          name: 'One',
          description: 'The first',
          accCode: 't1',
          businessType: 'export',
        },
        { ...settings, ...choose[1], name: '删除', description: null },
      ],
      skipped: [],
    });
    for (const made of answer.body.created as { id: string }[]) {
      expect((await admin.get(`/approve-actions/${made.id}`)).body).toEqual(made);
    }
    expect(await named(admin, at)).toEqual([`DELETE ${at}/two`, `POST ${at}/one/{id}`]);
  });

  it('should make the rest and tell what it cannot make, one by one', async () => {
    const at = fresh();
    const there = await givenAction(admin, { path: `${at}/there/{x}`, businessType: 'export' });
    // the platform's is no obstacle, nor is one of another provider
    await givenAction(system, { path: `${at}/good`, businessType: 'any' });
    const document = openapi({
      [`${at}/good`]: { post: {} },
      [`${at}/there/{id}/`]: { post: {} },
      [`${at}/twin/{a}`]: { post: {} },
      [`${at}/Twin/{b}/`]: { post: {} },
      [`${at}/{b}.json`]: { post: {} },
      [`${at}/ref`]: { $ref: '#/x' },
    });
    const choose = [
      '/good',
      '/there/{id}/',
      '/twin/{a}',
      '/Twin/{b}/',
      '/{b}.json',
      '/ref',
      '/nowhere',
      '/good',
    ].map((path) => ({ path: at + path, method: 'POST' }));
    const { status, body } = await bring(document, choose);
    expect(status).toBe(201);
    const [good, twin] = body.created as { id: string; path: string }[];
    expect([good?.path, twin?.path]).toEqual([`${at}/good`, `${at}/twin/{a}`]);
    const reasons = Object.fromEntries(
      (body.skipped as { path: string; reason: string }[]).map(({ path, reason }) => [
        path.slice(at.length),
        reason,
      ]),
    );
    expect(reasons).toEqual({
      '/{b}.json': expect.stringContaining('whole segments'),
      '/ref': expect.stringContaining('$ref'),
      '/nowhere': 'the document has no such operation',
      '/there/{id}/': expect.stringContaining(there.id),
      '/Twin/{b}/': expect.stringContaining(String(twin?.id)),
      '/good': expect.stringContaining(String(good?.id)),
    });
    // and a method that the document does not have
    const elsewhere = await bring(document, [{ path: `${at}/good`, method: 'GET' }]);
    expect(elsewhere).toMatchObject({ status: 201, body: { created: [], skipped: [{ method: 'GET' }] } });
  });

  it('should make nothing when it is refused as a whole', async () => {
    const at = fresh();
    const document = openapi({ [at]: { post: {} } });
    const choose = [{ path: at, method: 'POST' }];
    for (const [more, status] of [
      [{ businessType: 'nowhere' }, 404],
      [{ provider: 'nowhere' }, 404],
      [{ upstream: 'http://192.168.0.1' }, 400],
      [{ hold: 404 }, 400],
      [{ mode: 'both' }, 400],
      [{ waitTtl: '0s' }, 400],
      [{ accCode: 't2' }, 404],
      [{ choose: [] }, 400],
      [{ choose: {} }, 400],
      [{ choose: [at] }, 400],
      [{ choose: [[]] }, 400],
      [{ choose: [{ path: at }] }, 400],
      [{ choose: [{ path: at, method: 'post' }] }, 400],
      [{ choose: [{ path: at, method: 'POST', name: 'n'.repeat(129) }] }, 400],
      [{ choose: Array.from({ length: 1_001 }, () => choose[0]) }, 400],
      [{ colour: 'red' }, 400],
    ] as const) {
      expect(await bring(document, choose, more)).toMatchObject({ status });
    }
    expect(await named(system, at)).toEqual([]);
  });

  it("should make the platform's for a system administrator, or those of the team named", async () => {
    const at = fresh();
    const document = openapi({ [at]: { post: {} } });
    const choose = [{ path: at, method: 'POST' }];
    const platform = await bring(document, choose, { businessType: 'any' }, system);
    expect(platform.body.created).toMatchObject([{ accCode: null }]);
    const team = await bring(document, choose, { accCode: 't1' }, system);
    expect(team.body.created).toMatchObject([{ accCode: 't1' }]);
    expect(await bring(document, choose, {}, system)).toMatchObject({ status: 404 });
  });

  it('should make each action once, when two import at the same time', async () => {
    const at = fresh();
    const paths = Array.from({ length: 20 }, (_, index) => `${at}/${index}`);
    const document = openapi(Object.fromEntries(paths.map((path) => [path, { post: {} }])));
    const choose = paths.map((path) => ({ path, method: 'POST' }));
    const answers = await Promise.all([bring(document, choose), bring(document, choose.toReversed())]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(answers.map(({ body }) => body.created.length as number).toSorted((a, b) => a - b)).toEqual([
      0, 20,
    ]);
    expect(await named(admin, at)).toHaveLength(20);
  });

  it('should answer an Idempotency-Key with the same actions', async () => {
    const at = fresh();
    const body = {
      document: openapi({ [at]: { post: {} } }),
      choose: [{ path: at, method: 'POST' }],
      businessType: 'export',
    };
    const headers = { 'idempotency-key': 'import-1' };
    const first = await admin.post('/approve-actions/openapi/import', body, headers);
    const second = await admin.post('/approve-actions/openapi/import', body, headers);
    expect(first.body.created).toHaveLength(1);
    expect([second.status, second.body]).toEqual([201, first.body]);
  });

  it('should be for administrators of the team', async () => {
    const document = openapi({ '/x': { get: {} } });
    const member = app.as(ann);
    expect(await read(document, member)).toMatchObject({ status: 403 });
    expect(await bring(document, [{ path: '/x', method: 'GET' }], {}, member)).toMatchObject({ status: 403 });
    expect(await admin.post('/approve-actions/openapi/paths', { document, accCode: 't2' })).toMatchObject({
      status: 404,
    });
  });
});
