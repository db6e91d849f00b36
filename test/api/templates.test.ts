import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { ann, boss, created, rival, root } from '../support/world.js';

let app: TestApp;
let admin: Client;
let other: Client;
let system: Client;
/** Nodes of team t1, of team t2 and of the platform. */
let own: string;
let second: string;
let foreign: string;
let shared: string;

const systemNodeId = '00000000-0000-7000-8000-000000000001';
const systemTemplateId = '00000000-0000-7000-8000-000000000002';
const nowhere = '01900000-0000-7000-8000-000000000000';

const givenNode = async (as: Client, name: string): Promise<string> =>
  String(
    (await created(as, '/nodes', { templateNodeName: name, auditObjectType: 'user', auditObject: ['bob'] }))
      .id,
  );

beforeAll(async () => {
  app = await startApp();
  [admin, other, system] = [app.as(boss), app.as(rival), app.as(root)];
  own = await givenNode(admin, 'own');
  second = await givenNode(admin, 'second');
  foreign = await givenNode(other, 'foreign');
  shared = await givenNode(system, 'shared');
});
afterAll(() => app.close());

const stagesOf = (...nodeIds: string[]) => nodeIds.map((nodeId) => ({ nodeId }));
const newTemplate = (more: object = {}) => ({ templateName: 'template', stages: stagesOf(own), ...more });
const givenTemplate = async (as: Client, more: object = {}): Promise<string> =>
  String((await created(as, '/templates', newTemplate(more))).id);
const nodeColumnOf = async (id: string): Promise<string> => {
  const rows = await app.database.rows<{ ids: string }>(
    'SELECT template_node_id AS ids FROM dms_s_apply_template WHERE id = ?',
    [id],
  );
  return rows[0]?.ids ?? '';
};

