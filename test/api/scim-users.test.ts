import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { eventually } from '../support/eventually.js';
import {
  directoryKey,
  enterpriseSchema,
  errorOf,
  patch,
  scim,
  scimAs,
  type ScimClient,
  user,
  userSchema,
} from '../support/scim.js';
import { boss, created, givenFlow, root } from '../support/world.js';

const home = `/Users?filter=${encodeURIComponent('userName eq "')}`;

describe('/scim/v2/Users', () => {
  let app: TestApp;
  let admin: Client;
  let idp: ScimClient;
  let ann: string;
  let run = 0;

  beforeAll(async () => {
    app = await startApp();
    admin = app.as(boss);
    idp = scim(app, await directoryKey(app.as(root), ['t1']));
  });
  afterAll(() => app.close());
  beforeEach(() => {
    run += 1;
    ann = `ann${run}`;
  });

  const add = (more: object = {}) => idp.send('POST', '/Users', user(ann, more));
  const change = (...operations: object[]) => idp.send('PATCH', `/Users/${ann}`, patch(...operations));
  const stored = async () => (await admin.get(`/directory/users/${ann}`)).body;

  describe('POST', () => {
    it('given a person, makes them known in the team of the key, with what is kept and no more', async () => {
      const { status, body, headers } = await add({
        externalId: `x-${ann}`,
        displayName: '安娜',
        title: 'Clerk',
        nobodyKnows: { this: 1 },
        emails: [
          { value: 'home@example.com', type: 'home' },
          { value: 'ann@example.com', type: 'work', primary: true },
        ],
        roles: [{ value: 'auditor' }, { value: 'app:clerk' }],
        [enterpriseSchema]: { department: 'fin', employeeNumber: '7' },
      });

      expect(status).toBe(201);
      expect(body).toEqual({
        schemas: [userSchema, enterpriseSchema],
        id: ann,
        externalId: `x-${ann}`,
        userName: ann,
        displayName: '安娜',
        name: { formatted: '安娜' },
        active: true,
        emails: [{ value: 'ann@example.com', type: 'work', primary: true }],
        roles: [{ value: 'auditor' }, { value: 'app:clerk' }],
        [enterpriseSchema]: { department: 'fin' },
        meta: {
          resourceType: 'User',
          created: expect.stringMatching(/Z$/),
          lastModified: body.meta.created,
          location: `${app.url}/scim/v2/Users/${ann}`,
          version: headers.get('etag'),
        },
      });
      expect(headers.get('content-type')).toBe('application/scim+json; charset=utf-8');
      expect(headers.get('location')).toBe(body.meta.location);
      expect((await idp.get(`/Users/${ann}`)).body).toEqual(body);
      expect(await stored()).toMatchObject({
        name: '安娜',
        accCode: 't1',
        department: 'fin',
        email: 'ann@example.com',
        roles: ['auditor', 'app:clerk'],
        active: true,
      });
    });

    it('reads the name wherever it stands', async () => {
      const named = async (about: object) => {
        run += 1;
        const { body } = await idp.send('POST', '/Users', {
          schemas: [userSchema],
          userName: `n${run}`,
          ...about,
        });
        return body.displayName.replace(`n${run}`, 'code');
      };

      expect(await named({ name: { formatted: 'Ann B' } })).toBe('Ann B');
      expect(await named({ name: { givenName: 'Ann', familyName: 'B' } })).toBe('Ann B');
      expect(await named({ DISPLAYNAME: 'Ann C', name: { formatted: 'Ann B' } })).toBe('Ann C');
      expect(await named({})).toBe('code');
    });

    it('given a code that is taken, in whatever team, is answered 409 uniqueness', async () => {
      await app.as(root).put(`/directory/users/${ann}x`, { name: 'X', accCode: 't2' });
      await add();

      expect(errorOf(await add())).toBe('409 uniqueness');
      expect(errorOf(await idp.send('POST', '/Users', user(`${ann}x`)))).toBe('409 uniqueness');
    });

    it.each([
      ['no userName', { userName: undefined }],
      ['an empty one', { userName: '' }],
      ['a comma in it', { userName: 'a,b' }],
      ['blanks around it', { userName: ' a' }],
      ['more than 64 characters', { userName: 'a'.repeat(65) }],
      ["the service's own code", { userName: 'system' }],
      ['a number', { userName: 7 }],
      ['an e-mail that is none', { emails: [{ value: 'nobody' }] }],
      ['emails that are no list', { emails: { value: 'a@example.com' } }],
      ['active as a word', { active: 'perhaps' }],
      ['a role with a comma', { roles: [{ value: 'a,b' }] }],
      ['a department with a comma', { [enterpriseSchema]: { department: 'a,b' } }],
      ['a name that is too long', { displayName: 'x'.repeat(129) }],
    ])('given %s, is answered 400 invalidValue', async (_what, about) => {
      expect(errorOf(await add(about))).toBe('400 invalidValue');
      expect((await admin.get(`/directory/users/${ann}`)).status).toBe(404);
    });

    it('given no JSON, another media type, a list or too much, tells it in SCIM words', async () => {
      expect(errorOf(await idp.send('POST', '/Users', '{"userName":'))).toBe('400 invalidSyntax');
      expect(errorOf(await idp.send('POST', '/Users', [user(ann)]))).toBe('400 invalidSyntax');
      expect(errorOf(await idp.send('POST', '/Users', 'userName', { 'content-type': 'text/csv' }))).toBe(
        '415',
      );
      expect(errorOf(await add({ nickName: 'x'.repeat(2_000_000) }))).toBe('413');
      expect(
        (await idp.send('POST', '/Users', user(ann), { 'content-type': 'application/json' })).status,
      ).toBe(201);
    });

    it('given an Idempotency-Key again, answers the first answer', async () => {
      const headers = { 'idempotency-key': `k${run}` };
      const first = await idp.send('POST', '/Users', user(ann), headers);
      const again = await idp.send('POST', '/Users', user(ann), headers);

      expect([again.status, again.body]).toEqual([201, first.body]);
      expect(again.headers.get('content-type')).toContain('application/scim+json');
    });
  });

  describe('PUT', () => {
    it('replaces a person; left out, active, roles, department and externalId stay', async () => {
      const kept = { externalId: 'x', active: false, roles: [{ value: 'auditor' }] };
      await add({ ...kept, emails: [{ value: 'a@example.com' }], [enterpriseSchema]: { department: 'fin' } });

      const { status, body } = await idp.send('PUT', `/Users/${ann}`, user(ann, { displayName: 'Anna' }));

      expect(status).toBe(200);
      expect(body).toMatchObject({ ...kept, displayName: 'Anna', [enterpriseSchema]: { department: 'fin' } });
      expect(body.emails).toBeUndefined();
      const cleared = await idp.send('PUT', `/Users/${ann}`, user(ann, { roles: [], active: 'True' }));
      expect([cleared.body.roles, cleared.body.active]).toEqual([undefined, true]);
    });

    it('given another userName, is answered 400 mutability', async () => {
      await add();

      expect(errorOf(await idp.send('PUT', `/Users/${ann}`, user(`${ann}x`)))).toBe('400 mutability');
    });
  });

  describe('PATCH', () => {
    it('follows value paths', async () => {
      await add({
        emails: [{ value: 'a@example.com', type: 'work' }],
        roles: [{ value: 'app:clerk' }, { value: 'auditor' }],
      });

      const { status, body } = await change(
        { op: 'replace', path: 'emails[type eq "work"].value', value: 'b@example.com' },
        { op: 'remove', path: 'roles[value eq "app:clerk"]' },
        { op: 'add', path: 'roles', value: [{ value: 'cashier' }] },
        { op: 'add', path: `${enterpriseSchema}:department`, value: 'fin' },
      );

      expect(status).toBe(200);
      expect(body.emails).toEqual([{ value: 'b@example.com', type: 'work', primary: true }]);
      expect(body.roles).toEqual([{ value: 'auditor' }, { value: 'cashier' }]);
      expect(body[enterpriseSchema]).toEqual({ department: 'fin' });
      expect(await stored()).toMatchObject({
        email: 'b@example.com',
        roles: ['auditor', 'cashier'],
        department: 'fin',
      });
    });

    it('follows the habits of Entra ID', async () => {
      await add();

      const { status, body } = await change(
        { op: 'Add', path: 'emails[type eq "work"].value', value: 'a@example.com' },
        { op: 'Replace', path: 'active', value: 'False' },
        { op: 'Replace', path: 'DisplayName', value: 'Anna' },
        { op: 'Add', path: 'roles[primary eq "True"].value', value: 'auditor' },
        { op: 'Replace', path: 'title', value: 'is not kept' },
        { op: 'Replace', path: 'addresses[type eq "work"].country', value: 'is not kept either' },
      );

      expect([status, body.active, body.displayName]).toEqual([200, false, 'Anna']);
      expect(body.emails).toEqual([{ value: 'a@example.com', type: 'work', primary: true }]);
      expect(body.roles).toEqual([{ value: 'auditor' }]);
    });

    it('given no path, takes an object of attributes, with dotted names, schemas, and what nobody knows', async () => {
      await add();

      const { status, body } = await change({
        op: 'replace',
        value: {
          active: 'false',
          'name.formatted': 'Anna',
          unheardOf: 1,
          id: 'somebody else',
          [`${enterpriseSchema}:department`]: 'fin',
          [userSchema]: { emails: [{ value: 'a@example.com' }] },
        },
      });

      expect([status, body.id, body.active, body.displayName]).toEqual([200, ann, false, 'Anna']);
      expect(body.emails[0].value).toBe('a@example.com');
      expect(body[enterpriseSchema]).toEqual({ department: 'fin' });
    });

    it('removes what a path names, and takes null for that', async () => {
      await add({ externalId: 'x', emails: [{ value: 'a@example.com' }], roles: [{ value: 'auditor' }] });

      const { body } = await change(
        { op: 'remove', path: 'emails' },
        { op: 'replace', path: 'externalId', value: null },
        { op: 'remove', path: 'roles', value: [{ value: 'auditor' }] },
      );

      expect([body.emails, body.externalId, body.roles]).toEqual([undefined, undefined, undefined]);
    });

    it.each([
      ['no operations', { Operations: [] }, '400 invalidSyntax'],
      ['no schema of patches', { schemas: [userSchema] }, '400 invalidSyntax'],
      ['an op that is none', { op: 'move', path: 'active' }, '400 invalidSyntax'],
      ['an attribute that no schema has', { op: 'replace', path: 'shoeSize', value: 1 }, '400 invalidPath'],
      ['a sub-attribute that none has', { op: 'replace', path: 'name.shoe', value: 1 }, '400 invalidPath'],
      ['a schema that none has', { op: 'add', path: 'urn:x:y:z', value: 1 }, '400 invalidPath'],
      [
        'a filter where there is one value',
        { op: 'add', path: 'active[x eq 1]', value: true },
        '400 invalidPath',
      ],
      ['a list without a choice', { op: 'replace', path: 'emails.value', value: 'x' }, '400 invalidPath'],
      ['a filter that cannot be read', { op: 'remove', path: 'emails[type eq]' }, '400 invalidFilter'],
      [
        'a filter that finds nothing',
        { op: 'replace', path: 'roles[value sw "x"].value', value: 'y' },
        '400 noTarget',
      ],
      ['nothing to remove', { op: 'remove' }, '400 noTarget'],
      ['no value', { op: 'add', path: 'displayName' }, '400 invalidValue'],
      [
        'a value of the wrong kind',
        { op: 'replace', path: 'displayName', value: { a: 1 } },
        '400 invalidValue',
      ],
      ['a list for an object', { op: 'add', value: [1] }, '400 invalidValue'],
      ['the id', { op: 'replace', path: 'id', value: 'x' }, '400 mutability'],
      ['the groups', { op: 'add', path: 'groups', value: [{ value: 'x' }] }, '400 mutability'],
      ['the userName', { op: 'replace', path: 'userName', value: 'x' }, '400 mutability'],
      [
        'names that JavaScript reserves',
        { op: 'add', path: '__proto__', value: { a: 1 } },
        '400 invalidPath',
      ],
    ])('given %s, is answered what is wrong, and changes nothing', async (_what, given, error) => {
      const { body: before } = await add();
      const message =
        'op' in given
          ? patch({ op: 'replace', path: 'displayName', value: 'Other' }, given)
          : { ...patch({ op: 'remove', path: 'emails' }), ...given };

      expect(errorOf(await idp.send('PATCH', `/Users/${ann}`, message))).toBe(error);
      expect((await idp.get(`/Users/${ann}`)).body).toEqual(before);
    });
  });

  describe('DELETE', () => {
    it('is 404 from then on, and made anew by a POST, without what was', async () => {
      await add({ roles: [{ value: 'auditor' }] });
      await admin.put(`/directory/groups/desk${run}`, { name: 'Desk', members: [ann, 'bob'] });

      expect((await idp.send('DELETE', `/Users/${ann}`)).status).toBe(204);

      expect(errorOf(await idp.get(`/Users/${ann}`))).toBe('404');
      expect(errorOf(await change({ op: 'replace', path: 'active', value: true }))).toBe('404');
      expect(errorOf(await idp.send('DELETE', `/Users/${ann}`))).toBe('404');
      expect((await idp.get(`${home}${ann}"`)).body.totalResults).toBe(0);
      expect(await stored()).toMatchObject({ active: false, roles: [], groups: [] });
      const again = await add();
      expect([again.status, again.body.active, again.body.roles]).toEqual([201, true, undefined]);
    });
  });

  describe('the people of open work', () => {
    it.each(['PATCH active false', 'DELETE'])(
      'given %s, sits nowhere any more, and nothing is lost',
      async (how) => {
        await add();
        await idp.send('POST', '/Users', user(`bob${run}`));
        const { businessType } = await givenFlow(app, [{ users: [ann, `bob${run}`], mode: 'all' }]);
        const order = await created(app.as({ sub: 'carol', acc_code: 't1' }), '/orders', { businessType });
        const mine = app.as({ sub: ann, acc_code: 't1' });
        expect((await mine.get('/orders/todo/count')).body.count).toBe(1);

        const { status } =
          how === 'DELETE'
            ? await idp.send('DELETE', `/Users/${ann}`)
            : await change({ op: 'Replace', value: { active: 'False' } });
        expect(status).toBeLessThan(300);

        await eventually(
          () => mine.get('/orders/todo/count'),
          ({ body }) => body.count === 0,
        );
        expect((await mine.post(`/orders/${order['id'] as string}/approve`, {})).status).toBe(403);
        const bob = app.as({ sub: `bob${run}`, acc_code: 't1' });
        const decided = await bob.post(`/orders/${order['id'] as string}/approve`, {});
        expect([decided.status, decided.body.applyStatus]).toEqual([200, 'completed']);
      },
    );
  });

  describe('entity tags', () => {
    it('given If-Match of an older version, is answered 412; If-None-Match of the present one, 304', async () => {
      const first = (await add()).headers.get('etag') ?? '';
      const second =
        (await change({ op: 'replace', path: 'displayName', value: 'Anna' })).headers.get('etag') ?? '';

      expect(second).not.toBe(first);
      const put = (tag: string) =>
        idp.send('PUT', `/Users/${ann}`, user(ann, { displayName: 'A' }), { 'if-match': tag });
      expect(errorOf(await put(first))).toBe('412');
      expect((await idp.get(`/Users/${ann}`, { 'if-none-match': second })).status).toBe(304);
      expect((await put(second)).status).toBe(200);
      expect(errorOf(await idp.send('DELETE', `/Users/${ann}`, undefined, { 'if-match': second }))).toBe(
        '412',
      );
    });
  });

  it('is read and changed by administrators with their tokens too', async () => {
    const mine = await scimAs(app, boss);

    expect((await mine.send('POST', '/Users', user(ann))).status).toBe(201);
    expect((await idp.get(`/Users/${ann}`)).status).toBe(200);
  });
});
