import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, type Client, startApp, type TestApp } from '../support/harness.js';

describe('/directory/departments', () => {
  let app: TestApp;
  let root: Client;
  let admin: Client;
  let other: Client;
  let team: string;
  /** A code that no other test uses, for departments of the platform. */
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
    code = `d${run}`;
    admin = app.as({ sub: 'adm', acc_code: team, roles: ['team_admin'] });
    other = app.as({ sub: 'adm', acc_code: `${team}-other`, roles: ['team_admin'] });
  });

  const departments = (of: string): string => `/directory/departments/${encodeURIComponent(of)}`;
  const put = (client: Client, of: string, parent: string | null = null, more: object = {}) =>
    client.put(departments(of), { name: of, parent, ...more });
  const made = async (answer: Promise<Answer>): Promise<void> => {
    expect((await answer).status).toBe(200);
  };
  /** Status, field and message of a refused field. */
  const refusal = ({ status, body }: Answer): unknown[] => [
    status,
    body.code,
    body.errors[0].field,
    body.errors[0].message,
  ];

  describe('PUT /directory/departments/{code}', () => {
    it('makes a department of the own team; its leader need not be in the directory', async () => {
      await made(put(admin, 'head'));

      const { status, body } = await admin.put(departments(code), {
        name: '财务部',
        parent: 'head',
        leader: 'zoe',
      });

      expect(status).toBe(200);
      expect(body).toEqual({
        code,
        name: '财务部',
        parent: 'head',
        leader: 'zoe',
        accCode: team,
        createTime: expect.stringMatching(/Z$/),
        updateTime: body.createTime,
      });
      expect((await admin.get(departments(code))).body).toEqual(body);
    });

    it('given a department, replaces its name, parent and leader; left out or null is none', async () => {
      await made(put(admin, 'head'));
      const before = await put(admin, code, 'head', { leader: 'ann' });

      const { status, body } = await admin.put(departments(code), { name: 'Two' });

      expect(status).toBe(200);
      expect(body).toEqual({
        ...before.body,
        name: 'Two',
        parent: null,
        leader: null,
        updateTime: body.updateTime,
      });
      expect((await put(admin, code, null, { leader: null })).body).toMatchObject({
        parent: null,
        leader: null,
      });
    });

    it('given a system administrator, makes departments of the platform or of the named team', async () => {
      expect((await root.put(departments(code), { name: 'P' })).body.accCode).toBeNull();
      expect((await root.put(departments(code), { name: 'T', accCode: team })).body.accCode).toBe(team);

      expect((await admin.get(departments(code))).body.name).toBe('T');
      expect((await other.get(departments(code))).body.name).toBe('P');
      expect((await root.get(departments(code))).body.name).toBe('P');
      expect((await root.get(`${departments(code)}?accCode=${team}`)).body.name).toBe('T');
    });

    it('given another team in the body of a team administrator, answers 404', async () => {
      const { status } = await put(admin, code, null, { accCode: `${team}-other` });

      expect(status).toBe(404);
      expect((await other.get(departments(code))).status).toBe(404);
    });

    it('given a parent of the own scope or of the platform, takes it; another, or none of the code, is refused', async () => {
      await made(put(root, code));
      await made(put(other, 'theirs'));
      await made(put(admin, 'own'));

      expect((await put(admin, 'a', code)).body.parent).toBe(code);
      expect((await put(admin, 'b', 'own')).body.parent).toBe('own');
      for (const parent of ['theirs', 'nowhere']) {
        expect(refusal(await put(admin, 'c', parent))).toEqual([
          400,
          'validation_failed',
          'parent',
          `names no department: ${parent}`,
        ]);
      }
      expect(refusal(await put(root, `${code}-p`, 'own')).slice(0, 3)).toEqual([
        400,
        'validation_failed',
        'parent',
      ]);
      expect((await admin.get(departments('c'))).status).toBe(404);
    });

    it('takes codes with a slash and 64 characters of any script', async () => {
      for (const long of [`${code}/eu`, String(run).padStart(64, '部')]) {
        await made(put(admin, long));
        expect((await admin.get(departments(long))).body.code).toBe(long);
      }
    });

    it('given many requests for one new department at once, refuses none', async () => {
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) => admin.put(departments(code), { name: `N${i}` })),
      );

      expect(answers.map((answer) => answer.status)).toEqual(Array(8).fill(200));
    });
  });

  describe('GET and DELETE', () => {
    it("given another team's department, answers 404 and keeps it", async () => {
      await made(put(admin, code));

      expect((await other.get(departments(code))).body.code).toBe('not_found');
      expect((await other.delete(departments(code))).body.code).toBe('not_found');
      expect((await root.get(departments(code))).status).toBe(404);
      expect((await other.get(`${departments(code)}?accCode=${team}`)).status).toBe(404);
      expect((await other.delete(`${departments(code)}?accCode=${team}`)).status).toBe(404);
      expect((await admin.get(departments(code))).status).toBe(200);
    });

    it('deletes the own department, also one that people are in', async () => {
      await made(put(admin, code));
      await admin.put(`/directory/users/ann${run}`, { name: 'Ann', department: code });

      expect((await admin.delete(departments(code))).status).toBe(204);
      expect((await admin.get(departments(code))).status).toBe(404);
      expect((await admin.delete(departments(code))).status).toBe(404);
      expect((await admin.get(`/directory/users/ann${run}`)).body.department).toBe(code);
    });

    it('given others below it, of the own scope or of a team, refuses until they are elsewhere', async () => {
      await made(put(root, code));
      await made(put(admin, 'a', code));

      const { status, body } = await root.delete(departments(code));

      expect([status, body.code]).toEqual([409, 'in_use']);
      expect(body.detail).toContain('department a');
      await made(put(admin, code));
      expect((await root.delete(departments(code))).status).toBe(204);
      expect((await admin.delete(departments(code))).body.code).toBe('in_use');
      await made(put(admin, 'a'));
      expect((await admin.delete(departments(code))).status).toBe(204);
    });

    it('given a child made while its parent is deleted, ends with both or with neither', async () => {
      for (let round = 0; round < 6; round++) {
        const parent = `p${round}`;
        await made(put(admin, parent));

        const [child, gone] = await Promise.all([
          put(admin, `c${round}`, parent),
          admin.delete(departments(parent)),
        ]);

        expect([
          [200, 409],
          [400, 204],
        ]).toContainEqual([child.status, gone.status]);
      }
    });

    it("given the platform's, a team administrator may read it and is refused to delete it", async () => {
      await made(put(root, code));

      expect((await admin.get(departments(code))).body.accCode).toBeNull();
      const { status, body } = await admin.delete(departments(code));
      expect([status, body.code]).toEqual([403, 'forbidden']);
      expect((await root.get(departments(code))).status).toBe(200);
    });

    it("given both, a team administrator deletes the own one and sees the platform's again", async () => {
      await made(put(root, code));
      await made(put(admin, code, null, { name: 'T' }));

      expect((await admin.delete(departments(code))).status).toBe(204);
      expect((await admin.get(departments(code))).body.accCode).toBeNull();
      expect((await root.delete(`${departments(code)}?accCode=${team}`)).status).toBe(404);
      expect((await root.delete(departments(code))).status).toBe(204);
    });
  });

  describe('GET /directory/departments', () => {
    type View = { code: string; accCode: string | null };
    const all = async (client: Client, query: string): Promise<View[]> => {
      const items: View[] = [];
      for (let cursor = ''; ;) {
        const { status, body } = await client.get(`/directory/departments?${query}${cursor}`);
        expect(status).toBe(200);
        items.push(...body.items.filter((item: View) => item.code.startsWith(`${code}-`)));
        if (body.nextCursor === null) return items;
        cursor = `&cursor=${body.nextCursor}`;
      }
    };

    it('given a team, lists what codes mean there, in pages', async () => {
      await made(put(root, `${code}-p`, null, { leader: 'ann' }));
      await made(put(root, `${code}-both`));
      await made(put(admin, `${code}-both`, `${code}-p`));
      await made(put(admin, `${code}-own/1`));
      await made(put(other, `${code}-theirs`));

      const mine = await all(admin, 'limit=1');

      expect(mine.map((item) => [item.code, item.accCode])).toEqual([
        [`${code}-p`, null],
        [`${code}-both`, team],
        [`${code}-own/1`, team],
      ]);
      expect(mine[0]).toEqual((await admin.get(departments(`${code}-p`))).body);
      expect(await all(root, `accCode=${team}`)).toEqual(mine);
    });

    it('given a system administrator who names no team, lists every department once', async () => {
      for (const client of [root, admin, other]) await made(put(client, `${code}-both`));

      expect((await all(root, 'limit=2')).map((item) => item.accCode)).toEqual([null, team, `${team}-other`]);
    });

    it('given the cursor of another list, or another team, refuses', async () => {
      const cursor = Buffer.from(JSON.stringify(['ann'])).toString('base64url');

      expect((await admin.get(`/directory/departments?cursor=${cursor}`)).status).toBe(400);
      expect((await admin.get(`/directory/departments?accCode=${team}-other`)).status).toBe(404);
    });
  });

  describe('bad input and callers', () => {
    it.each([
      ['no name', {}, 'name'],
      ['a name of 129 characters', { name: 'x'.repeat(129) }, 'name'],
      ['a parent that is no text', { name: 'D', parent: 7 }, 'parent'],
      ['an empty parent', { name: 'D', parent: '' }, 'parent'],
      ['a parent of 65 characters', { name: 'D', parent: 'x'.repeat(65) }, 'parent'],
      ['a leader with a comma', { name: 'D', leader: 'a,b' }, 'leader'],
      ['a leader of 65 characters', { name: 'D', leader: 'x'.repeat(65) }, 'leader'],
      ['the reserved code as the leader', { name: 'D', leader: 'system' }, 'leader'],
      ['null as the team', { name: 'D', accCode: null }, 'accCode'],
      ['an unknown field', { name: 'D', members: [] }, 'members'],
    ])('given %s, answers 400 naming the field', async (_what, body, field) => {
      const answer = await admin.put(departments(code), body);

      expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
      expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
      expect((await admin.get(departments(code))).status).toBe(404);
    });

    it.each(['a,b', ' a', 'x'.repeat(65)])('given the code %j, answers 400', async (bad) => {
      const { status, body } = await put(admin, bad);

      expect([status, body.errors?.[0].field]).toEqual([400, 'code']);
    });

    it('given a member, an API key or nobody, refuses', async () => {
      const { body } = await admin.post('/api-keys', { name: 'Shop', accCodes: [team] });
      for (const [client, status] of [
        [app.as({ sub: 'mia', acc_code: team }), 403],
        [app.key(body.key), 403],
        [app.as(null), 401],
      ] as const) {
        expect((await put(client, code)).status).toBe(status);
        expect((await client.get(departments(code))).status).toBe(status);
        expect((await client.get('/directory/departments')).status).toBe(status);
        expect((await client.delete(departments(code))).status).toBe(status);
      }
    });
  });
});
