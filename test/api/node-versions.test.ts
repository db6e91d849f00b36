import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { ann, boss, created, rival, root } from '../support/world.js';

let app: TestApp;
let admin: Client;
let other: Client;
let system: Client;
beforeAll(async () => {
  app = await startApp({ env: { CALLBACK_ALLOWED_HOSTS: '10.0.0.0/8' } });
  [admin, other, system] = [app.as(boss), app.as(rival), app.as(root)];
});
afterAll(() => app.close());

const systemNodeId = '00000000-0000-7000-8000-000000000001';
const address = 'https://dms.example.com/approvers';
const givenNode = async (as: Client, more: object = {}): Promise<string> => {
  const body = { templateNodeName: 'node', auditObjectType: 'user', auditObject: ['a', 'b'], ...more };
  return `/nodes/${String((await created(as, '/nodes', body)).id)}`;
};
const compared = async (path: string, from: number, to: number) =>
  (await admin.get(`${path}/versions/compare?from=${from}&to=${to}`)).body;

describe('saving a node', () => {
  it('given a new one, then it is version 1, with all that it says', async () => {
    const path = await givenNode(admin, { approvalMode: 'threshold', minApprovals: 2, remark: 'r' });
    const {
      id: _id,
      templateNodeType: _type,
      userCode,
      accCode: _team,
      ...rest
    } = (await admin.get(path)).body;
    const { createTime, updateTime: _updated, version, ...content } = rest;
    expect(version).toBe(1);
    const saved = { version: 1, savedBy: userCode, createTime };
    expect((await admin.get(`${path}/versions`)).body).toEqual({ items: [saved], nextCursor: null });
    expect(await admin.get(`${path}/versions/1`)).toMatchObject({ status: 200 });
    expect((await admin.get(`${path}/versions/1`)).body).toEqual({ ...saved, ...content });
  });

  it.each([
    ['another name', { templateNodeName: 'new' }, ['templateNodeName']],
    ['another order of people', { auditObject: ['b', 'a'] }, ['auditObject']],
    ['another mode', { approvalMode: 'all' }, ['approvalMode']],
    ['a number', { approvalMode: 'threshold', minApprovals: 2 }, ['approvalMode', 'minApprovals']],
    ['another type', { auditObjectType: 'role' }, ['auditObjectType']],
    ['a restriction', { restrictTo: 'group' }, ['restrictTo']],
    ['a way out', { whenNobody: 'fallback', fallback: ['u9'] }, ['whenNobody', 'fallback']],
    ['a remark', { remark: 'r' }, ['remark']],
  ])('given %s, then it is the next version and the one before stays', async (_what, change, paths) => {
    const path = await givenNode(admin);
    const before = (await admin.get(`${path}/versions/1`)).body;
    expect(await admin.patch(path, change)).toMatchObject({ status: 200, body: { version: 2, ...change } });
    expect((await admin.get(path)).body.version).toBe(2);
    expect((await admin.get(`${path}/versions/1`)).body).toEqual(before);
    const { changes } = await compared(path, 1, 2);
    expect(changes.map((one: { path: string }) => one.path)).toEqual(paths);
    for (const one of changes) {
      expect(one).toMatchObject({
        kind: 'changed',
        from: before[one.path],
        to: change[one.path as keyof typeof change],
      });
    }
  });

  it('given nothing new, then the version stays and nothing is stored', async () => {
    const path = await givenNode(admin, { pastVacant: true, auditObjectType: 'leader', auditObject: ['1'] });
    for (const same of [{}, { templateNodeName: 'node' }, { auditObject: ['1'], pastVacant: true }]) {
      expect(await admin.patch(path, same)).toMatchObject({ status: 200, body: { version: 1 } });
    }
    expect((await admin.patch(path, { fallback: ['x'] })).status).toBe(400);
    expect((await admin.get(path)).body.version).toBe(1);
    expect((await admin.get(`${path}/versions`)).body.items).toHaveLength(1);
  });

  it('given changes at once, then each is a version of its own', async () => {
    const path = await givenNode(admin);
    const remarks = ['a', 'b', 'c', 'd', 'e'];
    const answers = await Promise.all(remarks.map((remark) => admin.patch(path, { remark })));
    expect(answers.map((answer) => answer.body.version as number).toSorted()).toEqual([2, 3, 4, 5, 6]);
    for (const { body } of answers) {
      expect((await admin.get(`${path}/versions/${body.version}`)).body.remark).toBe(body.remark);
    }
  });
});

