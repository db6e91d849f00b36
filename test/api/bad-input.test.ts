import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Client, startApp, type TestApp } from '../support/harness.js';
import { ann, bob, boss, created, givenFlow, rival, root } from '../support/world.js';

let app: TestApp;
let admin: Client;
let nodeId: string;
let templateId: string;
let businessType: string;
let orderId: string;

beforeAll(async () => {
  app = await startApp();
  admin = app.as(boss);
  const flow = await givenFlow(app, [{ users: ['bob'] }]);
  ({ businessType, templateId } = flow);
  nodeId = flow.nodeIds[0] ?? '';
  orderId = String((await created(app.as(ann), '/orders', { businessType })).id);
});
afterAll(() => app.close());

/** Every problem has this shape, whatever went wrong. */
function expectProblem(answer: Answer, status: number, code: string): void {
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(answer.body).toMatchObject({ type: `urn:countersign:problem:${code}`, status });
  for (const member of ['title', 'detail', 'instance', 'requestId'])
    expect(answer.body[member]).toEqual(expect.any(String));
  if (code === 'validation_failed') {
    expect(answer.body.errors.length).toBeGreaterThan(0);
    for (const error of answer.body.errors) {
      expect(error).toEqual({ field: expect.any(String), message: expect.any(String) });
    }
  }
}

const rowCounts = async (): Promise<string> => {
  const tables = [
    'template_process_node',
    'template_node_object',
    'template',
    'template_stage',
    'template_binding',
    'business_type',
    'order',
    'order_process',
    'order_assignee',
    'order_log',
    'delivery',
  ];
  const counts: string[] = [];
  for (const table of tables) {
    const [row] = await app.database.rows<{ n: unknown }>(`SELECT COUNT(*) AS n FROM dms_s_apply_${table}`);
    counts.push(`${table} ${Number(row?.n)}`);
  }
  return counts.join(', ');
};

