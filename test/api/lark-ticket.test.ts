import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verify } from '../support/business-module.js';
import {
  apply,
  callsAbout,
  ended,
  givenApproval,
  type LarkWorld,
  orderIdsOf,
  orderOf,
  saidOn,
  saying,
  startLarkWorld,
  ticketName,
  waitingOn,
} from '../support/lark/lark-world.js';

let world: LarkWorld;
beforeAll(async () => {
  world = await startLarkWorld();
});
afterAll(() => world.close());

const node = (name: string) => ({ name, approvers: ['assistant'] });

describe.each(['sync', 'async'] as const)(
  'requirement 001, a business module that answers %s',
  (callType) => {
    it('given the check is refused, then the assistant rejects check_node with the module’s words', async () => {
      const approval = await givenApproval(world, { callType });
      world.module.behave(saying(world, approval, callType, () => ({ result: false, error: '已拥有权限' })));
      const instance = apply(world, approval);
      expect(await ended(instance)).toBe('REJECTED');
      expect(saidOn(instance, 'check_node')).toBe('已拥有权限');
      expect(await orderOf(world, instance, 'rejected')).toMatchObject({ error: '已拥有权限' });
      expect(callsAbout(world, 'execute', instance)).toEqual([]);
    });

    it('given it is approved and its execution fails, then the assistant rejects execute_node with that error', async () => {
      const approval = await givenApproval(world, { callType });
      world.module.behave(
        saying(world, approval, callType, ({ path }) =>
          path === '/check' ? { result: true, msg: '可以申请' } : { result: false, error: '权限系统不可用' },
        ),
      );
      const instance = apply(world, approval);
      await waitingOn(world, instance, '审批');
      expect(saidOn(instance, 'check_node')).toBe('可以申请');
      world.lark.act.approve(instance.code, 'lee', '同意');
      expect(await ended(instance)).toBe('REJECTED');
      expect(saidOn(instance, 'execute_node')).toBe('权限系统不可用');
      const order = await orderOf(world, instance, 'rejected');
      expect(order.error).toBe('权限系统不可用');
      expect(order.steps).toMatchObject([{ auditStatus: 'approved', auditMsg: 'lee: 同意' }]);
    });

    it('given it is approved and executed, then both nodes are approved, each with its own words', async () => {
      const approval = await givenApproval(world, { callType });
      world.module.behave(saying(world, approval, callType, () => ({ result: true })));
      const values = { 申请原因: '排查问题', amount: 12, 环境: 'kx1-prod' };
      const instance = apply(world, approval, values);
      await waitingOn(world, instance, '审批');
      world.lark.act.approve(instance.code, 'lee');
      expect(await ended(instance)).toBe('APPROVED');
      expect(saidOn(instance, 'check_node')).toBe('检查成功。');
      expect(saidOn(instance, 'execute_node')).toBe('执行成功。');
      const order = await orderOf(world, instance, 'completed');
      expect(order).toMatchObject({
        userCode: 'provider:feishu/ann-there',
        businessKey: instance.code,
        variables: { reason: '排查问题', amount: 12, environment: '生产' },
      });
      const [check, ...more] = callsAbout(world, 'check', instance);
      expect(more).toEqual([]);
      expect(() => check && verify(check, approval.secret)).not.toThrow();
      expect(check?.body).toEqual({
        ticket_id: ticketName(instance, instance.tasks[0]),
        reason: expect.objectContaining({ name: '申请原因', type: 'textarea', value: '排查问题' }),
        amount: expect.objectContaining({ custom_id: 'amount', value: 12 }),
        environment: expect.objectContaining({ option: { key: 'kx1-prod', text: '生产' } }),
      });
      expect(callsAbout(world, 'execute', instance).map(({ ticket }) => ticket)).toEqual([
        ticketName(instance, instance.tasks[2]),
      ]);
      expect(await orderIdsOf(world, instance)).toHaveLength(1);
    });
  },
);

