import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replay } from '../../src/engine/evolve.js';
import type { OrderEvent } from '../../src/engine/events.js';
import { votersOf } from '../support/order-history.js';
import { startApp, type TestApp, type TestUser } from '../support/harness.js';
import { ann, bob, boss, carol, created, dave, eve, givenFlow, path, rival, root } from '../support/world.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const open = (as: TestUser, businessType: string, more: object = {}) =>
  app.as(as).post('/orders', { businessType, ...more });

describe('the four cases of requirement 003', () => {
  it('case 1: under the system default flow, a member waits for a system administrator', async () => {
    // given a business type without a binding
    await created(app.as(boss), '/business-types', { code: 'case-1', name: 'Case 1' });
    // when a member opens an order
    const opened = await open(ann, 'case-1');
    // then a system administrator reviews it, and nobody of the team can
    expect(opened.status).toBe(201);
    expect(opened.body).toMatchObject({
      applyStatus: 'in_review',
      accCode: 't1',
      userCode: 'ann',
      version: 1,
    });
    expect(path(opened.body)).toEqual(['in_review']);
    expect((await app.as(boss).post(`/orders/${opened.body.id}/approve`, {})).body.code).toBe('forbidden');
    const approved = await app.as(root).post(`/orders/${opened.body.id}/approve`, { auditMsg: '同意' });
    expect(approved.status).toBe(200);
    expect(approved.body).toMatchObject({ applyStatus: 'completed', version: 2 });
    expect(approved.body.steps[0]).toMatchObject({
      auditStatus: 'approved',
      auditUserCode: 'root',
      auditMsg: '同意',
    });
  });

  it('case 2: a system administrator passes the system default flow at once', async () => {
    await created(app.as(root), '/business-types', { code: 'case-2', name: 'Case 2' });
    const opened = await open(root, 'case-2');
    expect(opened.body).toMatchObject({ applyStatus: 'completed', accCode: null });
    expect(path(opened.body)).toEqual(['auto_approved']);
  });

  it('case 3: an applicant who sits on no node walks every step', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }, { users: ['carol'] }]);
    const opened = await open(ann, businessType);
    expect(path(opened.body)).toEqual(['in_review', 'waiting']);
    const first = await app.as(bob).post(`/orders/${opened.body.id}/approve`, {});
    expect(path(first.body)).toEqual(['approved', 'in_review']);
    const second = await app.as(carol).post(`/orders/${opened.body.id}/approve`, {});
    expect(path(second.body)).toEqual(['approved', 'approved']);
    expect(second.body.applyStatus).toBe('completed');
  });

  it('case 4: an applicant on a node starts after it', async () => {
    const { businessType } = await givenFlow(app, [
      { users: ['bob'] },
      { users: ['ann'] },
      { users: ['carol'] },
    ]);
    const opened = await open(ann, businessType);
    expect(path(opened.body)).toEqual(['auto_approved', 'auto_approved', 'in_review']);
    expect(opened.body.steps[0].reason).toBe('before_applicant_node');
    expect(opened.body.steps[1].reason).toBe('applicant_node');
  });

  it('case 4: an applicant on the last node passes the whole order', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }, { users: ['ann', 'carol'] }]);
    const opened = await open(ann, businessType);
    expect(path(opened.body)).toEqual(['auto_approved', 'auto_approved']);
    expect(opened.body.applyStatus).toBe('completed');
  });
});

