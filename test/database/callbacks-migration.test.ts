import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrations } from '../../migrations/index.js';
import { DeliveryQueue } from '../../src/outbox/delivery.queue.js';
import { earlierVersion } from '../support/earlier-version.js';
import { freshDatabase, testDialect } from '../support/fresh-database.js';
import { openDatabase, type OpenedDatabase } from '../support/open-database.js';

const [first, second] = migrations.map((migration) => new migration().name);
const created = '2026-11-22 08:00:00';

/** What it held: a business type, orders, and deliveries for a worker that was not there yet. */
async function fill(source: DataSource): Promise<void> {
  await source.query(
    `INSERT INTO dms_s_apply_business_type
       (id, scope, code, name, check_url, callback_mode, sealed_secret, create_time, update_time)
     VALUES ('type', 't1', 'export', '导出', 'https://dms.example/check', 'sync', 'sealed', ?, ?)`,
    [created, created],
  );
  for (const [id, status] of [
    ['asks', '1'],
    ['executes', '5'],
  ]) {
    await source.query(
      `INSERT INTO dms_s_apply_order
         (id, apply_template_id, business_type, apply_status, user_code, acc_code, remark, create_time, update_time)
       VALUES (?, 'template', 'export', ?, 'ann', 't1', '给财务对账', ?, ?)`,
      [id, status, created, created],
    );
  }
  for (const [id, topic, orderId, state] of [
    ['d1', 'order.check', 'asks', 'pending'],
    ['d2', 'order.execute', 'executes', 'pending'],
    ['d3', 'order.check', 'executes', 'succeeded'],
  ]) {
    await source.query(
      `INSERT INTO dms_s_apply_delivery (id, topic, apply_order_id, acc_code, state, payload, create_time)
       VALUES (?, ?, ?, 't1', ?, '{}', ?)`,
      [id, topic, orderId, state, created],
    );
  }
}

/** Tables, columns and indexes, but for the table in which migrations are counted. */
async function schemaOf(source: DataSource): Promise<unknown[]> {
  const statements =
    testDialect === 'mysql'
      ? [
          `SELECT table_name AS name, column_name AS part, column_type AS type, is_nullable AS nullable,
                  column_default AS fallback
             FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1, ordinal_position`,
          `SELECT table_name AS name, index_name AS part, seq_in_index, column_name AS indexed, non_unique
             FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY 1, 2, 3`,
        ]
      : [
          `SELECT t.name, c.name AS part, c.type, c."notnull", c.dflt_value
             FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY 1, c.cid`,
          `SELECT tbl_name AS name, name AS part, sql FROM sqlite_master WHERE type = 'index' ORDER BY 1, 2`,
        ];
  const found: unknown[] = [];
  for (const statement of statements) {
    const rows = await source.query<{ readonly name: string }[]>(statement);
    found.push(...rows.filter(({ name }) => name !== 'dms_s_apply_migration' && !name.startsWith('sqlite_')));
  }
  return found;
}

const ran = async ({ database }: OpenedDatabase): Promise<string[]> =>
  (await database.rows<{ name: string }>('SELECT name FROM dms_s_apply_migration ORDER BY id')).map(
    (row) => row.name,
  );

/** Undoes what came behind the first migration. */
async function backToFirst(opened: OpenedDatabase): Promise<void> {
  while ((await ran(opened)).length > 1) await opened.database.writer.undoLastMigration();
}

/** Every row of a table, by its id. */
async function rowsOf(
  { database }: OpenedDatabase,
  table: string,
): Promise<Map<string, Record<string, unknown>>> {
  const rows = await database.rows<{ readonly id: string; readonly due_at?: number | string | null }>(
    `SELECT * FROM ${table}`,
  );
  // MySQL's driver reads a bigint as a text.
  return new Map(
    rows.map((row) => [row.id, { ...row, due_at: row.due_at == null ? null : Number(row.due_at) }]),
  );
}

