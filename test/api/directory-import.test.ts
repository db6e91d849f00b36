import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { directoryKey, scim, user } from '../support/scim.js';
import { created, givenFlow, boss, root } from '../support/world.js';

describe('POST /directory/import', () => {
  let app: TestApp;
  let admin: Client;
  let whole: Client;
  let source: string;
  /** What no other test uses: codes of people are unique in the installation. */
  let own: string;
  let run = 0;

  beforeAll(async () => {
    app = await startApp({ env: { BODY_LIMIT: String(8 * 1024 * 1024) } });
    admin = app.as(boss);
    whole = app.as(root);
  });
  afterAll(() => app.close());
  beforeEach(() => {
    run += 1;
    source = `hr${run}`;
    own = `p${run}-`;
  });

  const send = (version: number | string, about: object, client = admin) =>
    client.post('/directory/import', { source, version, ...about });
  const person = (code: string, more: object = {}) => ({
    userCode: own + code,
    name: code.toUpperCase(),
    ...more,
  });
  const people = (count: number) => Array.from({ length: count }, (_one, n) => person(`n${n}`));
  const read = async (code: string) => (await whole.get(`/directory/users/${own}${code}`)).body;

  it('given a document, writes everything that it says', async () => {
    const document = {
      users: [
        person('ann', { email: 'ann@example.com', department: `${own}fin`, roles: ['auditor', 'clerk'] }),
        person('bob', { active: false }),
      ],
      departments: [
        { code: `${own}fin`, name: 'Finance', parent: `${own}head`, leader: `${own}ann` },
        { code: `${own}head`, name: 'Head' },
      ],
      groups: [{ code: `${own}desk`, name: 'Desk', members: [`${own}ann`, 'nobody-listed'] }],
    };
    const { status, body } = await send('2026-11-22T08:30:00Z', document);

    expect(status).toBe(200);
    expect(body).toEqual({
      source,
      version: '2026-11-22T08:30:00Z',
      outcome: 'applied',
      needsForce: false,
      users: { created: [`${own}ann`, `${own}bob`], changed: [], unchanged: 0, deactivated: [] },
      groups: { created: [`${own}desk`], changed: [], unchanged: 0, deleted: [] },
      departments: { created: [`${own}fin`, `${own}head`], changed: [], unchanged: 0, deleted: [] },
      skipped: [],
    });
    expect(await read('ann')).toMatchObject({
      name: 'ANN',
      accCode: 't1',
      email: 'ann@example.com',
      department: `${own}fin`,
      roles: ['auditor', 'clerk'],
      groups: [`${own}desk`],
      active: true,
    });
    expect((await read('bob')).active).toBe(false);
    expect((await admin.get(`/directory/departments/${own}fin`)).body).toMatchObject({
      parent: `${own}head`,
      leader: `${own}ann`,
    });
    expect((await admin.get(`/directory/groups/${own}desk`)).body.members).toEqual(
      ['nobody-listed', `${own}ann`].toSorted(),
    );
  });

  it('given the same version again, changes nothing and says so; an older one is refused', async () => {
    await send(7, { users: [person('ann')] });

    const again = await send(7, { users: [person('ann', { name: 'Other' })] });
    const older = await send(6, { users: [person('ann', { name: 'Other' })] });
    const dryOlder = await send(6, { users: [], dryRun: true });

    expect([again.status, again.body.outcome, again.body.users.changed]).toEqual([
      200,
      'already_applied',
      [],
    ]);
    expect([older.status, older.body.code]).toEqual([409, 'version_conflict']);
    expect(dryOlder.status).toBe(409);
    expect((await read('ann')).name).toBe('ANN');
    // A time is later than any small number, and another source has versions of its own.
    expect((await send('2026-01-01T00:00:00+08:00', { users: [person('ann')] })).body.users).toMatchObject({
      changed: [],
      unchanged: 1,
    });
    expect((await admin.post('/directory/import', { source: `${source}x`, version: 1 })).body.outcome).toBe(
      'applied',
    );
  });

  it('given a newer version, changes what differs; left out, a field stays', async () => {
    await send(1, {
      users: [
        person('ann', { roles: ['auditor'], department: 'fin', email: 'a@example.com' }),
        person('bob'),
      ],
      groups: [{ code: `${own}desk`, name: 'Desk', members: [`${own}ann`] }],
    });
    const { body } = await send(2, {
      users: [person('ann', { name: 'Anna', email: null }), person('bob')],
      groups: [{ code: `${own}desk`, name: 'Desk', members: [`${own}bob`] }],
    });

    expect(body.users).toEqual({ created: [], changed: [`${own}ann`], unchanged: 1, deactivated: [] });
    expect(body.groups).toEqual({ created: [], changed: [`${own}desk`], unchanged: 0, deleted: [] });
    expect(await read('ann')).toMatchObject({
      name: 'Anna',
      roles: ['auditor'],
      department: 'fin',
      email: null,
      groups: [],
    });
    expect((await send(3, { groups: [{ code: `${own}desk`, name: 'Desk' }] })).body.groups.unchanged).toBe(1);
  });

  it('given a dry run, tells what would be done, with the open work of whom it would deactivate, and writes nothing', async () => {
    await send(1, { users: [person('ann'), person('bob')], groups: [{ code: `${own}old`, name: 'Old' }] });
    const { businessType } = await givenFlow(app, [{ users: [`${own}ann`, `${own}bob`], mode: 'all' }]);
    await created(app.as({ sub: 'carol', acc_code: 't1' }), '/orders', { businessType });

    const plan = { mode: 'replace', users: [person('carol'), person('bob', { name: 'Bobby' })], groups: [] };
    const { body } = await send(2, { ...plan, dryRun: true });

    expect(body.outcome).toBe('planned');
    expect(body.users).toEqual({
      created: [`${own}carol`],
      changed: [`${own}bob`],
      unchanged: 0,
      deactivated: [{ userCode: `${own}ann`, openSeats: 1 }],
    });
    expect(body.groups.deleted).toEqual([`${own}old`]);
    expect(await read('ann')).toMatchObject({ active: true });
    expect((await whole.get(`/directory/users/${own}carol`)).status).toBe(404);

    const done = await send(2, plan);
    expect([done.body.outcome, done.body.users]).toEqual(['applied', body.users]);
    expect((await read('ann')).active).toBe(false);
    expect((await admin.get(`/directory/groups/${own}old`)).status).toBe(404);
    await eventually(
      () => app.as({ sub: `${own}ann`, acc_code: 't1' }).get('/orders/todo/count'),
      (answer) => answer.body.count === 0,
    );
  });

  describe('mode replace', () => {
    it('says nothing by a list that is left out, and touches nothing of other sources', async () => {
      await admin.put(`/directory/users/${own}hand`, { name: 'By hand' });
      await send(1, { users: [person('ann')], groups: [{ code: `${own}desk`, name: 'Desk' }] });
      const { body } = await send(2, { mode: 'replace', users: [person('ann')] });

      expect([body.users.deactivated, body.groups.deleted]).toEqual([[], []]);
      expect((await admin.get(`/directory/groups/${own}desk`)).status).toBe(200);
      expect((await read('hand')).active).toBe(true);
    });

    it('is refused when more than a quarter would become inactive, unless forced', async () => {
      await send(1, { users: people(20) });
      const some = (count: number) => ({ mode: 'replace', users: people(count) });

      const refused = await send(2, some(14));
      expect([refused.status, refused.body.code]).toEqual([409, 'mass_deactivation']);
      expect((await send(2, { ...some(14), dryRun: true })).body.needsForce).toBe(true);
      expect((await read('n19')).active).toBe(true);
      expect((await send(2, some(15))).body.users.deactivated).toHaveLength(5);
      expect((await send(3, { mode: 'replace', users: [] })).status).toBe(409);
      expect(
        (await send(3, { mode: 'replace', users: [], force: true })).body.users.deactivated,
      ).toHaveLength(15);
    });

    it('keeps departments that others are below', async () => {
      await send(1, { departments: [{ code: `${own}head`, name: 'Head' }] });
      await admin.put(`/directory/departments/${own}below`, { name: 'Below', parent: `${own}head` });

      const { status, body } = await send(2, { mode: 'replace', departments: [] });
      expect([status, body.errors[0].message]).toEqual([
        400,
        expect.stringContaining(`it is above ${own}below`),
      ]);
      await admin.delete(`/directory/departments/${own}below`);
      expect((await send(2, { mode: 'replace', departments: [] })).body.departments.deleted).toEqual([
        `${own}head`,
      ]);
    });
  });

  it('leaves alone whom another team, SCIM or another import has, and tells so', async () => {
    const idp = scim(app, await directoryKey(admin, ['t1']));
    await idp.send('POST', '/Users', user(`${own}scim`));
    await whole.put(`/directory/users/${own}eve`, { name: 'Eve', accCode: 't2' });
    await admin.post('/directory/import', { source: `${source}x`, version: 1, users: [person('theirs')] });

    const { status, body } = await send(1, {
      users: [person('ann'), person('eve'), person('scim'), person('theirs')],
    });

    expect([status, body.users.created]).toEqual([200, [`${own}ann`]]);
    expect(body.skipped).toEqual([
      { list: 'users', index: 1, code: `${own}eve`, reason: 'of_another_team' },
      { list: 'users', index: 2, code: `${own}scim`, reason: 'kept_by_another' },
      { list: 'users', index: 3, code: `${own}theirs`, reason: 'kept_by_another' },
    ]);
    expect((await read('eve')).name).toBe('Eve');
    const other = await app
      .as({ sub: 'rival', acc_code: 't2', roles: ['team_admin'] })
      .post('/directory/import', { source, version: 1, accCode: 't1' });
    expect(other.status).toBe(404);
  });

  it('of the whole installation, puts people into teams and keeps the platform’s groups', async () => {
    const key = app.key(await directoryKey(whole, []));
    const { status } = await send(
      1,
      {
        users: [person('ann', { accCode: 't2' }), person('bob')],
        groups: [{ code: `${own}board`, name: 'Board' }],
      },
      key,
    );

    expect(status).toBe(200);
    expect([(await read('ann')).accCode, (await read('bob')).accCode]).toEqual(['t2', null]);
    expect((await whole.get(`/directory/groups/${own}board`)).body.accCode).toBeNull();
    expect((await send(1, { accCode: 't1', users: [person('carl')] }, key)).status).toBe(200);
    expect((await read('carl')).accCode).toBe('t1');
  });

  it.each([
    ['no version', { version: undefined }, 'version'],
    ['a version that is no stamp', { version: 'yesterday' }, 'version'],
    ['half a number', { version: 1.5 }, 'version'],
    ['a source with a slash', { source: 'a/b' }, 'source'],
    ['a person without a name', { users: [person('a'), { userCode: 'b' }] }, 'users[1].name'],
    ['a comma in a code', { users: [{ userCode: 'a,b', name: 'X' }] }, 'users[0].userCode'],
    ['an unknown field', { users: [person('a', { shoe: 1 })] }, 'users[0].shoe'],
    [
      "the service's own code",
      { users: [person('a'), { userCode: 'system', name: 'X' }] },
      'users[1].userCode',
    ],
    ['a person twice', { users: [person('a'), person('b'), person('a')] }, 'users[2].userCode'],
    ['another team', { users: [person('a', { accCode: 't2' })] }, 'users[0].accCode'],
    ["the platform's role", { users: [person('a', { roles: ['system_admin'] })] }, 'users[0].roles'],
    [
      'a group twice',
      {
        groups: [
          { code: 'a', name: 'A' },
          { code: 'a', name: 'A' },
        ],
      },
      'groups[1].code',
    ],
    [
      'a member who is reserved',
      { groups: [{ code: 'a', name: 'A', members: ['system'] }] },
      'groups[0].members',
    ],
    [
      'a parent that is not there',
      { departments: [{ code: 'a', name: 'A', parent: 'b' }] },
      'departments[0].parent',
    ],
    [
      'itself as the parent',
      { departments: [{ code: 'a', name: 'A', parent: 'a' }] },
      'departments[0].parent',
    ],
    [
      'a circle',
      { departments: ['ab', 'bc', 'ca'].map(([code, parent]) => ({ code, name: 'X', parent })) },
      'departments[0].parent',
    ],
  ])('given %s, is refused whole, naming the row', async (_what, about, where) => {
    const { status, body } = await send(1, { users: [person('kept')], groups: [], ...about });

    expect([status, body.code]).toEqual([400, 'validation_failed']);
    expect(body.errors.map(({ field }: { field: string }) => field)).toContain(where);
    expect((await whole.get(`/directory/users/${own}kept`)).status).toBe(404);
  });

  it('takes thousands of rows', async () => {
    const users = Array.from({ length: 3_000 }, (_one, n) =>
      person(`m${n}`, { roles: ['clerk'], department: `${own}d1` }),
    );
    const departments = Array.from({ length: 1_000 }, (_one, n) => ({
      code: `${own}d${n}`,
      name: 'D',
      ...(n === 0 ? {} : { parent: `${own}d${n - 1}` }),
    }));
    const groups = Array.from({ length: 300 }, (_one, n) => ({
      code: `${own}g${n}`,
      name: 'G',
      members: [`${own}m${n}`, `${own}m${n + 1}`],
    }));

    const first = await send(1, { users, departments, groups });
    const second = await send(2, {
      users: users.map((one) => ({ ...one, active: false })),
      departments,
      groups,
    });

    expect([first.status, first.body.users.created.length]).toEqual([200, 3_000]);
    expect([second.status, second.body.users.deactivated.length, second.body.departments.unchanged]).toEqual([
      200, 3_000, 1_000,
    ]);
  });

  it('given two first imports of a source at once, applies one and refuses or repeats the other', async () => {
    const answers = await Promise.all(
      [1, 2, 2, 1].map((version) => send(version, { users: [person('ann')] })),
    );

    const outcomes = answers.map(({ status, body }) => (status === 200 ? body.outcome : body.code));
    expect(outcomes.filter((one) => one === 'applied').length).toBeGreaterThan(0);
    expect(
      outcomes.filter((one) => !['applied', 'already_applied', 'version_conflict'].includes(one)),
    ).toEqual([]);
    expect((await send(2, {})).body.outcome).toBe('already_applied');
  });
});
