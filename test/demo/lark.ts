/**
 * `npm run demo -- --provider lark`: requirement 001 against the fake Feishu. It lies with the tests, whose fake it needs;
 * what is shipped imports neither.
 */
import { fail, playAlone } from '../../src/cli/demo/play.js';
import type { DemoRun, Order } from '../../src/cli/demo/run.js';
import { pad } from '../../src/cli/demo/terminal.js';
import { type FakeLark, startFakeLark } from '../support/lark/fake-lark.js';
import type { LarkInstance, LarkTask } from '../support/lark/lark-native.js';
import { decidedThere } from './lark-mirror.js';
import {
  applyHere,
  change,
  ended,
  externalIdOf,
  found,
  granted,
  type Outside,
  type Wish,
  withProvider,
} from './outside.js';

/** Behind which the service is, for those who look from Feishu. */
const publicUrl = 'https://countersign.example.com';
const accounts = { ann: 'an_ning', bob: 'li_lei' };
const formName = '管理后台权限申请';

/** Three ways to the same permission, which the module is to hear of in the same way. */
const wish: Wish = { system: '报表后台', reason: '季度复盘' };

/** A business type that Feishu decides, and Feishu. */
interface Stage extends Outside {
  readonly lark: FakeLark;
  readonly approvalCode: string;
}

async function tell(run: DemoRun): Promise<void> {
  const lark = await startFakeLark();
  lark.external.reach = (address) => address.replace(publicUrl, run.url);
  const { assistantUserId: assistant } = lark.app;
  const { code: approvalCode } = lark.define({
    name: formName,
    widgets: [
      { id: 'widget1', name: '申请系统', type: 'input', required: true },
      { id: 'widget2', name: '申请原因', type: 'textarea', required: true },
    ],
    nodes: [
      { name: 'check_node', approvers: [assistant] },
      { name: '上级审批', approvers: [accounts.bob] },
      { name: 'execute_node', approvers: [assistant] },
    ],
  });
  lark.people.join(accounts.ann);
  const data = [
    { code: '申请系统', apiKey: 'system' },
    { code: '申请原因', apiKey: 'reason' },
  ];
  try {
    run.title(`Setting up: the form 「${formName}」 of Feishu (check_node → 上级审批 → execute_node)`);
    await withProvider(
      run,
      {
        provider: { code: 'feishu', name: '飞书', kind: 'lark', url: lark.url, lark: lark.fields },
        form: { name: formName, formCode: approvalCode, relation: { isOpen: true, data } },
        accounts,
      },
      async (outside) => {
        const stage = { ...outside, lark, approvalCode };
        await listen(stage);
        await checkRefused(stage);
        await executionFailed(stage);
        const heard = [await begunThere(stage), await askedForThere(stage), await decidedHere(stage)];
        const same = new Set(heard).size === 1;
        run.check(`and the module has heard the same three times: ${heard[0]}`, same, heard.join('; '));
        await decidedThere(stage, accounts.bob);
      },
    );
  } finally {
    await lark.close();
  }
}

async function listen({ run, lark, approvalCode }: Stage): Promise<void> {
  const callback = `${run.url}/api/v1/lark/callback`;
  lark.events.deliverTo(callback);
  run.check('Feishu takes /api/v1/lark/callback as 请求网址', await lark.events.challenge(), 'and does not');
  run.check('and sends the events of this form', lark.subscribed.has(approvalCode), 'and does not');
}

async function checkRefused(stage: Stage): Promise<void> {
  const { run, module, lark } = stage;
  const { ann } = run.people;
  run.title('1. Filled in in Feishu, and the check refuses it (没有阻断 → 检查节点)');
  const system = '审计后台';
  module.give(ann.code, system);
  const instance = fillIn(stage, { system, reason: '看看日志' });
  await over(instance);
  const words = answered(stage, instance, 'check_node', 'REJECTED');
  const order = await orderOf(stage, instance);
  run.expect('the order is rejected', order, 'rejected', ['cancelled']);
  run.check("these were the module's words", order.error === words, `but the order says ${order.error}`);
  run.check('nobody was asked', lark.instance(instance.code).tasks.length === 1, 'but somebody was');
  show(stage, instance);
}

async function executionFailed(stage: Stage): Promise<void> {
  const { run } = stage;
  run.title('2. Checked, approved, and the execution fails (执行失败 → 拒绝申请)');
  const instance = fillIn(stage, { system: '旧后台', reason: '清理数据' });
  await bobApproves(stage, instance, '同意');
  await over(instance);
  const words = answered(stage, instance, 'execute_node', 'REJECTED');
  const order = await orderOf(stage, instance);
  run.expect('the order is rejected', order, 'rejected', ['approved']);
  run.check("these were the module's words", order.error === words, `but the order says ${order.error}`);
  show(stage, instance);
}

