import { DataExport, isExampleThere } from './data-export.js';
import type { DemoRun } from './run.js';

/** A business module is asked before the first step, and executes behind the last one (requirement 003, 业务模版对接). */
export async function callbacks(run: DemoRun): Promise<void> {
  run.title('Callbacks: the data-export module (examples/data-export)');
  if (!isExampleThere()) {
    run.leaveOut('examples/data-export is not part of this installation.');
    return;
  }
  const { bob } = run.people;
  const { code: businessType, secret } = await run.flow('数据导出审批', [['数据负责人审批', bob]]);
  const apiKey = await run.apiKey('data-export', businessType);
  const module = await DataExport.start({ url: run.url, apiKey: apiKey.key, businessType, secret });
  try {
    const why = await run.whyNotReached(businessType, module.url);
    if (why === null) {
      await refused(run, module);
      await executed(run, module);
    } else run.leaveOut(why);
  } finally {
    await module.stop();
    await run.revoke(apiKey);
  }
}

async function refused(run: DemoRun, module: DataExport): Promise<void> {
  const { ann } = run.people;
  const { id, orderId } = await module.apply({ userCode: ann.code, dataset: 'secret_salaries', rows: 12 });
  run.tell(ann, 'asks the module for 12 rows of secret_salaries; it opens an order with its API key');
  const order = await run.settled(orderId);
  run.expect('the module is asked first, and says no', order, 'rejected', ['cancelled']);
  const words = (await module.read(id)).message;
  run.check(
    `the order tells why: ${order.error}`,
    order.error !== null && order.error === words,
    `not ${words}`,
  );
  await run.show(order);
}

async function executed(run: DemoRun, module: DataExport): Promise<void> {
  const { ann, bob } = run.people;
  const { id, orderId } = await module.apply({ userCode: ann.code, dataset: 'orders_2026', rows: 12_800 });
  run.tell(ann, 'asks the module for 12800 rows of orders_2026');
  const order = await run.settled(orderId);
  run.expect('the module lets it start', order, 'in_review', ['in_review']);
  const approved = await run.approve(bob, order, '同意导出');
  run.expect('behind the last step it is executed', approved, 'executing', ['approved']);
  const end = await run.settled(orderId);
  run.expect("the module's answer completes it", end, 'completed', ['approved']);
  const { state } = await module.read(id);
  run.check('and the module has exported', state === 'done', `its export is ${state}`);
  await run.show(end);
}