describe('POST /templates', () => {
  it('should make a template of the team from stages in their order', async () => {
    // given nodes of the team and of the platform, one of them twice
    const body = {
      templateName: '数据导出',
      stages: [
        { nodeId: second },
        { nodeId: shared, condition: "amount > 100 and type = 'POR'" },
        { nodeId: systemNodeId, condition: null },
        { nodeId: second, condition: '  ' },
      ],
      autoApprove: 'never',
      dedupe: 'none',
      remark: '两级审批',
    };
    // when a team administrator makes it
    const answer = await admin.post('/templates', body);
    // then it holds them, numbered from 1
    expect(answer.status).toBe(201);
    const { id, createTime, updateTime, ...view } = answer.body as Record<string, unknown>;
    expect(view).toEqual({
      templateName: '数据导出',
      templateType: 'custom',
      accCode: 't1',
      autoApprove: 'never',
      dedupe: 'none',
      distinctApprovers: false,
      remark: '两级审批',
      version: 1,
      stages: [
        [second, 'second', null],
        [shared, 'shared', "amount > 100 and type = 'POR'"],
        [systemNodeId, '系统管理员审批', null],
        [second, 'second', null],
      ].map(([nodeId, nodeName, condition], index) => ({
        stageNo: index + 1,
        nodeId,
        nodeName,
        condition,
        timing: null,
      })),
      businessTypes: [],
    });
    expect(createTime).toBe(updateTime);
    // and the column of requirement 003 lists the nodes
    expect(await nodeColumnOf(String(id))).toBe([second, shared, systemNodeId, second].join(','));
    expect((await admin.get(`/templates/${String(id)}`)).body).toEqual(answer.body);
  });

  it('should fill in defaults', async () => {
    expect(await created(admin, '/templates', newTemplate())).toMatchObject({
      autoApprove: 'through_applicant_node',
      dedupe: 'none',
      remark: null,
    });
  });

  it.each(['none', 'consecutive', 'all'])(
    'should keep %s for people who sit on several steps',
    async (dedupe) => {
      const { id } = await created(admin, '/templates', newTemplate({ dedupe }));
      expect((await admin.get(`/templates/${String(id)}`)).body).toMatchObject({ dedupe });
      // and change it, alone
      const unchanged = await admin.patch(`/templates/${String(id)}`, { remark: 'r' });
      expect(unchanged).toMatchObject({ status: 200, body: { dedupe } });
      for (const next of ['all', 'consecutive', 'none']) {
        const changed = await admin.patch(`/templates/${String(id)}`, { dedupe: next });
        expect(changed).toMatchObject({ status: 200, body: { dedupe: next, remark: 'r' } });
      }
    },
  );

  it("should make the platform's template for a system administrator, or that of the team named", async () => {
    const ofPlatform = newTemplate({ stages: stagesOf(shared) });
    expect(await created(system, '/templates', ofPlatform)).toMatchObject({
      accCode: null,
      templateType: 'custom',
    });
    expect(await created(system, '/templates', newTemplate({ accCode: 't1' }))).toMatchObject({
      accCode: 't1',
    });
  });

  it('should take 255 stages, and cut the column where it ends', async () => {
    const made = await created(
      admin,
      '/templates',
      newTemplate({ stages: stagesOf(...Array(255).fill(own)) }),
    );
    expect(made.stages).toHaveLength(255);
    expect(await nodeColumnOf(String(made.id))).toBe(`${Array(55).fill(own).join(',')},…`);
    const fits = await givenTemplate(admin, { stages: stagesOf(...Array(55).fill(own)) });
    expect(await nodeColumnOf(fits)).toBe(Array(55).fill(own).join(','));
  });

  it.each([
    ['no name', { templateName: undefined }, 'templateName'],
    ['an empty name', { templateName: '' }, 'templateName'],
    ['a name of 65 characters', { templateName: 'n'.repeat(65) }, 'templateName'],
    ['a name of 128 characters that show as 64', { templateName: '❤️'.repeat(64) }, 'templateName'],
    ['a name that is a number', { templateName: 1 }, 'templateName'],
    ['no stages', { stages: undefined }, 'stages'],
    ['null stages', { stages: null }, 'stages'],
    ['an empty list of stages', { stages: [] }, 'stages'],
    ['256 stages', { stages: Array(256).fill({ nodeId: nowhere }) }, 'stages'],
    ['stages that are an object', { stages: { nodeId: nowhere } }, 'stages'],
    ['a stage that is an id', { stages: [nowhere] }, 'stages[0]'],
    ['a stage that is null', { stages: [null] }, 'stages[0]'],
    ['a stage that is a list', { stages: [[{ nodeId: nowhere }]] }, 'stages'],
    ['a stage without a node', { stages: [{ nodeId: nowhere }, {}] }, 'stages[1].nodeId'],
    ['a stage with many nodes', { stages: [{ nodeId: [nowhere] }] }, 'stages[0].nodeId'],
    ['a condition that is a number', { stages: [{ nodeId: nowhere, condition: 1 }] }, 'stages[0].condition'],
    [
      'a condition of 2001 characters',
      { stages: [{ nodeId: nowhere, condition: ' '.repeat(2001) }] },
      'stages[0].condition',
    ],
    ['an unknown field of a stage', { stages: [{ nodeId: nowhere, mode: 'all' }] }, 'stages[0].mode'],
    ['an unknown way to approve automatically', { autoApprove: 'always' }, 'autoApprove'],
    ['an unknown way to ask people who approved already', { dedupe: 'first' }, 'dedupe'],
    ['a null one', { dedupe: null }, 'dedupe'],
    ['a remark of 4001 characters', { remark: 'r'.repeat(4001) }, 'remark'],
    ['a type of its own', { templateType: 'system' }, 'templateType'],
    ['an unknown field', { colour: 'red' }, 'colour'],
  ])('should refuse %s', async (_what, more, field) => {
    const answer = await admin.post('/templates', newTemplate(more));
    expect(answer).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
    expect(answer.body.errors[0].field).toBe(field);
  });

  it('should refuse conditions that cannot be read, naming each stage and place', async () => {
    const answer = await admin.post(
      '/templates',
      newTemplate({
        stages: [
          { nodeId: own, condition: 'amount > 100' },
          { nodeId: own, condition: 'amount >' },
          { nodeId: own },
          { nodeId: own, condition: 'a = 1 b' },
        ],
      }),
    );
    expect(answer).toMatchObject({ status: 422, body: { code: 'condition_invalid' } });
    expect(answer.body.detail).toContain('stage 2, at position 8');
    expect(answer.body.detail).toContain('stage 4, at position 6');
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toEqual([
      'stages[1].condition',
      'stages[3].condition',
    ]);
  });

  it('should refuse nodes that do not exist for the team', async () => {
    const post = (as: Client, nodeId: string, more: object = {}) =>
      as.post('/templates', newTemplate({ stages: stagesOf(shared, nodeId), ...more }));
    for (const nodeId of [nowhere, 'x', foreign]) {
      const answer = await post(admin, nodeId);
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
      expect(answer.body.detail).toContain(nodeId);
    }
    // a system administrator's template takes the nodes of its team, the platform's only the platform's
    expect(await post(system, own)).toMatchObject({ status: 404 });
    expect(await post(system, foreign, { accCode: 't1' })).toMatchObject({ status: 404 });
    expect(await post(system, own, { accCode: 't1' })).toMatchObject({ status: 201 });
  });

  it('should be for administrators of the team', async () => {
    expect(await app.as(ann).post('/templates', newTemplate())).toMatchObject({ status: 403 });
    expect(await app.as(null).get('/templates')).toMatchObject({ status: 401 });
    expect(await admin.post('/templates', newTemplate({ accCode: 't2' }))).toMatchObject({ status: 404 });
  });

  it('should make one template for one Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'template-1' };
    const first = await admin.post('/templates', newTemplate(), headers);
    const again = await admin.post('/templates', newTemplate(), headers);
    expect(again).toMatchObject({ status: 201, body: first.body });
    const changed = await admin.post('/templates', newTemplate({ remark: 'other' }), headers);
    expect(changed.body.code).toBe('idempotency_key_reused');
  });
});