describe('a service that starts on a database of the first version', () => {
  let opened: OpenedDatabase;
  let drop: () => Promise<void>;
  let schemaBefore: unknown[];
  beforeAll(async () => {
    const fresh = await freshDatabase();
    drop = () => fresh.drop();
    const source = await earlierVersion(fresh.url, 1);
    await fill(source);
    schemaBefore = await schemaOf(source);
    await source.destroy();
    opened = await openDatabase({ url: fresh.url });
  });
  afterAll(async () => {
    await opened.close();
    await drop();
  });

  it('runs what is missing', async () => {
    expect((await ran(opened)).slice(0, 2)).toEqual([first, second]);
    expect(await schemaOf(opened.database.writer)).not.toEqual(schemaBefore);
  });

  it('has the deliveries that waited due at once, with the defaults of the others', async () => {
    const deliveries = await rowsOf(opened, 'dms_s_apply_delivery');
    const added = {
      cause: '',
      target: '',
      attempts: 0,
      failures: 0,
      claim_token: null,
      result: null,
      last_error: null,
    };
    const kept = { acc_code: 't1', payload: '{}' };
    for (const id of ['d1', 'd2']) {
      const row = deliveries.get(id);
      expect(row).toMatchObject({ ...added, ...kept, state: 'pending', due_at: 0 });
      expect(row?.['update_time']).toEqual(row?.['create_time']);
    }
    expect(deliveries.get('d3')).toMatchObject({
      ...added,
      ...kept,
      state: 'succeeded',
      due_at: null,
      update_time: null,
    });
  });

  it('finds exactly them in its queue', async () => {
    const due = await new DeliveryQueue(opened.database).due(['order.check', 'order.execute'], [], 10);
    expect(due.map(({ id, topic, orderId }) => [id, topic, orderId])).toEqual([
      ['d1', 'order.check', 'asks'],
      ['d2', 'order.execute', 'executes'],
    ]);
  });

  it('keeps orders and business types, with what they had not said before', async () => {
    const orders = await rowsOf(opened, 'dms_s_apply_order');
    expect([...orders.keys()].toSorted()).toEqual(['asks', 'executes']);
    expect(orders.get('asks')).toMatchObject({
      apply_status: '1',
      user_code: 'ann',
      remark: '给财务对账',
      business_type_id: null,
      error: null,
    });
    expect((await rowsOf(opened, 'dms_s_apply_business_type')).get('type')).toMatchObject({
      check_url: 'https://dms.example/check',
      sealed_secret: 'sealed',
      callback_format: 'standard',
      check_fail_mode: 'closed',
      callback_deadline: 86_400,
      sealed_previous_secret: null,
      previous_secret_until: null,
    });
  });

  it('stores no cause of an order and topic twice, but several causes', async () => {
    const insert = (id: string, topic: string, cause: string) =>
      opened.database.writer.query(
        `INSERT INTO dms_s_apply_delivery (id, topic, apply_order_id, state, payload, create_time, cause)
         VALUES (?, ?, 'asks', 'cancelled', '{}', ?, ?)`,
        [id, topic, created, cause],
      );
    await expect(insert('x1', 'order.check', '')).rejects.toThrow(/unique|duplicate/i);
    await insert('x2', 'order.check', '1');
    await expect(insert('x3', 'order.check', '1')).rejects.toThrow(/unique|duplicate/i);
    await insert('x4', 'order.events', '1');
    await opened.database.writer.query(`DELETE FROM dms_s_apply_delivery WHERE id LIKE 'x%'`);
  });

  it('can be led back to the first version, with its rows, and forward again', async () => {
    const ids = ['d1', 'd2', 'd3'];
    // given a delivery that was tried meanwhile
    await opened.database.writer.query(
      `UPDATE dms_s_apply_delivery SET attempts = 1, failures = 1, due_at = 4102444800000, target = 'b:type'
        WHERE id = 'd1'`,
    );
    await opened.database.writer.query(
      `INSERT INTO dms_s_apply_delivery_attempt (delivery_id, attempt_no, started_at, outcome)
       VALUES ('d1', 1, ?, 'failed')`,
      [created],
    );
    const schema = await schemaOf(opened.database.writer);
    // when it is led back
    await backToFirst(opened);
    // then it is as the first version made it, and holds what that one knew
    expect(await ran(opened)).toEqual([first]);
    expect(await schemaOf(opened.database.writer)).toEqual(schemaBefore);
    const before = await rowsOf(opened, 'dms_s_apply_delivery');
    expect([...before.keys()].toSorted()).toEqual(ids);
    expect(before.get('d1')).toMatchObject({
      topic: 'order.check',
      apply_order_id: 'asks',
      state: 'pending',
    });
    expect((await rowsOf(opened, 'dms_s_apply_order')).get('asks')).toMatchObject({ remark: '给财务对账' });
    // when it goes forward again, then what waits is due anew
    await opened.database.writer.runMigrations();
    expect(await schemaOf(opened.database.writer)).toEqual(schema);
    const after = await rowsOf(opened, 'dms_s_apply_delivery');
    expect(ids.map((id) => after.get(id)?.['due_at'])).toEqual([0, 0, null]);
    expect(after.get('d1')).toMatchObject({ attempts: 0, failures: 0, target: '' });
  });
});

describe('leading back a database that was used', () => {
  it('also works where an order has several events for its subscribers', async () => {
    const opened = await openDatabase();
    try {
      for (const cause of ['1', '2']) {
        await opened.database.writer.query(
          `INSERT INTO dms_s_apply_delivery (id, topic, apply_order_id, state, payload, create_time, cause)
           VALUES (?, 'order.events', 'asks', 'succeeded', '{}', ?, ?)`,
          [cause, created, cause],
        );
      }
      await backToFirst(opened);
      expect(await ran(opened)).toEqual([first]);
    } finally {
      await opened.close();
    }
  });
});