async function begunThere(stage: Stage): Promise<string> {
  const { run } = stage;
  run.title('3. Checked, approved, executed (执行成功 → 审批完成)');
  const instance = fillIn(stage, wish);
  await bobApproves(stage, instance, '同意，一个季度');
  await over(instance);
  answered(stage, instance, 'check_node', 'APPROVED');
  answered(stage, instance, 'execute_node', 'APPROVED');
  const order = await orderOf(stage, instance);
  await granted(stage, order, wish);
  show(stage, instance);
  await run.show(order);
  return heardOf(stage, order);
}

async function askedForThere(stage: Stage): Promise<string> {
  const { run, lark } = stage;
  run.title('4. Applied for here, approved in Feishu');
  const order = await applyHere(stage, wish);
  const instance = lark.instance(await externalIdOf(stage, order));
  run.check(
    `it is asked for in Feishu: ${instance.serial}`,
    instance.userId === accounts.ann,
    'but not for ann',
  );
  await bobApproves(stage, instance, '可以');
  await over(instance);
  await granted(stage, order, wish);
  show(stage, instance);
  return heardOf(stage, order);
}

async function decidedHere(stage: Stage): Promise<string> {
  const { run, lark, businessType } = stage;
  const { boss, bob } = run.people;
  run.title('5. Away from Feishu, and the business module changes nothing (迁移问题)');
  const before = lark.native.instances.length;
  await change(stage, { provider: 'internal' });
  run.tell(boss, `has people decide ${businessType} here from now on: "provider": "internal"`);
  const order = await applyHere(stage, wish);
  await run.approve(bob, await run.settled(order.id), '同意');
  await granted(stage, order, wish);
  run.check('Feishu knows nothing of it', lark.native.instances.length === before, 'and does');
  return heardOf(stage, order);
}

/** Ann fills in the form in Feishu. */
function fillIn({ run, lark, approvalCode }: Stage, { system, reason }: Wish): LarkInstance {
  const filled = { 申请系统: system, 申请原因: reason };
  run.tell(run.people.ann, `fills it in in Feishu: 申请系统 ${system}，申请原因 ${reason}`);
  return lark.act.submit(approvalCode, accounts.ann, filled);
}

async function bobApproves({ run, lark }: Stage, instance: LarkInstance, comment: string): Promise<void> {
  await found('a task for bob in Feishu', () => lark.waiting(instance.code, '上级审批')[0] ?? null);
  lark.act.approve(instance.code, accounts.bob, comment);
  run.tell(run.people.bob, `approves in Feishu: ${comment}`);
}

const over = (instance: LarkInstance): Promise<unknown> =>
  found('the end of the approval in Feishu', () => (instance.status === 'PENDING' ? null : instance));

const commentOn = ({ timeline }: LarkInstance, task: LarkTask): string =>
  timeline.find(({ taskId }) => taskId === task.id)?.comment ?? '';

/** What the assistant has said on a node of ours. */
function answered({ run }: Stage, instance: LarkInstance, node: string, status: LarkTask['status']): string {
  const task = instance.tasks.find((one) => one.node.name === node);
  const words = task ? commentOn(instance, task) : '';
  run.check(
    `${node} is ${status} by the assistant: ${words}`,
    task?.status === status,
    `but it is ${task?.status}`,
  );
  return words;
}

async function orderOf(stage: Stage, { code }: LarkInstance): Promise<Order> {
  const { run } = stage;
  const path = `/orders?scope=team&businessKey=${code}`;
  const order = await found('an order of it', async () => {
    const { items } = await run.call<{ items: readonly Order[] }>(run.people.boss, 'GET', path);
    return items[0] ?? null;
  });
  return ended(stage, order.id);
}

/** What the module has heard of an order; then it takes back what it has given. */
function heardOf({ run, module }: Stage, { id }: Order): string {
  module.take(run.people.ann.code, wish.system);
  return module.heard(id);
}

/** The approval, as Feishu shows it. */
function show({ run }: Stage, instance: LarkInstance): void {
  run.line(`\n    飞书 「${instance.definition.name}」 ${instance.serial}: ${instance.status}`);
  for (const task of instance.tasks) {
    const words = [pad(task.node.name, 14), pad(task.userId ?? '', 10), pad(task.status, 10)];
    run.line(`      ${words.join(' ')} ${commentOn(instance, task)}`);
  }
}

await playAlone(
  { about: "Requirement 001's story", source: 'requirement 001', tell },
  'as does the fake Feishu that it speaks with',
  { PUBLIC_URL: publicUrl },
).catch(fail);
