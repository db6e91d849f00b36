import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toDbTime } from '../../src/database/dialect.js';
import { classify, DatabaseUnavailable } from '../../src/database/errors.js';
import type { Tx } from '../../src/database/sql.js';
import { withCommitHook } from '../../src/database/unit-of-work.js';
import { openDatabase, type OpenedDatabase } from '../support/open-database.js';
import { signal } from '../support/signal.js';

/** Fact 1 of the architecture page, and what both databases promise. */
let opened: OpenedDatabase;
beforeAll(async () => {
  opened = await openDatabase();
  await opened.database.writer.query(
    'CREATE TABLE note (id varchar(64) NOT NULL PRIMARY KEY, text varchar(64) NOT NULL)',
  );
});
beforeEach(() => opened.unitOfWork.run((tx) => tx.run('DELETE FROM note')));
afterAll(() => opened.close());

const add = (tx: Tx, id: string) => tx.run('INSERT INTO note (id, text) VALUES (?, ?)', [id, 'text']);

const stored = async (): Promise<string[]> =>
  (await opened.database.rows<{ id: string }>('SELECT id FROM note ORDER BY id')).map((row) => row.id);

const numbered = (count: number, name: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => name(n)).toSorted();

/** What a driver throws when two transactions collide, as both databases report it. */
const collision = () => Object.assign(new Error('collision'), { errno: 1213, code: 'SQLITE_BUSY' });

describe('a unit of work', () => {
  it('given 200 that start together, then all succeed and each is stored', async () => {
    const ids = numbered(200, (n) => `n${n}`);
    const answers = await Promise.all(
      ids.map((id) => opened.unitOfWork.run(async (tx) => (await add(tx, id), id))),
    );
    expect(answers).toEqual(ids);
    expect(await stored()).toEqual(ids);
  });

  it('given that it throws, then nothing of it is stored, and the caller gets what was thrown', async () => {
    const refusal = new Error('no');
    const refused = opened.unitOfWork.run(async (tx) => {
      await add(tx, 'half');
      throw refusal;
    });
    await expect(refused).rejects.toBe(refusal);
    expect(await stored()).toEqual([]);
  });

  it("given 200 of which every second one throws, then no acknowledged row vanishes with another's rollback", async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 200 }, (_, n) =>
        opened.unitOfWork.run(async (tx) => {
          await add(tx, `n${n}`);
          if (n % 2 === 1) throw new Error('no');
          return `n${n}`;
        }),
      ),
    );
    const acknowledged = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(acknowledged).toHaveLength(100);
    expect(await stored()).toEqual(acknowledged.toSorted());
  });

  it('given one under way, then a plain read sees none of its rows before it is committed', async () => {
    const written = signal();
    const goOn = signal();
    const running = opened.unitOfWork.run(async (tx) => {
      await add(tx, 'new');
      written.give();
      await goOn.happened;
    });
    await written.happened;
    const meanwhile = await stored();
    const throughEntities = await opened.database.repository('User').count();
    goOn.give();
    await running;
    expect(meanwhile).toEqual([]);
    expect(throughEntities).toBe(0);
    expect(await stored()).toEqual(['new']);
  });

  it('sees its own rows', async () => {
    const seen = await opened.unitOfWork.run(async (tx) => {
      await add(tx, 'own');
      return tx.rows<{ id: string }>('SELECT id FROM note');
    });
    expect(seen).toEqual([{ id: 'own' }]);
  });

  it('counts the rows that it found, changed or not', async () => {
    await opened.unitOfWork.run((tx) => add(tx, 'same'));
    const found = await opened.unitOfWork.run(async (tx) => [
      await tx.run('UPDATE note SET text = ? WHERE id = ?', ['text', 'same']),
      await tx.run('UPDATE note SET text = ? WHERE id = ?', ['text', 'other']),
      await tx.run('DELETE FROM note WHERE id = ?', ['same']),
    ]);
    expect(found).toEqual([1, 0, 1]);
  });

  it('inside another one is refused, whatever the database would make of it', async () => {
    const nested = opened.unitOfWork.run(async (tx) => {
      await add(tx, 'outer');
      await opened.unitOfWork.run((inner) => add(inner, 'inner'));
    });
    await expect(nested).rejects.toThrow('do not nest');
    expect(await stored()).toEqual([]);
  });

  it('refuses reads beside it: they would not see its rows, and could wait for its connection', async () => {
    const beside = 'inside a transaction, read through it (tx)';
    await expect(opened.unitOfWork.run(() => stored())).rejects.toThrow(beside);
    await expect(
      opened.unitOfWork.run(async () => opened.database.repository('User').count()),
    ).rejects.toThrow(beside);
    await expect(opened.unitOfWork.run(() => opened.database.ping())).rejects.toThrow(beside);
    // and when it has ended they are welcome again
    expect(await stored()).toEqual([]);
  });

  it('given a key that is taken, then the error is classified as duplicate, and the first row stays', async () => {
    await opened.unitOfWork.run((tx) => add(tx, 'key'));
    const second = await opened.unitOfWork.run((tx) => add(tx, 'key')).catch((error: unknown) => error);
    expect(classify(second)).toBe('duplicate');
    expect(await stored()).toEqual(['key']);
  });

  it('given a row that refers to nothing, or is referred to, then the error is classified as reference', async () => {
    const orphan = opened.unitOfWork.run((tx) =>
      tx.run(
        "INSERT INTO dms_s_apply_template_stage (template_id, stage_no, node_id) VALUES ('none', 1, 'none')",
      ),
    );
    expect(classify(await orphan.catch((error: unknown) => error))).toBe('reference');
    const parent = opened.unitOfWork.run((tx) => tx.run('DELETE FROM dms_s_apply_template_process_node'));
    expect(classify(await parent.catch((error: unknown) => error))).toBe('reference');
  });
});