describe('the other policies of automatic approval', () => {
  it('applicant_nodes: a step is approved automatically when it is reached', async () => {
    const { businessType } = await givenFlow(
      app,
      [{ users: ['bob'] }, { users: ['ann'] }, { users: ['carol'] }],
      {
        autoApprove: 'applicant_nodes',
      },
    );
    const opened = await open(ann, businessType);
    expect(path(opened.body)).toEqual(['in_review', 'waiting', 'waiting']);
    const approved = await app.as(bob).post(`/orders/${opened.body.id}/approve`, {});
    expect(path(approved.body)).toEqual(['approved', 'auto_approved', 'in_review']);
  });

  it('never: the applicant decides no step of their own order, by name, by group or as administrator', async () => {
    await app.as(root).put('/directory/groups/never', { name: 'never', members: ['ann', 'bob'] });
    const { businessType } = await givenFlow(app, [{ users: ['ann', 'bob'] }, { groups: ['never'] }], {
      autoApprove: 'never',
    });
    const opened = await open(ann, businessType);
    const id = opened.body.id as string;
    expect(path(opened.body)).toEqual(['in_review', 'waiting']);
    expect((await app.as(ann).post(`/orders/${id}/approve`, {})).body.code).toBe('forbidden');
    expect(
      (await app.as(ann).get('/orders?scope=todo')).body.items.map((o: { id: string }) => o.id),
    ).not.toContain(id);
    await app.as(bob).post(`/orders/${id}/approve`, {});
    expect((await app.as(ann).post(`/orders/${id}/approve`, {})).status).toBe(403);
    expect((await app.as({ ...ann, roles: ['system_admin'] }).post(`/orders/${id}/approve`, {})).status).toBe(
      403,
    );
    expect((await app.as(bob).post(`/orders/${id}/approve`, {})).body.applyStatus).toBe('completed');
  });
});

