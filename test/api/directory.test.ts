import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, startApp, type TestApp } from '../support/harness.js';

describe('/directory/users', () => {
  let app: TestApp;
  let root: Client;
  let admin: Client;
  let other: Client;
  let team: string;
  /** A code that no other test uses: user codes are unique in the installation. */
  let ann: string;
  let run = 0;

  beforeAll(async () => {
    app = await startApp();
    root = app.as({ sub: 'root', roles: ['system_admin'] });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    run += 1;
    team = `t${run}`;
    ann = `ann${run}`;
    admin = app.as({ sub: 'adm', acc_code: team, roles: ['team_admin'] });
    other = app.as({ sub: 'adm', acc_code: `${team}-other`, roles: ['team_admin'] });
  });

  const users = (code: string): string => `/directory/users/${encodeURIComponent(code)}`;
  const groups = (code: string): string => `/directory/groups/${encodeURIComponent(code)}`;
  const groupsOf = async (code: string): Promise<string[]> => (await root.get(users(code))).body.groups;

  describe('PUT /directory/users/{userCode}', () => {
    it('makes a person of the own team known, active by default', async () => {
      const { status, body } = await admin.put(users(ann), { name: '安娜' });

      expect(status).toBe(200);
      expect(body).toEqual({
        userCode: ann,
        name: '安娜',
        accCode: team,
        groups: [],
        roles: [],
        department: null,
        email: null,
        active: true,
        createTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        updateTime: body.createTime,
      });
      expect((await admin.get(users(ann))).body).toEqual(body);
    });

    it('keeps everything that is given', async () => {
      const given = {
        name: 'Ann',
        groups: ['b', 'a'],
        roles: ['team_admin', 'auditor'],
        department: 'fin',
        email: 'ann@example.com',
        active: false,
      };

      const { body } = await admin.put(users(ann), { ...given, accCode: team });

      expect(body).toMatchObject({ ...given, groups: ['a', 'b'], accCode: team });
      expect((await admin.get(users(ann))).body).toEqual(body);
    });

    it('given a known person, replaces what is said and keeps team, groups and active when they are left out', async () => {
      const before = await root.put(users(ann), {
        name: 'Ann',
        accCode: team,
        groups: ['x'],
        roles: ['auditor'],
        department: 'fin',
        email: 'ann@example.com',
        active: false,
      });

      const { status, body } = await root.put(users(ann), { name: 'Anna' });

      expect(status).toBe(200);
      expect(body).toMatchObject({
        name: 'Anna',
        accCode: team,
        groups: ['x'],
        active: false,
        roles: [],
        department: null,
        email: null,
        createTime: before.body.createTime,
      });
    });

    it('given a system administrator who names no team, the person has none', async () => {
      expect((await root.put(users(ann), { name: 'Ann' })).body.accCode).toBeNull();
    });

    it('given a system administrator, moves a person to another team', async () => {
      await root.put(users(ann), { name: 'Ann', accCode: team });

      const { body } = await root.put(users(ann), { name: 'Ann', accCode: `${team}-other` });

      expect(body.accCode).toBe(`${team}-other`);
      expect((await admin.get(users(ann))).status).toBe(404);
      expect((await other.get(users(ann))).status).toBe(200);
    });

    it('given a person of another team, or of none, answers 404 and changes nothing', async () => {
      await other.put(users(ann), { name: 'Ann' });
      await root.put(users(`${ann}-free`), { name: 'Free' });

      for (const code of [ann, `${ann}-free`]) {
        const { status, body } = await admin.put(users(code), { name: 'Mine' });
        expect([status, body.code]).toEqual([404, 'not_found']);
        expect((await root.get(users(code))).body.name).not.toBe('Mine');
      }
    });

    it('given another team in the body of a team administrator, answers 404', async () => {
      const { status, body } = await admin.put(users(ann), { name: 'Ann', accCode: `${team}-other` });

      expect([status, body.code]).toEqual([404, 'not_found']);
      expect((await root.get(users(ann))).status).toBe(404);
    });

    it('takes codes with a slash, with letters of any script, and 64 characters long', async () => {
      for (const code of [`${ann}/eu`, `安${run}`, String(run).padStart(64, '安'), `${ann}@corp.example`]) {
        expect((await admin.put(users(code), { name: 'Ann' })).body).toMatchObject({ userCode: code });
        expect((await admin.get(users(code))).status).toBe(200);
        expect((await admin.delete(users(code))).status).toBe(204);
      }
    });

    it('given many first requests at once, makes one person and refuses none', async () => {
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          admin.put(users(ann), { name: `Ann ${i}`, groups: [`new${run}`] }),
        ),
      );

      expect(answers.map((answer) => answer.status)).toEqual(Array(8).fill(200));
      expect((await admin.get(groups(`new${run}`))).body.members).toEqual([ann]);
    });
  });

  describe('roles', () => {
    it('given a team administrator, system_admin is refused and nothing is kept', async () => {
      const { status, body } = await admin.put(users(ann), { name: 'Ann', roles: ['system_admin'] });

      expect([status, body.code]).toEqual([403, 'forbidden']);
      expect((await root.get(users(ann))).status).toBe(404);
    });

    it('given a system administrator, system_admin is taken, and a team administrator leaves it as it is', async () => {
      await root.put(users(ann), { name: 'Ann', accCode: team, roles: ['system_admin'] });

      expect(
        (await admin.put(users(ann), { name: 'Ann', roles: ['system_admin', 'auditor'] })).body.roles,
      ).toEqual(['system_admin', 'auditor']);
      expect((await admin.put(users(ann), { name: 'Ann', roles: ['auditor'] })).body.roles).toEqual([
        'auditor',
        'system_admin',
      ]);
    });
  });

  describe('groups of a person', () => {
    it('given codes without a group, makes them in the scope of the caller', async () => {
      await admin.put(users(ann), { name: 'Ann', groups: ['desk'] });
      await root.put(users(`${ann}-p`), { name: 'P', accCode: team, groups: [`board${run}`] });

      expect((await admin.get(groups('desk'))).body).toMatchObject({
        name: 'desk',
        accCode: team,
        members: [ann],
      });
      expect((await root.get(groups(`board${run}`))).body).toMatchObject({
        accCode: null,
        members: [`${ann}-p`],
      });
    });

    it("given a code of both, means the group of the person's team", async () => {
      const code = `both${run}`;
      await root.put(groups(code), { name: 'Platform', members: [] });
      await admin.put(groups(code), { name: 'Team', members: [] });

      await root.put(users(ann), { name: 'Ann', accCode: team, groups: [code] });

      expect((await admin.get(groups(code))).body).toMatchObject({ accCode: team, members: [ann] });
      expect((await root.get(groups(code))).body).toMatchObject({ accCode: null, members: [] });
    });

    it('given a list, the memberships become exactly these; others keep theirs', async () => {
      await admin.put(users(`${ann}-b`), { name: 'Bob', groups: ['a', 'b'] });
      await admin.put(users(ann), { name: 'Ann', groups: ['a', 'b'] });

      expect((await admin.put(users(ann), { name: 'Ann', groups: ['c', 'b'] })).body.groups).toEqual([
        'b',
        'c',
      ]);
      expect((await admin.get(groups('a'))).body.members).toEqual([`${ann}-b`]);
      expect((await admin.put(users(ann), { name: 'Ann', groups: [] })).body.groups).toEqual([]);
      expect((await admin.get(groups('b'))).body.members).toEqual([`${ann}-b`]);
    });

    it('given a group of the platform, a team administrator is refused with its code, and nothing is changed', async () => {
      const code = `board${run}`;
      await root.put(groups(code), { name: 'Board', members: [] });

      const { status, body } = await admin.put(users(ann), { name: 'Ann', groups: ['desk', code] });

      expect([status, body.code]).toEqual([403, 'forbidden']);
      expect(body.detail).toContain(code);
      expect((await root.get(users(ann))).status).toBe(404);
      expect((await admin.get(groups('desk'))).status).toBe(404);
    });

    it('given a membership of a platform group, a team administrator may name it or not: it stays', async () => {
      const code = `board${run}`;
      await root.put(users(ann), { name: 'Ann', accCode: team, groups: [code] });

      const named = await admin.put(users(ann), { name: 'Ann', groups: [code, 'desk'] });
      expect([named.status, named.body.groups]).toEqual([200, [code, 'desk']]);
      const unnamed = await admin.put(users(ann), { name: 'Ann', groups: [] });
      expect([unnamed.status, unnamed.body.groups]).toEqual([200, [code]]);
    });

    it('given a group of a third team, a team sees nothing of it, and a system administrator writes back what was read', async () => {
      await other.put(groups('theirs'), { name: 'Theirs', members: [ann] });
      await admin.put(users(ann), { name: 'Ann', groups: ['desk'] });

      expect((await admin.get(users(ann))).body.groups).toEqual(['desk']);
      expect(await groupsOf(ann)).toEqual(['desk', 'theirs']);
      await admin.put(users(ann), { name: 'Ann', groups: [] });
      expect(await groupsOf(ann)).toEqual(['theirs']);
      await root.put(users(ann), { name: 'Ann', groups: await groupsOf(ann) });
      expect((await other.get(groups('theirs'))).body.members).toEqual([ann]);
      await root.put(users(ann), { name: 'Ann', groups: [] });
      expect((await other.get(groups('theirs'))).body.members).toEqual([]);
    });
  });

  describe('GET and DELETE', () => {
    it('given a person of another team, answers 404 and keeps them', async () => {
      await admin.put(users(ann), { name: 'Ann' });

      expect((await other.get(users(ann))).body.code).toBe('not_found');
      expect((await other.delete(users(ann))).status).toBe(404);
      expect((await admin.get(users(ann))).status).toBe(200);
    });

    it('deletes a person with the memberships in sight', async () => {
      const board = `board${run}`;
      await root.put(groups(board), { name: 'Board', members: [ann, 'bob'] });
      await other.put(groups('theirs'), { name: 'Theirs', members: [ann] });
      await admin.put(users(ann), { name: 'Ann', groups: ['desk'] });

      const { status, body } = await admin.delete(users(ann));

      expect(status).toBe(204);
      expect(body ?? '').toBe('');
      expect((await admin.get(users(ann))).status).toBe(404);
      expect((await admin.delete(users(ann))).status).toBe(404);
      expect((await admin.get(groups('desk'))).body.members).toEqual([]);
      expect((await root.get(groups(board))).body.members).toEqual(['bob']);
      expect((await other.get(groups('theirs'))).body.members).toEqual([ann]);
    });

    it('given a system administrator, deletes anybody with every membership', async () => {
      await other.put(groups('theirs'), { name: 'Theirs', members: [ann] });
      await admin.put(users(ann), { name: 'Ann', groups: ['desk'] });

      expect((await root.delete(users(ann))).status).toBe(204);
      expect((await other.get(groups('theirs'))).body.members).toEqual([]);
    });

    it('lists the people of the team in pages, by code, with their groups', async () => {
      for (const suffix of ['c', 'a', 'b']) {
        await admin.put(users(`${ann}${suffix}`), { name: suffix, groups: ['desk', suffix] });
      }
      await other.put(users(`${ann}0`), { name: 'not mine' });

      const first = await admin.get('/directory/users?limit=2');
      const second = await admin.get(`/directory/users?limit=2&cursor=${first.body.nextCursor}`);

      expect(first.body.items.map((user: { userCode: string }) => user.userCode)).toEqual([
        `${ann}a`,
        `${ann}b`,
      ]);
      expect(first.body.items[0].groups).toEqual(['a', 'desk']);
      expect(second.body).toEqual({
        items: [expect.objectContaining({ userCode: `${ann}c` })],
        nextCursor: null,
      });
    });

    it('given a system administrator, lists everybody, or one team', async () => {
      await admin.put(users(ann), { name: 'Ann' });
      await other.put(users(`${ann}o`), { name: 'Otto' });
      const codes = async (path: string): Promise<string[]> =>
        (await root.get(path)).body.items.map((user: { userCode: string }) => user.userCode);

      expect(await codes('/directory/users?limit=100')).toEqual(expect.arrayContaining([ann, `${ann}o`]));
      expect(await codes(`/directory/users?accCode=${team}`)).toEqual([ann]);
      expect((await admin.get(`/directory/users?accCode=${team}-other`)).status).toBe(404);
    });
  });

  describe('bad input and callers', () => {
    it.each([
      ['no name', {}, 'name'],
      ['an empty name', { name: '' }, 'name'],
      ['a name of 129 characters', { name: 'x'.repeat(129) }, 'name'],
      ['a name that is no text', { name: 7 }, 'name'],
      ['an unknown field', { name: 'Ann', nick: 'a' }, 'nick'],
      ['a code in the body', { name: 'Ann', userCode: 'bob' }, 'userCode'],
      ['a team with a comma', { name: 'Ann', accCode: 't1,t2' }, 'accCode'],
      ['null as the team', { name: 'Ann', accCode: null }, 'accCode'],
      ['groups that are no list', { name: 'Ann', groups: 'a' }, 'groups'],
      ['a group twice', { name: 'Ann', groups: ['a', 'a'] }, 'groups'],
      ['a group code with a slash', { name: 'Ann', groups: ['a/b'] }, 'groups'],
      ['a group code with a comma', { name: 'Ann', groups: ['a,b'] }, 'groups'],
      ['a group code of 65 characters', { name: 'Ann', groups: ['x'.repeat(65)] }, 'groups'],
      ['201 groups', { name: 'Ann', groups: Array.from({ length: 201 }, (_, i) => `g${i}`) }, 'groups'],
      ['21 roles', { name: 'Ann', roles: Array.from({ length: 21 }, (_, i) => `r${i}`) }, 'roles'],
      ['null as roles', { name: 'Ann', roles: null }, 'roles'],
      ['a department of 65 characters', { name: 'Ann', department: 'x'.repeat(65) }, 'department'],
      ['an email without a host', { name: 'Ann', email: 'ann@' }, 'email'],
      [
        'an email over 254 characters',
        {
          name: 'Ann',
          email: `${'a'.repeat(64)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(20)}`,
        },
        'email',
      ],
      ['active as text', { name: 'Ann', active: 'true' }, 'active'],
    ])('given %s, answers 400 naming the field', async (_what, body, field) => {
      const answer = await admin.put(users(ann), body);

      expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
      expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
      expect((await admin.get(users(ann))).status).toBe(404);
    });

    it.each([
      ['the reserved code', 'system'],
      ['a comma', 'a,b'],
      ['a leading blank', ' ann'],
      ['a trailing blank', 'ann '],
      ['a control character', 'a\u0007b'],
      ['65 characters', 'x'.repeat(65)],
    ])('given %s as the code, answers 400', async (_what, code) => {
      const { status, body } = await root.put(users(code), { name: 'Ann' });

      expect([status, body.code]).toEqual([400, 'validation_failed']);
      expect(body.errors[0].field).toBe('userCode');
    });

    it('given null for department and email, stores none', async () => {
      const { status, body } = await admin.put(users(ann), { name: 'Ann', department: null, email: null });

      expect([status, body.department, body.email]).toEqual([200, null, null]);
    });

    it('given a member, an API key or nobody, refuses', async () => {
      const { body } = await admin.post('/api-keys', { name: 'Shop', accCodes: [team] });
      const member = app.as({ sub: 'mia', acc_code: team });

      for (const [client, status] of [
        [member, 403],
        [app.key(body.key), 403],
        [app.as(null), 401],
      ] as const) {
        expect((await client.put(users(ann), { name: 'Ann' })).status).toBe(status);
        expect((await client.get(users(ann))).status).toBe(status);
        expect((await client.get('/directory/users')).status).toBe(status);
        expect((await client.delete(users(ann))).status).toBe(status);
      }
    });

    it.each(['limit=0', 'limit=101', 'limit=x', 'cursor=none', 'page=2'])(
      'given ?%s, the list answers 400',
      async (query) => {
        expect((await admin.get(`/directory/users?${query}`)).body.code).toBe('validation_failed');
      },
    );
  });
});