describe('GET /templates', () => {
  const idsOf = (answer: { body: { items: { id: string }[] } }) => answer.body.items.map((item) => item.id);

  it("should list the team's and the platform's templates, newest first, with their stages", async () => {
    const mine = await givenTemplate(admin, { stages: stagesOf(own, second) });
    const theirs = await givenTemplate(other, { stages: stagesOf(foreign) });
    const ofPlatform = await givenTemplate(system, { stages: stagesOf(shared) });
    const seen = await admin.get('/templates?limit=100');
    expect(seen.status).toBe(200);
    expect(idsOf(seen).slice(0, 2)).toEqual([ofPlatform, mine]);
    expect(idsOf(seen).at(-1)).toBe(systemTemplateId);
    expect(idsOf(seen)).not.toContain(theirs);
    for (const item of seen.body.items) expect((await admin.get(`/templates/${item.id}`)).body).toEqual(item);
    expect(seen.body.items[1].stages).toHaveLength(2);
    // a system administrator sees all, or what one team sees
    expect(idsOf(await system.get('/templates?limit=100'))).toEqual(expect.arrayContaining([mine, theirs]));
    expect(idsOf(await system.get('/templates?limit=100&accCode=t1'))).toEqual(idsOf(seen));
    expect(await admin.get('/templates?accCode=t2')).toMatchObject({ status: 404 });
  });

  it('should answer in pages', async () => {
    const all = idsOf(await admin.get('/templates?limit=100'));
    const first = await admin.get('/templates?limit=2');
    const next = await admin.get(`/templates?limit=2&cursor=${first.body.nextCursor}`);
    expect([...idsOf(first), ...idsOf(next)]).toEqual(all.slice(0, 4));
    expect((await admin.get('/templates?limit=100')).body.nextCursor).toBeNull();
    expect(await admin.get('/templates?limit=0')).toMatchObject({ status: 400 });
    expect(await admin.get('/templates?cursor=e30')).toMatchObject({ status: 400 });
  });
});

