import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acting, actingOn, closeTold, givenCrew, openActing, seated } from '../support/acting.js';
import { callbackSettings } from '../support/callback-settings.js';
import { startApp, type TestApp, type TestUser } from '../support/harness.js';
import {
  ann,
  bob,
  boss,
  carol,
  created,
  dave,
  eve,
  givenFlow,
  path,
  rival,
  root,
  type StageGiven,
} from '../support/world.js';

interface Item {
  readonly orderId: string;
  readonly outcome: 'stays' | 'moves' | 'conflict' | 'failed';
  readonly reason: string;
  readonly detail: string | null;
  readonly fromVersion: number | null;
  readonly from: { readonly applyStep: number; readonly nodeName: string } | null;
  readonly to: { readonly stageNo: number; readonly nodeName: string } | null;
  readonly reopened: boolean;
  readonly ahead: readonly string[];
  readonly dropped: readonly string[];
  readonly problem: { readonly code: string; readonly status: number } | null;
}

let app: TestApp;

beforeAll(async () => {
  app = await startApp({ env: callbackSettings });
  await givenCrew(app);
});

afterAll(() => closeTold(app));

/** A template with orders under way, which an administrator changes. */
interface Changing {
  readonly businessType: string;
  readonly templateId: string;
  readonly nodeIds: readonly string[];
  open(applicant?: TestUser, more?: object): Promise<Acting>;
  /** A node of the team, called so. */
  node(name: string, more?: object): Promise<string>;
  stages(
    ...nodes: readonly (string | { nodeId: string; condition?: string; timing?: object })[]
  ): Promise<void>;
  set(change: object): Promise<void>;
  repair(nodeId: string, change: object): Promise<void>;
  move(orderIds: readonly string[], dryRun?: boolean, who?: TestUser): Promise<readonly Item[]>;
}

async function givenTemplate(stages: readonly StageGiven[], options: object = {}): Promise<Changing> {
  const named = stages.map((stage, index) => ({
    ...stage,
    node: { templateNodeName: 'abcdef'[index], ...stage.node },
  }));
  const { businessType, templateId, nodeIds } = await givenFlow(app, named, options);
  const admin = app.as(boss);
  const patch = async (where: string, change: object) => {
    const answer = await admin.patch(where, change);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  };
  return {
    businessType,
    templateId,
    nodeIds,
    open: (applicant = ann, more = {}) => openActing(app, businessType, more, applicant),
    node: async (name, more = { auditObjectType: 'user', auditObject: ['dave'] }) =>
      String((await created(admin, '/nodes', { templateNodeName: name, ...more })).id),
    stages: (...nodes) =>
      patch(`/templates/${templateId}`, {
        stages: nodes.map((node) => (typeof node === 'string' ? { nodeId: node } : node)),
      }),
    set: (change) => patch(`/templates/${templateId}`, change),
    repair: (nodeId, change) => patch(`/nodes/${nodeId}`, change),
    move: async (orderIds, dryRun = false, who = boss) => {
      const answer = await app.as(who).post(`/templates/${templateId}/move-orders`, { orderIds, dryRun });
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
      expect(answer.body.dryRun).toBe(dryRun);
      return answer.body.items as Item[];
    },
  };
}

const three: readonly StageGiven[] = [{ users: ['bob'] }, { users: ['carol'] }, { users: ['dave'] }];

/** Given a dry run first: expects that it changes nothing, and that the move for real does what it said. */
async function moved(flow: Changing, order: Acting): Promise<Item> {
  const before = await order.order();
  const [planned] = await flow.move([order.id], true);
  expect(await order.order(), 'a dry run').toEqual(before);
  const [done] = await flow.move([order.id]);
  expect(done).toEqual(planned);
  if (done?.outcome !== 'moves') expect(await order.order(), 'what is not moved').toEqual(before);
  return done as Item;
}

const names = async (order: Acting): Promise<string[]> =>
  (await order.order()).steps.map((step) => step.nodeName);