describe('versions of a node', () => {
  const routes = ['', '/1', '/compare?from=1&to=1'];

  it('given many, then they come in pages, newest first', async () => {
    const path = await givenNode(admin);
    for (const remark of ['a', 'b']) await admin.patch(path, { remark });
    const first = (await admin.get(`${path}/versions?limit=2`)).body;
    const next = (await admin.get(`${path}/versions?limit=2&cursor=${first.nextCursor}`)).body;
    expect([...first.items, ...next.items].map((item) => item.version)).toEqual([3, 2, 1]);
    expect(next.nextCursor).toBeNull();
  });

  it('given the same contents, then they are the same', async () => {
    const path = await givenNode(admin);
    await admin.patch(path, { remark: 'r' });
    await admin.patch(path, { remark: null });
    expect(await compared(path, 1, 3)).toEqual({ from: 1, to: 3, changes: [], same: true });
    expect(await compared(path, 1, 2)).toMatchObject({ from: 1, to: 2, same: false });
  });

  it('given numbers that there are not, then they do not exist', async () => {
    const path = await givenNode(admin);
    for (const route of ['/2', '/x', '/compare?from=1&to=2']) {
      expect(await admin.get(`${path}/versions${route}`)).toMatchObject({ status: 404 });
    }
    expect(await admin.get(`${path}/versions/compare?from=1`)).toMatchObject({ status: 400 });
  });

  it('given another team, then they do not exist, and a system administrator sees them', async () => {
    const path = await givenNode(admin);
    for (const route of routes) {
      expect(await other.get(`${path}/versions${route}`)).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      });
      expect(await system.get(`${path}/versions${route}`)).toMatchObject({ status: 200 });
    }
  });

  it("given a resolver's address that was taken away, then administrators alone read it in the old version", async () => {
    const path = await givenNode(admin, { auditObjectType: 'resolver', auditObject: [address] });
    await admin.patch(path, { auditObjectType: 'user', auditObject: ['a'] });
    expect((await admin.get(`${path}/versions/1`)).body.auditObject).toEqual([address]);
    for (const route of ['', '/1', '/compare?from=1&to=2']) {
      expect(await app.as(ann).get(`${path}/versions${route}`)).toMatchObject({ status: 403 });
      expect(await app.as(null).get(`${path}/versions${route}`)).toMatchObject({ status: 401 });
    }
  });

  it('given a deleted node, then they are gone with it for callers, and kept', async () => {
    const path = await givenNode(admin);
    expect((await admin.delete(path)).status).toBe(204);
    for (const route of routes) {
      expect(await admin.get(`${path}/versions${route}`)).toMatchObject({ status: 404 });
    }
    const kept = await app.database.rows('SELECT version FROM dms_s_apply_node_version WHERE node_id = ?', [
      String(path.split('/').at(-1)),
    ]);
    expect(kept).toHaveLength(1);
  });

  it('given nodes of the platform and of the service, then teams read their versions as they read them', async () => {
    const shared = await givenNode(system);
    for (const path of [shared, `/nodes/${systemNodeId}`]) {
      for (const route of routes) {
        expect(await admin.get(`${path}/versions${route}`)).toMatchObject({ status: 200 });
      }
    }
    expect((await admin.get(`/nodes/${systemNodeId}/versions`)).body.items).toMatchObject([
      { version: 1, savedBy: 'system' },
    ]);
  });
});
