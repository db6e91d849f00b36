import type { DemoRun } from './run.js';

/** An order that does not go straight on: returned, resubmitted, rejected by mistake and reopened (requirement 002). */
export async function backAndForth(run: DemoRun): Promise<void> {
  const { ann, bob, carol } = run.people;
  run.title('There and back: returned, resubmitted, rejected, reopened');
  const { code: type } = await run.flow('采购审批', [
    ['组长审批', bob],
    ['财务复核', carol],
  ]);
  const order = await run.open(ann, type, '采购显示器');
  await run.approve(bob, order, '同意');
  const toAnn = { toStep: 0, resume: 'back', auditMsg: '请补充报价单' };
  const returned = await run.act(carol, order, 'return', toAnn, 'returns it to ann: 请补充报价单');
  run.expect('it waits for ann', returned, 'initiating', ['approved', 'waiting']);
  const again = await run.act(ann, order, 'resubmit', { remark: '已补充' }, 'resubmits it: 已补充');
  run.expect('it goes straight back to carol', again, 'in_review', ['approved', 'in_review']);
  const rejected = await run.act(carol, order, 'reject', { auditMsg: '超预算' }, 'rejects it: 超预算');
  run.expect('that rejects it', rejected, 'rejected', ['approved', 'rejected']);
  await run.act(carol, order, 'reopen', { auditMsg: '看错了预算' }, 'reopens what she rejected: 看错了预算');
  const end = await run.approve(carol, order, '同意');
  run.expect('and approves it after all', end, 'completed', ['approved', 'approved']);
  await run.show(end);
}
