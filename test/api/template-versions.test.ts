import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { ann, boss, created, rival, root } from '../support/world.js';

let app: TestApp;
let admin: Client;
let other: Client;
let system: Client;
let [own, second]: string[] = [];

const systemTemplateId = '00000000-0000-7000-8000-000000000002';
const nowhere = '01900000-0000-7000-8000-000000000000';

const givenNode = async (as: Client, templateNodeName: string): Promise<string> =>
  String(
    (await created(as, '/nodes', { templateNodeName, auditObjectType: 'user', auditObject: ['bob'] })).id,
  );
const stagesOf = (...nodeIds: (string | undefined)[]) => nodeIds.map((nodeId) => ({ nodeId }));
const givenTemplate = async (as: Client, more: object = {}): Promise<string> => {
  const body = { templateName: 'template', stages: stagesOf(own), ...more };
  return `/templates/${String((await created(as, '/templates', body)).id)}`;
};

beforeAll(async () => {
  app = await startApp();
  [admin, other, system] = [app.as(boss), app.as(rival), app.as(root)];
  [own, second] = [await givenNode(admin, 'own'), await givenNode(admin, 'second')];
});
afterAll(() => app.close());

/** The numbers of a template's versions, newest first. */
const numbersOf = async (path: string): Promise<number[]> =>
  (await admin.get(`${path}/versions?limit=100`)).body.items.map((item: { version: number }) => item.version);
const compared = async (path: string, from: number, to: number) =>
  (await admin.get(`${path}/versions/compare?from=${from}&to=${to}`)).body;

