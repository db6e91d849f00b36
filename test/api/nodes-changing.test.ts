import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectCommaColumnsAgree } from '../support/comma-columns.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { ann, boss, created, rival, root } from '../support/world.js';

let app: TestApp;
let admin: Client;
let other: Client;
beforeAll(async () => {
  app = await startApp({ env: { CALLBACK_ALLOWED_HOSTS: '10.0.0.0/8' } });
  [admin, other] = [app.as(boss), app.as(rival)];
});
afterAll(async () => {
  await expectCommaColumnsAgree(app.database);
  await app.close();
});

type Fields = Readonly<Record<string, unknown>>;

const address = 'https://dms.example.com/approvers';
const users: Fields = { auditObjectType: 'user', auditObject: ['a', 'b', 'c'] };
const threshold: Fields = { ...users, approvalMode: 'threshold', minApprovals: 2 };
const group: Fields = { auditObjectType: 'group', auditObject: ['finance'] };
const role: Fields = { auditObjectType: 'role', auditObject: ['system_admin'] };
const leader: Fields = { auditObjectType: 'leader', auditObject: ['1'] };
const choice: Fields = { auditObjectType: 'applicant_choice', auditObject: [] };
const resolver: Fields = { auditObjectType: 'resolver', auditObject: [address] };
const fallingBack: Fields = { ...users, whenNobody: 'fallback', fallback: ['u9'] };

const givenNode = async (fields: Fields): Promise<string> =>
  `/nodes/${String((await created(admin, '/nodes', { templateNodeName: 'node', ...fields })).id)}`;

