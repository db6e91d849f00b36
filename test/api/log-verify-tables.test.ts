import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SqlValue } from '../../src/database/sql.js';
import { type Acting, givenCrew, openActing } from '../support/acting.js';
import { startApp, type TestApp } from '../support/harness.js';
import { ann, boss, eve, givenFlow, rival, root } from '../support/world.js';

/** What a hand changes in the tables beside the log shows, whatever it writes there. */
let app: TestApp;
let businessType: string;
let order: Acting;
beforeAll(async () => {
  app = await startApp();
  await givenCrew(app);
  const timing = { due: '2d', remindBefore: ['1d'] };
  ({ businessType } = await givenFlow(
    app,
    [
      { users: ['bob', 'carol'], timing },
      { users: ['dave'], timing },
    ],
    {
      autoApprove: 'never',
    },
  ));
});
afterAll(() => app.close());
beforeEach(async () => {
  order = await openActing(app, businessType, { title: 'paper', businessKey: 'k-1' });
});

const verify = (who = root) => app.as(who).get(`/orders/${order.id}/logs/verify`);

async function problems(): Promise<{ kind: string; place: string | null; detail: string }[]> {
  const { status, body } = await verify();
  expect(status, JSON.stringify(body)).toBe(200);
  expect(body.ok).toBe(body.problems.length === 0);
  return body.problems;
}
const places = async () => (await problems()).map(({ kind, place }) => `${kind} ${place}`);

const write = (sql: string, values: readonly SqlValue[] = []): Promise<unknown> =>
  app.database.writer.query(sql, [...values, order.id]);

describe('a hand in the tables of an order', () => {
  it('given nobody was there, then nothing is found', async () => {
    expect(await problems()).toEqual([]);
    await order.does({ sub: 'bob', acc_code: 't1' }, 'return', { toStep: 0, auditMsg: 'more' });
    expect(await problems()).toEqual([]);
  });

  it.each([
    [1, '12345'],
    [1, 'NULL'],
    [2, '12345'],
  ])('given the due time of step %i becomes %s, then it is named', async (applyStep, dueAt) => {
    await write(
      `UPDATE dms_s_apply_order_process SET due_at = ${dueAt} WHERE apply_step = ${applyStep} AND apply_order_id = ?`,
    );
    expect(await places()).toEqual([`state order.steps.${applyStep}.dueAt`]);
  });

  it.each([
    ['removed', "DELETE FROM dms_s_apply_timer WHERE name = 'due' AND apply_order_id = ?", ['1.timers.due']],
    [
      'removed, all of them,',
      'DELETE FROM dms_s_apply_timer WHERE apply_order_id = ?',
      ['1.timers.before:1', '1.timers.due'],
    ],
    [
      'put off',
      "UPDATE dms_s_apply_timer SET due_at = due_at + 1 WHERE name = 'due' AND apply_order_id = ?",
      ['1.timers.due'],
    ],
    [
      'moved to another step',
      "UPDATE dms_s_apply_timer SET apply_step = 2 WHERE name = 'due' AND apply_order_id = ?",
      ['1.timers.due', '2.timers.due'],
    ],
    [
      'added',
      `INSERT INTO dms_s_apply_timer (apply_step, name, due_at, run_at, apply_order_id) VALUES (1, 'level:2', 5, 5, ?)`,
      ['1.timers.level:2'],
    ],
  ])('given a timer is %s, then step and timer are named', async (_, sql, expected) => {
    await write(sql);
    expect((await places()).toSorted()).toEqual(expected.map((place) => `state order.steps.${place}`));
  });

  it('given a timer was put off since it failed, then nothing is wrong', async () => {
    await write('UPDATE dms_s_apply_timer SET run_at = run_at + 5000, failures = 1 WHERE apply_order_id = ?');
    expect(await problems()).toEqual([]);
  });

  it.each([
    ['acc_code', 'accCode', 't2'],
    ['business_type', 'businessType', 'other'],
    ['business_key', 'businessKey', 'k-2'],
    ['title', 'title', 'Paper'],
    ['template_id', 'templateId', 'other'],
    ['template_name', 'templateName', 'other'],
    ['user_code', 'userCode', 'bob'],
    ['barred_user_code', 'barredUserCode', ''],
  ])(
    'given the row of a seat has another %s than its order, then it is named',
    async (column, name, value) => {
      await write(
        `UPDATE dms_s_apply_order_assignee SET ${column} = ? WHERE subject = 'u:bob' AND apply_order_id = ?`,
        [value],
      );
      expect(await places()).toEqual([`state order.steps.1.seats.u:bob.${name}`]);
    },
  );
});