describe('a collision with another transaction', () => {
  it('given that it goes away, then the whole function has run again and is stored once', async () => {
    let attempts = 0;
    await opened.unitOfWork.run(async (tx) => {
      attempts += 1;
      await add(tx, `attempt ${attempts}`);
      if (attempts < 3) throw collision();
    });
    expect(attempts).toBe(3);
    expect(await stored()).toEqual(['attempt 3']);
  });

  it('given that it does not go away, then the fifth attempt is the last, and the database counts as unavailable', async () => {
    let attempts = 0;
    const running = opened.unitOfWork.run(async (tx) => {
      attempts += 1;
      await add(tx, `attempt ${attempts}`);
      throw collision();
    });
    await expect(running).rejects.toThrow(DatabaseUnavailable);
    await expect(running).rejects.toMatchObject({ outcomeUnknown: false });
    expect(attempts).toBe(5);
    expect(await stored()).toEqual([]);
  });

  it('given any other error, then nothing is run again', async () => {
    let attempts = 0;
    const running = opened.unitOfWork.run(async () => {
      attempts += 1;
      throw new Error('ours');
    });
    await expect(running).rejects.toThrow('ours');
    expect(attempts).toBe(1);
  });
});

describe('a commit hook', () => {
  it('adds to the same transaction, with its result, again at every attempt', async () => {
    let attempts = 0;
    const seen: unknown[] = [];
    await withCommitHook(
      async (tx, result) => {
        seen.push(result);
        await add(tx, 'hooked');
      },
      () =>
        opened.unitOfWork.run(async () => {
          attempts += 1;
          if (attempts === 1) throw collision();
          return 'the answer';
        }),
    );
    expect(seen).toEqual(['the answer']);
    expect(await stored()).toEqual(['hooked']);
  });

  it('that throws takes the whole transaction with it', async () => {
    const refused = withCommitHook(
      () => Promise.reject(new Error('the hook refuses')),
      () => opened.unitOfWork.run((tx) => add(tx, 'work')),
    );
    await expect(refused).rejects.toThrow('the hook refuses');
    expect(await stored()).toEqual([]);
  });

  it('is the hook of its own request only', async () => {
    const hooked: string[] = [];
    await Promise.all(
      ['one', 'two', 'three'].map((id) =>
        withCommitHook(
          async (tx) => {
            hooked.push(
              `${id} ${(await tx.rows<{ id: string }>('SELECT id FROM note WHERE id = ?', [id])).length}`,
            );
          },
          () => opened.unitOfWork.run((tx) => add(tx, id)),
        ),
      ),
    );
    expect(hooked.toSorted()).toEqual(['one 1', 'three 1', 'two 1']);
  });
});

