import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { actingOn, closeTold, colleague } from '../support/acting.js';
import { givenErpFlow, roleStage } from '../support/erp.js';
import { startApp, type TestApp } from '../support/harness.js';
import { directoryOf } from '../support/resolver-people.js';
import { root } from '../support/world.js';

/** Requirement 002 (审批管理), its example 多级审批且带条件, and the texts of conditions. */
let app: TestApp;
let given: ReturnType<typeof directoryOf>;
beforeAll(async () => {
  app = await startApp();
  given = directoryOf(app.as(root));
});
afterAll(() => closeTold(app));

describe('采购审批: 多级审批且带条件', () => {
  const purchase = '采购审批';

  beforeAll(async () => {
    // 角色="经理"，条件=`type='POR'`，限定=同组; 角色=总经理，条件=`amount>=10000`
    await givenErpFlow(app, purchase, [
      roleStage('经理', "type='POR'", { restrictTo: 'group' }),
      roleStage('总经理', 'amount>=10000'),
    ]);
    await given.group('采购部', ['buyer', 'lead']);
    await given.group('销售部', ['other']);
    for (const code of ['lead', 'other']) await given.user(code, { roles: ['经理'] });
    await given.user('chief', { roles: ['总经理'] });
    await given.user('buyer');
  });

  const buyer = colleague('buyer');
  const lead = colleague('lead');
  const other = colleague('other');
  const chief = colleague('chief');
  const open = async (variables: object) =>
    (await app.as(buyer).post('/orders', { businessType: purchase, variables })).body;
  const statuses = (order: { steps: { auditStatus: string }[] }) =>
    order.steps.map((step) => step.auditStatus);

  it('先经发起人所在部门主管审批，超过10000元再由总经理审批', async () => {
    const order = actingOn(app, (await open({ type: 'POR', amount: 10000 })).id);
    expect(await order.refuses(other, 'approve')).toBe('403 forbidden');
    expect(await order.refuses(chief, 'approve')).toBe('403 forbidden');
    await order.does(lead, 'approve');
    expect((await order.does(chief, 'approve')).applyStatus).toBe('completed');
  });

  it('每一级的条件各自判断', async () => {
    expect(statuses(await open({ type: 'POR', amount: 9999.99 }))).toEqual(['in_review', 'skipped']);
    expect(statuses(await open({ type: 'SAL', amount: 10000 }))).toEqual(['skipped', 'in_review']);
    expect(await open({ type: 'SAL', amount: 1 })).toMatchObject({ applyStatus: 'completed' });
  });

  it.each(['0', '0 and amount>1', ' 0 AND type'])('条件 %s: 不触发', async (condition) => {
    const flow = `不触发 ${condition.trim()}`;
    await givenErpFlow(app, flow, [roleStage('经理', condition), roleStage('总经理')]);
    const opened = await app
      .as(buyer)
      .post('/orders', { businessType: flow, variables: { amount: 2, type: 1 } });
    expect(statuses(opened.body)).toEqual(['skipped', 'in_review']);
  });
});