describe('deciding', () => {
  it('a rejection rejects the order and cancels what is still open', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }, { users: ['carol'] }]);
    const { id } = (await open(ann, businessType)).body;
    const rejected = await app.as(bob).post(`/orders/${id}/reject`, { auditMsg: '金额不对' });
    expect(rejected.body.applyStatus).toBe('rejected');
    expect(path(rejected.body)).toEqual(['rejected', 'cancelled']);
    expect((await app.as(bob).post(`/orders/${id}/approve`, {})).body.code).toBe('order_closed');
    const logs = await app.as(ann).get(`/orders/${id}/logs`);
    expect(logs.body.items.map((row: { operation: string }) => row.operation)).toEqual([
      'order.opened',
      'step.in_review',
      'step.rejected',
      'step.cancelled',
      'order.rejected',
    ]);
  });

  it('all: everyone must approve, each once, and one rejection ends it', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob', 'carol'], mode: 'all' }]);
    const first = (await open(ann, businessType)).body;
    expect(first.steps[0]).toMatchObject({ requiredApprovals: 2, approvalMode: 'all' });
    const half = await app.as(bob).post(`/orders/${first.id}/approve`, {});
    expect(path(half.body)).toEqual(['in_review']);
    expect((await app.as(bob).post(`/orders/${first.id}/approve`, {})).body.code).toBe('already_decided');
    expect((await app.as(carol).post(`/orders/${first.id}/approve`, {})).body.applyStatus).toBe('completed');
    const second = (await open(ann, businessType)).body;
    await app.as(bob).post(`/orders/${second.id}/approve`, {});
    expect((await app.as(carol).post(`/orders/${second.id}/reject`, {})).body.applyStatus).toBe('rejected');
  });

  it('all over a group asks the members that it has when the step opens', async () => {
    await app.as(root).put('/directory/groups/board', { name: 'Board', members: ['bob'] });
    const { businessType } = await givenFlow(app, [{ users: ['dave'] }, { groups: ['board'], mode: 'all' }]);
    const { id } = (await open(ann, businessType)).body;
    await app.as(root).put('/directory/groups/board', { name: 'Board', members: ['bob', 'carol'] });
    const opened = await app.as(dave).post(`/orders/${id}/approve`, {});
    expect(opened.body.steps[1].requiredApprovals).toBe(2);
    expect(opened.body.steps[1].assignees.map((one: { userCode: string }) => one.userCode)).toEqual([
      'bob',
      'carol',
    ]);
    await app.as(carol).post(`/orders/${id}/approve`, {});
    expect((await app.as(bob).post(`/orders/${id}/approve`, {})).body.applyStatus).toBe('completed');
  });

  it('any over a group: membership counts at the moment of deciding', async () => {
    await app.as(root).put('/directory/groups/desk', { name: 'Desk', members: ['bob'] });
    const { businessType } = await givenFlow(app, [{ groups: ['desk'] }]);
    const { id } = (await open(ann, businessType)).body;
    const todo = async (who: TestUser) =>
      (await app.as(who).get('/orders?scope=todo&limit=100')).body.items.some(
        (one: { id: string }) => one.id === id,
      );
    expect([await todo(bob), await todo(carol)]).toEqual([true, false]);
    await app.as(root).put('/directory/groups/desk', { name: 'Desk', members: ['carol'] });
    expect([await todo(bob), await todo(carol)]).toEqual([false, true]);
    expect((await app.as(bob).get(`/orders/${id}`)).status).toBe(403);
    expect((await app.as(bob).post(`/orders/${id}/approve`, {})).body.code).toBe('forbidden');
    const decided = await app.as(carol).post(`/orders/${id}/approve`, {});
    expect(decided.body.steps[0].assignees).toMatchObject([{ userCode: 'carol', decision: 'approved' }]);
    expect(await todo(carol)).toBe(false);
  });

  it('somebody made inactive decides nothing', async () => {
    await app.as(root).put('/directory/users/gone', { name: 'Gone', accCode: 't1' });
    const { businessType } = await givenFlow(app, [{ users: ['gone', 'bob'] }]);
    const { id } = (await open(ann, businessType)).body;
    await app.as(root).put('/directory/users/gone', { name: 'Gone', accCode: 't1', active: false });
    const gone = app.as({ sub: 'gone', acc_code: 't1' });
    expect((await gone.get(`/orders/${id}/can-act`)).body.canAct).toBe(false);
    expect((await gone.post(`/orders/${id}/approve`, {})).status).toBe(403);
  });

  it('a decision on another version than the present one is refused', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }, { users: ['bob'] }]);
    const { id } = (await open(ann, businessType)).body;
    const first = await app.as(bob).post(`/orders/${id}/approve`, { version: 1 });
    expect(first.body.version).toBe(2);
    const stale = await app.as(bob).post(`/orders/${id}/approve`, { version: 1 });
    expect([stale.status, stale.body.code]).toEqual([409, 'version_conflict']);
    expect((await app.as(bob).post(`/orders/${id}/approve`, { version: 2 })).body.applyStatus).toBe(
      'completed',
    );
  });

  it('can-act tells who may decide, and why not', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }, { users: ['carol'] }]);
    const { id } = (await open(ann, businessType)).body;
    expect((await app.as(bob).get(`/orders/${id}/can-act`)).body).toMatchObject({ canAct: true });
    expect((await app.as(carol).get(`/orders/${id}/can-act`)).body).toMatchObject({ canAct: false });
    expect((await app.as(root).get(`/orders/${id}/can-act`)).body).toMatchObject({ canAct: true });
    await app.as(bob).post(`/orders/${id}/approve`, {});
    const again = await app.as(bob).post(`/orders/${id}/approve`, {});
    expect([again.status, again.body.code]).toEqual([409, 'already_decided']);
  });
});

describe('withdrawing', () => {
  it('the applicant withdraws while the order is under review; nobody else does, and not twice', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
    const { id } = (await open(ann, businessType)).body;
    expect((await app.as(bob).post(`/orders/${id}/withdraw`, {})).status).toBe(403);
    const withdrawn = await app.as(ann).post(`/orders/${id}/withdraw`, { remark: '不需要了' });
    expect(withdrawn.body.applyStatus).toBe('withdrawn');
    expect(path(withdrawn.body)).toEqual(['cancelled']);
    expect((await app.as(ann).post(`/orders/${id}/withdraw`, {})).body.code).toBe('order_closed');
    expect((await app.as(bob).get('/orders?scope=todo&limit=100')).body.items).not.toContainEqual(
      expect.objectContaining({ id }),
    );
  });
});

