import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, startApp, type TestApp } from '../support/harness.js';

describe('/directory/groups', () => {
  let app: TestApp;
  let root: Client;
  let admin: Client;
  let other: Client;
  let team: string;
  /** A code that no other test uses, for groups of the platform. */
  let code: string;
  let run = 0;

  beforeAll(async () => {
    app = await startApp();
    root = app.as({ sub: 'root', roles: ['system_admin'] });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    run += 1;
    team = `t${run}`;
    code = `g${run}`;
    admin = app.as({ sub: 'adm', acc_code: team, roles: ['team_admin'] });
    other = app.as({ sub: 'adm', acc_code: `${team}-other`, roles: ['team_admin'] });
  });

  const groups = (groupCode: string): string => `/directory/groups/${encodeURIComponent(groupCode)}`;

  describe('PUT /directory/groups/{code}', () => {
    it('makes a group of the own team; its members need not be in the directory', async () => {
      const { status, body } = await admin.put(groups(code), { name: '财务部', members: ['b', 'a'] });

      expect(status).toBe(200);
      expect(body).toEqual({
        code,
        name: '财务部',
        accCode: team,
        members: ['a', 'b'],
        createTime: expect.stringMatching(/Z$/),
        updateTime: body.createTime,
      });
      expect((await admin.get(groups(code))).body).toEqual(body);
    });

    it('given a group, replaces its name and members', async () => {
      const before = await admin.put(groups(code), { name: 'One', members: ['a', 'b'] });

      const { status, body } = await admin.put(groups(code), { name: 'Two', members: ['b', 'c'] });

      expect(status).toBe(200);
      expect(body).toMatchObject({ name: 'Two', members: ['b', 'c'], createTime: before.body.createTime });
      expect((await admin.put(groups(code), { name: 'Two', members: [] })).body.members).toEqual([]);
    });

    it('given a system administrator, makes groups of the platform or of the named team', async () => {
      expect((await root.put(groups(code), { name: 'P', members: [] })).body.accCode).toBeNull();
      expect((await root.put(groups(code), { name: 'T', members: [], accCode: team })).body.accCode).toBe(
        team,
      );
      expect((await admin.get(groups(code))).body.name).toBe('T');
      expect((await root.get(groups(code))).body.name).toBe('P');
      expect((await root.get(`${groups(code)}?accCode=${team}`)).body.name).toBe('T');
      expect((await root.get(`${groups(code)}?accCode=${team}-other`)).body.name).toBe('P');
    });

    it('given another team in the body of a team administrator, answers 404', async () => {
      const { status } = await admin.put(groups(code), { name: 'X', members: [], accCode: `${team}-other` });

      expect(status).toBe(404);
      expect((await other.get(groups(code))).status).toBe(404);
    });

    it("given a platform group of the code, a team administrator makes the team's own beside it", async () => {
      await root.put(groups(code), { name: 'Platform', members: ['p'] });

      await admin.put(groups(code), { name: 'Own', members: ['o'] });

      expect((await admin.get(groups(code))).body).toMatchObject({ accCode: team, members: ['o'] });
      expect((await other.get(groups(code))).body).toMatchObject({ accCode: null, members: ['p'] });
    });

    it('takes 5,000 members', async () => {
      const members = Array.from({ length: 5000 }, (_, i) => `user-${String(i).padStart(4, '0')}`);

      expect((await admin.put(groups(code), { name: 'Everybody', members })).status).toBe(200);
      expect((await admin.get(groups(code))).body.members).toEqual(members);
    });

    it('given many requests for one new group at once, the last one stands and none is refused', async () => {
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          admin.put(groups(code), { name: `N${i}`, members: ['all', `m${i}`] }),
        ),
      );

      expect(answers.map((answer) => answer.status)).toEqual(Array(8).fill(200));
      const { body } = await admin.get(groups(code));
      expect(body.members).toEqual(['all', body.name.replace('N', 'm')]);
    });

    it('given a person and their group written at once, refuses none', async () => {
      await admin.put(groups(code), { name: 'G', members: [] });

      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, i) =>
          i % 2 === 0
            ? admin.put(groups(code), { name: 'G', members: i % 4 === 0 ? [`ann${run}`] : [] })
            : admin.put(`/directory/users/ann${run}`, { name: 'Ann', groups: [code] }),
        ),
      );

      expect(answers.map((answer) => answer.status)).toEqual(Array(12).fill(200));
    });
  });

  describe('GET and DELETE', () => {
    it("given another team's group, answers 404", async () => {
      await admin.put(groups(code), { name: 'G', members: ['a'] });

      expect((await other.get(groups(code))).body.code).toBe('not_found');
      expect((await other.delete(groups(code))).body.code).toBe('not_found');
      expect((await root.get(groups(code))).status).toBe(404);
      expect((await other.get(`${groups(code)}?accCode=${team}`)).status).toBe(404);
      expect((await other.delete(`${groups(code)}?accCode=${team}`)).status).toBe(404);
      expect((await admin.get(groups(code))).status).toBe(200);
    });

    it('deletes the own group with its memberships', async () => {
      await admin.put(groups(code), { name: 'G', members: ['a'] });

      expect((await admin.delete(groups(code))).status).toBe(204);
      expect((await admin.get(groups(code))).status).toBe(404);
      expect((await admin.delete(groups(code))).status).toBe(404);
      await admin.put(groups(code), { name: 'G', members: [] });
      expect((await admin.get(groups(code))).body.members).toEqual([]);
    });

    it("given the platform's group, a team administrator may read it and is refused to delete it", async () => {
      await root.put(groups(code), { name: 'P', members: ['a'] });

      expect((await admin.get(groups(code))).body).toMatchObject({ accCode: null, members: ['a'] });
      const { status, body } = await admin.delete(groups(code));
      expect([status, body.code]).toEqual([403, 'forbidden']);
      expect((await root.get(groups(code))).status).toBe(200);
    });

    it("given both, a team administrator deletes the own one and sees the platform's again", async () => {
      await root.put(groups(code), { name: 'P', members: [] });
      await admin.put(groups(code), { name: 'T', members: [] });

      expect((await admin.delete(groups(code))).status).toBe(204);
      expect((await admin.get(groups(code))).body.name).toBe('P');
    });

    it("given a system administrator, deletes the platform's, or the named team's and no other", async () => {
      await root.put(groups(code), { name: 'P', members: [] });

      expect((await root.delete(`${groups(code)}?accCode=${team}`)).status).toBe(404);
      await admin.put(groups(code), { name: 'T', members: [] });
      expect((await root.delete(`${groups(code)}?accCode=${team}`)).status).toBe(204);
      expect((await root.delete(groups(code))).status).toBe(204);
      expect((await admin.get(groups(code))).status).toBe(404);
    });

    it('given a node that names it, deletes the group all the same', async () => {
      await admin.put(groups(code), { name: 'G', members: ['a'] });
      await admin.post('/nodes', { templateNodeName: 'N', auditObjectType: 'group', auditObject: [code] });

      expect((await admin.delete(groups(code))).status).toBe(204);
    });
  });

  describe('GET /directory/groups', () => {
    type Summary = { code: string; accCode: string | null; memberCount: number };
    const all = async (client: Client, query: string): Promise<Summary[]> => {
      const items: Summary[] = [];
      for (let cursor = ''; ;) {
        const { status, body } = await client.get(`/directory/groups?${query}${cursor}`);
        expect(status).toBe(200);
        items.push(...body.items);
        if (body.nextCursor === null) return items;
        cursor = `&cursor=${body.nextCursor}`;
      }
    };

    it('given a team, lists what codes mean there, with the number of members', async () => {
      await root.put(groups(`${code}-p`), { name: 'P', members: ['a', 'b', 'c'] });
      await root.put(groups(`${code}-both`), { name: 'Shadowed', members: [] });
      await admin.put(groups(`${code}-both`), { name: 'Own', members: ['a', 'b'] });
      await admin.put(groups(`${code}-own`), { name: 'Own', members: [] });
      await other.put(groups(`${code}-theirs`), { name: 'Theirs', members: [] });

      const mine = (await all(admin, 'limit=1')).filter((group) => group.code.startsWith(`${code}-`));

      expect(mine.map((group) => [group.code, group.accCode, group.memberCount])).toEqual([
        [`${code}-p`, null, 3],
        [`${code}-both`, team, 2],
        [`${code}-own`, team, 0],
      ]);
      expect(
        (await all(root, `accCode=${team}`)).filter((group) => group.code.startsWith(`${code}-`)),
      ).toEqual(mine);
      expect(mine[0]).toEqual({
        code: `${code}-p`,
        name: 'P',
        accCode: null,
        memberCount: 3,
        createTime: expect.stringMatching(/T.*Z$/),
        updateTime: expect.stringMatching(/T.*Z$/),
      });
    });

    it('given a system administrator who names no team, lists every group once', async () => {
      await root.put(groups(`${code}-both`), { name: 'P', members: [] });
      await admin.put(groups(`${code}-both`), { name: 'T', members: [] });
      await other.put(groups(`${code}-both`), { name: 'O', members: [] });

      const found = (await all(root, 'limit=2')).filter((group) => group.code === `${code}-both`);

      expect(found.map((group) => group.accCode)).toEqual([null, team, `${team}-other`]);
    });

    it('given the cursor of another list, or another team, refuses', async () => {
      const cursor = Buffer.from(JSON.stringify(['ann'])).toString('base64url');

      expect((await admin.get(`/directory/groups?cursor=${cursor}`)).status).toBe(400);
      expect((await admin.get(`/directory/groups?accCode=${team}-other`)).status).toBe(404);
    });
  });

  describe('bad input and callers', () => {
    it.each([
      ['no name', { members: [] }, 'name'],
      ['a name of 129 characters', { name: 'x'.repeat(129), members: [] }, 'name'],
      ['no members', { name: 'G' }, 'members'],
      ['members that are no list', { name: 'G', members: 'a' }, 'members'],
      ['a member that is no text', { name: 'G', members: [1] }, 'members'],
      ['a member twice', { name: 'G', members: ['a', 'a'] }, 'members'],
      ['an empty member', { name: 'G', members: [''] }, 'members'],
      ['a member with a comma', { name: 'G', members: ['a,b'] }, 'members'],
      ['a member of 65 characters', { name: 'G', members: ['x'.repeat(65)] }, 'members'],
      ['the reserved code as a member', { name: 'G', members: ['system'] }, 'members'],
      ['5,001 members', { name: 'G', members: Array.from({ length: 5001 }, (_, i) => `u${i}`) }, 'members'],
      ['an unknown field', { name: 'G', members: [], owner: 'a' }, 'owner'],
    ])('given %s, answers 400 naming the field', async (_what, body, field) => {
      const answer = await admin.put(groups(code), body);

      expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
      expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
      expect((await admin.get(groups(code))).status).toBe(404);
    });

    it.each(['a,b', 'a/b', ' a', 'x'.repeat(65)])('given the code %j, answers 400', async (bad) => {
      const { status, body } = await admin.put(groups(bad), { name: 'G', members: [] });

      expect([status, body.errors?.[0].field]).toEqual([400, 'code']);
    });

    it('given a member or nobody, refuses', async () => {
      for (const [client, status] of [
        [app.as({ sub: 'mia', acc_code: team }), 403],
        [app.as(null), 401],
      ] as const) {
        expect((await client.put(groups(code), { name: 'G', members: [] })).status).toBe(status);
        expect((await client.get(groups(code))).status).toBe(status);
        expect((await client.get('/directory/groups')).status).toBe(status);
        expect((await client.delete(groups(code))).status).toBe(status);
      }
    });
  });
});
