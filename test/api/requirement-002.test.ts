import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { actingOn, closeTold, colleague } from '../support/acting.js';
import { callbackSettings } from '../support/callback-settings.js';
import { type Erp, givenErpFlow, roleStage, startErp } from '../support/erp.js';
import { eventually } from '../support/eventually.js';
import { startApp, type TestApp } from '../support/harness.js';
import { directoryOf } from '../support/resolver-people.js';
import { boss, root } from '../support/world.js';

/** Requirement 002 (审批管理), its two cases step by step as the document tells them. */
const margin = '订单毛利率';
const shop = '门店下单';
const admin = colleague('admin');
const user1 = colleague('user1');
const user2 = colleague('user2');

let app: TestApp;
let erp: Erp;
let given: ReturnType<typeof directoryOf>;
beforeAll(async () => {
  app = await startApp({ env: callbackSettings });
  given = directoryOf(app.as(root));
  erp = await startErp(app, { [margin]: 'PA', [shop]: '已审批' });
  await given.user('admin', { roles: ['管理员'] });
});
afterAll(async () => {
  await closeTold(app);
  await erp.module.close();
});

const orderOf = async (id: string, flow: string) =>
  actingOn(app, String((await erp.standing(id, flow)).orderId));

describe('用例1: 条件审批', () => {
  let id: string;

  beforeAll(async () => {
    // 新增审批流程: 审批角色=老板，条件="amount>100 and rate<0.3"; 审批通过后状态改为待服务
    await givenErpFlow(app, margin, [roleStage('老板', 'amount>100 and rate<0.3')], erp.module.executeUrl);
    // 新增员工user1，角色为管理员，新增员工user2，角色为管理员、老板
    await given.user('user1', { roles: ['管理员'] });
    await given.user('user2', { roles: ['管理员', '老板'] });
    id = erp.add({ amount: 200, rate: 0.1 });
  });

  it('新增订单: 状态=新创建，审批状态=无审批', async () => {
    expect(erp.ordr(id).status).toBe('CR');
    expect(await erp.standing(id, margin)).toMatchObject({ approveFlag: 'none', orderId: null });
  });

  it('自动发起审批: 状态未变化，审批状态=待审批，审批人=user2', async () => {
    const run = await erp.setStatus(admin, id, 'PA', margin);
    expect(run.body).toMatchObject({
      triggered: true,
      orders: [{ businessType: margin, created: true, reason: 'started' }],
    });
    expect(erp.ordr(id).status).toBe('CR');
    expect(await erp.standing(id, margin)).toMatchObject({
      approveFlag: 'pending',
      approveStage: '老板',
      approvers: ['user2'],
    });
    const order = (await app.as(admin).get(`/orders/${(await orderOf(id, margin)).id}`)).body;
    expect(order).toMatchObject({ userCode: 'admin', businessType: margin, businessKey: id });
  });

  it('流程已发起尚未结束: 不再发起，也不允许设置状态', async () => {
    const run = await erp.setStatus(admin, id, 'PA', margin);
    expect(run.body).toMatchObject({ triggered: true, orders: [{ created: false, reason: 'in_progress' }] });
    expect(erp.ordr(id).status).toBe('CR');
  });

  it('user1 无“老板”角色: 报错，无权限审批', async () => {
    const order = await orderOf(id, margin);
    expect(await order.refuses(user1, 'reject')).toBe('403 forbidden');
    expect(await order.refuses(user1, 'approve')).toBe('403 forbidden');
  });

  it('以最高管理员登录为 user1 添加“老板”角色，再次审批: 审批状态=不通过', async () => {
    const order = await orderOf(id, margin);
    const changed = await app
      .as(root)
      .put('/directory/users/user1', { name: 'user1', roles: ['管理员', '老板'] });
    expect(changed.status).toBe(200);
    expect((await erp.standing(id, margin)).approvers).toEqual(['user1', 'user2']);
    expect((await order.does(user1, 'reject')).applyStatus).toBe('rejected');
    const standing = await erp.standing(id, margin);
    expect(standing).toMatchObject({ approveFlag: 'rejected', approveStage: '老板', approvers: [] });
    expect(standing.approveDscr).toContain('user1');
    expect(await order.operations()).toEqual([
      'order.opened',
      'step.in_review',
      'step.rejected',
      'order.rejected',
    ]);
    expect(erp.ordr(id).status).toBe('CR');
  });

  it('再次审批，备注 abc: 审批状态=通过，状态=待服务', async () => {
    const order = await orderOf(id, margin);
    expect(await order.refuses(user2, 'reopen')).toBe('403 forbidden');
    await order.does(user1, 'reopen');
    await order.does(user1, 'approve', { auditMsg: 'abc' });
    await erp.statusBecomes(id, 'PA');
    const standing = await erp.standsAs(id, margin, 'approved');
    expect(standing.approveDscr).toContain('abc');
    await eventually(
      () => order.order(),
      ({ applyStatus }) => applyStatus === 'completed',
    );
    expect(await order.operations()).toEqual([
      'order.opened',
      'step.in_review',
      'step.rejected',
      'order.rejected',
      'order.reopened',
      'step.approved',
      'order.executing',
      'callback.execute.succeeded',
      'order.completed',
    ]);
  });

  it('审批通过后状态回退再改回来: 无法再次自动触发，需要人工发起', async () => {
    erp.ordr(id).status = 'CR';
    const run = await erp.setStatus(admin, id, 'PA', margin);
    expect(run.body).toMatchObject({ triggered: false, orders: [{ created: false, reason: 'approved' }] });
    const manual = await app.as(admin).post('/orders', {
      businessType: margin,
      businessKey: id,
      variables: erp.ordr(id),
    });
    expect(manual.status).toBe(201);
    expect(await erp.standing(id, margin)).toMatchObject({ approveFlag: 'pending', orderId: manual.body.id });
  });

  it('最高管理员有权审批，无论角色是否匹配', async () => {
    const order = await orderOf(id, margin);
    expect(await order.refuses(boss, 'approve')).toBe('403 forbidden');
    expect((await order.does(root, 'approve')).steps[0]?.auditUserCode).toBe('root');
    const { items } = (await app.as(boss).get(`/orders/${order.id}/logs`)).body;
    const decided = items.find((one: { operation: string }) => one.operation === 'step.approved');
    expect(decided.data.capacity).toBe('system_admin');
  });

  it('审批记录不可修改或删除; 批量删除后审批状态=无审批', async () => {
    const order = await orderOf(id, margin);
    const logs = async () =>
      (await app.as(boss).get(`/orders/${order.id}/logs`)).body.items as { id: string }[];
    await eventually(logs, (rows) => rows.length === 6);
    const before = await logs();
    for (const path of [
      `/orders/${order.id}`,
      `/orders/${order.id}/logs`,
      `/orders/${order.id}/logs/${before[0]?.id}`,
    ]) {
      for (const answer of [await app.as(root).patch(path, {}), await app.as(root).delete(path)]) {
        expect([404, 405], path).toContain(answer.status);
      }
    }
    const cleaned = await app.as(boss).delete(`/objects/Ordr/${id}/approvals`);
    expect([cleaned.status, cleaned.body.detached]).toEqual([200, 2]);
    expect(await erp.standing(id, margin)).toMatchObject({
      approveFlag: 'none',
      approveDscr: null,
      orderId: null,
    });
    expect((await logs()).slice(0, before.length)).toEqual(before);
  });

  it('条件不成立: 不触发; 人工发起时同样判断条件', async () => {
    const cheap = erp.add({ amount: 200, rate: 0.5 });
    const run = await erp.setStatus(admin, cheap, 'PA', margin);
    expect(run.body).toMatchObject({
      triggered: false,
      orders: [{ orderId: null, reason: 'condition_false' }],
    });
    expect(erp.ordr(cheap).status).toBe('PA');
    expect(await erp.standing(cheap, margin)).toMatchObject({ approveFlag: 'none' });
    const manual = await app.as(admin).post('/orders', { businessType: margin, variables: erp.ordr(cheap) });
    expect(manual.body.steps[0]).toMatchObject({ auditStatus: 'skipped', reason: 'condition_false' });
  });

  it('找不到审批人: 提示相关错误', async () => {
    await givenErpFlow(app, '无人审批', [roleStage('董事长', 'amount>100')]);
    const answer = await erp.autoRun(admin, erp.add({ amount: 200 }), ['无人审批']);
    expect([answer.status, answer.body.code]).toEqual([422, 'approver_not_found']);
    expect(answer.body.detail).toContain('董事长');
  });
});

