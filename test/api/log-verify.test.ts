import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenCrew, openActing } from '../support/acting.js';
import { startApp, type TestApp } from '../support/harness.js';
import { ann, bob, boss, carol, dave, eve, givenFlow, rival, root } from '../support/world.js';

/** Whether anybody can tell that a log is as it was written. */
let app: TestApp;
let businessType: string;
beforeAll(async () => {
  app = await startApp();
  await givenCrew(app);
  ({ businessType } = await givenFlow(app, [{ users: ['bob', 'carol'], mode: 'all' }, { users: ['dave'] }]));
});
afterAll(() => app.close());

const verify = (id: string, who = root) => app.as(who).get(`/orders/${id}/logs/verify`);

describe('verifying the log of an order', () => {
  it('given an order on its way, then nothing is wrong with it', async () => {
    const order = await openActing(app, businessType);
    await order.does(bob, 'approve', { auditMsg: 'fine 👍\r\n\ttabbed \u0007 and spaces  ' });
    // Its sentence is cut in the middle of a character.
    const text = `x${'👍'.repeat(3_999)}`;
    expect((await order.act(ann, 'comments', { text })).status).toBe(200);
    const [details] = await app.database.rows<{ text: string }>(
      "SELECT operation_details AS text FROM dms_s_apply_order_log WHERE apply_order_id = ? AND operation = 'order.commented'",
      [order.id],
    );
    expect(details?.text.endsWith('👍\ufffd…')).toBe(true);
    await order.does(carol, 'approve');
    const { status, body } = await verify(order.id);
    expect(status).toBe(200);
    expect(body).toEqual({
      ok: true,
      rows: (await order.operations()).length,
      unhashed: 0,
      transitions: 4,
      checkedAt: expect.any(String),
      problems: [],
    });
  });

  it('given people who read the order, then they may verify it; others may not, and for another team it is not there', async () => {
    const { id } = await openActing(app, businessType);
    for (const who of [ann, bob, boss, root]) expect((await verify(id, who)).status).toBe(200);
    const stranger = { sub: 'zoe', acc_code: 't1' };
    expect((await verify(id, stranger)).status).toBe(403);
    for (const who of [eve, rival]) {
      expect(await verify(id, who)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
    expect((await verify('nobody-knows')).status).toBe(404);
  });

  it('given an order that goes on while it is verified, then nothing is wrong with it', async () => {
    const order = await openActing(app, businessType);
    const comments = (async () => {
      for (let n = 0; n < 12; n++) await order.act(ann, 'comments', { text: `remark ${n}` });
    })();
    for (let n = 0; n < 12; n++) {
      const { status, body } = await verify(order.id);
      if (status === 200) expect(body.problems).toEqual([]);
      else expect(body.code).toBe('unavailable');
    }
    await comments;
    expect((await verify(order.id)).body).toMatchObject({ ok: true, transitions: 13 });
  });

  it('given a row that was altered by hand, then it is named', async () => {
    const order = await openActing(app, businessType);
    await order.does(bob, 'approve', { auditMsg: 'yes' });
    const change = (text: string, other: string) =>
      app.database.writer.query(
        `UPDATE dms_s_apply_order_log SET operation_details = REPLACE(operation_details, ?, ?) WHERE apply_order_id = ? AND transition_no = 2`,
        [text, other, order.id],
      );
    await change('yes', 'no');
    const { body } = await verify(order.id, dave);
    expect(body).toMatchObject({ ok: false, problems: [{ kind: 'altered', transition: 2, seq: 0 }] });
    expect(body.problems).toHaveLength(1);
    await change('no', 'yes');
    expect((await verify(order.id, dave)).body.ok).toBe(true);
  });
});
