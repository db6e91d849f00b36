import { parseConfig } from '../config/config.js';
import { backAndForth } from './demo/back-and-forth.js';
import { callbacks } from './demo/callbacks.js';
import { gate } from './demo/gate.js';
import { fail, play, type Story } from './demo/play.js';
import type { DemoRun } from './demo/run.js';
import { standingIn } from './demo/standing-in.js';
import { findTarget } from './demo/target.js';

/**
 * Walks the four cases of requirement 003, an order that comes back, one that somebody decides for another, the callbacks
 * of a business module, and a request at the gate through the public API; fails when one of them ends otherwise.
 */
const story: Story = {
  about: 'The four cases of requirement 003, callbacks and the gate',
  source: 'requirement 003',
  tell: async (run) => {
    await run.prepare();
    try {
      for (const act of [
        caseOne,
        caseTwo,
        caseThree,
        caseFour,
        caseFourLast,
        backAndForth,
        standingIn,
        callbacks,
        gate,
      ])
        await act(run);
    } finally {
      await run.tidyUp();
    }
  },
};

async function main(): Promise<void> {
  try {
    process.loadEnvFile('.env');
  } catch {
    // No .env file: the environment and the defaults are enough.
  }
  await play(story, await findTarget(parseConfig(process.env), process.env['BASE_URL']));
}

async function caseOne(run: DemoRun): Promise<void> {
  const { ann, boss, root } = run.people;
  run.title('Case 1 (案例一): the system default flow, a member of a team applies');
  const order = await run.open(ann, run.unboundType, '导出十月订单');
  run.expect('a system administrator is asked', order, 'in_review', ['in_review']);
  await run.refuse(boss, order, 'the administrator of the team is not');
  const end = await run.approve(root, order, '同意');
  run.expect('the system administrator completes it', end, 'completed', ['approved']);
  await run.show(end);
}

async function caseTwo(run: DemoRun): Promise<void> {
  run.title('Case 2 (案例二): the system default flow, a system administrator applies');
  const order = await run.open(run.people.root, run.unboundType, '导出审计数据');
  run.expect('it is approved automatically at once', order, 'completed', ['auto_approved']);
  await run.show(order);
}

async function caseThree(run: DemoRun): Promise<void> {
  const { ann, bob, carol } = run.people;
  run.title("Case 3 (案例三): the team's own flow, the applicant sits on none of its nodes");
  const { code: type } = await run.flow('导入审批', [
    ['组长审批', bob],
    ['财务复核', carol],
  ]);
  const order = await run.open(ann, type, '导入客户名单');
  run.expect('it starts at the first node', order, 'in_review', ['in_review', 'waiting']);
  await run.refuse(carol, order, 'the second node has to wait for the first');
  const half = await run.approve(bob, order, '名单已核对');
  run.expect('it goes on to the second', half, 'in_review', ['approved', 'in_review']);
  const end = await run.approve(carol, order, '同意');
  run.expect('the last node completes it', end, 'completed', ['approved', 'approved']);
  await run.show(end);
}

async function caseFour(run: DemoRun): Promise<void> {
  const { ann, bob, carol } = run.people;
  run.title("Case 4 (案例四): the team's own flow, the applicant sits on one of its nodes");
  const { code: type } = await run.flow('脚本审批', [
    ['组长审批', bob],
    ['数据负责人审批', ann],
    ['财务复核', carol],
  ]);
  const order = await run.open(ann, type, '执行清理脚本');
  const opened = ['auto_approved', 'auto_approved', 'in_review'];
  run.expect("it starts behind the applicant's node", order, 'in_review', opened);
  const end = await run.approve(carol, order, '同意');
  run.expect('the last node completes it', end, 'completed', ['auto_approved', 'auto_approved', 'approved']);
  await run.show(end);
}

async function caseFourLast(run: DemoRun): Promise<void> {
  const { ann, bob } = run.people;
  run.title("Case 4 (案例四), last node: behind the applicant's node there is nobody left to ask");
  const { code: type } = await run.flow('日报审批', [
    ['组长审批', bob],
    ['数据负责人审批', ann],
  ]);
  const order = await run.open(ann, type, '定时导出日报');
  run.expect('the whole order passes', order, 'completed', ['auto_approved', 'auto_approved']);
  await run.show(order);
}

main().catch(fail);