describe('opening', () => {
  it('a template edited later never changes an order under way', async () => {
    const { businessType, templateId, nodeIds } = await givenFlow(app, [
      { users: ['bob'] },
      { users: ['carol'] },
    ]);
    const { id } = (await open(ann, businessType)).body;
    await app.as(boss).patch(`/templates/${templateId}`, { stages: [{ nodeId: nodeIds[1] }] });
    await app.as(boss).patch(`/nodes/${nodeIds[0]}`, { auditObject: ['dave'], templateNodeName: 'renamed' });
    const order = (await app.as(ann).get(`/orders/${id}`)).body;
    expect(order.steps).toHaveLength(2);
    expect(order.steps[0]).toMatchObject({ auditObject: ['bob'], auditStatus: 'in_review' });
    expect((await open(ann, businessType)).body.steps).toHaveLength(1);
  });

  it('a stage whose condition does not hold is skipped', async () => {
    const { businessType } = await givenFlow(app, [
      { users: ['bob'] },
      { users: ['carol'], condition: 'amount >= 10000' },
    ]);
    expect(path((await open(ann, businessType, { variables: { amount: 20000 } })).body)).toEqual([
      'in_review',
      'waiting',
    ]);
    const small = (await open(ann, businessType, { variables: { amount: 20 } })).body;
    expect(path(small)).toEqual(['in_review', 'skipped']);
    expect((await app.as(bob).post(`/orders/${small.id}/approve`, {})).body.applyStatus).toBe('completed');
  });

  it('a stage that finds nobody refuses the order, and nothing is stored', async () => {
    await app.as(root).put('/directory/groups/empty', { name: 'Empty', members: [] });
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }, { groups: ['empty'] }]);
    const refused = await open(ann, businessType, { businessKey: 'nobody' });
    expect([refused.status, refused.body.code]).toEqual([422, 'approver_not_found']);
    expect(refused.body.detail).toContain('stage 2');
    expect((await app.as(ann).get('/orders?businessKey=nobody')).body.items).toEqual([]);
    const preview = await app.as(ann).post('/orders/preview', { businessType });
    expect(preview.body.steps[1]).toMatchObject({ outcome: 'review', reason: 'approver_not_found' });
  });

  it('preview tells the path that the opening then takes, and stores nothing', async () => {
    const { businessType, templateId } = await givenFlow(app, [
      { users: ['bob'] },
      { users: ['carol'], condition: 'amount > 5' },
      { users: ['ann'] },
      { users: ['dave'] },
    ]);
    const body = { businessType, variables: { amount: 1 }, businessKey: 'preview' };
    const preview = await app.as(ann).post('/orders/preview', body);
    expect(preview.status).toBe(200);
    expect(preview.body.templateId).toBe(templateId);
    expect(preview.body.steps.map((step: { outcome: string }) => step.outcome)).toEqual([
      'auto_approved',
      'skipped',
      'auto_approved',
      'review',
    ]);
    expect((await app.as(ann).get('/orders?businessKey=preview')).body.items).toEqual([]);
    const opened = await app.as(ann).post('/orders', body);
    expect(path(opened.body)).toEqual(['auto_approved', 'skipped', 'auto_approved', 'in_review']);
  });

  it('an order with an execute URL waits as executing, with its delivery stored', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }], {
      executeUrl: 'https://example.com/execute',
    });
    const { id } = (await open(ann, businessType)).body;
    expect((await app.as(bob).post(`/orders/${id}/approve`, {})).body.applyStatus).toBe('executing');
    expect((await app.as(ann).post(`/orders/${id}/withdraw`, {})).body.code).toBe('not_in_review');
    const rows = await app.database.rows(
      'SELECT topic, state FROM dms_s_apply_delivery WHERE apply_order_id = ?',
      [id],
    );
    expect(rows).toEqual([{ topic: 'order.execute', state: expect.stringMatching(/^(pending|sending)$/) }]);
  });

  it('a service account opens orders for users of its teams only', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
    const { key } = await created(app.as(boss), '/api-keys', { name: 'erp', accCodes: ['t1'] });
    const service = app.key(String(key));
    expect((await service.post('/orders', { businessType })).body.errors[0].field).toBe('userCode');
    const opened = await service.post('/orders', { businessType, userCode: 'ann' });
    expect(opened.body).toMatchObject({ userCode: 'ann', accCode: 't1' });
    expect((await service.get(`/orders/${opened.body.id}`)).status).toBe(200);
    expect((await service.post('/orders', { businessType, userCode: 'ann', accCode: 't2' })).status).toBe(
      404,
    );
    expect((await service.post(`/orders/${opened.body.id}/approve`, {})).status).toBe(403);
    await app.as(root).put('/directory/users/eve', { name: 'Eve', accCode: 't2' });
    expect((await service.post('/orders', { businessType, userCode: 'eve' })).status).toBe(404);
  });
});