describe('bodies that are not valid', () => {
  const node = { templateNodeName: 'n', auditObjectType: 'user', auditObject: ['u1'] };
  const cases: readonly (readonly [string, () => string, unknown, string])[] = [
    ['an unknown field', () => '/nodes', { ...node, color: 'red' }, 'color'],
    ['a missing field', () => '/nodes', { auditObjectType: 'user', auditObject: ['u1'] }, 'templateNodeName'],
    ['a wrong type', () => '/nodes', { ...node, templateNodeName: 7 }, 'templateNodeName'],
    ['an over-long name', () => '/nodes', { ...node, templateNodeName: 'x'.repeat(65) }, 'templateNodeName'],
    ['an empty list', () => '/nodes', { ...node, auditObject: [] }, 'auditObject'],
    ['a list of other things', () => '/nodes', { ...node, auditObject: [{}] }, 'auditObject'],
    ['a text for a list', () => '/nodes', { ...node, auditObject: 'u1' }, 'auditObject'],
    ['a comma in a code', () => '/nodes', { ...node, auditObject: ['a,b'] }, 'auditObject'],
    ['the same code twice', () => '/nodes', { ...node, auditObject: ['a', 'a'] }, 'auditObject'],
    [
      'too many codes',
      () => '/nodes',
      { ...node, auditObject: Array.from({ length: 201 }, (_, n) => `u${n}`) },
      'auditObject',
    ],
    ['an unknown enum value', () => '/nodes', { ...node, auditObjectType: 'robot' }, 'auditObjectType'],
    ['a NUL character', () => '/nodes', { ...node, templateNodeName: 'a\u0000b' }, 'body'],
    [
      'half a surrogate pair',
      () => '/nodes',
      '{"templateNodeName":"\\ud800","auditObjectType":"user","auditObject":["u"]}',
      'body',
    ],
    ['a list for a body', () => '/nodes', [node], 'body'],
    ['null for a body', () => '/nodes', 'null', 'templateNodeName'],
    ['a template without stages', () => '/templates', { templateName: 't', stages: [] }, 'stages'],
    ['a stage of the wrong type', () => '/templates', { templateName: 't', stages: ['n1'] }, 'stages[0]'],
    [
      'an unknown field in a stage',
      () => '/templates',
      { templateName: 't', stages: [{ nodeId: 'x', minutes: 5 }] },
      'stages[0].minutes',
    ],
    ['an order without a business type', () => '/orders', {}, 'businessType'],
    ['variables that are a list', () => '/orders', { businessType: 'x', variables: [1] }, 'variables'],
    [
      'variables that are too large',
      () => '/orders',
      { businessType: 'x', variables: { text: 'x'.repeat(60_000) } },
      'variables',
    ],
    ['a title that is too long', () => '/orders', { businessType: 'x', title: 'x'.repeat(256) }, 'title'],
    ['an over-long message', () => `/orders/${orderId}/approve`, { auditMsg: 'x'.repeat(4001) }, 'auditMsg'],
    ['a version that is no number', () => `/orders/${orderId}/approve`, { version: '1' }, 'version'],
    ['a version of zero', () => `/orders/${orderId}/reject`, { version: 0 }, 'version'],
    [
      'an unknown field in a decision',
      () => `/orders/${orderId}/approve`,
      { decision: 'approve' },
      'decision',
    ],
    ['an unknown field in a withdrawal', () => `/orders/${orderId}/withdraw`, { why: 'no' }, 'why'],
  ];

  it.each(cases)(
    'given %s, then it is 400 naming the field, and nothing is stored',
    async (_name, path, body, field) => {
      const before = await rowCounts();
      for (const who of [boss, root]) {
        const answer = await app.as(who).post(path(), body, { 'content-type': 'application/json' });
        expectProblem(answer, 400, 'validation_failed');
        expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
      }
      expect(await rowCounts()).toBe(before);
    },
  );

  it('given JSON that is broken, polluted or nested too deeply, then it is 400', async () => {
    for (const body of [
      '{"a":',
      '{"__proto__":{"x":1}}',
      `{"variables":${'['.repeat(5000)}${']'.repeat(5000)}}`,
    ]) {
      expectProblem(
        await admin.post('/orders', body, { 'content-type': 'application/json' }),
        400,
        'validation_failed',
      );
    }
  });

  it('given 10 MB, then it is 413; given something else than JSON, then 415', async () => {
    const large = await admin.post('/nodes', 'x'.repeat(10 * 1024 * 1024), {
      'content-type': 'application/json',
    });
    expectProblem(large, 413, 'payload_too_large');
    expectProblem(
      await admin.post('/nodes', '<a/>', { 'content-type': 'text/xml' }),
      415,
      'unsupported_media_type',
    );
  });

  it('given queries that are not valid, then they are 400', async () => {
    for (const query of [
      'limit=0',
      'limit=101',
      'limit=x',
      'cursor=%00',
      'cursor=e30',
      'color=red',
      'scope=all',
      'applyStatus=lost',
      'limit=1&limit=2',
    ]) {
      expectProblem(await app.as(ann).get(`/orders?${query}`), 400, 'validation_failed');
    }
  });

  it('a body with every value at its limit is stored and read back as it was', async () => {
    const name = '审'.repeat(62) + '😀';
    const auditObject = Array.from(
      { length: 200 },
      (_, n) => `${'员'.repeat(60)}${String(n).padStart(3, '0')}`,
    );
    const made = await admin.post('/nodes', {
      templateNodeName: name,
      auditObjectType: 'user',
      auditObject,
      remark: '备'.repeat(4000),
    });
    expect(made.status).toBe(201);
    const read = await admin.get(`/nodes/${made.body.id}`);
    expect(read.body).toEqual(made.body);
    expect(read.body).toMatchObject({ templateNodeName: name, auditObject, remark: '备'.repeat(4000) });
  });
});

