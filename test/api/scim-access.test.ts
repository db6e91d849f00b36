import { Schemas } from 'scimmy';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import {
  directoryKey,
  directorySchema,
  enterpriseSchema,
  errorOf,
  group,
  groupSchema,
  patch,
  scim,
  scimAs,
  type ScimClient,
  user,
  userSchema,
} from '../support/scim.js';
import { ann, boss, rival, root } from '../support/world.js';

describe('/scim/v2', () => {
  let app: TestApp;
  let keyOfT1: string;
  let keyOfAll: string;
  let t1: ScimClient;
  let t2: ScimClient;
  let whole: ScimClient;

  beforeAll(async () => {
    app = await startApp();
    keyOfT1 = await directoryKey(app.as(boss), ['t1']);
    keyOfAll = await directoryKey(app.as(root), []);
    t1 = scim(app, keyOfT1);
    t2 = scim(app, await directoryKey(app.as(rival), ['t2']));
    whole = scim(app, keyOfAll);
    await t1.send(
      'POST',
      '/Users',
      user('ann', { displayName: 'Ann 安娜', externalId: 'X-1', emails: [{ value: 'Ann@Example.com' }] }),
    );
    await t1.send('POST', '/Users', user('bob', { active: false, roles: [{ value: 'auditor' }] }));
    await t1.send('POST', '/Users', user('carol', { [enterpriseSchema]: { department: 'fin' } }));
    await t2.send('POST', '/Users', user('eve', { displayName: 'Eve%_' }));
    await t1.send('POST', '/Groups', group('desk', { kind: 'usergroup' }, ['ann', 'bob']));
    await t1.send('POST', '/Groups', group('audit', { kind: 'role', code: 'auditor' }));
    await t1.send('POST', '/Groups', group('Finance', { kind: 'department', code: 'fin' }));
    await t2.send('POST', '/Groups', group('desk', {}, ['eve']));
  });
  afterAll(() => app.close());

  describe('who gets in', () => {
    it('nobody without a credential, or with one that is none: 401 in SCIM words', async () => {
      for (const bearer of [null, 'nonsense', keyOfT1.slice(0, -1)]) {
        const answer = await scim(app, bearer).get('/Users');
        expect([errorOf(answer), answer.headers.get('www-authenticate')]).toEqual(['401', 'Bearer']);
      }
    });

    it('no member, and no key that does not keep the directory: 403', async () => {
      const { body } = await app.as(boss).post('/api-keys', { name: 'Orders', accCodes: ['t1'] });

      expect(errorOf(await (await scimAs(app, ann)).get('/Users'))).toBe('403');
      expect(errorOf(await scim(app, body.key).get('/Users'))).toBe('403');
      expect((await app.key(body.key).post('/directory/import', { source: 'x', version: 1 })).status).toBe(
        403,
      );
    });

    it('administrators, and keys that keep the directory, which do nothing else', async () => {
      for (const client of [await scimAs(app, boss), await scimAs(app, root), t1, whole]) {
        expect((await client.get('/Users')).status).toBe(200);
      }
      const key = app.key(keyOfT1);
      expect((await key.get('/orders')).status).toBe(403);
      expect((await key.post('/orders', { businessType: 'x', userCode: 'ann' })).status).toBe(403);
      expect((await key.get('/directory/users')).status).toBe(403);
      // As a bearer token, only where identity providers call.
      const bearer = { authorization: `Bearer ${keyOfT1}` };
      expect((await app.as(null).get('/directory/users', bearer)).status).toBe(401);
      expect((await app.as(null).post('/directory/import', { source: 'x', version: 1 }, bearer)).status).toBe(
        200,
      );
    });

    it('no longer, once the key is withdrawn', async () => {
      const { body } = await app.as(boss).post('/api-keys', { name: 'K', accCodes: ['t1'], directory: true });
      expect(body.directory).toBe(true);
      await app.as(boss).delete(`/api-keys/${body.id}`);

      expect(errorOf(await scim(app, body.key).get('/Users'))).toBe('401');
    });
  });

  describe('keys that keep the directory', () => {
    const make = (client: Client, about: object) =>
      client.post('/api-keys', { name: 'K', directory: true, ...about });

    it.each([
      ['a team administrator means the installation', boss, { accCodes: [] }, 403],
      ['a team administrator names another team', boss, { accCodes: ['t2'] }, 404],
      ['they name two teams', root, { accCodes: ['t1', 't2'] }, 400],
      ['they name business types', root, { accCodes: ['t1'], businessTypes: ['x'] }, 400],
      ['they are none, and of no team', root, { accCodes: [], directory: false }, 400],
    ])('are not made when %s', async (_what, who, about, status) => {
      expect((await make(app.as(who), about)).status).toBe(status);
    });

    it('of the installation are none of a team administrator’s to see or withdraw', async () => {
      const { body } = await make(app.as(root), { accCodes: [] });
      const listed = await app.as(boss).get('/api-keys?limit=100');

      expect(listed.body.items.map(({ id }: { id: string }) => id)).not.toContain(body.id);
      expect((await app.as(boss).delete(`/api-keys/${body.id}`)).status).toBe(404);
      expect((await app.as(root).delete(`/api-keys/${body.id}`)).status).toBe(204);
    });
  });

  describe("another team's", () => {
    it('people and groups do not exist', async () => {
      for (const path of ['/Users/eve', '/Groups/usergroup,t2,desk']) {
        expect(errorOf(await t1.get(path))).toBe('404');
        expect(errorOf(await t1.send('DELETE', path))).toBe('404');
        expect(
          errorOf(await t1.send('PATCH', path, patch({ op: 'replace', path: 'displayName', value: 'X' }))),
        ).toBe('404');
        expect((await t2.get(path)).body.displayName).not.toBe('X');
      }
      expect(errorOf(await t1.send('PUT', '/Users/eve', user('eve')))).toBe('404');
      expect(errorOf(await t1.send('PUT', '/Groups/usergroup,t2,desk', group('desk')))).toBe('404');
      expect(
        (await t1.get('/Users?count=100')).body.Resources.map((one: { id: string }) => one.id),
      ).not.toContain('eve');
      expect(
        (await t1.get(`/Users?filter=${encodeURIComponent('userName eq "eve"')}`)).body.totalResults,
      ).toBe(0);
      const groups = (await t1.get('/Groups')).body.Resources.map((one: { id: string }) => one.id);
      expect(groups).toEqual(['department,t1,fin', 'role,t1,auditor', 'usergroup,t1,desk']);
    });

    it('people join no department and get no role', async () => {
      const joining = patch({ op: 'add', path: 'members', value: [{ value: 'eve' }] });

      expect(errorOf(await t1.send('PATCH', '/Groups/role,t1,auditor', joining))).toBe('400 invalidValue');
      expect(errorOf(await t1.send('PATCH', '/Groups/department,t1,fin', joining))).toBe('400 invalidValue');
      expect((await t2.get('/Users/eve')).body.roles).toBeUndefined();
    });
  });

  describe('filters', () => {
    const found = async (client: ScimClient, path: string, filter: string): Promise<string[]> => {
      const { status, body } = await client.get(`${path}?filter=${encodeURIComponent(filter)}`);
      expect([filter, status]).toEqual([filter, 200]);
      return body.Resources.map((one: { id: string }) => one.id);
    };

    it.each([
      ['userName eq "ann"', ['ann']],
      ['USERNAME EQ "ann"', ['ann']],
      ['userName eq "ANN"', []],
      ['id eq "ann"', ['ann']],
      ['externalId eq "X-1"', ['ann']],
      ['externalId pr', ['ann']],
      ['not (externalId pr)', ['bob', 'carol', 'eve']],
      ['externalId eq null', ['bob', 'carol', 'eve']],
      ['externalId ne "X-1"', ['bob', 'carol', 'eve']],
      ['displayName co "安"', ['ann']],
      ['displayName sw "ANN"', ['ann']],
      ['displayName ew "%_"', ['eve']],
      ['displayName co "%"', ['eve']],
      ['name.formatted eq "ann 安娜"', ['ann']],
      ['emails.value eq "ann@example.com"', ['ann']],
      ['emails eq "ann@example.com"', ['ann']],
      ['emails[type eq "work" and value co "@example"]', ['ann']],
      ['emails[type eq "home"]', []],
      ['active eq false', ['bob']],
      ['active eq "False"', ['bob']],
      ['active ne true and userName sw "b"', ['bob']],
      ['roles.value eq "auditor"', ['bob']],
      ['roles pr', ['bob']],
      [`${enterpriseSchema}:department eq "fin"`, ['carol']],
      [`${userSchema}:userName eq "ann"`, ['ann']],
      ['meta.lastModified gt "2020-01-01T00:00:00Z"', ['ann', 'bob', 'carol', 'eve']],
      ['meta.created lt "2020-01-01T00:00:00Z"', []],
      ['userName eq "ann" or userName eq "bob" and active eq true', ['ann']],
      ['(userName eq "ann" or userName eq "bob") and active eq false', ['bob']],
      ['userName ge "bob" and not (userName eq "carol")', ['bob', 'eve']],
      [`userName eq "x\\" OR 1 = 1 --"`, []],
    ])('of people: %s', async (filter, ids) => {
      expect(await found(whole, '/Users', filter)).toEqual(ids);
    });

    it.each([
      ['displayName eq "desk"', ['usergroup,t1,desk', 'usergroup,t2,desk']],
      ['id eq "usergroup,t1,desk"', ['usergroup,t1,desk']],
      ['id eq "nonsense"', []],
      ['members.value eq "ann"', ['usergroup,t1,desk']],
      ['members eq "bob"', ['role,t1,auditor', 'usergroup,t1,desk']],
      ['members[value eq "carol"]', ['department,t1,fin']],
      ['members pr and displayName eq "finance"', ['department,t1,fin']],
      ['id eq "usergroup,t1,desk" and members eq "ann"', ['usergroup,t1,desk']],
      [`${directorySchema}:kind eq "role"`, ['role,t1,auditor']],
      [`${directorySchema}:code eq "fin"`, ['department,t1,fin']],
      [`${directorySchema}:accCode eq "t2"`, ['usergroup,t2,desk']],
    ])('of groups: %s', async (filter, ids) => {
      expect(await found(whole, '/Groups', filter)).toEqual(ids);
    });

    it.each([
      'userName eq',
      'userName foo "x"',
      '(userName eq "x"',
      'userName eq "x" nonsense',
      'shoeSize eq 7',
      'userName eq 7',
      'active gt true',
      'active eq "perhaps"',
      'meta.created gt "yesterday"',
      'roles co "x"',
      '   ',
      '('.repeat(1_900),
      `userName eq "${'x'.repeat(3_000)}"`,
    ])('that cannot be read are answered 400 invalidFilter: %s', async (filter) => {
      expect(errorOf(await t1.get(`/Users?filter=${encodeURIComponent(filter)}`))).toBe('400 invalidFilter');
    });
  });

  describe('pages', () => {
    it('start anywhere, hold as many as asked for, and no more than they hold', async () => {
      const page = async (query: string) => {
        const { body } = await whole.get(`/Users?${query}`);
        const ids = body.Resources.map((one: { id: string }) => one.id).join(' ');
        return `${body.startIndex}+${body.itemsPerPage} of ${body.totalResults}: ${ids}`;
      };

      expect(await page('startIndex=2&count=2')).toBe('2+2 of 4: bob carol');
      expect(await page('startIndex=0&count=1')).toBe('1+1 of 4: ann');
      expect(await page('startIndex=-5&count=-1')).toBe('1+0 of 4: ');
      expect(await page('count=0')).toBe('1+0 of 4: ');
      expect(await page('startIndex=100')).toBe('100+0 of 4: ');
      expect(await page('count=999999999')).toBe('1+4 of 4: ann bob carol eve');
      expect(errorOf(await whole.get('/Users?count=many'))).toBe('400 invalidValue');
      expect(errorOf(await whole.get('/Users?count=1&count=2'))).toBe('400 invalidValue');
    });

    it('of groups hold fewer when each comes with its members', async () => {
      const groups = Array.from({ length: 55 }, (_one, n) => ({ code: `g${n}`, name: 'G' }));
      await app.as(rival).post('/directory/import', { source: 'x', version: 1, groups });

      expect((await t2.get('/Groups?count=200')).body.itemsPerPage).toBe(50);
      expect((await t2.get('/Groups?count=200&excludedAttributes=members')).body.itemsPerPage).toBe(56);
    });
  });

  it('shows the attributes that are asked for', async () => {
    const keys = async (path: string) => Object.keys((await t1.get(path)).body).toSorted();

    expect(await keys('/Users/ann?attributes=userName,emails.value')).toEqual([
      'emails',
      'id',
      'schemas',
      'userName',
    ]);
    expect((await t1.get('/Users/ann?attributes=emails.value')).body.emails).toEqual([
      { value: 'Ann@Example.com' },
    ]);
    expect(await keys('/Users/ann?excludedAttributes=emails,name,groups,meta,id')).toEqual([
      'active',
      'displayName',
      'externalId',
      'id',
      'schemas',
      'userName',
    ]);
    expect(
      (await t1.get(`/Groups/usergroup,t1,desk?attributes=${directorySchema}:kind`)).body[directorySchema],
    ).toEqual({ kind: 'usergroup' });
    expect(await keys('/Groups/usergroup,t1,desk?attributes=nothing,members[')).toEqual(['id', 'schemas']);
    expect((await t1.get('/Users?attributes=userName&unknown=1')).body.Resources[0]).toEqual({
      schemas: [userSchema],
      id: 'ann',
      userName: 'ann',
    });
  });

  describe('discovery', () => {
    it('tells what is offered, and nothing else is', async () => {
      const { body, headers } = await t1.get('/ServiceProviderConfig');

      expect(headers.get('content-type')).toBe('application/scim+json; charset=utf-8');
      expect(body).toMatchObject({
        patch: { supported: true },
        filter: { supported: true, maxResults: 200 },
        bulk: { supported: false },
      });
      expect(() => new Schemas.ServiceProviderConfig(body, 'in')).not.toThrow();
      for (const path of ['/Me', '/Bulk']) {
        expect(errorOf(await t1.get(path))).toBe('501');
        expect(errorOf(await t1.send('POST', path, {}))).toBe('501');
      }
      expect(errorOf(await t1.get('/Anything'))).toBe('404');
    });

    it('describes the schemas and the types of resources, all and one by one', async () => {
      const { body } = await t1.get('/Schemas');
      const ids = body.Resources.map((one: { id: string }) => one.id);

      expect(ids).toEqual([userSchema, enterpriseSchema, groupSchema, directorySchema]);
      for (const [n, id] of ids.entries())
        expect((await t1.get(`/Schemas/${id}`)).body).toEqual(body.Resources[n]);
      expect(errorOf(await t1.get('/Schemas/urn:x'))).toBe('404');
      const types = await t1.get('/ResourceTypes');
      expect(types.body.Resources.map((one: { endpoint: string }) => one.endpoint)).toEqual([
        '/Users',
        '/Groups',
      ]);
      expect((await t1.get('/ResourceTypes/Group')).body.schemaExtensions).toEqual([
        { schema: directorySchema, required: false },
      ]);
    });

    it('given resources as they are answered, scimmy takes them for its own', async () => {
      const { body } = await t1.get('/Users/ann');
      const { body: ofGroup } = await t1.get('/Groups/usergroup,t1,desk');

      expect(JSON.parse(JSON.stringify(new Schemas.User(body, 'in')))).toMatchObject({
        userName: 'ann',
        emails: body.emails,
      });
      expect(JSON.parse(JSON.stringify(new Schemas.Group(ofGroup, 'in')))).toMatchObject({
        displayName: 'desk',
      });
    });
  });

  it('answers problems in SCIM words under its own paths only', async () => {
    const answer = await app.as(boss).get('/directory/users/nobody');

    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    const post = await fetch(`${app.url}/api/v1/nodes`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keyOfT1}`, 'content-type': 'application/scim+json' },
      body: '{}',
    });
    expect([post.status, post.headers.get('content-type')]).toEqual([
      415,
      'application/problem+json; charset=utf-8',
    ]);
  });

  it('is in the OpenAPI document, with examples', async () => {
    const document = (await (await fetch(`${app.url}/docs-json`)).json()) as {
      paths: Record<string, Record<string, never>>;
    };
    const paths = Object.keys(document.paths).filter((path) => path.startsWith('/scim/v2/'));

    expect(paths).toEqual(
      expect.arrayContaining([
        '/scim/v2/Users',
        '/scim/v2/Users/{id}',
        '/scim/v2/Groups',
        '/scim/v2/Groups/{id}',
        '/scim/v2/ServiceProviderConfig',
        '/scim/v2/Schemas',
        '/scim/v2/ResourceTypes',
      ]),
    );
    expect(JSON.stringify(document.paths['/scim/v2/Users']?.['post'])).toContain('ann@example.com');
  });
});