describe('moving open orders to the present version of their template', () => {
  it('given a stage inserted behind the open step, then it is walked next; the dry run has said so', async () => {
    const flow = await givenTemplate(three);
    const [a, b, c] = flow.nodeIds as [string, string, string];
    const order = await flow.open();
    await order.does(bob, 'approve');
    await flow.stages(a, b, await flow.node('x'), c);
    expect(await moved(flow, order)).toMatchObject({
      outcome: 'moves',
      reason: '',
      fromVersion: 1,
      from: { applyStep: 2, nodeName: 'b' },
      to: { stageNo: 2, nodeName: 'b' },
      reopened: false,
      ahead: ['x', 'c'],
      dropped: [],
    });
    expect(await names(order)).toEqual(['a', 'b', 'x', 'c']);
    expect(await order.path()).toEqual(['approved', 'in_review', 'waiting', 'waiting']);
    expect(await order.turns()).toEqual(['carol']);
    expect((await order.operations()).at(-1)).toBe('order.moved');
    await order.does(carol, 'approve');
    await order.does(dave, 'approve');
    expect((await order.does(dave, 'approve')).applyStatus).toBe('completed');
  });

  it('given a stage inserted before what has passed, then it is asked after the open step, and nothing twice', async () => {
    const flow = await givenTemplate(three);
    const [a, b, c] = flow.nodeIds as [string, string, string];
    const order = await flow.open();
    await order.does(bob, 'approve');
    await flow.stages(await flow.node('x'), a, b, c);
    expect(await moved(flow, order)).toMatchObject({
      to: { stageNo: 3, nodeName: 'b' },
      ahead: ['x', 'c'],
    });
    expect(await names(order)).toEqual(['a', 'b', 'x', 'c']);
  });

  it('given a stage removed ahead, then it vanishes; given the open one removed, then it conflicts', async () => {
    const flow = await givenTemplate(three);
    const [a, , c] = flow.nodeIds as [string, string, string];
    const [early, late] = [await flow.open(), await flow.open()];
    await late.does(bob, 'approve');
    await flow.stages(a, c);
    expect(await moved(flow, early)).toMatchObject({ outcome: 'moves', ahead: ['c'], dropped: ['b'] });
    expect(await names(early)).toEqual(['a', 'c']);
    const conflict = await moved(flow, late);
    expect(conflict).toMatchObject({ outcome: 'conflict', reason: 'no_counterpart', to: null, ahead: [] });
    expect(conflict.detail).toContain('"b"');
    await late.does(carol, 'approve');
    // What was approved stays in the order, whatever the template says of it now.
    expect(await moved(flow, late)).toMatchObject({ outcome: 'moves', to: { nodeName: 'c' }, ahead: [] });
    expect(await names(late)).toEqual(['a', 'b', 'c']);
    expect(await moved(flow, late)).toMatchObject({ outcome: 'stays', reason: 'up_to_date' });
  });

  it('given another sequence, then what has passed stays and the rest follows in the new one', async () => {
    const flow = await givenTemplate([...three, { users: ['bob'] }]);
    const [a, b, c, d] = flow.nodeIds as [string, string, string, string];
    const order = await flow.open();
    await order.does(bob, 'approve');
    await flow.stages(d, c, b, a);
    expect(await moved(flow, order)).toMatchObject({ to: { stageNo: 3, nodeName: 'b' }, ahead: ['d', 'c'] });
    expect(await names(order)).toEqual(['a', 'b', 'd', 'c']);
    expect(await moved(flow, order)).toMatchObject({ outcome: 'stays', reason: 'up_to_date' });
  });

  it('given conditions, then they are judged by the order’s own variables', async () => {
    const flow = await givenTemplate([
      { users: ['bob'] },
      { users: ['carol'], condition: 'amount > 100' },
      { users: ['dave'] },
    ]);
    const [a, b, c] = flow.nodeIds as [string, string, string];
    const order = await flow.open(ann, { variables: { amount: 50 } });
    expect(await order.path()).toEqual(['in_review', 'skipped', 'waiting']);
    await flow.stages(a, { nodeId: b, condition: 'amount > 10' }, { nodeId: c, condition: 'amount > 100' });
    expect(await moved(flow, order)).toMatchObject({ outcome: 'moves', ahead: ['b'] });
    expect(await order.path()).toEqual(['in_review', 'waiting', 'skipped']);
  });

  it('given a node that is repaired, then its step is opened anew and asks whom it names now', async () => {
    const flow = await givenTemplate([{ users: ['bob', 'carol'], mode: 'all' }, { users: ['dave'] }]);
    const [a] = flow.nodeIds as [string];
    const order = await flow.open();
    await order.does(bob, 'transfer', { toUserCode: 'fay' });
    await flow.repair(a, { auditObject: ['dave', 'gus'] });
    expect(await moved(flow, order)).toMatchObject({
      outcome: 'moves',
      reopened: true,
      to: { stageNo: 1, nodeName: 'a' },
      detail: 'the open step is asked anew, without those who were seated by somebody: fay',
    });
    expect(await order.turns()).toEqual(['dave', 'gus']);
    expect(seated(await order.order(), 1)).toEqual(['dave', 'gus']);
    expect((await order.operations()).slice(-2)).toEqual(['order.moved', 'step.in_review']);
    await order.does(dave, 'approve');
    expect(await moved(flow, order)).toMatchObject({ outcome: 'stays', reason: 'up_to_date' });
  });

  it('given that somebody has decided on a step that would be asked otherwise, then it conflicts', async () => {
    const flow = await givenTemplate([{ users: ['bob', 'carol'], mode: 'all' }]);
    const [a] = flow.nodeIds as [string];
    const order = await flow.open();
    await order.does(bob, 'approve');
    await flow.repair(a, { auditObject: ['carol', 'dave'] });
    expect(await moved(flow, order)).toMatchObject({ outcome: 'conflict', reason: 'votes_cast' });
    expect(await order.turns()).toEqual(['carol']);
  });

  it('given a node that only has another name, then nobody is asked anew, whatever was decided', async () => {
    const flow = await givenTemplate([{ users: ['bob', 'carol'], mode: 'all' }, { users: ['dave'] }]);
    const order = await flow.open();
    await order.does(bob, 'approve');
    await flow.repair(flow.nodeIds[0] as string, { templateNodeName: 'another' });
    await flow.repair(flow.nodeIds[1] as string, { templateNodeName: 'further' });
    expect(await moved(flow, order)).toMatchObject({ outcome: 'moves', reopened: false, ahead: ['further'] });
    expect(await order.turns()).toEqual(['carol']);
  });

  it('given a stage ahead that finds nobody, then it conflicts and says where', async () => {
    const flow = await givenTemplate(three);
    const [a, b, c] = flow.nodeIds as [string, string, string];
    const order = await flow.open();
    const empty = await flow.node('x', { auditObjectType: 'group', auditObject: ['nobody-is-there'] });
    await flow.stages(a, b, empty, c);
    const conflict = await moved(flow, order);
    expect(conflict).toMatchObject({ outcome: 'conflict', reason: 'approver_not_found' });
    expect(conflict.detail).toContain('"x"');
  });
});