describe('what the form says', () => {
  it('given the relation is switched off, then the module is told ticket_id and nothing else', async () => {
    const approval = await givenApproval(world, { form: { relation: { isOpen: false, data: [] } } });
    world.module.behave(saying(world, approval, 'sync', () => ({ result: false })));
    const instance = apply(world, approval);
    await ended(instance);
    expect(saidOn(instance, 'check_node')).toBe('检查失败。');
    expect(callsAbout(world, 'check', instance).map(({ body }) => body)).toEqual([
      { ticket_id: ticketName(instance, instance.tasks[0]) },
    ]);
  });

  it('given both nodes are closed, then they are approved and nobody is asked', async () => {
    const approval = await givenApproval(world, {
      form: { check: { isOpen: false }, execute: { isOpen: false } },
    });
    const instance = apply(world, approval);
    await waitingOn(world, instance, '审批');
    world.lark.act.approve(instance.code, 'lee');
    expect(await ended(instance)).toBe('APPROVED');
    expect([saidOn(instance, 'check_node'), saidOn(instance, 'execute_node')]).toEqual([
      '检查成功。',
      '执行成功。',
    ]);
    expect([...callsAbout(world, 'check', instance), ...callsAbout(world, 'execute', instance)]).toEqual([]);
    await orderOf(world, instance, 'completed');
  });

  it('given a widget without a mapping, and a mapping without a widget, then the others are told', async () => {
    const data = [
      { code: '没有的控件', apiKey: 'nothing' },
      { code: '申请原因', apiKey: 'reason' },
    ];
    const approval = await givenApproval(world, { form: { relation: { isOpen: true, data } } });
    world.module.behave(saying(world, approval, 'sync', () => ({ result: false, error: 'no' })));
    const instance = apply(world, approval, { 申请原因: '排查问题', amount: 12 });
    await ended(instance);
    expect(Object.keys(callsAbout(world, 'check', instance)[0]?.body)).toEqual(['reason', 'ticket_id']);
  });
});

describe('people', () => {
  it('given they reject, then the order is rejected and never executed', async () => {
    const approval = await givenApproval(world);
    world.module.behave(saying(world, approval, 'sync', () => ({ result: true })));
    const instance = apply(world, approval);
    await waitingOn(world, instance, '审批');
    world.lark.act.reject(instance.code, 'lee', '不行');
    const order = await orderOf(world, instance, 'rejected');
    expect(order.steps).toMatchObject([{ auditStatus: 'rejected', auditMsg: 'lee: 不行' }]);
    expect(callsAbout(world, 'execute', instance)).toEqual([]);
  });

  it('given the applicant withdraws there, then the order is withdrawn', async () => {
    const approval = await givenApproval(world);
    world.module.behave(saying(world, approval, 'sync', () => ({ result: true })));
    const instance = apply(world, approval);
    await waitingOn(world, instance, '审批');
    world.lark.act.cancel(instance.code);
    await orderOf(world, instance, 'withdrawn');
  });

  it('given a reviewer sends it back to check_node, then it is checked anew, under a ticket of its own', async () => {
    const approval = await givenApproval(world);
    const asked: string[] = [];
    world.module.behave(
      saying(world, approval, 'sync', ({ path, ticket }) => {
        if (path === '/check') asked.push(ticket);
        return { result: true, msg: `${path} ${asked.length}` };
      }),
    );
    const instance = apply(world, approval);
    await waitingOn(world, instance, '审批');
    world.lark.act.rollback(instance.code, 'lee', 'check_node');
    await waitingOn(world, instance, '审批');
    const checks = instance.tasks.filter((task) => task.node.name === 'check_node');
    expect(asked).toEqual(checks.map((task) => ticketName(instance, task)));
    expect(checks).toHaveLength(2);
    expect(saidOn(instance, 'check_node')).toBe('/check 2');
    world.lark.act.approve(instance.code, 'lee');
    expect(await ended(instance)).toBe('APPROVED');
    await orderOf(world, instance, 'completed');
  });

  it('given other tasks of the assistant wait in the same instance, then they are left alone', async () => {
    const approval = await givenApproval(world, {
      definition: {
        nodes: [
          node('check_node'),
          { name: '审批', approvers: ['lee', 'assistant'], type: 'AND' },
          node('execute_node'),
        ],
        dedupe: 'none',
      },
    });
    world.module.behave(saying(world, approval, 'sync', () => ({ result: true })));
    const instance = apply(world, approval);
    await waitingOn(world, instance, '审批');
    world.lark.act.approve(instance.code, 'lee');
    expect(world.lark.waiting(instance.code).map(({ node: { name } }) => name)).toEqual(['审批']);
    expect(callsAbout(world, 'check', instance).map(({ ticket }) => ticket)).toEqual([
      ticketName(instance, instance.tasks[0]),
    ]);
    world.lark.act.approve(instance.code, 'assistant', '本人同意');
    expect(await ended(instance)).toBe('APPROVED');
    expect(saidOn(instance, '审批')).toBe('本人同意');
  });
});
