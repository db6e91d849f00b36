import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sql } from '../../src/database/sql.js';
import { DirectoryService } from '../../src/directory/directory.service.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';

/** Roles as the directory gives them: the rows behind the column, and what orders ask about them. */
describe('roles of the directory', () => {
  let app: TestApp;
  let directory: DirectoryService;
  let root: Client;
  /** How many statements went through {@link counted}. */
  let asked = 0;
  let counted: Sql;

  const user = async (code: string, about: object): Promise<void> => {
    const { status } = await root.put(`/directory/users/${code}`, { name: code, ...about });
    expect(status).toBe(200);
  };
  const rolesOf = async (code: string): Promise<string[]> => {
    const rows = await app.database.rows<{ role: string }>(
      'SELECT role FROM dms_s_apply_user_role WHERE user_code = ? ORDER BY role',
      [code],
    );
    return rows.map((row) => row.role);
  };

  beforeAll(async () => {
    app = await startApp();
    directory = app.get(DirectoryService);
    root = app.as({ sub: 'root', roles: ['system_admin'] });
    counted = {
      rows: (sql, values) => {
        asked += 1;
        return app.database.rows(sql, values);
      },
      repository: (entity) => app.database.repository(entity),
    };
    await user('own', { accCode: 't1', roles: ['auditor', 'cashier', 'system_admin'] });
    await user('away', { accCode: 't1', roles: ['auditor'], active: false });
    await user('foreign', { accCode: 't2', roles: ['auditor', 'clerk'] });
    await user('free', { roles: ['auditor', 'system_admin'] });
    await user('plain', { accCode: 't1' });
    await root.put('/directory/groups/desk', {
      name: 'Desk',
      accCode: 't1',
      members: ['own', 'away', 'unlisted'],
    });
  });
  afterAll(() => app.close());

  describe('rows', () => {
    it('follow the roles of a person: given, replaced, taken away, deleted with the person', async () => {
      await user('rita', { roles: ['b', 'a'] });
      expect(await rolesOf('rita')).toEqual(['a', 'b']);
      await user('rita', { roles: ['c', 'b'] });
      expect(await rolesOf('rita')).toEqual(['b', 'c']);
      expect((await root.get('/directory/users/rita')).body.roles).toEqual(['c', 'b']);
      await user('rita', {});
      expect(await rolesOf('rita')).toEqual([]);
      await user('rita', { roles: ['a'] });
      expect((await root.delete('/directory/users/rita')).status).toBe(204);
      expect(await rolesOf('rita')).toEqual([]);
    });

    it('hold the role that a team administrator leaves as it is', async () => {
      await user('sam', { accCode: 't1', roles: ['system_admin'] });
      const admin = app.as({ sub: 'adm', acc_code: 't1', roles: ['team_admin'] });

      expect((await admin.put('/directory/users/sam', { name: 'Sam', roles: ['auditor'] })).status).toBe(200);
      expect(await rolesOf('sam')).toEqual(['auditor', 'system_admin']);
      await admin.delete('/directory/users/sam');
    });

    it('are of nobody when the write is refused', async () => {
      const admin = app.as({ sub: 'adm', acc_code: 't1', roles: ['team_admin'] });

      expect((await admin.put('/directory/users/foreign', { name: 'X', roles: ['b'] })).status).toBe(404);
      expect(await rolesOf('foreign')).toEqual(['auditor', 'clerk']);
    });
  });

  describe('memberships', () => {
    const subjects = ['r:auditor', 'r:cashier', 'r:clerk', 'r:system_admin', 'g:t1/desk', 'u:own'];
    const people = ['own', 'away', 'foreign', 'free', 'unlisted'];

    it('given a team, counts roles of active people of the team or of none, and groups of anybody', async () => {
      expect(await directory.memberships(app.database, 't1', people, subjects)).toEqual(
        new Map([
          ['own', new Set(['r:auditor', 'r:cashier', 'g:t1/desk'])],
          ['away', new Set(['g:t1/desk'])],
          ['foreign', new Set()],
          ['free', new Set(['r:auditor'])],
          ['unlisted', new Set(['g:t1/desk'])],
        ]),
      );
    });

    it('given no team, counts roles of active people of every team', async () => {
      const found = await directory.memberships(app.database, null, people, ['r:auditor', 'r:clerk']);

      expect(found.get('foreign')).toEqual(new Set(['r:auditor', 'r:clerk']));
      expect(found.get('own')).toEqual(new Set(['r:auditor']));
      expect(found.get('away')).toEqual(new Set());
    });

    it('asks only for what it is asked about', async () => {
      for (const [about, statements] of [
        [['g:t1/desk'], 1],
        [['r:auditor'], 1],
        [['g:t1/desk', 'r:auditor'], 1],
        [['r:system_admin'], 0],
        [['u:own'], 0],
        [[], 0],
      ] as const) {
        asked = 0;
        await directory.memberships(counted, 't1', people, about);
        expect([about, asked]).toEqual([about, statements]);
      }
    });
  });

  it('membersOf lists the holders who can review, of groups and roles together', async () => {
    const subjects = ['r:auditor', 'r:clerk', 'r:nobody', 'r:system_admin', 'g:t1/desk'];

    expect(await directory.membersOf(app.database, subjects, 't1')).toEqual(
      new Map([
        ['r:auditor', ['free', 'own']],
        ['r:clerk', []],
        ['r:nobody', []],
        ['r:system_admin', ['free', 'own']],
        ['g:t1/desk', ['own', 'unlisted']],
      ]),
    );
    expect(await directory.membersOf(app.database, ['r:auditor'], null)).toEqual(
      new Map([['r:auditor', ['foreign', 'free', 'own']]]),
    );
  });

  it('reachable gives the roles of somebody who can review', async () => {
    const subjects = ['r:auditor', 'r:clerk', 'r:nobody', 'g:t1/desk', 'g:t1/none'];

    expect(await directory.reachable(app.database, 't1', subjects)).toEqual(
      new Set(['r:auditor', 'g:t1/desk']),
    );
    expect(await directory.reachable(app.database, null, ['r:auditor', 'r:clerk'])).toEqual(
      new Set(['r:auditor', 'r:clerk']),
    );
  });

  it('deskOf gives groups and roles, never system_admin, and nothing of another team', async () => {
    const of = async (userCode: string, team: string | null = 't1') =>
      (await directory.deskOf(app.database, team, userCode)).subjects;

    expect(await of('own')).toEqual(['g:t1/desk', 'r:auditor', 'r:cashier']);
    expect(await of('own', null)).toEqual(['g:t1/desk', 'r:auditor', 'r:cashier']);
    expect(await of('away')).toEqual([]);
    expect(await of('foreign')).toEqual([]);
    expect(await of('foreign', 't2')).toEqual(['r:auditor', 'r:clerk']);
    expect(await of('free', 't2')).toEqual(['r:auditor']);
    expect(await of('unlisted')).toEqual(['g:t1/desk']);
  });

  it('listed says active or inactive of those who exist for the team', async () => {
    const people = ['own', 'away', 'foreign', 'free', 'unlisted'];

    expect(await directory.listed(app.database, 't1', people)).toEqual(
      new Map([
        ['own', 'active'],
        ['away', 'inactive'],
        ['free', 'active'],
      ]),
    );
    expect((await directory.listed(app.database, null, people)).get('foreign')).toBe('active');
  });

  it('asks once for thousands, and not at all about nothing', async () => {
    const many = Array.from({ length: 4000 }, (_, i) => `x${i}`);
    const roles = many.slice(0, 1000).map((code) => `r:${code}`);
    const questions = [
      (users: string[], subjects: string[]) => directory.memberships(counted, 't1', users, subjects),
      (_users: string[], subjects: string[]) => directory.membersOf(counted, subjects, 't1'),
      (_users: string[], subjects: string[]) => directory.reachable(counted, 't1', subjects),
      (users: string[]) => directory.listed(counted, 't1', users),
      (users: string[]) => directory.inactiveOf(counted, 't1', users),
      (users: string[]) => directory.departmentsOf(counted, 't1', users),
      (users: string[]) => directory.sharingGroups(counted, 't1', 'own', users),
    ];
    for (const ask of questions) {
      asked = 0;
      await ask(many, [...roles, 'g:t1/desk']);
      expect(asked).toBe(1);
      await ask([], []);
      expect(asked).toBe(1);
    }
  });
});