describe('orders that were returned, wait for their check, or have ended', () => {
  it('given one that was returned to go through everything again, then it is walked by the new version', async () => {
    const flow = await givenTemplate(three);
    const [a, , c] = flow.nodeIds as [string, string, string];
    const order = await flow.open();
    await order.does(bob, 'approve');
    await order.does(carol, 'return', { toStep: 0 });
    await flow.stages(await flow.node('x'), a, c);
    expect(await moved(flow, order)).toMatchObject({
      outcome: 'moves',
      from: null,
      to: null,
      ahead: ['x', 'a', 'c'],
      dropped: ['b'],
    });
    expect(await order.path()).toEqual(['waiting', 'waiting', 'waiting']);
    const done = (await app.as(bob).get('/orders?scope=done&limit=100')).body.items as { id: string }[];
    expect(
      done.map(({ id }) => id),
      'what bob has decided',
    ).toContain(order.id);
    await order.does(ann, 'resubmit');
    expect(await order.turns()).toEqual(['dave']);
  });

  it('given one that goes straight back, then its step must be there still', async () => {
    const flow = await givenTemplate(three);
    const [a, b, c] = flow.nodeIds as [string, string, string];
    const order = await flow.open();
    await order.does(bob, 'approve');
    await order.does(carol, 'return', { toStep: 0, resume: 'back' });
    await flow.stages(a, c);
    expect(await moved(flow, order)).toMatchObject({ outcome: 'conflict', reason: 'no_counterpart' });
    await flow.stages(a, await flow.node('x'), c, b);
    expect(await moved(flow, order)).toMatchObject({ outcome: 'moves', ahead: ['x', 'c', 'b'] });
    expect((await order.order()).returned).toMatchObject({ fromStep: 4, resume: 'back' });
    await order.does(ann, 'resubmit');
    expect(await order.path()).toEqual(['approved', 'in_review', 'waiting', 'waiting']);
  });

  it('given one whose check is pending, then all of it is of the new version', async () => {
    const flow = await givenTemplate([{ users: ['bob'] }], { checkUrl: 'http://127.0.0.1:9/check' });
    const order = await flow.open();
    await flow.stages(await flow.node('x'), flow.nodeIds[0] as string);
    expect(await moved(flow, order)).toMatchObject({
      outcome: 'moves',
      from: null,
      to: null,
      ahead: ['x', 'a'],
    });
    expect(await names(order)).toEqual(['x', 'a']);
  });

  it('given one that has ended, then it stays', async () => {
    const flow = await givenTemplate([{ users: ['bob'] }]);
    const [approved, rejected, withdrawn] = [await flow.open(), await flow.open(), await flow.open()];
    await approved.does(bob, 'approve');
    await rejected.does(bob, 'reject');
    await withdrawn.does(ann, 'withdraw');
    await flow.stages(flow.nodeIds[0] as string, await flow.node('x'));
    for (const order of [approved, rejected, withdrawn]) {
      expect(await moved(flow, order)).toMatchObject({ outcome: 'stays', reason: 'ended' });
    }
  });
});