describe('用例2: 多级审批，一个对象上多个审批，自定义审批人', () => {
  let id: string;
  const storekeeper = colleague('storekeeper');
  const [east, west, head] = ['east', 'west', 'head'].map(colleague) as [
    typeof admin,
    typeof admin,
    typeof admin,
  ];
  /** User.cusId and storeId of the business system: an area's administrator has its customer group and no store. */
  const users = [
    { id: 'storekeeper', cusId: 1, storeId: 7 },
    { id: 'east', cusId: 1, storeId: null },
    { id: 'west', cusId: 2, storeId: null },
  ];

  beforeAll(async () => {
    for (const code of ['storekeeper', 'east', 'west']) await given.user(code);
    await given.user('head', { roles: ['总部管理员'] });
    erp.approvers.set('/getApprover', ({ user_code, candidate }) => {
      const cusId = users.find((one) => one.id === user_code)?.cusId;
      return users
        .filter((one) => one.cusId === cusId && one.storeId === null && (!candidate || one.id === candidate))
        .map((one) => one.id);
    });
    await givenErpFlow(
      app,
      shop,
      [
        {
          node: {
            templateNodeName: '区域管理员',
            auditObjectType: 'resolver',
            auditObject: [`${erp.module.url}/getApprover`],
          },
        },
        roleStage('总部管理员'),
      ],
      erp.module.executeUrl,
    );
    id = erp.add({ amount: 200, rate: 0.1 });
  });

  it('门店用户下单: 自动发起，审批人由自定义逻辑找到', async () => {
    const run = await erp.autoRun(storekeeper, id, [shop]);
    expect(run.body).toMatchObject({ triggered: true, orders: [{ created: true }] });
    expect(await erp.standing(id, shop)).toMatchObject({
      approveFlag: 'pending',
      approveStage: '区域管理员',
      approvers: ['east'],
    });
  });

  it('同一对象的另一个审批互不影响', async () => {
    const run = await erp.autoRun(admin, id, [margin]);
    expect(run.body).toMatchObject({ triggered: true, orders: [{ businessType: margin, created: true }] });
    const order = await orderOf(id, margin);
    await order.does(user2, 'reject');
    expect(await erp.standing(id, margin)).toMatchObject({ approveFlag: 'rejected' });
    expect(await erp.standing(id, shop)).toMatchObject({ approveFlag: 'pending' });
  });

  it('先由区域管理员审批，再由总部管理员审批，通过后状态改为已审批', async () => {
    const order = await orderOf(id, shop);
    for (const who of [west, head, storekeeper]) {
      expect(await order.refuses(who, 'approve'), who.sub).toBe('403 forbidden');
    }
    await order.does(east, 'approve');
    expect(await erp.standing(id, shop)).toMatchObject({ approveStage: '总部管理员', approvers: ['head'] });
    expect(await order.refuses(west, 'approve')).toBe('403 forbidden');
    expect(erp.ordr(id).status).toBe('CR');
    await order.does(head, 'approve');
    await erp.statusBecomes(id, '已审批');
    await erp.standsAs(id, shop, 'approved');
  });
});