describe('saving a template', () => {
  it('given a new one, then it is version 1, with what it says and whose nodes', async () => {
    const path = await givenTemplate(admin, {
      stages: [{ nodeId: own, condition: 'amount > 10', timing: { due: '2d' } }, { nodeId: second }],
      remark: 'r',
    });
    const { body } = await admin.get(path);
    expect(body.version).toBe(1);
    expect((await admin.get(`${path}/versions`)).body).toEqual({
      items: [{ version: 1, savedBy: 'boss', createTime: body.createTime }],
      nextCursor: null,
    });
    const { status, body: content } = await admin.get(`${path}/versions/1`);
    expect(status).toBe(200);
    expect(content).toEqual({
      version: 1,
      savedBy: 'boss',
      createTime: body.createTime,
      templateName: 'template',
      autoApprove: 'through_applicant_node',
      dedupe: 'none',
      distinctApprovers: false,
      remark: 'r',
      stages: body.stages.map((stage: object) => ({ ...stage, nodeVersion: 1 })),
    });
    expect(content.stages[0].timing).toMatchObject({ due: '2d', then: 'remind' });
  });

  it.each([
    ['another name', { templateName: 'new' }, ['templateName']],
    ['a remark', { remark: 'r' }, ['remark']],
    ['another rule for applicants', { autoApprove: 'never' }, ['autoApprove']],
    ['another rule for repetition', { dedupe: 'all' }, ['dedupe']],
    ['a rule against two decisions', { distinctApprovers: true }, ['distinctApprovers']],
    ['two fields', { templateName: 'new', remark: 'r' }, ['templateName', 'remark']],
  ])('given %s, then it is the next version and the one before stays', async (_what, change, paths) => {
    const path = await givenTemplate(admin);
    const before = (await admin.get(`${path}/versions/1`)).body;
    expect(await admin.patch(path, change)).toMatchObject({ status: 200, body: { version: 2, ...change } });
    expect((await admin.get(path)).body.version).toBe(2);
    expect((await admin.get(`${path}/versions/2`)).body).toMatchObject({ version: 2, ...change });
    expect((await admin.get(`${path}/versions/1`)).body).toEqual(before);
    const { changes, same } = await compared(path, 1, 2);
    expect([same, changes.map((one: { path: string }) => one.path).toSorted()]).toEqual([
      false,
      paths.toSorted(),
    ]);
  });

  it('given a change of any part of a stage, then it is the next version', async () => {
    const path = await givenTemplate(admin);
    const lists = [
      [{ nodeId: own, condition: 'a = 1' }],
      [{ nodeId: own, condition: 'a = 2' }],
      [{ nodeId: own, condition: 'a = 2', timing: { due: '2d' } }],
      [{ nodeId: own, condition: 'a = 2', timing: { due: '2d', then: 'escalate' } }],
      [{ nodeId: own }, { nodeId: second }],
      [{ nodeId: second }, { nodeId: own }],
    ];
    for (const [index, stages] of lists.entries()) {
      expect((await admin.patch(path, { stages })).body.version).toBe(index + 2);
    }
    expect(await numbersOf(path)).toEqual([7, 6, 5, 4, 3, 2, 1]);
  });

  it('given nothing new, then the version stays and nothing is stored', async () => {
    const stages = [
      { nodeId: own, timing: { due: '2d' } },
      { nodeId: second, condition: 'a = 1' },
    ];
    const path = await givenTemplate(admin, { stages, remark: 'r' });
    const read = (await admin.get(path)).body;
    for (const same of [
      {},
      { templateName: 'template', remark: 'r' },
      { stages },
      // as it was read, with every default filled in
      {
        stages: read.stages.map(
          ({ stageNo: _no, nodeName: _name, ...stage }: Record<string, unknown>) => stage,
        ),
      },
      { autoApprove: read.autoApprove, dedupe: read.dedupe, distinctApprovers: false },
    ]) {
      expect(await admin.patch(path, same)).toMatchObject({ status: 200, body: { version: 1 } });
    }
    expect(await numbersOf(path)).toEqual([1]);
    // nor is a refused change
    expect((await admin.patch(path, { stages: stagesOf(nowhere) })).status).toBe(404);
    expect((await admin.get(path)).body.version).toBe(1);
    expect(await numbersOf(path)).toEqual([1]);
  });

  it('given a node that was saved meanwhile, then only the next change of the template tells so', async () => {
    const node = await givenNode(admin, 'before');
    const path = await givenTemplate(admin, { stages: stagesOf(own, node) });
    await admin.patch(`/nodes/${node}`, { templateNodeName: 'after' });
    expect((await admin.patch(path, { stages: stagesOf(own, node) })).body.version).toBe(1);
    expect((await admin.get(`${path}/versions/1`)).body.stages[1]).toMatchObject({
      nodeName: 'before',
      nodeVersion: 1,
    });
    await admin.patch(path, { remark: 'r' });
    expect((await compared(path, 1, 2)).changes).toEqual([
      { path: 'remark', kind: 'changed', from: null, to: 'r' },
      { path: 'stages[1].nodeName', kind: 'changed', from: 'before', to: 'after' },
      { path: 'stages[1].nodeVersion', kind: 'changed', from: 1, to: 2 },
    ]);
  });

  it('given a binding, then it is no change of the template', async () => {
    const path = await givenTemplate(admin);
    await created(admin, '/business-types', { code: 'bound', name: 'Bound' });
    await admin.put('/bindings/bound', { templateId: path.split('/').at(-1) });
    expect((await admin.get(path)).body).toMatchObject({ version: 1, businessTypes: ['bound'] });
    expect(await numbersOf(path)).toEqual([1]);
  });

  it('given changes at once, then each is a version of its own', async () => {
    const path = await givenTemplate(admin);
    const remarks = ['a', 'b', 'c', 'd', 'e'];
    const answers = await Promise.all(remarks.map((remark) => admin.patch(path, { remark })));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200]);
    expect(answers.map((answer) => answer.body.version as number).toSorted()).toEqual([2, 3, 4, 5, 6]);
    for (const { body } of answers) {
      expect((await admin.get(`${path}/versions/${body.version}`)).body.remark).toBe(body.remark);
    }
    expect((await admin.get(path)).body).toMatchObject({ version: 6 });
  });

  it("given a system administrator who changes a team's template, then the version names them", async () => {
    const path = await givenTemplate(admin);
    await system.patch(path, { remark: 'r' });
    expect((await admin.get(`${path}/versions`)).body.items).toMatchObject([
      { version: 2, savedBy: 'root' },
      { version: 1, savedBy: 'boss' },
    ]);
  });
});