describe('what cannot be read', () => {
  const process = 'dms_s_apply_order_process';
  it.each([
    ['dms_s_apply_order', 'id', 'apply_status', '9', 'order.applyStatus'],
    ['dms_s_apply_order', 'id', 'variables', 'x', 'order.variables'],
    ['dms_s_apply_order', 'id', 'returned', 'x', 'order.returned'],
    ['dms_s_apply_order', 'id', 'take_back', 'x', 'order.lastDecision'],
    [process, 'apply_step = 2 AND apply_order_id', 'audit_status', '9', 'order.steps.2.auditStatus'],
    [process, 'apply_step = 1 AND apply_order_id', 'audit_object_type', '9', 'order.steps.1.auditObjectType'],
    [process, 'apply_step = 1 AND apply_order_id', 'people', 'x', 'order.steps.1.people'],
    [process, 'apply_step = 1 AND apply_order_id', 'timing', 'x', 'order.steps.1.timing'],
    [process, 'apply_step = 1 AND apply_order_id', 'clock', 'x', 'order.steps.1.clock'],
    [
      'dms_s_apply_order_assignee',
      "subject = 'u:bob' AND apply_order_id",
      'decision',
      '9',
      'order.steps.1.seats.u:bob.decision',
    ],
  ])('given in %s where %s: %s is %s, then %s is named', async (table, which, column, value, place) => {
    await write(`UPDATE ${table} SET ${column} = ? WHERE ${which} = ?`, [value]);
    expect(await places()).toEqual([`state ${place}`]);
  });

  it.each(['x', null, 'null', '5', '{}', '{"type":"order.opened","steps":[null]}'])(
    'given the event of a row is %s, then the row and the replay are named',
    async (data) => {
      await order.does({ sub: 'bob', acc_code: 't1' }, 'approve');
      await write(
        'UPDATE dms_s_apply_order_log SET operation_data = ? WHERE transition_no = 2 AND seq = 0 AND apply_order_id = ?',
        [data],
      );
      const found = await problems();
      expect(found[0]).toMatchObject({ kind: 'altered', transition: 2, seq: 0 });
      expect(found[1]?.kind).toBe('state');
    },
  );

  it('given it, then its log is looked at all the same', async () => {
    await write("UPDATE dms_s_apply_order SET apply_status = '9' WHERE id = ?");
    await write(
      "UPDATE dms_s_apply_order_log SET operation_details = 'x' WHERE seq = 0 AND apply_order_id = ?",
    );
    const { body } = await verify();
    expect(body).toMatchObject({
      ok: false,
      transitions: 1,
      problems: [{ kind: 'altered', transition: 1, seq: 0, place: null }, { kind: 'state' }],
    });
  });

  it('given it, then administrators are told; for another team the order is not there', async () => {
    await write("UPDATE dms_s_apply_order SET apply_status = '9' WHERE id = ?");
    for (const who of [boss, root]) expect((await verify(who)).status).toBe(200);
    for (const who of [eve, rival]) {
      expect(await verify(who)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
    for (const who of [ann, { sub: 'zoe', acc_code: 't1' }]) expect((await verify(who)).status).toBe(500);
  });
});