describe('PATCH /nodes/{id}', () => {
  it.each<[string, Fields, Fields, Fields]>([
    ['nothing', threshold, {}, threshold],
    ['only a name', fallingBack, { templateNodeName: 'new' }, { ...fallingBack, templateNodeName: 'new' }],
    ['another list', users, { auditObject: ['d'] }, { auditObjectType: 'user', auditObject: ['d'] }],
    ['another type of codes', users, { auditObjectType: 'group' }, { auditObject: ['a', 'b', 'c'] }],
    [
      'candidates for users',
      users,
      { auditObjectType: 'applicant_choice' },
      { auditObject: ['a', 'b', 'c'] },
    ],
    ['an empty list', choice, { auditObject: [] }, choice],
    ['a leader for users', users, leader, leader],
    ['a higher leader', leader, { auditObject: ['3'] }, { ...leader, auditObject: ['3'] }],
    ['an address for users', users, resolver, resolver],
    ['users for an address', resolver, users, users],
    [
      'another address',
      resolver,
      { auditObject: ['http://10.0.0.1/x,y'] },
      { auditObjectType: 'resolver', auditObject: ['http://10.0.0.1/x%2Cy'] },
    ],
    ['another number', threshold, { minApprovals: 3 }, { ...threshold, minApprovals: 3 }],
    ['threshold', users, { approvalMode: 'threshold', minApprovals: 3 }, { minApprovals: 3 }],
    ['another mode', threshold, { approvalMode: 'all' }, { approvalMode: 'all', minApprovals: null }],
    [
      'another mode and no number',
      threshold,
      { approvalMode: 'sequential', minApprovals: null },
      { approvalMode: 'sequential', minApprovals: null },
    ],
    ['threshold again', threshold, { approvalMode: 'threshold' }, threshold],
    ['a restriction', group, { restrictTo: 'department' }, { ...group, restrictTo: 'department' }],
    ['no restriction', { ...group, restrictTo: 'group' }, { restrictTo: null }, { restrictTo: null }],
    [
      'a leader and no restriction',
      { ...group, restrictTo: 'group' },
      { ...leader, restrictTo: null },
      { ...leader, restrictTo: null },
    ],
    ['vacant posts', leader, { pastVacant: true }, { ...leader, pastVacant: true }],
    [
      'a group and no vacant posts',
      { ...leader, pastVacant: true },
      { ...group, pastVacant: false },
      { ...group, pastVacant: false },
    ],
    ['other people', fallingBack, { fallback: ['x', 'y'] }, { ...fallingBack, fallback: ['x', 'y'] }],
    ['fallback', users, { whenNobody: 'fallback', fallback: ['u9'] }, fallingBack],
    ['another policy', fallingBack, { whenNobody: 'admin' }, { whenNobody: 'admin', fallback: [] }],
  ])('given a node and %s, then the rest stays', async (_what, before, change, after) => {
    const path = await givenNode(before);
    const changed = await admin.patch(path, change);
    expect(changed, JSON.stringify(changed.body)).toMatchObject({ status: 200, body: after });
    expect((await admin.get(path)).body).toEqual(changed.body);
    await expectCommaColumnsAgree(app.database);
  });

  it.each<[string, Fields, Fields, string[]]>([
    ['an empty list of users', users, { auditObject: [] }, ['auditObject']],
    ['candidates that are none, for users', choice, { auditObjectType: 'user' }, ['auditObject']],
    ['names for a leader', users, { auditObjectType: 'leader' }, ['auditObject']],
    ['a name for a leader', leader, { auditObject: ['ann'] }, ['auditObject']],
    ['a slash for a group', group, { auditObject: ['a/b'] }, ['auditObject']],
    [
      'a user with a slash for a group',
      { ...users, auditObject: ['a/b'] },
      { auditObjectType: 'group' },
      ['auditObject'],
    ],
    ['a resolver without an address', users, { auditObjectType: 'resolver' }, ['auditObject']],
    [
      'a resolver where a user is called so',
      { ...users, auditObject: ['http://127.0.0.1/'] },
      { auditObjectType: 'resolver' },
      ['auditObject'],
    ],
    ['users where an address is', resolver, { auditObjectType: 'user' }, ['auditObject']],
    ['a code for a resolver', resolver, { auditObject: ['ann'] }, ['auditObject']],
    ['an address that must not be called', resolver, { auditObject: ['http://127.0.0.1/'] }, ['auditObject']],
    [
      'a type and an address that must not be called',
      users,
      { auditObjectType: 'resolver', auditObject: ['http://localhost/'] },
      ['auditObject'],
    ],
    ['fewer users than approvals', threshold, { auditObject: ['a'] }, ['minApprovals']],
    ['more approvals than users', threshold, { minApprovals: 4 }, ['minApprovals']],
    ['no number', threshold, { minApprovals: null }, ['minApprovals']],
    ['a number and another mode', threshold, { approvalMode: 'any', minApprovals: 2 }, ['minApprovals']],
    ['a leader for two approvals', threshold, leader, ['minApprovals']],
    ['a number beside another mode', users, { minApprovals: 2 }, ['minApprovals']],
    ['threshold without a number', users, { approvalMode: 'threshold' }, ['minApprovals']],
    ['a leader who is restricted', { ...group, restrictTo: 'group' }, leader, ['restrictTo']],
    ['a restriction of a leader', leader, { restrictTo: 'department' }, ['restrictTo']],
    ['vacant posts of a group', { ...leader, pastVacant: true }, group, ['pastVacant']],
    ['vacant posts of users', users, { pastVacant: true }, ['pastVacant']],
    ['no people to fall back on', fallingBack, { fallback: [] }, ['fallback']],
    ['fallback without people', users, { whenNobody: 'fallback' }, ['fallback']],
    ['people without fallback', users, { fallback: ['u9'] }, ['fallback']],
    ['people and another policy', fallingBack, { whenNobody: 'skip', fallback: ['u9'] }, ['fallback']],
    ['a null mode', threshold, { approvalMode: null }, ['approvalMode']],
    ['a null type', users, { auditObjectType: null }, ['auditObjectType']],
    ['a null list', users, { auditObject: null }, ['auditObject']],
    ['null for vacant posts', leader, { pastVacant: null }, ['pastVacant']],
    ['a null policy', users, { whenNobody: null }, ['whenNobody']],
    ['null people', fallingBack, { fallback: null }, ['fallback']],
  ])('given %s, then it is refused and nothing changes', async (_what, before, change, fields) => {
    const path = await givenNode(before);
    const read = await admin.get(path);
    const answer = await admin.patch(path, change);
    expect(answer, JSON.stringify(answer.body)).toMatchObject({
      status: 400,
      body: { code: 'validation_failed' },
    });
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toEqual(fields);
    expect((await admin.get(path)).body).toEqual(read.body);
  });

  it('given what was read, sent back whole, then nothing changes', async () => {
    const all = [users, threshold, group, { ...leader, pastVacant: true }, choice, resolver, fallingBack];
    for (const fields of all) {
      const path = await givenNode(fields);
      const read = (await admin.get(path)).body;
      const { id: _id, templateNodeType: _type, userCode: _user, accCode: _team, ...rest } = read;
      const { createTime: _created, updateTime: _updated, version: _version, ...writable } = rest;
      const answer = await admin.patch(path, writable);
      expect(answer).toMatchObject({ status: 200, body: writable });
    }
  });

  it('given a mode and a number changed at once by two, then what is stored makes sense together', async () => {
    for (let round = 0; round < 10; round++) {
      const path = await givenNode(threshold);
      const answers = await Promise.all([
        admin.patch(path, { minApprovals: 3 }),
        admin.patch(path, { auditObject: ['a', 'b'] }),
      ]);
      // each fits the node as it was; both together ask for 3 approvals of 2 people
      expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 400]);
      const { minApprovals, auditObject } = (await admin.get(path)).body;
      expect(minApprovals).toBeLessThanOrEqual(auditObject.length);
    }
  });

  it('given a node of the platform, then a team cannot change how it finds reviewers', async () => {
    const body = { templateNodeName: 'shared', ...leader };
    const path = `/nodes/${String((await created(app.as(root), '/nodes', body)).id)}`;
    expect(await admin.patch(path, { pastVacant: true })).toMatchObject({ status: 403 });
    expect(await app.as(root).patch(path, { pastVacant: true })).toMatchObject({
      status: 200,
      body: { pastVacant: true },
    });
    expect((await admin.get(path)).body).toMatchObject({ accCode: null, pastVacant: true });
  });
});

describe('nodes of another team', () => {
  it.each([users, group, role, leader, choice, resolver])(
    'given %j there, then it does not exist',
    async (node) => {
      const path = await givenNode(node);
      for (const answer of [
        await other.get(path),
        await other.patch(path, { whenNobody: 'skip' }),
        await other.patch(path, { pastVacant: true, restrictTo: 'group' }),
        await other.patch(path, { auditObjectType: 'resolver', auditObject: ['http://127.0.0.1/'] }),
        await other.delete(path),
      ]) {
        expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
      }
      expect((await app.as(root).get(path)).status).toBe(200);
      expect((await admin.delete(path)).status).toBe(204);
    },
  );

  it('given somebody who is no administrator, then making and changing one is forbidden', async () => {
    const path = await givenNode(leader);
    const made = await app.as(ann).post('/nodes', { templateNodeName: 'node', ...leader });
    expect(made).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await app.as(ann).patch(path, { pastVacant: true })).toMatchObject({ status: 403 });
  });
});
