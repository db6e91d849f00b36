import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenCrew } from '../support/acting.js';
import { startApp, type TestApp } from '../support/harness.js';
import { directoryOf } from '../support/resolver-people.js';
import { ann, bob, boss, carol, created, givenFlow, rival, root } from '../support/world.js';

describe('a change of a template, tried on past orders', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
    await givenCrew(app);
  });

  afterAll(() => app.close());

  const opened = async (businessType: string, variables: object = {}): Promise<string> =>
    String((await created(app.as(ann), '/orders', { businessType, variables })).id);

  const simulate = (templateId: string, body: object, who = boss) =>
    app.as(who).post(`/templates/${templateId}/simulate`, body);

  /** Rows of every table that holds anything: what a simulation must leave alone. */
  const rows = async (): Promise<unknown> => {
    const names = [
      'order',
      'order_process',
      'order_assignee',
      'order_log',
      'delivery',
      'template',
      'template_version',
    ];
    return Promise.all(
      names.map((name) => app.database.rows(`SELECT COUNT(*) AS n FROM dms_s_apply_${name}`, [])),
    );
  };

  it('given a stage put in and a condition changed, then each order tells its path then and now, and nothing is stored', async () => {
    const { businessType, templateId, nodeIds } = await givenFlow(app, [
      { users: ['bob'] },
      { users: ['carol'], condition: 'amount > 100' },
    ]);
    const small = await opened(businessType, { amount: 50 });
    const large = await opened(businessType, { amount: 500 });
    const extra = await created(app.as(boss), '/nodes', {
      templateNodeName: '法务',
      auditObjectType: 'user',
      auditObject: ['dave'],
    });
    const before = await rows();
    const { status, body } = await simulate(templateId, {
      businessType,
      change: {
        stages: [
          { nodeId: nodeIds[0] },
          { nodeId: extra.id, condition: 'amount > 400' },
          { nodeId: nodeIds[1], condition: 'amount > 10' },
        ],
      },
    });
    expect(status).toBe(200);
    expect(await rows()).toEqual(before);
    expect(body).toMatchObject({
      templateId,
      version: 1,
      summary: { orders: 2, same: 0, differ: 2, failed: 0 },
    });
    expect(body.summary.kinds).toMatchObject({ added: 2, outcome: 1, reviewers: 0, moved: 0 });
    expect(body.items.map((item: { orderId: string }) => item.orderId)).toEqual([large, small]);
    const [ofLarge, ofSmall] = body.items;
    expect(ofLarge.then.map((step: { outcome: string }) => step.outcome)).toEqual(['review', 'review']);
    expect(ofLarge.now.map((step: { outcome: string }) => step.outcome)).toEqual([
      'review',
      'review',
      'review',
    ]);
    expect(ofLarge.now[1]).toMatchObject({ nodeName: '法务', approvers: ['dave'] });
    expect(ofSmall.differences.map((one: { kind: string }) => one.kind)).toEqual(['added', 'outcome']);
    expect(ofSmall.differences[1].text).toContain('is reviewed instead of skipped (condition_false)');
    expect(ofSmall.differences[1].textZh).toContain('由跳过（condition_false）变为需要审批');
    expect((await app.as(boss).get(`/templates/${templateId}`)).body.stages).toHaveLength(2);
  });

  it('given no change, then nothing differs, whatever became of the orders', async () => {
    const { businessType, templateId } = await givenFlow(
      app,
      [
        { users: ['bob'] },
        { users: ['carol', 'bob'], mode: 'all', condition: 'amount > 1' },
        { users: ['ann'] },
      ],
      { autoApprove: 'applicant_nodes', dedupe: 'all' },
    );
    const first = await opened(businessType, { amount: 5 });
    await opened(businessType, { amount: 0 });
    const third = await opened(businessType);
    await app.as(bob).post(`/orders/${first}/approve`, {});
    await app.as(bob).post(`/orders/${third}/reject`, {});
    const { body } = await simulate(templateId, { businessType, last: 10 });
    expect(body.summary).toMatchObject({ orders: 3, same: 3, differ: 0, failed: 0, unopenable: 0 });
  });

  it('given a change that finds nobody, or asks others, then that is told', async () => {
    const { businessType, templateId, nodeIds } = await givenFlow(app, [
      { users: ['bob'] },
      { users: ['carol'] },
    ]);
    const id = await opened(businessType);
    await directoryOf(app.as(root)).group('nobody', []);
    const empty = await created(app.as(boss), '/nodes', {
      templateNodeName: 'nobody',
      auditObjectType: 'group',
      auditObject: ['nobody'],
    });
    const { body } = await simulate(templateId, {
      orderIds: [id],
      change: { stages: [{ nodeId: nodeIds[1] }, { nodeId: empty.id }, { nodeId: nodeIds[0] }] },
    });
    expect(body.summary).toMatchObject({ differ: 1, unopenable: 1 });
    expect(body.items[0].problems).toEqual([expect.stringContaining('finds nobody')]);
    expect(body.items[0].differences.map((one: { kind: string }) => one.kind)).toContain('moved');
    await app.as(boss).patch(`/nodes/${nodeIds[0]}`, { auditObject: ['dave'] });
    const present = await simulate(templateId, { orderIds: [id] });
    expect(present.body.items[0].differences).toEqual([
      expect.objectContaining({
        kind: 'reviewers',
        text: expect.stringContaining('asks dave instead of bob'),
      }),
    ]);
  });

  it('given an order or template of another team, an unreadable condition or no orders at all, then it says so', async () => {
    const { businessType, templateId, nodeIds } = await givenFlow(app, [{ users: ['bob'] }]);
    await opened(businessType);
    expect((await simulate(templateId, { businessType }, rival)).status).toBe(404);
    const foreign = await simulate(templateId, { orderIds: ['0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30'] });
    expect(foreign.body.items[0]).toMatchObject({
      outcome: 'failed',
      problem: { code: 'not_found', status: 404 },
    });
    expect((await simulate(templateId, {})).status).toBe(400);
    expect((await simulate(templateId, { businessType, orderIds: ['x'] })).status).toBe(400);
    const unreadable = { businessType, change: { stages: [{ nodeId: nodeIds[0], condition: 'amount >' }] } };
    expect((await simulate(templateId, unreadable)).body.code).toBe('condition_invalid');
    expect((await simulate(templateId, { businessType, last: 1001 })).status).toBe(400);
    expect((await app.as(carol).post(`/templates/${templateId}/simulate`, { businessType })).status).toBe(
      403,
    );
  });
});
