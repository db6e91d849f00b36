import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agree, refuse } from '../support/business-module.js';
import {
  type DingTalkWorld,
  givenType,
  instanceOf,
  opened,
  reached,
  startDingTalkWorld,
} from '../support/dingtalk/dingtalk-world.js';
import { eventually } from '../support/eventually.js';
import { boss, created } from '../support/world.js';

let world: DingTalkWorld;
beforeAll(async () => {
  // The poll comes often, so that what no event tells is found soon.
  world = await startDingTalkWorld({ PROVIDER_POLL_INTERVAL: '400ms' });
});
afterAll(() => world.close());

describe('what DingTalk does not tell', () => {
  it.each(['agree', 'refuse', 'terminate'] as const)(
    'given its events of a %s get lost, then the poll finds it',
    async (act) => {
      const { approvals, events } = world.dingtalk;
      const { businessType } = await givenType(world);
      events.drop(1_000);
      const orderId = await opened(world, businessType);
      const { id } = await instanceOf(world, orderId);
      approvals[act](id, 'lee');
      await reached(world, orderId, { agree: 'completed', refuse: 'rejected', terminate: 'withdrawn' }[act]);
      events.drop(0);
    },
  );
});

/** Check, review, execution: DingTalk stays the place of approval (requirement 001). */
const nodes = [
  { activityId: 'check', name: 'check_node', people: ['assistant'] },
  { activityId: 'review', name: '主管', people: ['lee'] },
  { activityId: 'execute', name: 'execute_node', people: ['assistant'] },
];

async function givenForm(): Promise<string> {
  const { code } = world.dingtalk.approvals.define({ nodes });
  await created(world.app.as(boss), '/providers/ding/forms', {
    formCode: code,
    name: '请假',
    relation: { isOpen: true, data: [{ code: '事由', apiKey: 'reason' }] },
    check: { isOpen: true, url: world.module.checkUrl },
    execute: { isOpen: true, url: world.module.executeUrl },
  });
  return code;
}
const begun = (code: string) => world.dingtalk.approvals.start(code, 'ann-there', { 事由: 'a rest' });
/** Waits until the task of a node is answered there. */
const answered = (id: string, activityId: string) =>
  eventually(
    () => world.dingtalk.approvals.of(id).tasks.find(({ node }) => node.activityId === activityId),
    (task) => task?.status === 'COMPLETED',
  );
/** What a business module was asked about an instance. */
const askedOf = (kind: 'check' | 'execute', id: string) =>
  world.module.calls.filter(({ path, ticket }) => path === `/${kind}` && ticket.split('|')[1] === id);
const remarkOf = (id: string) =>
  world.dingtalk.approvals.of(id).records.findLast(({ type }) => type === 'EXECUTE_TASK_NORMAL')?.remark;

describe('an approval that begins in DingTalk', () => {
  it('given the check passes, people approve, and the execution succeeds, then our tasks are answered and it is over', async () => {
    world.module.behave(agree);
    const { approvals } = world.dingtalk;
    const code = await givenForm();
    const { id } = begun(code);
    await answered(id, 'check');
    const [check] = askedOf('check', id);
    expect(check?.ticket.split('|')).toEqual([code, id, String(approvals.of(id).tasks[0]?.taskId)]);
    expect(check?.body).toMatchObject({ reason: { name: '事由', value: 'a rest' } });
    expect(askedOf('execute', id)).toHaveLength(0);
    approvals.agree(id, 'lee', 'fine');
    await answered(id, 'execute');
    expect(approvals.of(id)).toMatchObject({ status: 'COMPLETED', result: 'agree' });
    expect(askedOf('execute', id)).toHaveLength(1);
    expect(askedOf('check', id)).toHaveLength(1);
    const [row] = await world.app.database.rows<{ readonly apply_order_id: string }>(
      'SELECT apply_order_id FROM dms_s_apply_outside_approval WHERE external_id = ?',
      [id],
    );
    const order = await reached(world, row?.apply_order_id ?? '', 'completed');
    expect(order).toMatchObject({ userCode: 'ann', businessKey: id, variables: { reason: 'a rest' } });
  });

  it('given the check fails, then it is refused there, with the reason', async () => {
    world.module.behave(refuse('no budget'));
    const { id } = begun(await givenForm());
    await answered(id, 'check');
    expect(world.dingtalk.approvals.of(id)).toMatchObject({ status: 'COMPLETED', result: 'refuse' });
    expect(remarkOf(id)).toBe('no budget');
    expect(askedOf('execute', id)).toHaveLength(0);
  });

  it('given the execution fails, then its task is refused, with the reason', async () => {
    world.module.behave(({ path, ...call }, response) =>
      (path === '/check' ? agree : refuse('no such account'))({ path, ...call }, response),
    );
    const { id } = begun(await givenForm());
    await answered(id, 'check');
    world.dingtalk.approvals.agree(id, 'lee');
    await answered(id, 'execute');
    expect(world.dingtalk.approvals.of(id)).toMatchObject({ status: 'COMPLETED', result: 'refuse' });
    expect(remarkOf(id)).toBe('no such account');
  });

  it('given none of its events ever comes, then it is found all the same', async () => {
    world.module.behave(agree);
    const { approvals, events } = world.dingtalk;
    const code = await givenForm();
    events.drop(1_000);
    const { id } = begun(code);
    await answered(id, 'check');
    approvals.agree(id, 'lee');
    await answered(id, 'execute');
    events.drop(0);
    expect(approvals.of(id)).toMatchObject({ status: 'COMPLETED', result: 'agree' });
    expect(askedOf('check', id)).toHaveLength(1);
    expect(askedOf('execute', id)).toHaveLength(1);
  });

  it('given somebody answers our task by hand meanwhile, then nothing is answered twice', async () => {
    const { approvals } = world.dingtalk;
    world.module.behave((call, response) => {
      const [, id = ''] = call.ticket.split('|');
      if (call.path === '/check') approvals.agree(id, 'assistant', 'by hand');
      return agree(call, response);
    });
    const { id } = begun(await givenForm());
    await answered(id, 'check');
    approvals.agree(id, 'lee');
    await answered(id, 'execute');
    expect(approvals.of(id)).toMatchObject({ status: 'COMPLETED', result: 'agree' });
    expect(approvals.of(id).records.filter(({ type }) => type === 'EXECUTE_TASK_NORMAL')).toHaveLength(3);
  });
});