describe('another team', () => {
  it('that lists our people as inactive takes nobody away from us', async () => {
    const people = { reviewer: { sub: 'rex', acc_code: 't1' }, applicant: { sub: 'amy', acc_code: 't1' } };
    for (const { sub } of Object.values(people)) {
      expect(
        (await app.as(rival).put(`/directory/users/${sub}`, { name: 'ours now', active: false })).status,
      ).toBe(200);
    }
    const { businessType } = await givenFlow(app, [{ users: ['rex'] }]);
    const opened = await open(people.applicant, businessType);
    expect(opened.status).toBe(201);
    const rex = app.as(people.reviewer);
    expect((await rex.get(`/orders/${opened.body.id}/can-act`)).body.canAct).toBe(true);
    expect((await rex.post(`/orders/${opened.body.id}/approve`)).body.applyStatus).toBe('completed');
  });
});

describe('who sees an order', () => {
  it('another team sees nothing of it, whatever it calls', async () => {
    const { businessType, nodeIds, templateId } = await givenFlow(app, [{ users: ['bob'] }]);
    const { id } = (await open(ann, businessType)).body;
    for (const stranger of [eve, rival, { ...bob, acc_code: 't2' }]) {
      const them = app.as(stranger);
      for (const call of ['', '/steps', '/logs', '/can-act']) {
        expect((await them.get(`/orders/${id}${call}`)).status).toBe(404);
      }
      for (const call of ['approve', 'reject', 'withdraw']) {
        expect((await them.post(`/orders/${id}/${call}`, {})).status).toBe(404);
      }
    }
    expect((await app.as(rival).get(`/nodes/${nodeIds[0]}`)).status).toBe(404);
    expect((await app.as(rival).get(`/templates/${templateId}`)).status).toBe(404);
    expect((await app.as(rival).get('/orders?scope=team&limit=100')).body.items).toEqual([]);
    expect((await app.as({ ...bob, acc_code: 't2' }).get('/orders?scope=todo')).body.items).toEqual([]);
  });

  it('a colleague whom it does not concern is told so; reviewers of later steps and administrators read it', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }, { users: ['carol'] }]);
    const { id } = (await open(ann, businessType)).body;
    expect((await app.as(dave).get(`/orders/${id}`)).status).toBe(403);
    for (const reader of [ann, bob, carol, boss, root])
      expect((await app.as(reader).get(`/orders/${id}`)).status).toBe(200);
  });
});

