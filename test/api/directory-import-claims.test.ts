import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { type Client, startApp, type TestApp, type TestUser } from '../support/harness.js';
import { directoryKey, scim, user } from '../support/scim.js';
import { boss, root } from '../support/world.js';

type Claims = TestUser & Readonly<Record<string, unknown>>;

describe('claims of tokens', () => {
  let app: TestApp;
  let admin: Client;
  let logged: string[] = [];
  let ann: string;
  let run = 0;

  beforeAll(async () => {
    app = await startApp({
      env: {
        AUTH_CLAIM_NAME: 'name',
        AUTH_CLAIM_EMAIL: 'email',
        AUTH_CLAIM_DEPARTMENT: 'dept',
        AUTH_CLAIM_GROUPS: 'groups',
      },
      onLog: (line) => void logged.push(line),
    });
    admin = app.as(boss);
  });
  afterAll(() => app.close());
  beforeEach(() => {
    run += 1;
    ann = `ann${run}`;
    logged = [];
  });

  /** A request with a token that says this. */
  const visit = (claims: object = {}) => app.as({ sub: ann, acc_code: 't1', ...claims }).get('/orders');
  const row = async () => (await app.as(root).get(`/directory/users/${ann}`)).body;
  const groupOf = (code: string, members: string[] = []) =>
    admin.put(`/directory/groups/${code}`, { name: code, members });
  const said = { name: '安娜', email: 'ann@example.com', dept: 'fin' };

  it('make somebody known, and are followed when they change', async () => {
    expect((await visit(said)).status).toBe(200);
    expect(await row()).toMatchObject({
      name: '安娜',
      email: 'ann@example.com',
      department: 'fin',
      accCode: 't1',
      roles: [],
      active: true,
    });

    await visit({ ...said, name: 'Anna', email: undefined });
    expect(await row()).toMatchObject({ name: 'Anna', email: 'ann@example.com', department: 'fin' });
  });

  it('as they were cost no transaction, and no look either', async () => {
    await visit(said);
    const transactions = vi.spyOn(app.get(UnitOfWork), 'run');
    const reads = vi.spyOn(app.database, 'rows');
    const asked = () =>
      reads.mock.calls.filter(([sql]) => sql.includes('FROM dms_s_apply_user WHERE user_code IN')).length;
    try {
      for (let n = 0; n < 5; n++) await visit({ ...said, jti: n });
      expect([transactions.mock.calls.length, asked()]).toEqual([0, 0]);
      await visit({ ...said, name: 'Anna', jti: 9 });
      expect([transactions.mock.calls.length, asked()]).toEqual([1, 1]);
    } finally {
      transactions.mockRestore();
      reads.mockRestore();
    }
  });

  it('put people into groups that their team has, and take them out again, but nobody else’s members', async () => {
    await groupOf(`desk${run}`);
    await groupOf(`board${run}`, [ann]);
    await visit({ groups: [`desk${run}`, `board${run}`, 'a group that nobody has', 7] });
    expect((await row()).groups).toEqual([`board${run}`, `desk${run}`]);

    await visit({ groups: ['a group that nobody has'] });
    expect((await row()).groups).toEqual([`board${run}`]);
    await app.as(root).put(`/directory/groups/platform${run}`, { name: 'P', members: [] });
    await visit({ groups: [`platform${run}`] });
    expect((await row()).groups).toEqual([`board${run}`]);
  });

  it('never let anybody into another team, nor change what that one says', async () => {
    await app.as(root).put(`/directory/users/${ann}`, { name: 'Theirs', accCode: 't2' });
    await groupOf(`desk${run}`);

    expect((await visit({ ...said, groups: [`desk${run}`] })).status).toBe(200);
    expect(await row()).toMatchObject({ name: 'Theirs', accCode: 't2', email: null, groups: [] });
  });

  it('never overwrite what SCIM or an import keeps', async () => {
    const idp = scim(app, await directoryKey(admin, ['t1']));
    await idp.send('POST', '/Users', user(ann, { displayName: 'By SCIM' }));
    await visit(said);
    expect((await row()).name).toBe('By SCIM');
    await idp.send('DELETE', `/Users/${ann}`);
    await visit({ ...said, name: 'Again' });
    expect(await row()).toMatchObject({ name: 'By SCIM', active: false });

    ann = `${ann}x`;
    await admin.post('/directory/import', {
      source: `hr${run}`,
      version: 1,
      users: [{ userCode: ann, name: 'By import' }],
    });
    await visit(said);
    expect((await row()).name).toBe('By import');
  });

  it('that nobody can keep are nothing, and do not fail the request', async () => {
    const bad = { name: ' '.repeat(9), email: 'no address', dept: 'a,b', groups: 'desk' };
    expect((await visit(bad)).status).toBe(200);
    expect(await row()).toMatchObject({ name: ann, email: null, department: null, groups: [] });

    await visit({ ...said, name: 'x'.repeat(500), email_verified: false, dept: ['fin'], groups: { a: 1 } });
    expect(await row()).toMatchObject({ name: 'x'.repeat(128), email: null, department: null });
  });

  it('that cannot be written now do not fail the request, and are not tried again at once', async () => {
    const failing = vi.spyOn(app.get(UnitOfWork), 'run').mockRejectedValue(new Error('no room'));
    try {
      expect((await visit(said)).status).toBe(200);
      expect((await visit({ ...said, jti: 1 })).status).toBe(200);
      expect(failing).toHaveBeenCalledTimes(1);
      expect(logged.filter((line) => line.includes('claims were not followed'))).toHaveLength(1);
    } finally {
      failing.mockRestore();
    }
    expect((await app.as(root).get(`/directory/users/${ann}`)).status).toBe(404);
  });

  it('say nothing of system administrators, and API keys have none', async () => {
    await visit({ ...said, acc_code: undefined, roles: ['system_admin'] });
    expect((await app.as(root).get(`/directory/users/${ann}`)).status).toBe(404);
  });
});

describe('claims of tokens, as long as none is configured', () => {
  it('change nothing', async () => {
    const app = await startApp();
    try {
      await app.as({ sub: 'ann', acc_code: 't1', name: 'Ann', groups: ['x'] } as Claims).get('/orders');
      expect((await app.as(root).get('/directory/users/ann')).status).toBe(404);
    } finally {
      await app.close();
    }
  });
});
