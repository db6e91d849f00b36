import type { DemoRun } from './run.js';

/** Somebody is away: another stands in, the order says why it went as it did, and its log proves to be whole. */
export async function standingIn(run: DemoRun): Promise<void> {
  const { ann, bob, carol } = run.people;
  run.title('Standing in: bob is away, carol decides for him, and the order explains itself');
  const { code: type } = await run.flow('合同审批', [['法务审批', bob]]);
  await run.list(carol);
  await run.delegate(bob, carol, type);
  const order = await run.open(ann, type, '续签办公室租约');
  await run.refuse(bob, order, 'bob is represented');
  const end = await run.approve(carol, order, '同意续签');
  run.expect('carol approves it for bob', end, 'completed', ['approved']);
  await run.show(end);
  await run.explain(end, 'zh');
  await run.verify(end);
}