describe('GET /templates/{id}/versions', () => {
  it('should answer in pages, newest first', async () => {
    const path = await givenTemplate(admin);
    for (const remark of ['a', 'b', 'c', 'd']) await admin.patch(path, { remark });
    const seen: number[] = [];
    let cursor = '';
    do {
      const { body } = await admin.get(`${path}/versions?limit=2${cursor && `&cursor=${cursor}`}`);
      expect(body.items.length).toBeLessThanOrEqual(2);
      seen.push(...body.items.map((item: { version: number }) => item.version));
      cursor = body.nextCursor;
    } while (cursor);
    expect(seen).toEqual([5, 4, 3, 2, 1]);
  });

  it('should refuse a cursor of another list, and sizes that are none', async () => {
    const path = await givenTemplate(admin);
    const foreign = Buffer.from(JSON.stringify([nowhere])).toString('base64url');
    for (const query of [`cursor=${foreign}`, 'cursor=e30', 'limit=0', 'limit=101', 'page=2']) {
      expect(await admin.get(`${path}/versions?${query}`)).toMatchObject({
        status: 400,
        body: { code: 'validation_failed' },
      });
    }
  });

  it('should show the version with which the system default template came', async () => {
    const path = `/templates/${systemTemplateId}/versions`;
    expect((await admin.get(path)).body.items).toMatchObject([{ version: 1, savedBy: 'system' }]);
    expect((await admin.get(`${path}/1`)).body).toMatchObject({
      templateName: '系统默认流程',
      stages: [{ stageNo: 1, nodeName: '系统管理员审批', nodeVersion: 1 }],
    });
  });
});

describe('GET /templates/{id}/versions/{version}', () => {
  it('should not know a version that there is not', async () => {
    const path = await givenTemplate(admin);
    for (const version of ['2', '0', '-1', '1.5', '01', '1e0', 'one', '%20', '99999999999999999999']) {
      expect(await admin.get(`${path}/versions/${version}`), version).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      });
    }
  });
});