describe('the policies of the new version', () => {
  it('given that nobody may decide their own order any more, then the applicant is asked nowhere', async () => {
    const flow = await givenTemplate([{ users: ['bob'] }, { users: ['ann', 'carol'] }], {
      autoApprove: 'applicant_nodes',
    });
    const order = await flow.open();
    await flow.set({ autoApprove: 'never' });
    expect(await moved(flow, order)).toMatchObject({ outcome: 'moves', reopened: false });
    await order.does(bob, 'approve');
    expect(await order.turns()).toEqual(['carol']);
    const rows = await app.database.rows<{ barred: string }>(
      'SELECT DISTINCT barred_user_code AS barred FROM dms_s_apply_order_assignee WHERE apply_order_id = ? AND apply_step > 0',
      [order.id],
    );
    expect(rows).toEqual([{ barred: 'ann' }]);
    await flow.set({ autoApprove: 'applicant_nodes' });
    await moved(flow, order);
    expect(await order.turns()).toEqual(['ann', 'carol']);
  });

  it('given that nobody may decide two steps any more, then whoever has decided one is not asked again', async () => {
    const flow = await givenTemplate([{ users: ['bob'] }, { users: ['bob', 'carol'] }, { users: ['dave'] }]);
    const order = await flow.open();
    await order.does(bob, 'approve');
    expect(await order.turns()).toEqual(['bob', 'carol']);
    await flow.set({ distinctApprovers: true });
    expect(await moved(flow, order)).toMatchObject({ outcome: 'moves', reopened: true });
    expect(await order.turns()).toEqual(['carol']);
    expect(await moved(flow, order)).toMatchObject({ outcome: 'stays', reason: 'up_to_date' });
  });

  it('given a due time, then the step that is opened anew has one', async () => {
    const flow = await givenTemplate([{ users: ['bob'] }]);
    const order = await flow.open();
    await flow.stages({ nodeId: flow.nodeIds[0] as string, timing: { due: '2d', then: 'remind' } });
    expect(await moved(flow, order)).toMatchObject({ outcome: 'moves', reopened: true });
    const timers = () =>
      app.database.rows('SELECT name FROM dms_s_apply_timer WHERE apply_order_id = ?', [order.id]);
    expect(await timers()).not.toEqual([]);
    await flow.stages(flow.nodeIds[0] as string);
    await moved(flow, order);
    expect(await timers()).toEqual([]);
  });
});

