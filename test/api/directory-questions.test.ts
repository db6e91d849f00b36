import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DirectoryService } from '../../src/directory/directory.service.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';

/** What orders ask the directory, over rows that its routes wrote. */
describe(DirectoryService, () => {
  let app: TestApp;
  let directory: DirectoryService;

  beforeAll(async () => {
    app = await startApp();
    directory = app.get(DirectoryService);
    const root = app.as({ sub: 'root', roles: ['system_admin'] });
    const group = (client: Client, code: string, members: string[]) =>
      client.put(`/directory/groups/${code}`, { name: code, members });
    const user = (code: string, about: object) =>
      root.put(`/directory/users/${code}`, { name: code, ...about });
    const t1 = app.as({ sub: 'adm', acc_code: 't1', roles: ['team_admin'] });
    const slashed = app.as({ sub: 'adm', acc_code: 't1/x', roles: ['team_admin'] });

    await user('own', { accCode: 't1', roles: ['team_admin', 'auditor'] });
    await user('away', { accCode: 't1', roles: ['auditor'], active: false });
    await user('foreign', { accCode: 't2' });
    await user('free', {});
    await group(root, 'board', ['free', 'foreign', 'unlisted', 'away']);
    await group(root, 'both', ['platform']);
    await group(t1, 'both', ['own']);
    await group(t1, 'desk', ['own', 'unlisted', 'away', 'foreign', 'free']);
    await group(t1, 'nobody', []);
    await group(t1, 'gone', ['away']);
    await group(t1, 'strangers', ['foreign']);
    await group(slashed, 'desk', ['slash']);
  });
  afterAll(() => app.close());

  describe('resolveGroups', () => {
    it("given a team, means its own group before the platform's, and nothing by an unknown code", async () => {
      const found = await directory.resolveGroups(app.database, 't1', ['both', 'board', 'desk', 'unknown']);

      expect(found).toEqual(
        new Map([
          ['both', 't1'],
          ['board', ''],
          ['desk', 't1'],
        ]),
      );
    });

    it("given another team or none, means the platform's only", async () => {
      for (const team of ['t2', null]) {
        expect(await directory.resolveGroups(app.database, team, ['both', 'desk'])).toEqual(
          new Map([['both', '']]),
        );
      }
    });

    it('given no codes, finds nothing', async () => {
      expect(await directory.resolveGroups(app.database, 't1', [])).toEqual(new Map());
    });
  });

  describe('memberships', () => {
    it('tells in which of the groups asked about each person is', async () => {
      const people = ['own', 'away', 'unlisted', 'nobody-at-all'];
      const found = await directory.memberships(app.database, 't1', people, [
        'g:t1/desk',
        'g:/board',
        'g:/both',
      ]);

      expect(found).toEqual(
        new Map([
          ['own', new Set(['g:t1/desk'])],
          ['away', new Set(['g:t1/desk', 'g:/board'])],
          ['unlisted', new Set(['g:t1/desk', 'g:/board'])],
          ['nobody-at-all', new Set()],
        ]),
      );
    });

    it('tells groups of the same name apart, also when a team has a slash in its code', async () => {
      const people = ['slash', 'own', 'platform'];
      const found = await directory.memberships(app.database, null, people, ['g:t1/x/desk', 'g:t1/both']);

      expect(found.get('slash')).toEqual(new Set(['g:t1/x/desk']));
      expect(found.get('own')).toEqual(new Set(['g:t1/both']));
      expect(found.get('platform')).toEqual(new Set());
    });

    it('given no groups or nobody, tells nothing', async () => {
      expect(await directory.memberships(app.database, 't1', ['own'], [])).toEqual(
        new Map([['own', new Set()]]),
      );
      expect(await directory.memberships(app.database, 't1', [], ['g:/board'])).toEqual(new Map());
    });
  });

  describe('isActive', () => {
    it('given what the own team or the platform says, believes it; what another team says does not count', async () => {
      expect(await directory.isActive(app.database, 't1', 'own')).toBe(true);
      expect(await directory.isActive(app.database, 't1', 'away')).toBe(false);
      expect(await directory.isActive(app.database, 't2', 'away')).toBe(true);
      expect(await directory.isActive(app.database, 't1', 'nobody-at-all')).toBe(true);
    });
  });

  describe('membersOf', () => {
    it('given a team, lists active members by code, without those of other teams', async () => {
      const members = await directory.membersOf(
        app.database,
        ['g:t1/desk', 'g:/board', 'g:t1/nobody', 'g:t1/unknown'],
        't1',
      );

      expect(members).toEqual(
        new Map([
          ['g:t1/desk', ['free', 'own', 'unlisted']],
          ['g:/board', ['free', 'unlisted']],
          ['g:t1/nobody', []],
          ['g:t1/unknown', []],
        ]),
      );
    });

    it('given no team, lists the active members of all teams', async () => {
      expect(await directory.membersOf(app.database, ['g:/board'], null)).toEqual(
        new Map([['g:/board', ['foreign', 'free', 'unlisted']]]),
      );
    });

    it('given no groups, lists nobody', async () => {
      expect(await directory.membersOf(app.database, [], 't1')).toEqual(new Map());
    });
  });

  describe('reachable', () => {
    const groups = ['g:t1/desk', 'g:t1/nobody', 'g:t1/gone', 'g:t1/strangers', 'g:/board', 'g:t1/unknown'];

    it('given a team, leaves out groups of the inactive, of other teams and of nobody', async () => {
      expect(await directory.reachable(app.database, 't1', groups)).toEqual(
        new Set(['g:t1/desk', 'g:/board']),
      );
    });

    it('given no team, people of every team count; given no groups, none is', async () => {
      expect(await directory.reachable(app.database, null, groups)).toEqual(
        new Set(['g:t1/desk', 'g:t1/strangers', 'g:/board']),
      );
      expect(await directory.reachable(app.database, 't1', [])).toEqual(new Set());
    });
  });

  describe('subjectsOf', () => {
    it('gives all groups and roles of an active or unlisted person, none of an inactive or unknown one', async () => {
      const groupsOf = async (user: string, team = 't1') =>
        (await directory.deskOf(app.database, team, user)).subjects;
      expect(await groupsOf('own')).toEqual(['g:t1/both', 'g:t1/desk', 'r:auditor', 'r:team_admin']);
      expect(await groupsOf('unlisted')).toEqual(['g:/board', 'g:t1/desk']);
      expect(await groupsOf('slash')).toEqual(['g:t1/x/desk']);
      expect(await groupsOf('away')).toEqual([]);
      expect(await groupsOf('away', 't2')).toEqual(['g:/board', 'g:t1/desk', 'g:t1/gone']);
      expect(await groupsOf('nobody-at-all')).toEqual([]);
    });
  });

  it('asks once for thousands of people and groups', async () => {
    const many = Array.from({ length: 4000 }, (_, i) => `x${i}`);
    const groups = many.map((code, i) => `g:${i % 2 ? '' : 't1'}/${code}`);

    expect(await directory.reachable(app.database, 't1', groups)).toEqual(new Set());
    expect((await directory.membersOf(app.database, groups, 't1')).size).toBe(4000);
  });
});