describe('GET /templates/{id}/versions/compare', () => {
  it('should tell a stage that was inserted once, one that moved once, and one that left', async () => {
    const [a, b, c, d] = await Promise.all(['a', 'b', 'c', 'd'].map((name) => givenNode(admin, name)));
    const path = await givenTemplate(admin, { stages: stagesOf(a, b, c) });
    await admin.patch(path, { stages: stagesOf(a, d, b, c) });
    await admin.patch(path, { stages: stagesOf(d, b, c, a) });
    await admin.patch(path, { stages: stagesOf(b, c, a) });
    const stage = { condition: null, timing: null, nodeVersion: 1 };
    const ofD = (stageNo: number) => ({ ...stage, stageNo, nodeId: d, nodeName: 'd' });
    expect((await compared(path, 1, 2)).changes).toEqual([
      { path: 'stages[1]', kind: 'added', from: null, to: ofD(2) },
    ]);
    expect((await compared(path, 2, 3)).changes).toEqual([
      { path: 'stages[3].stageNo', kind: 'moved', from: 1, to: 4 },
    ]);
    expect((await compared(path, 3, 4)).changes).toEqual([
      { path: 'stages[0]', kind: 'removed', from: ofD(1), to: null },
    ]);
    // and backwards
    expect((await compared(path, 2, 1)).changes).toEqual([
      { path: 'stages[1]', kind: 'removed', from: ofD(2), to: null },
    ]);
  });

  it('should tell what changed inside a stage', async () => {
    const path = await givenTemplate(admin, { stages: [{ nodeId: own, timing: { due: '1d' } }] });
    await admin.patch(path, { stages: [{ nodeId: own, condition: 'a = 1', timing: { due: '2d' } }] });
    await admin.patch(path, { stages: stagesOf(own) });
    expect((await compared(path, 1, 2)).changes).toEqual([
      { path: 'stages[0].condition', kind: 'changed', from: null, to: 'a = 1' },
      { path: 'stages[0].timing.due', kind: 'changed', from: '1d', to: '2d' },
    ]);
    expect((await compared(path, 2, 3)).changes).toMatchObject([
      { path: 'stages[0].condition', from: 'a = 1', to: null },
      { path: 'stages[0].timing', kind: 'changed', from: { due: '2d' }, to: null },
    ]);
  });

  it('should find a version the same as itself, and as one that says the same', async () => {
    const path = await givenTemplate(admin);
    await admin.patch(path, { remark: 'r' });
    await admin.patch(path, { remark: null });
    expect(await compared(path, 2, 2)).toEqual({ from: 2, to: 2, changes: [], same: true });
    expect(await compared(path, 1, 3)).toEqual({ from: 1, to: 3, changes: [], same: true });
  });

  it.each(['', '?from=1', '?to=1', '?from=a&to=1', '?from=0&to=1', '?from=1.5&to=1', '?from=1&to=1&x=1'])(
    'should refuse %s',
    async (query) => {
      const path = await givenTemplate(admin);
      expect(await admin.get(`${path}/versions/compare${query}`)).toMatchObject({
        status: 400,
        body: { code: 'validation_failed' },
      });
    },
  );

  it('should not know a version that there is not', async () => {
    const path = await givenTemplate(admin);
    for (const query of ['from=1&to=2', 'from=2&to=1', 'from=2&to=2']) {
      expect(await admin.get(`${path}/versions/compare?${query}`)).toMatchObject({ status: 404 });
    }
  });
});

describe('versions of a template', () => {
  const routes = ['', '/1', '/compare?from=1&to=1'];

  it('given another team, then they do not exist, and a system administrator sees them', async () => {
    const path = await givenTemplate(admin);
    for (const route of routes) {
      expect(await other.get(`${path}/versions${route}`)).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      });
      expect(await system.get(`${path}/versions${route}`)).toMatchObject({ status: 200 });
      expect(await admin.get(`/templates/${nowhere}/versions${route}`)).toMatchObject({ status: 404 });
    }
  });

  it('given somebody who is no administrator, then they are forbidden', async () => {
    const path = await givenTemplate(admin);
    for (const route of routes) {
      expect(await app.as(ann).get(`${path}/versions${route}`)).toMatchObject({ status: 403 });
      expect(await app.as(null).get(`${path}/versions${route}`)).toMatchObject({ status: 401 });
    }
  });

  it('given a deleted template, then they are gone with it for callers, and kept', async () => {
    const path = await givenTemplate(admin);
    await admin.patch(path, { remark: 'r' });
    expect((await admin.delete(path)).status).toBe(204);
    for (const route of routes) {
      expect(await admin.get(`${path}/versions${route}`)).toMatchObject({ status: 404 });
    }
    const kept = await app.database.rows<{ version: number }>(
      'SELECT version FROM dms_s_apply_template_version WHERE template_id = ? ORDER BY version',
      [String(path.split('/').at(-1))],
    );
    expect(kept.map((row) => row.version)).toEqual([1, 2]);
  });

  it('given a template of the platform, then teams read its versions as they read it', async () => {
    const shared = await givenNode(system, 'shared');
    const path = await givenTemplate(system, { stages: stagesOf(shared) });
    for (const route of routes) {
      expect(await admin.get(`${path}/versions${route}`)).toMatchObject({ status: 200 });
    }
  });
});
