import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeliveryQueue } from '../../src/outbox/delivery.queue.js';
import { type OpenedDatabase, openDatabase } from '../support/open-database.js';

let opened: OpenedDatabase;
beforeAll(async () => {
  opened = await openDatabase();
});
afterAll(() => opened.close());

describe('a delivery that is forgotten with its success', () => {
  it('should take the late record of an attempt that no longer counts', async () => {
    // given a delivery that is claimed, sent, and forgotten
    const { database, unitOfWork } = opened;
    const queue = new DeliveryQueue(database);
    const time = new Date();
    const done = { state: 'succeeded', dueIn: null, failures: 0, result: null, error: null } as const;
    const attempt = {
      startedAt: time,
      durationMs: 1,
      status: null,
      outcome: 'succeeded',
      error: null,
      answer: null,
    } as const;
    await unitOfWork.run((tx) =>
      tx.run(
        `INSERT INTO dms_s_apply_delivery (id, topic, apply_order_id, state, payload, create_time, due_at)
         VALUES ('d1', 'order.events', 'o1', 'pending', '{}', '2026-11-22 00:00:00', 0)`,
      ),
    );
    const [claim] = await unitOfWork.run((tx) =>
      queue.claim(tx, ['d1'], { token: 'mine', lease: 60_000, time }),
    );
    if (!claim) throw new Error('nothing was claimed');
    await unitOfWork.run(async (tx) => {
      expect(await queue.release(tx, claim, done, time)).toBe(true);
      await queue.forget(tx, claim.id);
    });
    // when the commit's answer was lost, and the outcome is recorded once more
    await unitOfWork.run(async (tx) => {
      expect(await queue.release(tx, claim, done, time)).toBe(false);
      await queue.record(tx, claim, attempt, false);
    });
    // then nothing is left of it
    expect(await database.rows('SELECT delivery_id FROM dms_s_apply_delivery_attempt')).toEqual([]);
    expect(await database.rows('SELECT id FROM dms_s_apply_delivery')).toEqual([]);
  });
});
