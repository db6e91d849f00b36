import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type MembershipChange, MembershipChanges } from '../../src/directory/membership-changes.port.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import {
  directoryKey,
  directorySchema,
  errorOf,
  group,
  groupSchema,
  membersOf,
  patch,
  scim,
  type ScimClient,
  user,
} from '../support/scim.js';
import { boss, root } from '../support/world.js';

describe('/scim/v2/Groups', () => {
  let app: TestApp;
  let admin: Client;
  /** Keeps team t1. */
  let idp: ScimClient;
  /** Keeps the installation. */
  let whole: ScimClient;
  let desk: string;
  let id: string;
  let run = 0;
  let heard: MembershipChange[] = [];

  beforeAll(async () => {
    app = await startApp();
    admin = app.as(boss);
    idp = scim(app, await directoryKey(app.as(root), ['t1']));
    whole = scim(app, await directoryKey(app.as(root), []));
    for (const code of ['ann', 'bob', 'carol']) await idp.send('POST', '/Users', user(code));
    app.get(MembershipChanges).register(async (_tx, change) => void heard.push(change));
  });
  afterAll(() => app.close());
  beforeEach(() => {
    run += 1;
    desk = `desk${run}`;
    id = `usergroup,t1,${desk}`;
    heard = [];
  });

  const add = (about: object = {}, members?: readonly string[]) =>
    idp.send('POST', '/Groups', group(desk, about, members));
  const change = (...operations: object[]) => idp.send('PATCH', `/Groups/${id}`, patch(...operations));
  const members = async (of: string = id): Promise<string[]> => membersOf(await whole.get(`/Groups/${of}`));
  const told = (): string[] =>
    heard
      .flatMap(({ team, left }) =>
        left.map(({ userCode, subject }) => `${team ?? 'platform'}: ${userCode} ${subject}`),
      )
      .toSorted();
  const person = async (code: string) => (await app.as(root).get(`/directory/users/${code}`)).body;

  describe('a group of the directory', () => {
    it('is what a group is without the extension', async () => {
      const { status, body, headers } = await idp.send('POST', '/Groups', {
        schemas: [groupSchema],
        externalId: `x-${desk}`,
        displayName: desk,
        members: [
          { value: 'bob', display: 'Bob' },
          { value: 'ann', type: 'User' },
        ],
      });

      expect(status).toBe(201);
      expect(body).toEqual({
        schemas: [groupSchema, directorySchema],
        id,
        externalId: `x-${desk}`,
        displayName: desk,
        members: ['ann', 'bob'].map((value) => ({
          value,
          type: 'User',
          $ref: `${app.url}/scim/v2/Users/${value}`,
        })),
        [directorySchema]: { kind: 'usergroup', code: desk, accCode: 't1' },
        meta: {
          resourceType: 'Group',
          created: expect.stringMatching(/Z$/),
          lastModified: body.meta.created,
          location: `${app.url}/scim/v2/Groups/${encodeURIComponent(id)}`,
          version: headers.get('etag'),
        },
      });
      expect(headers.get('location')).toBe(body.meta.location);
      expect((await idp.get(`/Groups/${encodeURIComponent(id)}`)).body).toEqual(body);
      expect((await admin.get(`/directory/groups/${desk}`)).body).toMatchObject({
        members: ['ann', 'bob'],
        accCode: 't1',
      });
    });

    it('that was made elsewhere is there too, and takes another name', async () => {
      await admin.put(`/directory/groups/${desk}`, { name: 'Desk', members: ['ann'] });

      expect((await change({ op: 'replace', path: 'displayName', value: 'Other desk' })).status).toBe(204);

      const { body } = await idp.get(`/Groups/${id}`);
      expect([body.displayName, body[directorySchema].code]).toEqual(['Other desk', desk]);
      expect(await members()).toEqual(['ann']);
    });

    it('lets members join and leave one by one, in the ways of several providers', async () => {
      await add({}, ['ann']);

      await change({
        op: 'Add',
        path: 'members',
        value: [{ value: 'bob' }, { value: 'carol' }, { value: 'ann' }],
      });
      expect(await members()).toEqual(['ann', 'bob', 'carol']);
      await change(
        { op: 'remove', path: 'members[value eq "bob"]' },
        { op: 'add', value: { members: [{ value: 'dave' }] } },
      );
      expect(await members()).toEqual(['ann', 'carol', 'dave']);
      await change({ op: 'Remove', path: 'members', value: [{ value: 'carol' }, { value: 'nobody' }] });
      expect(await members()).toEqual(['ann', 'dave']);
      expect(told()).toEqual([`t1: bob g:t1/${desk}`, `t1: carol g:t1/${desk}`]);
      await change(
        { op: 'replace', path: 'members', value: [{ value: 'bob' }] },
        { op: 'add', path: 'members', value: { value: 'ann' } },
      );
      expect(await members()).toEqual(['ann', 'bob']);
      await change({ op: 'remove', path: 'members[value eq "ann" or value eq "bob"]' });
      expect(await members()).toEqual([]);
      await change({ op: 'add', path: 'members', value: 'ann' }, { op: 'remove', path: 'members' });
      expect(await members()).toEqual([]);
    });

    it('replaced, keeps its members when they are left out, and loses those that are not named', async () => {
      await add({}, ['ann', 'bob']);

      await idp.send('PUT', `/Groups/${id}`, group('New name'));
      expect(await members()).toEqual(['ann', 'bob']);
      await idp.send('PUT', `/Groups/${id}`, group('New name', {}, ['bob']));
      expect(await members()).toEqual(['bob']);
      expect(told()).toEqual([`t1: ann g:t1/${desk}`]);
    });

    it('deleted, tells everybody who was in it', async () => {
      await add({}, ['ann']);

      expect((await idp.send('DELETE', `/Groups/${id}`)).status).toBe(204);
      expect(errorOf(await idp.get(`/Groups/${id}`))).toBe('404');
      expect(told()).toEqual([`t1: ann g:t1/${desk}`]);
    });

    it('takes thousands of members at once', async () => {
      const many = Array.from({ length: 3_000 }, (_one, n) => `many${n}`);
      expect((await add({}, many)).status).toBe(201);

      await change({ op: 'add', path: 'members', value: many.map((value) => ({ value: `${value}x` })) });
      await change({ op: 'remove', path: 'members', value: many.map((value) => ({ value })) });

      expect(await members()).toHaveLength(3_000);
      expect((await idp.get(`/Groups/${id}?excludedAttributes=members`)).body.members).toBeUndefined();
    });

    it.each([
      ['no name', { displayName: undefined }, '400 invalidValue'],
      ['an empty name', { displayName: ' ' }, '400 invalidValue'],
      ['a name that can be no code, and none', { displayName: 'a, b' }, '400 invalidValue'],
      ['a slash in the code', { [directorySchema]: { code: 'a/b' } }, '400 invalidValue'],
      ['an unknown kind', { [directorySchema]: { kind: 'club' } }, '400 invalidValue'],
      ["another team's", { [directorySchema]: { accCode: 't2' } }, '400 invalidValue'],
      ['a group in it', { members: [{ value: 'x', type: 'Group' }] }, '400 invalidValue'],
      ['a comma in a member', { members: [{ value: 'a,b' }] }, '400 invalidValue'],
      ["the service's own code", { members: [{ value: 'system' }] }, '400 invalidValue'],
      ['members that are no list', { members: 'ann' }, '400 invalidValue'],
      [
        'two leaders',
        { [directorySchema]: { kind: 'department', leaders: ['ann', 'bob'] } },
        '400 invalidValue',
      ],
    ])('given %s, is refused', async (_what, about, error) => {
      expect(errorOf(await idp.send('POST', '/Groups', { ...group(desk), ...about }))).toBe(error);
    });

    it('given what a group cannot become, is refused and stays', async () => {
      await add({}, ['ann']);

      expect(errorOf(await add())).toBe('409 uniqueness');
      expect(errorOf(await idp.send('PUT', `/Groups/${id}`, group(desk, { kind: 'role' })))).toBe(
        '400 mutability',
      );
      expect(errorOf(await change({ op: 'replace', path: `${directorySchema}:code`, value: 'x' }))).toBe(
        '400 mutability',
      );
      expect(
        errorOf(await change({ op: 'replace', path: 'members[value eq "ann"].value', value: 'x' })),
      ).toBe('400 mutability');
      expect(errorOf(await change({ op: 'add', path: 'members[value eq "x"]', value: { value: 'x' } }))).toBe(
        '400 noTarget',
      );
      expect(errorOf(await change({ op: 'remove', path: 'members[display eq "x"]' }))).toBe(
        '400 invalidFilter',
      );
      expect(errorOf(await change({ op: 'remove', path: 'displayName' }))).toBe('400 invalidValue');
      expect(
        errorOf(await idp.send('PATCH', '/Groups/nothing', patch({ op: 'add', path: 'members', value: [] }))),
      ).toBe('404');
      expect(await members()).toEqual(['ann']);
      expect(told()).toEqual([]);
    });

    it('given If-Match of an older version, is answered 412', async () => {
      const tag = (await add({}, ['ann'])).headers.get('etag') ?? '';
      await change({ op: 'add', path: 'members', value: [{ value: 'bob' }] });

      expect(errorOf(await idp.send('DELETE', `/Groups/${id}`, undefined, { 'if-match': tag }))).toBe('412');
    });
  });

  describe('a role', () => {
    it('is what its members have', async () => {
      id = `role,t1,${desk}`;
      await add({ kind: 'role' }, ['ann', 'bob']);
      expect((await person('ann')).roles).toEqual([desk]);

      await change({ op: 'remove', path: 'members[value eq "ann"]' });
      expect((await person('ann')).roles).toEqual([]);
      expect(told()).toEqual([`t1: ann r:${desk}`]);
      await idp.send('DELETE', `/Groups/${id}`);
      expect((await person('bob')).roles).toEqual([]);
      expect((await whole.get(`/Groups/${id}`)).status).toBe(404);
    });

    it('that belongs to the platform, a team gives nobody', async () => {
      const admins = { kind: 'role', code: 'system_admin' };
      expect(errorOf(await add(admins, ['ann']))).toBe('403');
      expect(
        errorOf(
          await idp.send(
            'PATCH',
            '/Users/ann',
            patch({ op: 'add', path: 'roles', value: [{ value: 'system_admin' }] }),
          ),
        ),
      ).toBe('403');
      expect((await person('ann')).roles).toEqual([]);
    });
  });

  describe('a department', () => {
    it('has a parent, a leader, and people', async () => {
      await whole.send('POST', '/Groups', group(`head${run}`, { kind: 'department' }));
      const { status, body } = await add({ kind: 'department', parent: `head${run}`, leaders: ['bob'] }, [
        'ann',
      ]);
      id = `department,t1,${desk}`;

      expect([status, body.id, body[directorySchema].leaders]).toEqual([201, id, ['bob']]);
      expect((await person('ann')).department).toBe(desk);
      expect((await admin.get(`/directory/departments/${desk}`)).body).toMatchObject({
        parent: `head${run}`,
        leader: 'bob',
      });
      await change(
        { op: 'replace', path: `${directorySchema}:leaders`, value: ['carol'] },
        { op: 'remove', path: `${directorySchema}:parent` },
        { op: 'add', path: 'members', value: [{ value: 'bob' }] },
      );
      expect((await admin.get(`/directory/departments/${desk}`)).body).toMatchObject({
        parent: null,
        leader: 'carol',
      });
      expect(await members()).toEqual(['ann', 'bob']);
      await idp.send('DELETE', `/Groups/${id}`);
      expect((await person('ann')).department).toBeNull();
    });

    it('makes no circle, has no parent that is not there, and is not deleted from above others', async () => {
      const made = (name: string, about: object = {}) =>
        idp.send('POST', '/Groups', group(`${desk}${name}`, { kind: 'department', ...about }));
      await made('a');
      await made('b', { parent: `${desk}a` });
      const above = (parent: string) =>
        idp.send(
          'PATCH',
          `/Groups/department,t1,${desk}a`,
          patch({ op: 'replace', path: `${directorySchema}:parent`, value: parent }),
        );

      const circle = await above(`${desk}b`);
      expect([errorOf(circle), circle.body.detail]).toEqual([
        '400 invalidValue',
        expect.stringContaining('circle'),
      ]);
      expect(errorOf(await above(`${desk}a`))).toBe('400 invalidValue');
      expect(errorOf(await above('nowhere'))).toBe('400 invalidValue');
      expect(errorOf(await made('c', { parent: 'nowhere' }))).toBe('400 invalidValue');
      expect(errorOf(await idp.send('DELETE', `/Groups/department,t1,${desk}a`))).toBe('409');
    });

    it('of the platform has no people whose team means one of its own by the code', async () => {
      await whole.send('POST', '/Groups', group(desk, { kind: 'department' }));
      await add({ kind: 'department' }, ['ann']);
      const platforms = `department,,${desk}`;

      expect(await members(platforms)).toEqual([]);
      const joining = patch({ op: 'add', path: 'members', value: [{ value: 'bob' }] });
      expect(errorOf(await whole.send('PATCH', `/Groups/${platforms}`, joining))).toBe('400 invalidValue');
      await whole.send(
        'PATCH',
        `/Groups/${platforms}`,
        patch({ op: 'remove', path: 'members[value eq "ann"]' }),
      );
      expect(await members(`department,t1,${desk}`)).toEqual(['ann']);
    });
  });

  describe('a team', () => {
    it('sets whose people its members are; who leaves it keeps neither its groups nor roles', async () => {
      const [code, team] = [`mover${run}`, `team,,${desk}`];
      await whole.send('POST', '/Users', user(code, { roles: [{ value: 'auditor' }] }));
      expect((await whole.send('POST', '/Groups', group(desk, { kind: 'team' }, [code]))).status).toBe(201);
      expect(await person(code)).toMatchObject({ accCode: desk, roles: ['auditor'] });
      await whole.send('POST', '/Groups', group('theirs', { accCode: desk }, [code]));

      expect(errorOf(await whole.send('DELETE', `/Groups/${team}`))).toBe('409');
      heard = [];
      await whole.send(
        'PATCH',
        `/Groups/${team}`,
        patch({ op: 'remove', path: `members[value eq "${code}"]` }),
      );

      expect(await person(code)).toMatchObject({ accCode: null, roles: [], groups: [] });
      expect(told()).toEqual([`${desk}: ${code} g:${desk}/theirs`, `${desk}: ${code} r:auditor`]);
      expect((await whole.send('DELETE', `/Groups/${team}`)).status).toBe(204);
    });

    it('that people move into takes them from the one before, with their roles', async () => {
      const code = `mover${run}`;
      await whole.send('POST', '/Users', user(code, { roles: [{ value: 'auditor' }] }));
      await whole.send('POST', '/Groups', group(`${desk}a`, { kind: 'team' }, [code]));
      await whole.send('POST', '/Groups', group(`${desk}b`, { kind: 'team' }, [code]));

      await whole.send(
        'PATCH',
        `/Groups/team,,${desk}a`,
        patch({ op: 'remove', path: `members[value eq "${code}"]` }),
      );

      expect(await person(code)).toMatchObject({ accCode: `${desk}b`, roles: ['auditor'] });
    });

    it('is nothing that a team makes, and has no strangers', async () => {
      expect(errorOf(await add({ kind: 'team' }))).toBe('403');
      expect(errorOf(await whole.send('POST', '/Groups', group(desk, { kind: 'team' }, ['stranger'])))).toBe(
        '400 invalidValue',
      );
      expect((await whole.get(`/Groups/team,,${desk}`)).status).toBe(404);
    });
  });
});
