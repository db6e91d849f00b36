import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { DirectoryService } from '../../src/directory/directory.service.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';

/** What orders ask about departments and shared groups, over rows that the routes wrote. */
describe('departments, asked by orders', () => {
  let app: TestApp;
  let directory: DirectoryService;
  let root: Client;

  const send = async (path: string, body: object): Promise<void> => {
    expect((await root.put(path, body)).status).toBe(200);
  };
  const department = (code: string, about: object = {}) =>
    send(`/directory/departments/${code}`, { name: `N ${code}`, ...about });
  const user = (code: string, about: object) => send(`/directory/users/${code}`, { name: code, ...about });
  const group = (code: string, members: string[], accCode?: string) =>
    send(`/directory/groups/${code}`, { name: code, members, ...(accCode ? { accCode } : {}) });
  /** Rows that no route would write. */
  const plant = (rows: readonly (readonly [scope: string, code: string, parent: string | null])[]) =>
    app.get(UnitOfWork).run(async (tx) => {
      for (const row of rows) {
        await tx.run(
          `INSERT INTO dms_s_apply_department (scope, code, name, parent_code, create_time, update_time)
           VALUES (?, ?, 'planted', ?, '2026-01-01 00:00:00', '2026-01-01 00:00:00')`,
          row,
        );
      }
    });
  const chain = async (userCode: string, team: string | null = 't1'): Promise<string[]> =>
    (await directory.departmentChain(app.database, team, userCode)).map((level) => level.code);

  beforeAll(async () => {
    app = await startApp();
    directory = app.get(DirectoryService);
    root = app.as({ sub: 'root', roles: ['system_admin'] });
    await user('away', { accCode: 't1', active: false });
    await user('away2', { accCode: 't2', active: false });
    await department('head', { leader: 'away' });
    await department('region', { parent: 'head' });
    await department('desk', { parent: 'region', leader: 'unlisted' });
    await department('region', { parent: 'head', accCode: 't1', leader: 'away2' });
    await department('own', { parent: 'desk', accCode: 't1' });
    await department('theirs', { accCode: 't2' });
    await user('ann', { accCode: 't1', department: 'own' });
    await user('bob', { accCode: 't2', department: 'desk' });
    await user('free', { department: 'desk' });
    await user('lost', { accCode: 't1', department: 'theirs' });
    await user('none', { accCode: 't1' });
  });
  afterAll(() => app.close());

  describe('departmentChain', () => {
    it("gives the person's department and those above it, each the team's own before the platform's", async () => {
      expect(await directory.departmentChain(app.database, 't1', 'ann')).toEqual([
        { code: 'own', name: 'N own', leader: null, leaderActive: false },
        { code: 'desk', name: 'N desk', leader: 'unlisted', leaderActive: true },
        { code: 'region', name: 'N region', leader: 'away2', leaderActive: true },
        { code: 'head', name: 'N head', leader: 'away', leaderActive: false },
      ]);
      expect(await directory.departmentChain(app.database, 't2', 'bob')).toEqual([
        { code: 'desk', name: 'N desk', leader: 'unlisted', leaderActive: true },
        { code: 'region', name: 'N region', leader: null, leaderActive: false },
        { code: 'head', name: 'N head', leader: 'away', leaderActive: true },
      ]);
    });

    it('given somebody of no team, gives what each team means by the code', async () => {
      const leaders = async (team: string | null) =>
        (await directory.departmentChain(app.database, team, 'free')).map((level) => level.leader);

      expect(await leaders('t1')).toEqual(['unlisted', 'away2', 'away']);
      expect(await leaders(null)).toEqual(['unlisted', null, 'away']);
    });

    it('given no team, knows people of every team and the departments of the platform', async () => {
      expect(await chain('bob', null)).toEqual(['desk', 'region', 'head']);
      expect(await chain('ann', null)).toEqual([]);
    });

    it('is empty for whom the team does not list, and without an existing department', async () => {
      for (const [userCode, team] of [
        ['bob', 't1'],
        ['unlisted', 't1'],
        ['none', 't1'],
        ['lost', 't1'],
      ] as const) {
        expect(await chain(userCode, team)).toEqual([]);
      }
    });

    it('given circles in the data, of one team or across scopes, ends before it repeats', async () => {
      await plant([
        ['t1', 'self', 'self'],
        ['t1', 'x', 'y'],
        ['t1', 'y', 'z'],
        ['t1', 'z', 'y'],
        ['', 'p', 'q'],
        ['t1', 'q', 'p'],
        ['', 'q', null],
        ['t1', 'torn', 'nowhere'],
      ]);
      await user('s', { accCode: 't1', department: 'self' });
      await user('x', { accCode: 't1', department: 'x' });
      await user('p', { department: 'p' });
      await user('torn', { accCode: 't1', department: 'torn' });

      expect(await chain('s')).toEqual(['self']);
      expect(await chain('x')).toEqual(['x', 'y', 'z']);
      expect(await chain('p')).toEqual(['p', 'q']);
      expect(await chain('p', 't2')).toEqual(['p', 'q']);
      expect(await chain('torn')).toEqual(['torn']);
    });

    it('ends after 50', async () => {
      const codes = Array.from({ length: 60 }, (_, i) => `level${i}`);
      await plant(codes.map((code, i) => ['t1', code, codes[i + 1] ?? null] as const));
      await user('deep', { accCode: 't1', department: 'level0' });

      expect(await chain('deep')).toEqual(codes.slice(0, 50));
    });

    it('can be asked inside a transaction', async () => {
      const found = await app.get(UnitOfWork).run(async (tx) => directory.departmentChain(tx, 't1', 'ann'));

      expect(found.map((level) => level.code)).toEqual(['own', 'desk', 'region', 'head']);
    });
  });

  it("departmentsOf gives the team's people their departments, as far as there is one of the code", async () => {
    const people = ['ann', 'bob', 'free', 'lost', 'none', 'unlisted'];

    expect(await directory.departmentsOf(app.database, 't1', people)).toEqual(
      new Map([
        ['ann', 'own'],
        ['free', 'desk'],
      ]),
    );
    expect(await directory.departmentsOf(app.database, 't2', people)).toEqual(
      new Map([
        ['bob', 'desk'],
        ['free', 'desk'],
      ]),
    );
    expect(await directory.departmentsOf(app.database, null, people)).toEqual(
      new Map([
        ['bob', 'desk'],
        ['free', 'desk'],
      ]),
    );
  });

  it("sharingGroups gives who is in a group with a person, of the team's and the platform's", async () => {
    await group('board', ['ann', 'bob']);
    await group('shop', ['ann', 'cleo'], 't1');
    await group('shop', ['ann', 'otto'], 't2');
    await group('empty', ['dora'], 't1');
    const others = ['ann', 'bob', 'cleo', 'otto', 'dora'];

    const sharing = (team: string | null, userCode = 'ann') =>
      directory.sharingGroups(app.database, team, userCode, others);
    expect(await sharing('t1')).toEqual(new Set(['ann', 'bob', 'cleo']));
    expect(await sharing('t2')).toEqual(new Set(['ann', 'bob', 'otto']));
    expect(await sharing(null)).toEqual(new Set(['ann', 'bob']));
    expect(await sharing('t1', 'nobody')).toEqual(new Set());
  });
});
