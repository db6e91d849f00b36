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

  describe('personFacts', () => {
    it('tells memberships in the groups asked about, and who is inactive', async () => {
      const facts = await directory.personFacts(app.database, {
        users: ['own', 'away', 'unlisted', 'nobody-at-all'],
        groups: ['g:t1/desk', 'g:/board', 'g:/both'],
      });

      expect(facts.memberships).toEqual(
        new Map([
          ['own', new Set(['g:t1/desk'])],
          ['away', new Set(['g:t1/desk', 'g:/board'])],
          ['unlisted', new Set(['g:t1/desk', 'g:/board'])],
          ['nobody-at-all', new Set()],
        ]),
      );
      expect(facts.inactive).toEqual(new Set(['away']));
    });

    it('tells groups of the same name apart, also when a team has a slash in its code', async () => {
      const facts = await directory.personFacts(app.database, {
        users: ['slash', 'own', 'platform'],
        groups: ['g:t1/x/desk', 'g:t1/both'],
      });

      expect(facts.memberships.get('slash')).toEqual(new Set(['g:t1/x/desk']));
      expect(facts.memberships.get('own')).toEqual(new Set(['g:t1/both']));
      expect(facts.memberships.get('platform')).toEqual(new Set());
    });

    it('given no groups, still tells who is inactive; given nobody, tells nothing', async () => {
      const facts = await directory.personFacts(app.database, { users: ['away', 'own'], groups: [] });
      expect(facts.inactive).toEqual(new Set(['away']));

      const nothing = await directory.personFacts(app.database, { users: [], groups: ['g:/board'] });
      expect(nothing).toEqual({ memberships: new Map(), inactive: new Set() });
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
    const users = ['own', 'away', 'foreign', 'free', 'unlisted'];

    it('given a team, leaves out the inactive, those of other teams, and groups of nobody else', async () => {
      expect(await directory.reachable(app.database, 't1', { users, groups })).toEqual({
        users: new Set(['own', 'free', 'unlisted']),
        groups: new Set(['g:t1/desk', 'g:/board']),
      });
    });

    it('given no team, people of every team count', async () => {
      expect(await directory.reachable(app.database, null, { users, groups })).toEqual({
        users: new Set(['own', 'foreign', 'free', 'unlisted']),
        groups: new Set(['g:t1/desk', 'g:t1/strangers', 'g:/board']),
      });
    });

    it.each([
      [{ users: ['own'], groups: [] }, ['own'], []],
      [{ users: [], groups: ['g:/board'] }, [], ['g:/board']],
      [{ users: [], groups: [] }, [], []],
    ])('given %j, asks only about that', async (asked, people, desks) => {
      expect(await directory.reachable(app.database, 't1', asked)).toEqual({
        users: new Set(people),
        groups: new Set(desks),
      });
    });
  });

  describe('subjectsOf and rolesOf', () => {
    it('gives all groups of an active or unlisted person, none of an inactive or unknown one', async () => {
      expect(await directory.subjectsOf(app.database, 'own')).toEqual(['g:t1/both', 'g:t1/desk']);
      expect(await directory.subjectsOf(app.database, 'unlisted')).toEqual(['g:/board', 'g:t1/desk']);
      expect(await directory.subjectsOf(app.database, 'slash')).toEqual(['g:t1/x/desk']);
      expect(await directory.subjectsOf(app.database, 'away')).toEqual([]);
      expect(await directory.subjectsOf(app.database, 'nobody-at-all')).toEqual([]);
    });

    it('gives the roles of an active person, none of anybody else', async () => {
      expect(await directory.rolesOf(app.database, 'own')).toEqual(['team_admin', 'auditor']);
      expect(await directory.rolesOf(app.database, 'free')).toEqual([]);
      expect(await directory.rolesOf(app.database, 'away')).toEqual([]);
      expect(await directory.rolesOf(app.database, 'unlisted')).toEqual([]);
    });
  });

  it('asks once for thousands of people and groups', async () => {
    const many = Array.from({ length: 4000 }, (_, i) => `x${i}`);
    const groups = many.map((code, i) => `g:${i % 2 ? '' : 't1'}/${code}`);

    const { users } = await directory.reachable(app.database, 't1', { users: [...many, 'away'], groups });

    expect(users.size).toBe(4000);
    expect((await directory.membersOf(app.database, groups, 't1')).size).toBe(4000);
  });
});
