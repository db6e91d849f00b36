import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type MembershipChange, MembershipChanges } from '../../src/directory/membership-changes.port.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';

/** What a listener hears of memberships that end. */
describe(MembershipChanges, () => {
  let app: TestApp;
  let root: Client;
  let admin: Client;
  let heard: MembershipChange[] = [];
  let team: string;
  let ann: string;
  let run = 0;
  let refuse = false;

  beforeAll(async () => {
    app = await startApp();
    root = app.as({ sub: 'root', roles: ['system_admin'] });
    app.get(MembershipChanges).register(async (tx, change) => {
      await tx.rows('SELECT 1 AS one');
      if (refuse) throw new Error('the listener cannot write it down');
      heard.push(change);
    });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    run += 1;
    team = `t${run}`;
    ann = `ann${run}`;
    refuse = false;
    admin = app.as({ sub: 'adm', acc_code: team, roles: ['team_admin'] });
  });

  /** What a call tells, as `<team or platform>: <user> <subject>`, sorted. */
  const toldBy = async (call: () => Promise<{ status: number }>): Promise<string[]> => {
    heard = [];
    expect([200, 204]).toContain((await call()).status);
    return heard
      .flatMap((change) =>
        change.left.map(({ userCode, subject }) => `${change.team ?? 'platform'}: ${userCode} ${subject}`),
      )
      .toSorted();
  };
  const user = (about: object, client: Client = admin) =>
    client.put(`/directory/users/${ann}`, { name: 'Ann', ...about });
  const group = (code: string, members: string[], client: Client = admin) =>
    client.put(`/directory/groups/${code}`, { name: code, members });

  it('given a group written anew, tells who left it, and nothing of who came or stayed', async () => {
    expect(await toldBy(() => group('desk', ['a', 'b', 'c']))).toEqual([]);
    expect(await toldBy(() => group('desk', ['b', 'd']))).toEqual([
      `${team}: a g:${team}/desk`,
      `${team}: c g:${team}/desk`,
    ]);
    expect(await toldBy(() => group('desk', ['b', 'd', 'e']))).toEqual([]);
    expect(heard).toEqual([]);
  });

  it('given a group deleted, tells all its members; one that is not there, nothing', async () => {
    await group(`board${run}`, ['b', 'a'], root);

    expect(await toldBy(() => root.delete(`/directory/groups/board${run}`))).toEqual([
      `platform: a g:/board${run}`,
      `platform: b g:/board${run}`,
    ]);
    heard = [];
    expect((await root.delete(`/directory/groups/board${run}`)).status).toBe(404);
    expect(heard).toEqual([]);
  });

  it('given the groups of a person, tells those that are gone', async () => {
    await user({ groups: ['desk', 'shop'] });

    expect(await toldBy(() => user({}))).toEqual([]);
    expect(await toldBy(() => user({ groups: ['shop', 'new'] }))).toEqual([`${team}: ${ann} g:${team}/desk`]);
  });

  it('given the roles of a person, tells those taken away, left out included', async () => {
    await user({ roles: ['auditor', 'clerk'] });

    expect(await toldBy(() => user({ roles: ['clerk', 'cashier'] }))).toEqual([`${team}: ${ann} r:auditor`]);
    expect(await toldBy(() => user({}))).toEqual([`${team}: ${ann} r:cashier`, `${team}: ${ann} r:clerk`]);
  });

  it('given a person made inactive, tells all groups, roles and the person, once', async () => {
    await group(`board${run}`, [ann], root);
    await user({ roles: ['auditor'], groups: ['desk'] });

    expect(await toldBy(() => user({ roles: ['auditor'], active: false }))).toEqual([
      `${team}: ${ann} g:/board${run}`,
      `${team}: ${ann} g:${team}/desk`,
      `${team}: ${ann} r:auditor`,
      `${team}: ${ann} u:${ann}`,
    ]);
    expect(heard).toHaveLength(1);
    expect(await toldBy(() => user({ roles: ['auditor'], active: false }))).toEqual([]);
    expect(await toldBy(() => user({ active: true }))).toEqual([]);
  });

  it('given somebody listed for the first time, as inactive, tells the groups and the person', async () => {
    await group('desk', [ann]);

    expect(await toldBy(() => user({ active: false }))).toEqual([
      `${team}: ${ann} g:${team}/desk`,
      `${team}: ${ann} u:${ann}`,
    ]);
  });

  it('given a person deleted, tells the groups left and the roles, not the person', async () => {
    const other = app.as({ sub: 'adm', acc_code: `${team}-other`, roles: ['team_admin'] });
    await group(`board${run}`, [ann], root);
    await group('theirs', [ann], other);
    await user({ roles: ['auditor'], groups: ['desk'] });

    expect(await toldBy(() => admin.delete(`/directory/users/${ann}`))).toEqual([
      `platform: ${ann} g:/board${run}`,
      `${team}: ${ann} g:${team}/desk`,
      `${team}: ${ann} r:auditor`,
    ]);
  });

  it('given a person moved to another team, tells the roles where they no longer count', async () => {
    await user({ roles: ['auditor'] });

    expect(await toldBy(() => user({ roles: ['auditor'], accCode: `${team}-other` }, root))).toEqual([
      `${team}: ${ann} r:auditor`,
    ]);
  });

  it('given a listener that fails, changes nothing', async () => {
    await group('desk', ['a', 'b']);
    refuse = true;

    expect((await group('desk', [])).status).toBe(500);
    expect((await admin.delete('/directory/groups/desk')).status).toBe(500);
    refuse = false;
    expect((await admin.get('/directory/groups/desk')).body.members).toEqual(['a', 'b']);
  });
});