describe('the keys behind the locks', () => {
  const now = toDbTime(new Date());
  const process = (tx: Tx, id: string, step: number) =>
    tx.run(
      `INSERT INTO dms_s_apply_order_process
         (id, apply_order_id, apply_step, audit_status, audit_object_type, audit_object, audit_user_code, create_time, update_time)
       VALUES (?, 'o1', ?, '1', '0', 'bob', '', ?, ?)`,
      [id, step, now, now],
    );
  const assignee = (tx: Tx, state: number, subject = 'u:bob') =>
    tx.run(
      `INSERT INTO dms_s_apply_order_assignee
         (subject, state, apply_order_id, apply_step, candidate, business_type, template_id, template_name, user_code,
          node_name, create_time)
       VALUES (?, ?, 'o1', 1, 1, 'x', 't', 't', 'ann', 'n', ?)`,
      [subject, state, now],
    );
  const log = (tx: Tx, id: string, transition: number, seq: number) =>
    tx.run(
      `INSERT INTO dms_s_apply_order_log
         (id, apply_order_id, operation_user_code, operation_details, operation_time, transition_no, seq)
       VALUES (?, 'o1', 'ann', '', ?, ?, ?)`,
      [id, now, transition, seq],
    );
  const delivery = (tx: Tx, id: string, topic: string) =>
    tx.run(
      `INSERT INTO dms_s_apply_delivery (id, topic, apply_order_id, state, payload, create_time)
       VALUES (?, ?, 'o1', 'pending', '{}', ?)`,
      [id, topic, now],
    );
  const binding = (tx: Tx, team: string) =>
    tx.run(
      `INSERT INTO dms_s_apply_template_binding (acc_code, business_type, template_id, create_time, update_time)
       VALUES (?, 'x', '00000000-0000-7000-8000-000000000002', ?, ?)`,
      [team, now, now],
    );

  it.each([
    [
      'one step of a number in an order',
      (tx: Tx) => process(tx, 'p1', 1),
      (tx: Tx) => process(tx, 'p2', 1),
      (tx: Tx) => process(tx, 'p2', 2),
    ],
    [
      'one row of a reviewer on a step, open or closed',
      (tx: Tx) => assignee(tx, 1),
      (tx: Tx) => assignee(tx, 2),
      (tx: Tx) => assignee(tx, 1, 'u:eve'),
    ],
    [
      'one transition of a number in an order',
      (tx: Tx) => log(tx, 'l1', 1, 0),
      (tx: Tx) => log(tx, 'l2', 1, 0),
      (tx: Tx) => log(tx, 'l2', 2, 0),
    ],
    [
      'one delivery of an order and a topic',
      (tx: Tx) => delivery(tx, 'd1', 'order.check'),
      (tx: Tx) => delivery(tx, 'd2', 'order.check'),
      (tx: Tx) => delivery(tx, 'd2', 'order.execute'),
    ],
    [
      'one binding of a team and a business type',
      (tx: Tx) => binding(tx, 't1'),
      (tx: Tx) => binding(tx, 't1'),
      (tx: Tx) => binding(tx, 't2'),
    ],
  ])('allow %s', async (_, first, second, another) => {
    await opened.unitOfWork.run(first);
    const refused = await opened.unitOfWork.run(second).catch((error: unknown) => error);
    expect(classify(refused)).toBe('duplicate');
    expect(await opened.unitOfWork.run(another)).toBe(1);
  });
});