describe('GET /templates/{id}', () => {
  it('should show the system default template', async () => {
    expect((await admin.get(`/templates/${systemTemplateId}`)).body).toMatchObject({
      templateName: '系统默认流程',
      templateType: 'system',
      accCode: null,
      stages: [
        { stageNo: 1, nodeId: systemNodeId, nodeName: '系统管理员审批', condition: null, timing: null },
      ],
    });
  });

  it("should not know another team's template, nor one that does not exist", async () => {
    const theirs = await givenTemplate(other, { stages: stagesOf(foreign) });
    for (const id of [theirs, nowhere, 'x', '%00']) {
      expect(await admin.get(`/templates/${id}`)).toMatchObject({ status: 404, body: { code: 'not_found' } });
      expect(await admin.patch(`/templates/${id}`, { remark: 'x' })).toMatchObject({ status: 404 });
      expect(await admin.delete(`/templates/${id}`)).toMatchObject({ status: 404 });
    }
    expect(await system.get(`/templates/${theirs}`)).toMatchObject({ status: 200 });
  });
});

describe('PATCH /templates/{id}', () => {
  it('should replace the list of stages, and leave what is not given', async () => {
    const id = await givenTemplate(admin, {
      stages: stagesOf(own, second),
      remark: 'r',
      autoApprove: 'never',
    });
    const stages = [{ nodeId: second, condition: 'a = 1' }, ...stagesOf(shared, second)];
    const answer = await admin.patch(`/templates/${id}`, { stages });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ templateName: 'template', remark: 'r', autoApprove: 'never' });
    expect(answer.body.stages.map((stage: { nodeId: string }) => stage.nodeId)).toEqual([
      second,
      shared,
      second,
    ]);
    expect(answer.body.stages[0].condition).toBe('a = 1');
    expect((await admin.get(`/templates/${id}`)).body).toEqual(answer.body);
    expect(await nodeColumnOf(id)).toBe([second, shared, second].join(','));
    // and the nodes that left the list can be deleted
    const changed = await admin.patch(`/templates/${id}`, {
      templateName: 'new',
      autoApprove: 'applicant_nodes',
      remark: null,
    });
    expect(changed.body).toMatchObject({ templateName: 'new', autoApprove: 'applicant_nodes', remark: null });
    expect(changed.body.stages).toEqual(answer.body.stages);
  });

  it.each([
    ['an empty list of stages', { stages: [] }, 400],
    ['null stages', { stages: null }, 400],
    ['256 stages', { stages: Array(256).fill({ nodeId: nowhere }) }, 400],
    ['a null name', { templateName: null }, 400],
    ['a null way to approve automatically', { autoApprove: null }, 400],
    ['an unknown way to ask people who approved already', { dedupe: 'first' }, 400],
    ['a null one', { dedupe: null }, 400],
    ['another team', { accCode: 't2' }, 400],
    ['an unknown field', { colour: 'red' }, 400],
    ['an unknown node', { stages: [{ nodeId: nowhere }] }, 404],
    ['a condition that cannot be read', { stages: [{ nodeId: nowhere, condition: '(' }] }, 422],
  ])('should refuse %s and change nothing', async (_what, change, status) => {
    const id = await givenTemplate(admin);
    const before = await admin.get(`/templates/${id}`);
    expect((await admin.patch(`/templates/${id}`, change)).status).toBe(status);
    expect((await admin.get(`/templates/${id}`)).body).toEqual(before.body);
  });

  it("should refuse another team's node, also from a system administrator", async () => {
    const id = await givenTemplate(admin);
    expect(await admin.patch(`/templates/${id}`, { stages: stagesOf(foreign) })).toMatchObject({
      status: 404,
    });
    expect(await system.patch(`/templates/${id}`, { stages: stagesOf(foreign) })).toMatchObject({
      status: 404,
    });
    expect(await system.patch(`/templates/${id}`, { stages: stagesOf(second) })).toMatchObject({
      status: 200,
    });
  });

  it('should keep system templates from everybody, and the platform’s from teams', async () => {
    for (const as of [admin, system]) {
      const answers = [
        await as.patch(`/templates/${systemTemplateId}`, { remark: 'x' }),
        await as.delete(`/templates/${systemTemplateId}`),
      ];
      for (const answer of answers)
        expect(answer).toMatchObject({ status: 409, body: { code: 'system_object' } });
    }
    const ofPlatform = await givenTemplate(system, { stages: stagesOf(shared) });
    expect(await admin.patch(`/templates/${ofPlatform}`, { remark: 'x' })).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    expect(await admin.delete(`/templates/${ofPlatform}`)).toMatchObject({ status: 403 });
    expect(await system.patch(`/templates/${ofPlatform}`, { stages: stagesOf(own) })).toMatchObject({
      status: 404,
    });
    expect(await system.patch(`/templates/${ofPlatform}`, { remark: 'x' })).toMatchObject({ status: 200 });
  });

  it('should keep the rows in agreement with the column when two replace the list at once', async () => {
    const id = await givenTemplate(admin);
    const lists = [
      stagesOf(own, own, own),
      stagesOf(second, second),
      stagesOf(shared),
      stagesOf(own, second),
    ];
    const answers = await Promise.all(lists.map((stages) => admin.patch(`/templates/${id}`, { stages })));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
    const { stages } = (await admin.get(`/templates/${id}`)).body;
    expect(await nodeColumnOf(id)).toBe(stages.map((stage: { nodeId: string }) => stage.nodeId).join(','));
  });

  it('should never keep a stage whose node is deleted meanwhile', async () => {
    for (let round = 0; round < 10; round++) {
      const node = await givenNode(admin, 'going');
      const [made, gone] = await Promise.all([
        admin.post('/templates', newTemplate({ stages: stagesOf(own, node) })),
        admin.delete(`/nodes/${node}`),
      ]);
      expect([
        [201, 409],
        [404, 204],
      ]).toContainEqual([made.status, gone.status]);
    }
  });
});