describe('objects that do not exist, or not for the caller', () => {
  const nowhere = '00000000-0000-7000-8000-00000000dead';

  it('given unknown ids, then every call is 404', async () => {
    const calls = [
      admin.get(`/nodes/${nowhere}`),
      admin.patch(`/nodes/${nowhere}`, {}),
      admin.delete(`/nodes/${nowhere}`),
      admin.get(`/templates/${nowhere}`),
      admin.patch(`/templates/${nowhere}`, {}),
      admin.delete(`/templates/${nowhere}`),
      admin.get(`/templates/${nowhere}/business-types`),
      admin.put(`/templates/${nowhere}/business-types`, { businessTypes: [] }),
      admin.put(`/bindings/${businessType}`, { templateId: nowhere }),
      admin.put('/bindings/unknown-type', { templateId }),
      admin.delete('/bindings/unknown-type'),
      admin.get('/business-types/unknown-type'),
      admin.delete('/api-keys/unknown-key'),
      admin.get('/directory/users/unknown'),
      admin.get('/directory/groups/unknown'),
      admin.post('/templates', { templateName: 't', stages: [{ nodeId: nowhere }] }),
      app.as(ann).post('/orders', { businessType: 'unknown-type' }),
      app.as(ann).post('/orders/preview', { businessType: 'unknown-type' }),
      app.as(ann).get(`/orders/${nowhere}`),
      app.as(ann).get(`/orders/${'x'.repeat(500)}`),
      app.as(ann).get(`/orders/${nowhere}/logs`),
      app.as(bob).post(`/orders/${nowhere}/approve`, {}),
      app.as(ann).get('/no-such-route'),
    ];
    for (const answer of await Promise.all(calls)) expectProblem(answer, 404, 'not_found');
  });

  it('given another team’s ids, then every call is 404, and never 403', async () => {
    const them = app.as(rival);
    const calls = [
      them.get(`/nodes/${nodeId}`),
      them.patch(`/nodes/${nodeId}`, { remark: 'x' }),
      them.delete(`/nodes/${nodeId}`),
      them.get(`/templates/${templateId}`),
      them.patch(`/templates/${templateId}`, { remark: 'x' }),
      them.delete(`/templates/${templateId}`),
      them.get(`/templates/${templateId}/business-types`),
      them.get(`/business-types/${businessType}`),
      them.delete(`/business-types/${businessType}`),
      them.delete(`/bindings/${businessType}`),
      them.post('/templates', { templateName: 'stolen', stages: [{ nodeId }] }),
      them.post('/orders', { businessType }),
      them.get(`/orders/${orderId}`),
      them.post(`/orders/${orderId}/approve`, {}),
      them.get('/nodes?accCode=t1'),
      them.post('/nodes', {
        accCode: 't1',
        templateNodeName: 'n',
        auditObjectType: 'user',
        auditObject: ['u'],
      }),
    ];
    for (const answer of await Promise.all(calls)) expectProblem(answer, 404, 'not_found');
    for (const list of [
      '/nodes',
      '/templates',
      '/business-types',
      '/bindings',
      '/api-keys',
      '/directory/users',
      '/orders?scope=team',
    ]) {
      const page = await them.get(`${list}${list.includes('?') ? '&' : '?'}limit=100`);
      expect(page.status).toBe(200);
      expect(page.body.items.filter((item: { accCode?: string }) => item.accCode === 't1')).toEqual([]);
    }
  });

  it('given system objects, then they are read-only for everybody', async () => {
    const [systemNode] = (await admin.get('/nodes?limit=100')).body.items.filter(
      (one: { templateNodeType: string }) => one.templateNodeType === 'system',
    );
    const [systemTemplate] = (await admin.get('/templates?limit=100')).body.items.filter(
      (one: { templateType: string }) => one.templateType === 'system',
    );
    for (const who of [admin, app.as(root)]) {
      expectProblem(await who.patch(`/nodes/${systemNode.id}`, { remark: 'x' }), 409, 'system_object');
      expectProblem(await who.delete(`/nodes/${systemNode.id}`), 409, 'system_object');
      expectProblem(
        await who.patch(`/templates/${systemTemplate.id}`, { remark: 'x' }),
        409,
        'system_object',
      );
      expectProblem(await who.delete(`/templates/${systemTemplate.id}`), 409, 'system_object');
    }
  });

  it('given objects in use, then they stay', async () => {
    expectProblem(await admin.delete(`/nodes/${nodeId}`), 409, 'in_use');
    expectProblem(await admin.delete(`/templates/${templateId}`), 409, 'in_use');
    expectProblem(await admin.delete(`/business-types/${businessType}`), 409, 'in_use');
    expect((await admin.get(`/nodes/${nodeId}`)).status).toBe(200);
  });

  it('given a template that was deleted, then nothing can be bound to it, and its orders live on', async () => {
    const flow = await givenFlow(app, [{ users: ['bob'] }]);
    const order = await created(app.as(ann), '/orders', { businessType: flow.businessType });
    expect((await admin.delete(`/bindings/${flow.businessType}`)).status).toBe(204);
    expect((await admin.delete(`/templates/${flow.templateId}`)).status).toBe(204);
    expectProblem(
      await admin.put(`/bindings/${flow.businessType}`, { templateId: flow.templateId }),
      404,
      'not_found',
    );
    expect((await app.as(bob).post(`/orders/${order.id}/approve`, {})).body.applyStatus).toBe('completed');
    const next = await created(app.as(ann), '/orders', { businessType: flow.businessType });
    expect(next['templateName']).toBe('系统默认流程');
  });
});
