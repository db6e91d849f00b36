import { applyHere, change, ended, externalIdOf, granted, type Outside } from './outside.js';

/** What bob does at a provider, by the provider's ids of approvals. */
interface Reviewer {
  approve(id: string, words: string): void;
  reject(id: string, words: string): void;
  /** What the approval says there. */
  filledIn(id: string): unknown;
}

/** Orders that are applied for here: approved there, rejected there, and decided here in the end. */
export async function decidedElsewhere(outside: Outside, name: string, reviewer: Reviewer): Promise<void> {
  await approvedThere(outside, name, reviewer);
  await rejectedThere(outside, name, reviewer);
  await decidedHere(outside, name);
}

async function approvedThere(outside: Outside, name: string, reviewer: Reviewer): Promise<void> {
  const { run } = outside;
  const { bob } = run.people;
  run.title(`1. Applied for here, approved in ${name}`);
  const wish = { system: '报表后台', reason: '季度复盘' };
  const order = await applyHere(outside, wish);
  const id = await externalIdOf(outside, order);
  const filledIn = JSON.stringify(reviewer.filledIn(id));
  const whole = Object.values(wish).every((value) => filledIn.includes(value));
  run.check(`it is asked for there, as ${id}: ${filledIn}`, whole, 'and something is missing');
  reviewer.approve(id, '可以');
  run.tell(bob, `approves in ${name}: 可以`);
  await granted(outside, order, wish);
  await run.show(order);
}

async function rejectedThere(outside: Outside, name: string, reviewer: Reviewer): Promise<void> {
  const { run, module } = outside;
  const { ann, bob } = run.people;
  run.title(`2. Applied for here, rejected in ${name}`);
  const order = await applyHere(outside, { system: '财务后台', reason: '对账' });
  reviewer.reject(await externalIdOf(outside, order), '请找财务同事');
  run.tell(bob, `rejects in ${name}: 请找财务同事`);
  const end = await ended(outside, order.id);
  run.expect('the order is rejected', end, 'rejected', ['rejected']);
  const words = end.steps[0]?.auditMsg ?? '';
  run.check(`it tells why: ${words}`, words.includes('请找财务同事'), 'which was not said');
  run.check('and nothing was executed', !module.has(ann.code, '财务后台'), 'but it was');
}

async function decidedHere(outside: Outside, name: string): Promise<void> {
  const { run, businessType } = outside;
  const { bob, boss } = run.people;
  run.title(`3. Away from ${name}, and the business module changes nothing`);
  await change(outside, { provider: 'internal' });
  run.tell(boss, `has people decide ${businessType} here from now on: "provider": "internal"`);
  const wish = { system: '工单后台', reason: '值班' };
  const order = await applyHere(outside, wish);
  await run.approve(bob, await run.settled(order.id), '同意');
  await granted(outside, order, wish);
}