describe('DELETE /templates/{id}', () => {
  it('should delete a template with its stages, and free its nodes', async () => {
    const node = await givenNode(admin, 'freed');
    const id = await givenTemplate(admin, { stages: stagesOf(node) });
    expect(await admin.delete(`/nodes/${node}`)).toMatchObject({ status: 409, body: { code: 'in_use' } });
    expect(await admin.delete(`/templates/${id}`)).toMatchObject({ status: 204, body: '' });
    expect(await admin.get(`/templates/${id}`)).toMatchObject({ status: 404 });
    expect(await admin.delete(`/nodes/${node}`)).toMatchObject({ status: 204 });
  });

  it('should refuse while a business type is bound to it', async () => {
    const id = await givenTemplate(admin);
    await created(admin, '/business-types', { code: 'holds', name: 'Holds' });
    expect((await admin.put('/bindings/holds', { templateId: id })).status).toBe(200);
    expect(await admin.delete(`/templates/${id}`)).toMatchObject({ status: 409, body: { code: 'in_use' } });
    expect((await admin.get(`/templates/${id}`)).body.businessTypes).toEqual(['holds']);
    await admin.delete('/bindings/holds');
    expect(await admin.delete(`/templates/${id}`)).toMatchObject({ status: 204 });
  });

  it("should be done by a system administrator for a team's template", async () => {
    const id = await givenTemplate(admin);
    expect(await system.delete(`/templates/${id}`)).toMatchObject({ status: 204 });
  });
});
