import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { takeOver } from '../support/business-module.js';
import { eventually } from '../support/eventually.js';
import {
  answerLate,
  apply,
  type ApprovalGiven,
  callsAbout,
  ended,
  givenApproval,
  type LarkWorld,
  orderOf,
  saidOn,
  startLarkWorld,
  ticketName,
  waitingOn,
} from '../support/lark/lark-world.js';
import type { LarkInstance } from '../support/lark/lark-native.js';
import { boss, created, rival } from '../support/world.js';

let world: LarkWorld;
let approval: ApprovalGiven;
beforeAll(async () => {
  world = await startLarkWorld();
  approval = await givenApproval(world, { callType: 'async' });
});
afterAll(() => world.close());
beforeEach(() => world.module.behave(takeOver));

/** Given an approval whose check waits for its answer. */
async function asked(): Promise<{ instance: LarkInstance; ticket_id: string }> {
  const instance = apply(world, approval);
  await eventually(
    () => callsAbout(world, 'check', instance),
    (calls) => calls.length > 0,
  );
  return { instance, ticket_id: ticketName(instance, instance.tasks[0]) };
}
const late = (kind: 'check' | 'execute', answer: object, secret = approval.secret) =>
  answerLate(world, kind, answer, { secret });
const success = { retcode: 0, msg: 'success', error: '' };

describe('POST /lark/check/callback and /lark/execute/callback', () => {
  it('given the module’s signature, then its answer counts, and the envelope answers', async () => {
    const { instance, ticket_id } = await asked();
    const answer = { ticket_id, result: true, msg: '可以' };
    expect(await late('check', answer)).toMatchObject({
      status: 200,
      body: { ...success, resp: { ticket_id, result: true, apply_status: 'in_review' } },
    });
    await waitingOn(world, instance, '审批');
    expect(saidOn(instance, 'check_node')).toBe('可以');
    expect(await late('check', answer)).toMatchObject({ status: 200, body: success });
    expect(await late('check', { ticket_id, result: false })).toMatchObject({
      status: 409,
      body: { code: 'already_decided' },
    });
    world.lark.act.approve(instance.code, 'lee');
    const task = await waitingOn(world, instance, 'execute_node');
    const execution = { ticket_id: ticketName(instance, task), result: false, error: '失败了' };
    await eventually(
      () => callsAbout(world, 'execute', instance),
      (calls) => calls.length > 0,
    );
    expect((await late('execute', execution)).status).toBe(200);
    expect(await ended(instance)).toBe('REJECTED');
    expect(saidOn(instance, 'execute_node')).toBe('失败了');
  });

  it('given an API key, then it counts as at /callbacks/…, which understand these tickets, too', async () => {
    const { key } = await created(world.app.as(boss), '/api-keys', { name: 'module', accCodes: ['t1'] });
    const one = await asked();
    const by = { headers: { 'x-api-key': String(key) } };
    expect(await answerLate(world, 'check', { ticket_id: one.ticket_id, result: true }, by)).toMatchObject({
      status: 200,
    });
    const other = await asked();
    const answer = { ticket_id: other.ticket_id, result: false, error: 'no' };
    expect(await world.app.key(String(key)).post('/callbacks/check', answer)).toMatchObject({
      status: 200,
      body: { ticket_id: other.ticket_id, apply_status: 'rejected' },
    });
    expect(await ended(other.instance)).toBe('REJECTED');
  });

  it('given the order’s id, then it counts as well', async () => {
    const { instance } = await asked();
    const { id } = await orderOf(world, instance, 'initiating');
    expect((await late('check', { ticket_id: id, result: true })).status).toBe(200);
    await waitingOn(world, instance, '审批');
  });

  it('given another team’s key, or a key for another business type, then 404 or 403', async () => {
    const { ticket_id } = await asked();
    const { key } = await created(world.app.as(rival), '/api-keys', { name: 'module', accCodes: ['t2'] });
    const { key: narrow } = await created(world.app.as(boss), '/api-keys', {
      name: 'narrow',
      accCodes: ['t1'],
      businessTypes: ['another'],
    });
    const statusOf = async (apiKey: unknown, ticket: string) =>
      (
        await answerLate(
          world,
          'check',
          { ticket_id: ticket, result: true },
          { headers: { 'x-api-key': String(apiKey) } },
        )
      ).status;
    expect(await statusOf(key, ticket_id)).toBe(404);
    expect(await statusOf(key, 'A|B|C')).toBe(404);
    expect(await statusOf(narrow, ticket_id)).toBe(403);
  });

  it('given nobody’s signature, then 401, and nothing is decided', async () => {
    const { instance, ticket_id } = await asked();
    const another = await givenApproval(world, { callType: 'async' });
    const answer = { ticket_id, result: true };
    const old = new Date(Date.now() - 600_000);
    for (const { status } of [
      await answerLate(world, 'check', answer, {}),
      await answerLate(world, 'check', answer, { secret: another.secret }),
      await answerLate(world, 'check', answer, {
        secret: approval.secret,
        headers: { 'webhook-timestamp': String(Math.floor(old.getTime() / 1000)) },
      }),
      await answerLate(world, 'check', answer, {
        secret: approval.secret,
        headers: { 'webhook-id': 'msg_x' },
      }),
      await answerLate(world, 'check', answer, { headers: { 'webhook-signature': 'v1,AAAA' } }),
      await answerLate(world, 'check', answer, {
        secret: approval.secret,
        headers: { authorization: 'Bearer nonsense' },
      }),
      await late('check', { ticket_id: 'no|such|ticket', result: true }),
      // The ticket of a check is none of an execution.
      await late('execute', answer),
    ]) {
      expect(status).toBe(401);
    }
    await orderOf(world, instance, 'initiating');
    expect((await late('check', { ticket_id, result: 'true' })).status).toBe(400);
  });

  it('given the approval went back to check_node, then the old ticket answers nothing any more', async () => {
    const { instance, ticket_id } = await asked();
    await late('check', { ticket_id, result: true });
    await waitingOn(world, instance, '审批');
    world.lark.act.rollback(instance.code, 'lee', 'check_node');
    await eventually(
      () => callsAbout(world, 'check', instance),
      (calls) => calls.length > 1,
    );
    const fresh = ticketName(instance, instance.tasks.at(-1));
    expect(fresh).not.toBe(ticket_id);
    for (const result of [true, false]) {
      expect(await late('check', { ticket_id, result })).toMatchObject({
        status: 409,
        body: { code: 'not_awaited' },
      });
    }
    await orderOf(world, instance, 'initiating');
    await late('check', { ticket_id: fresh, result: false, error: '又不行了' });
    expect(await ended(instance)).toBe('REJECTED');
    expect(saidOn(instance, 'check_node')).toBe('又不行了');
  });

  it('given the same answer many times at once, then all are told the same', async () => {
    const { instance, ticket_id } = await asked();
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => late('check', { ticket_id, result: true })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 200));
    await waitingOn(world, instance, '审批');
  });
});