describe('many orders at once', () => {
  it('given a page after the other, then every order that is behind is moved once', async () => {
    const flow = await givenTemplate(three);
    const [a, b, c] = flow.nodeIds as [string, string, string];
    const orders = [await flow.open(), await flow.open(), await flow.open(), await flow.open()];
    await orders[1]?.does(ann, 'withdraw');
    await flow.stages(a, b, await flow.node('x'), c);
    const fresh = await flow.open();
    const admin = app.as(boss);
    const where = `/templates/${flow.templateId}/move-orders`;
    const first = (await admin.post(where, { dryRun: false, limit: 2 })).body;
    expect(first.summary).toEqual({ stays: 0, moves: 2, conflicts: 0, failed: 0 });
    expect(first.toVersion).toBe(2);
    const second = (await admin.post(where, { dryRun: false, limit: 2, cursor: first.nextCursor })).body;
    expect([second.items.length, second.nextCursor]).toEqual([1, null]);
    const touched = [...first.items, ...second.items].map((item: Item) => item.orderId);
    expect(touched).toEqual([orders[0]?.id, orders[2]?.id, orders[3]?.id]);
    expect(touched).not.toContain(fresh.id);
    expect((await admin.post(where, {})).body).toMatchObject({ dryRun: true, items: [], nextCursor: null });
  });

  it('given orders that do not exist for the caller, then each fails by itself, and tells nothing', async () => {
    const flow = await givenTemplate(three);
    const other = await givenTemplate(three);
    const [mine, strange] = [await flow.open(), await other.open()];
    await flow.stages(...flow.nodeIds, await flow.node('x'));
    const theirs = await openActing(app, 'any', {}, eve).catch(() => null);
    const items = await flow.move(['no-such-order', strange.id, mine.id, ...(theirs ? [theirs.id] : [])]);
    expect(items.map(({ outcome }) => outcome).slice(0, 3)).toEqual(['failed', 'failed', 'moves']);
    for (const item of items) {
      if (item.outcome !== 'failed') continue;
      expect(item).toMatchObject({
        title: null,
        fromVersion: null,
        from: null,
        problem: { code: 'not_found', status: 404 },
      });
    }
  });

  it('given another team’s administrator, then neither template nor orders exist', async () => {
    const flow = await givenTemplate(three);
    const order = await flow.open();
    await flow.stages(...flow.nodeIds, await flow.node('x'));
    const where = `/templates/${flow.templateId}/move-orders`;
    expect((await app.as(rival).post(where, { orderIds: [order.id] })).status).toBe(404);
    expect((await app.as(rival).post(where, { accCode: 't1' })).status).toBe(404);
    expect((await app.as(bob).post(where, {})).status).toBe(403);
    const elsewhere = await app.as(root).post(where, { accCode: 't2', orderIds: [order.id] });
    expect(elsewhere.body.items[0]).toMatchObject({ outcome: 'failed', problem: { status: 404 } });
    const unmoved = await app.as(root).post(where, { accCode: 't2', orderIds: [order.id], dryRun: false });
    expect(unmoved.body.items[0]).toMatchObject({ outcome: 'failed', problem: { status: 404 } });
    const [item] = await flow.move([order.id], true, root);
    expect(item?.outcome).toBe('moves');
    expect(await order.path()).toHaveLength(3);
  });

  it('given a template of the platform, then a team moves its own orders only', async () => {
    const admin = app.as(root);
    const node = String(
      (
        await created(admin, '/nodes', {
          templateNodeName: 'p',
          auditObjectType: 'user',
          auditObject: ['root'],
        })
      ).id,
    );
    const template = String(
      (await created(admin, '/templates', { templateName: 'platform', stages: [{ nodeId: node }] })).id,
    );
    const ids: string[] = [];
    for (const [who, applicant] of [
      [boss, ann],
      [rival, eve],
    ] as const) {
      await created(app.as(who), '/business-types', { code: 'shared', name: 'Shared' });
      await app.as(who).put('/bindings/shared', { templateId: template });
      ids.push(String((await created(app.as(applicant), '/orders', { businessType: 'shared' })).id));
    }
    await admin.patch(`/templates/${template}`, { stages: [{ nodeId: node }, { nodeId: node }] });
    const where = `/templates/${template}/move-orders`;
    const seen = async (who: TestUser, body: object = {}) =>
      ((await app.as(who).post(where, body)).body.items as Item[]).map(({ orderId }) => orderId);
    expect(await seen(boss)).toEqual([ids[0]]);
    expect(await seen(rival)).toEqual([ids[1]]);
    expect(await seen(root)).toEqual(ids);
    expect(await seen(root, { accCode: 't2' })).toEqual([ids[1]]);
    const foreign = await app.as(boss).post(where, { orderIds: [ids[1]], dryRun: false });
    expect(foreign.body.items[0]).toMatchObject({ outcome: 'failed', problem: { status: 404 } });
    expect(path(await actingOn(app, ids[1] as string).order())).toHaveLength(1);
  });

  it('refuses what makes no sense', async () => {
    const flow = await givenTemplate(three);
    const where = `/templates/${flow.templateId}/move-orders`;
    for (const body of [
      { limit: 0 },
      { limit: 501 },
      { orderIds: [] },
      { dryRun: 'no' },
      { cursor: 'x' },
      { orderIds: ['a'], cursor: 'x' },
      { orderIds: ['a', 'a'] },
    ]) {
      expect((await app.as(boss).post(where, body)).status, JSON.stringify(body)).toBe(400);
    }
    expect((await app.as(boss).post('/templates/nope/move-orders', {})).status).toBe(404);
  });
});
