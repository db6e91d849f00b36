import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, startApp, type TestApp } from '../support/harness.js';

describe('/api-keys', () => {
  let app: TestApp;
  let root: Client;
  let admin: Client;
  let other: Client;
  let team: string;
  let otherTeam: string;
  let run = 0;

  beforeAll(async () => {
    app = await startApp();
    root = app.as({ sub: 'root', roles: ['system_admin'] });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    run += 1;
    team = `t${run}`;
    otherTeam = `${team}-other`;
    admin = app.as({ sub: 'adm', acc_code: team, roles: ['team_admin'] });
    other = app.as({ sub: 'oda', acc_code: otherTeam, roles: ['team_admin'] });
  });

  /** 403: the guard knows the key, and this route is not for it. 401: it does not know it. */
  const statusWith = async (key: string): Promise<number> => (await app.key(key).get('/api-keys')).status;

  describe('POST /api-keys', () => {
    it('shows the key once and stores only its hash', async () => {
      const { status, body } = await admin.post('/api-keys', { name: '商城', accCodes: [team] });

      expect(status).toBe(201);
      expect(body).toEqual({
        id: expect.stringMatching(/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/),
        name: '商城',
        accCodes: [team],
        businessTypes: null,
        directory: false,
        userCode: 'adm',
        createTime: expect.stringMatching(/T.*Z$/),
        key: expect.stringMatching(/^csk_[0-9a-f]{32}_[\w-]{43}$/),
      });
      expect(body.key).toContain(body.id.replaceAll('-', ''));
      const [row] = await app.database.rows<Record<string, unknown>>(
        'SELECT * FROM dms_s_apply_api_key WHERE id = ?',
        [body.id],
      );
      expect(row).toMatchObject({ key_hash: createHash('sha256').update(body.key).digest('hex') });
      expect(JSON.stringify(row)).not.toContain(body.key.slice(37));
    });

    it('keeps the business types that it is for', async () => {
      const { body } = await admin.post('/api-keys', {
        name: 'K',
        accCodes: [team],
        businessTypes: ['b', 'a'],
      });

      expect(body.businessTypes).toEqual(['b', 'a']);
      expect((await admin.get('/api-keys')).body.items[0].businessTypes).toEqual(['b', 'a']);
    });

    it('given a system administrator, takes any teams', async () => {
      const { status, body } = await root.post('/api-keys', { name: 'K', accCodes: [otherTeam, team] });

      expect([status, body.accCodes]).toEqual([201, [team, otherTeam]]);
    });

    it('given another team by a team administrator, alone or beside the own, answers 404', async () => {
      for (const accCodes of [[otherTeam], [team, otherTeam]]) {
        const { status, body } = await admin.post('/api-keys', { name: 'K', accCodes });
        expect([status, body.code]).toEqual([404, 'not_found']);
      }
      expect((await admin.get('/api-keys')).body.items).toEqual([]);
    });

    it('given an Idempotency-Key twice, answers the same key again and stores it sealed', async () => {
      const headers = { 'Idempotency-Key': `make-${run}` };
      const body = { name: 'K', accCodes: [team] };

      const first = await admin.post('/api-keys', body, headers);
      const second = await admin.post('/api-keys', body, headers);

      expect([second.status, second.body]).toEqual([201, first.body]);
      expect((await admin.get('/api-keys')).body.items).toHaveLength(1);
      const stored = await app.database.rows(
        'SELECT * FROM dms_s_apply_idempotency WHERE idempotency_key = ?',
        [`make-${run}`],
      );
      expect(stored).toHaveLength(1);
      expect(JSON.stringify(stored)).not.toContain(first.body.key);
    });

    it.each([
      ['no name', { accCodes: ['t'] }, 'name'],
      ['an empty name', { name: '', accCodes: ['t'] }, 'name'],
      ['a name of 129 characters', { name: 'x'.repeat(129), accCodes: ['t'] }, 'name'],
      ['no teams', { name: 'K' }, 'accCodes'],
      ['an empty list of teams', { name: 'K', accCodes: [] }, 'accCodes'],
      ['a team as text', { name: 'K', accCodes: 't' }, 'accCodes'],
      ['a team twice', { name: 'K', accCodes: ['t', 't'] }, 'accCodes'],
      ['51 teams', { name: 'K', accCodes: Array.from({ length: 51 }, (_, i) => `t${i}`) }, 'accCodes'],
      ['a team of 65 characters', { name: 'K', accCodes: ['x'.repeat(65)] }, 'accCodes'],
      ['an empty list of business types', { name: 'K', accCodes: ['t'], businessTypes: [] }, 'businessTypes'],
      [
        'a business type with a comma',
        { name: 'K', accCodes: ['t'], businessTypes: ['a,b'] },
        'businessTypes',
      ],
      [
        '101 business types',
        { name: 'K', accCodes: ['t'], businessTypes: Array.from({ length: 101 }, (_, i) => `b${i}`) },
        'businessTypes',
      ],
      ['a key of the own choice', { name: 'K', accCodes: ['t'], key: 'csk_mine' }, 'key'],
    ])('given %s, answers 400 naming the field', async (_what, body, field) => {
      const answer = await root.post('/api-keys', body);

      expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
      expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
    });

    it('keeps 100 business types of 125 characters', async () => {
      const businessTypes = Array.from({ length: 100 }, (_, i) =>
        `业${String(i).padStart(3, '0')}`.padEnd(125, '务'),
      );

      const { status } = await root.post('/api-keys', { name: 'K', accCodes: [team], businessTypes });

      expect(status).toBe(201);
      expect((await admin.get('/api-keys')).body.items[0].businessTypes).toEqual(businessTypes);
    });
  });

  describe('GET /api-keys', () => {
    it('lists the keys of the team in pages, newest first, without the key or its hash', async () => {
      const made = [];
      for (const name of ['A', 'B', 'C'])
        made.push((await admin.post('/api-keys', { name, accCodes: [team] })).body);
      await other.post('/api-keys', { name: 'theirs', accCodes: [otherTeam] });
      await root.post('/api-keys', { name: 'shared', accCodes: [team, otherTeam] });

      const first = await admin.get('/api-keys?limit=2');
      const second = await admin.get(`/api-keys?limit=2&cursor=${first.body.nextCursor}`);

      const items = [...first.body.items, ...second.body.items];
      expect(items.map((item) => item.name)).toEqual(['C', 'B', 'A']);
      expect(second.body.nextCursor).toBeNull();
      const { key: _key, ...shown } = made[2];
      expect(items[0]).toEqual(shown);
    });

    it('given a system administrator, lists all, or those that act for a team', async () => {
      await admin.post('/api-keys', { name: 'own', accCodes: [team] });
      await root.post('/api-keys', { name: 'shared', accCodes: [team, otherTeam] });
      await other.post('/api-keys', { name: 'theirs', accCodes: [otherTeam] });
      const names = async (client: Client, path: string): Promise<string[]> =>
        (await client.get(path)).body.items.map((item: { name: string }) => item.name);

      expect((await names(root, '/api-keys')).slice(0, 3)).toEqual(['theirs', 'shared', 'own']);
      expect(await names(root, `/api-keys?accCode=${team}`)).toEqual(['shared', 'own']);
      expect(await names(admin, '/api-keys')).toEqual(['own']);
      expect((await admin.get(`/api-keys?accCode=${otherTeam}`)).status).toBe(404);
    });
  });

  describe('DELETE /api-keys/{id}', () => {
    it('withdraws a key at once', async () => {
      const { body } = await admin.post('/api-keys', { name: 'K', accCodes: [team] });
      expect(await statusWith(body.key)).toBe(403);

      expect((await admin.delete(`/api-keys/${body.id}`)).status).toBe(204);

      expect(await statusWith(body.key)).toBe(401);
      expect((await admin.delete(`/api-keys/${body.id}`)).status).toBe(404);
    });

    it('given a key of another team, or one that acts for another team too, answers 404 and keeps it', async () => {
      const theirs = await other.post('/api-keys', { name: 'theirs', accCodes: [otherTeam] });
      const shared = await root.post('/api-keys', { name: 'shared', accCodes: [team, otherTeam] });

      for (const { body } of [theirs, shared]) {
        expect((await admin.delete(`/api-keys/${body.id}`)).body.code).toBe('not_found');
        expect(await statusWith(body.key)).toBe(403);
        expect((await root.delete(`/api-keys/${body.id}`)).status).toBe(204);
        expect(await statusWith(body.key)).toBe(401);
      }
    });
  });

  describe('callers', () => {
    it('given a member, an API key or nobody, refuses', async () => {
      const { body } = await admin.post('/api-keys', { name: 'K', accCodes: [team] });

      for (const [client, status] of [
        [app.as({ sub: 'mia', acc_code: team }), 403],
        [app.key(body.key), 403],
        [app.as(null), 401],
      ] as const) {
        expect((await client.post('/api-keys', { name: 'K', accCodes: [team] })).status).toBe(status);
        expect((await client.get('/api-keys')).status).toBe(status);
        expect((await client.delete(`/api-keys/${body.id}`)).status).toBe(status);
      }
    });

    it('given a key that is no key, was altered, or belongs to another account, answers 401', async () => {
      const one = (await admin.post('/api-keys', { name: 'one', accCodes: [team] })).body.key as string;
      const two = (await admin.post('/api-keys', { name: 'two', accCodes: [team] })).body.key as string;
      const swapped = one.slice(0, 37) + two.slice(37);
      const altered = one.slice(0, -2) + (one.at(-2) === 'A' ? 'B' : 'A') + one.at(-1);

      for (const key of ['x', 'csk_', one.slice(0, -1), `${one}x`, swapped, altered, one.toUpperCase()]) {
        expect(await statusWith(key), key).toBe(401);
      }
    });
  });
});