describe('lists', () => {
  it('mine, todo, done and team show the order to whom it belongs', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }, { users: ['carol'] }]);
    const { id } = (await open(ann, businessType, { businessKey: 'L-1', title: 'List me' })).body;
    const has = async (who: TestUser, query: string) =>
      (await app.as(who).get(`/orders?limit=100&${query}`)).body.items.some(
        (one: { id: string }) => one.id === id,
      );
    expect(await has(ann, 'scope=mine&businessKey=L-1')).toBe(true);
    expect(await has(ann, 'scope=mine&businessKey=L-2')).toBe(false);
    expect(await has(bob, 'scope=todo&applyStatus=in_review')).toBe(true);
    expect(await has(carol, 'scope=todo')).toBe(false);
    const before = (await app.as(carol).get('/orders/todo/count')).body.count as number;
    await app.as(bob).post(`/orders/${id}/approve`, {});
    expect((await app.as(carol).get('/orders/todo/count')).body.count).toBe(before + 1);
    expect(await has(bob, 'scope=todo')).toBe(false);
    expect(await has(bob, 'scope=done')).toBe(true);
    expect(await has(carol, 'scope=todo')).toBe(true);
    expect(await has(boss, `scope=team&businessType=${businessType}`)).toBe(true);
    expect((await app.as(ann).get('/orders?scope=team')).status).toBe(403);
  });

  it('pages through the to-do list by cursor, each order once', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['pat'] }]);
    const opened = new Set<string>();
    for (let n = 0; n < 7; n++) opened.add((await open(ann, businessType)).body.id);
    const pat = app.as({ sub: 'pat', acc_code: 't1' });
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await pat.get(`/orders?scope=todo&limit=3${cursor ? `&cursor=${cursor}` : ''}`);
      seen.push(...page.body.items.map((one: { id: string }) => one.id));
      cursor = page.body.nextCursor;
    }
    expect(seen).toHaveLength(7);
    expect(new Set(seen)).toEqual(opened);
    expect(seen).toEqual(seen.toSorted().toReversed());
    expect((await pat.get('/orders?cursor=nonsense')).status).toBe(400);
  });
});

describe('the operation log', () => {
  it('replaying it rebuilds the steps', async () => {
    await app.as(root).put('/directory/groups/replay', { name: 'Replay', members: ['carol', 'dave'] });
    const { businessType } = await givenFlow(app, [
      { users: ['bob'], condition: 'amount > 1' },
      { groups: ['replay'], mode: 'all' },
      { users: ['bob'] },
    ]);
    const { id } = (await open(ann, businessType, { variables: { amount: '12.50' } })).body;
    await app.as(bob).post(`/orders/${id}/approve`, { auditMsg: 'one' });
    await app.as(carol).post(`/orders/${id}/approve`, { auditMsg: 'two' });
    await app.as(dave).post(`/orders/${id}/approve`, { auditMsg: 'three' });
    await app.as(root).post(`/orders/${id}/reject`, { auditMsg: 'four' });
    const logs = (await app.as(boss).get(`/orders/${id}/logs?limit=100`)).body.items as {
      transition: number;
      data: OrderEvent;
    }[];
    const transitions: OrderEvent[][] = [];
    for (const row of logs) (transitions[row.transition - 1] ??= []).push(row.data);
    const rebuilt = replay(transitions);
    const order = (await app.as(boss).get(`/orders/${id}`)).body;
    expect(rebuilt).toMatchObject({ applyStatus: order.applyStatus, version: order.version });
    for (const [index, step] of (rebuilt?.steps ?? []).entries()) {
      const { auditStatus, auditUserCode, auditMsg, reason, requiredApprovals } = step;
      expect(order.steps[index]).toMatchObject({
        auditStatus,
        auditUserCode,
        auditMsg,
        reason,
        requiredApprovals,
      });
      const decided = order.steps[index].assignees.filter((one: { decision: string | null }) => one.decision);
      expect(decided.map((one: { userCode: string }) => one.userCode).toSorted()).toEqual(
        votersOf(step).toSorted(),
      );
    }
    const page = await app.as(boss).get(`/orders/${id}/logs?limit=2`);
    expect(page.body.nextCursor).not.toBeNull();
    const next = await app.as(boss).get(`/orders/${id}/logs?limit=2&cursor=${page.body.nextCursor}`);
    expect(next.body.items[0].id).toBe((logs[2] as unknown as { id: string }).id);
  });
});
