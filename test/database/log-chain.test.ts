import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SqlValue } from '../../src/database/sql.js';
import { type Acting, fay, givenCrew, openActing } from '../support/acting.js';
import { testDialect } from '../support/fresh-database.js';
import { startApp, type TestApp } from '../support/harness.js';
import { ann, bob, carol, dave, givenFlow, root } from '../support/world.js';

/** Whatever a hand does to one row of a log, or to what the tables say of an order, is found and named. */
let app: TestApp;
let orders: { readonly [name: string]: Acting };
beforeAll(async () => {
  app = await startApp();
  await givenCrew(app);
  const { businessType } = await givenFlow(app, [
    { users: ['bob', 'carol'], mode: 'all' },
    { users: ['dave'], condition: 'amount > 10' },
    { users: ['carol', 'fay'], mode: 'sequential' },
  ]);
  const open = () => openActing(app, businessType, { variables: { amount: 100 }, title: 'été 👍' });
  orders = { returned: await open(), handed: await open(), rejected: await open() };
  await returnedAndCompleted(orders.returned as Acting);
  await handedOver(orders.handed as Acting);
  await (orders.rejected as Acting).does(carol, 'reject', { auditMsg: ' no\r\n\u0007 👎  ' });
  // The lot must be larger than one order: nothing is found in the others.
  await open();
});
afterAll(() => app.close());

async function returnedAndCompleted(order: Acting): Promise<void> {
  await order.does(bob, 'approve', { auditMsg: 'fine' });
  await order.does(carol, 'approve');
  await order.does(dave, 'return', { toStep: 0, resume: 'again', auditMsg: 'more, please' });
  await order.does(ann, 'resubmit', { variables: { amount: 5 }, remark: 'less' });
  await order.does(bob, 'approve');
  await order.does(carol, 'approve');
  await order.act(ann, 'comments', { text: 'almost there' });
}

async function handedOver(order: Acting): Promise<void> {
  await order.does(bob, 'transfer', { toUserCode: 'fay', auditMsg: 'for you' });
  await order.does(fay, 'approve');
  await order.act(ann, 'comments', { text: '=1+1' });
  await order.does(ann, 'urge', {});
}

interface LogRow {
  readonly [column: string]: SqlValue;
}

const columns = [
  'id',
  'apply_order_id',
  'operation_user_code',
  'operation_details',
  'operation_time',
  'operation',
  'operation_data',
  'transition_no',
  'seq',
  'hash',
] as const;

/** The log of an order as its table holds it; moments as text, so that they go back as they came. */
const logOf = (id: string): Promise<LogRow[]> =>
  app.database.rows<LogRow>(
    `SELECT ${columns.map((column) => (column === 'operation_time' ? momentText : column)).join(', ')}
       FROM dms_s_apply_order_log WHERE apply_order_id = ? ORDER BY transition_no, seq`,
    [id],
  );

const momentText =
  testDialect === 'mysql' ? 'CAST(operation_time AS CHAR) AS operation_time' : 'operation_time';

const write = (sql: string, values: readonly SqlValue[]): Promise<unknown> =>
  app.database.writer.query(sql, [...values]);

const insert = (row: LogRow): Promise<unknown> =>
  write(
    `INSERT INTO dms_s_apply_order_log (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    columns.map((column) => row[column] ?? null),
  );

const remove = (row: LogRow): Promise<unknown> =>
  write('DELETE FROM dms_s_apply_order_log WHERE id = ?', [row.id ?? null]);

interface Found {
  readonly kind: string;
  readonly transition: number | null;
  readonly seq: number | null;
  readonly rowId: string | null;
  readonly detail: string;
}

async function problemsOf(id: string): Promise<Found[]> {
  const { status, body } = await app.as(root).get(`/orders/${id}/logs/verify`);
  expect(status, JSON.stringify(body)).toBe(200);
  expect(body.ok).toBe(body.problems.length === 0);
  return body.problems as Found[];
}

/** What the chain tells; the replay may tell more. */
const chained = (problems: readonly Found[]): string[] =>
  problems
    .filter(({ kind }) => kind !== 'state')
    .map(({ kind, transition, seq }) => `${kind} ${transition}/${seq}`);

const at = (row: LogRow | undefined): string => `${row?.transition_no}/${row?.seq}`;

/** Another value that the column takes. */
const others: Readonly<Record<(typeof columns)[number], readonly SqlValue[]>> = {
  id: ['0195f1f2-7c3e-7bb0-9d0a-000000000000'],
  apply_order_id: ['0195f1f2-7c3e-7bb0-9d0a-000000000001'],
  operation_user_code: ['mallory', ''],
  operation_details: ['another sentence', ''],
  operation_time: ['2001-02-03 04:05:06'],
  operation: ['order.completed ', ''],
  operation_data: [
    '{"type":"order.completed"}',
    'no JSON',
    null,
    'null',
    '{"type":"step.approved","applyStep":1}',
  ],
  transition_no: [0, -1, 900],
  seq: [-1, 900],
  hash: [null, '', 'f'.repeat(64)],
};

const names = ['returned', 'handed', 'rejected'] as const;

describe.each(names)('an order that was %s', (name) => {
  const id = () => String(orders[name]?.id);

  it('given nobody touched it, then nothing is found', async () => {
    expect(await problemsOf(id())).toEqual([]);
  });

  it('given any column of any row with another value, then that row is named', async () => {
    for (const row of await logOf(id())) {
      for (const column of columns) {
        for (const value of others[column]) {
          const what = `${column} of ${at(row)} as ${String(value)}`;
          await remove(row);
          await insert({ ...row, [column]: value });
          const problems = await problemsOf(id());
          if (column === 'apply_order_id') expect(chained(problems), what).toEqual([`removed ${at(row)}`]);
          else {
            const [found] = problems;
            expect(chained(problems), what).toHaveLength(1);
            expect([found?.kind, found?.rowId], what).toEqual(['altered', column === 'id' ? value : row.id]);
          }
          await remove({ ...row, [column]: value });
          await insert(row);
        }
      }
    }
    expect(await problemsOf(id())).toEqual([]);
  });

  it('given any row taken away, then its number is named', async () => {
    for (const row of await logOf(id())) {
      await remove(row);
      expect(chained(await problemsOf(id()))).toEqual([`removed ${at(row)}`]);
      await insert(row);
    }
  });

  it('given a copy of any row, anywhere, then it is named', async () => {
    const rows = await logOf(id());
    const end = Number(rows.at(-1)?.transition_no);
    for (const [index, row] of rows.entries()) {
      const free = [0, 1, end].map((transition) => ({ transition, seq: 70 }));
      for (const { transition, seq } of [
        ...free,
        { transition: end + 1, seq: 0 },
        { transition: 1, seq: -1 },
      ]) {
        const copy = { ...row, id: `copy-${index}`, transition_no: transition, seq };
        await insert(copy);
        expect(chained(await problemsOf(id()))).toEqual([`inserted ${at(copy)}`]);
        await remove(copy);
      }
    }
  });

  it('given a row at the end with the hash that it would have, then it is named', async () => {
    const last = (await logOf(id())).at(-1) as LogRow;
    const data = '{"type":"order.commented","userCode":"ann","text":"me, too","attachments":[]}';
    const forged = (transition: number, seq: number): LogRow => ({
      ...last,
      id: 'forged',
      operation: 'order.commented',
      operation_data: data,
      transition_no: transition,
      seq,
      hash: handMade(
        {
          ...last,
          id: 'forged',
          operation: 'order.commented',
          operation_data: data,
          transition_no: transition,
          seq,
        },
        String(last.hash),
      ),
    });
    for (const row of [
      forged(Number(last.transition_no) + 1, 0),
      forged(Number(last.transition_no), Number(last.seq) + 1),
    ]) {
      await insert(row);
      expect(chained(await problemsOf(id()))).toEqual([`inserted ${at(row)}`]);
      await remove(row);
    }
  });

  it('given two rows that have changed places, then both are named', async () => {
    const rows = await logOf(id());
    for (const [index, one] of rows.entries()) {
      const other = rows[index + 1] ?? rows[0];
      if (!other || other === one) continue;
      const swapped = [
        { ...one, transition_no: other.transition_no, seq: other.seq },
        { ...other, transition_no: one.transition_no, seq: one.seq },
      ] as LogRow[];
      for (const row of [one, other]) await remove(row);
      for (const row of swapped) await insert(row);
      const problems = (await problemsOf(id())).filter(({ kind }) => kind !== 'state');
      expect(problems.map(({ kind }) => kind)).toEqual(['altered', 'altered']);
      expect(problems.map(({ rowId }) => rowId).toSorted()).toEqual([one.id, other.id].toSorted());
      for (const row of swapped) await remove(row);
      for (const row of [one, other]) await insert(row);
    }
  });

  it('given a row that was altered with a hash to match, then the row behind it is named, or the order', async () => {
    const rows = await logOf(id());
    for (const [index, row] of rows.entries()) {
      const next = rows[index + 1];
      const last = next?.transition_no !== row.transition_no;
      const altered = { ...row, operation_details: 'nothing happened' };
      const hash = handMade(altered, String(rows[index - 1]?.hash ?? ''), last);
      await remove(row);
      await insert({ ...altered, hash });
      expect(chained(await problemsOf(id()))).toEqual([
        next ? `altered ${at(next)}` : `order_row ${at(row)}`,
      ]);
      await remove(row);
      await insert(row);
    }
  });

  it('given an order, a step or a seat that says otherwise than its log, then it is named', async () => {
    const changes: readonly (readonly [
      table: string,
      column: string,
      value: SqlValue,
      where: string,
      named: string,
    ])[] = [
      ['order', 'apply_status', '6', '1 = 1', 'order.applyStatus'],
      ['order', 'version', 77, '1 = 1', ''],
      ['order', 'version', 1, '1 = 1', ''],
      ['order', 'log_hash', null, '1 = 1', ''],
      ['order', 'log_hash', 'f'.repeat(64), '1 = 1', ''],
      ['order', 'error', 'who knows', '1 = 1', 'order.error'],
      ['order', 'user_code', 'mallory', '1 = 1', 'order.applicant'],
      ['order_process', 'audit_status', '4', 'apply_step = 1', 'order.steps.1.auditStatus'],
      ['order_process', 'reason', 'who knows', 'apply_step = 2', 'order.steps.2.reason'],
      ['order_process', 'audit_user_code', 'mallory', 'apply_step = 3', 'order.steps.3.auditUserCode'],
      ['order_process', 'required_approvals', 9, 'apply_step = 1', 'order.steps.1.requiredApprovals'],
      ['order_process', 'people', '["mallory"]', 'apply_step = 1', 'order.steps.1.people'],
      ['order_assignee', 'kind', 'added', "apply_step = 1 AND subject = 'u:carol'", 'seats.u:carol.kind'],
      ['order_assignee', 'gone', 'removed', "apply_step = 1 AND subject = 'u:carol'", 'seats.u:carol.gone'],
      ['order_assignee', 'state', 0, "apply_step = 1 AND subject = 'u:carol'", 'seats.u:carol.turn'],
      ['order_assignee', 'on_behalf_of', 'x', "apply_step = 1 AND subject = 'u:carol'", 'u:carol.onBehalfOf'],
      ['order_assignee', 'subject', 'u:mallory', "apply_step = 1 AND subject = 'u:carol'", 'seats.u:mallory'],
    ];
    for (const [table, column, value, where, named] of changes) {
      const key = table === 'order' ? 'id' : 'apply_order_id';
      const [was] = await app.database.rows<{ value: SqlValue }>(
        `SELECT ${column} AS value FROM dms_s_apply_${table} WHERE ${key} = ? AND ${where}`,
        [id()],
      );
      const set = (to: SqlValue, which: string) =>
        write(`UPDATE dms_s_apply_${table} SET ${column} = ? WHERE ${key} = ? AND ${which}`, [to, id()]);
      if (!was || was.value === value) continue;
      await set(value, where);
      const problems = await problemsOf(id());
      const kinds = column === 'version' || column === 'log_hash' ? ['order_row'] : ['state'];
      expect(
        problems.map(({ kind }) => kind),
        `${column} as ${String(value)}`,
      ).toEqual(expect.arrayContaining(kinds));
      expect(problems.map(({ detail }) => detail).join('\n'), column).toContain(named);
      await set(was.value, column === 'subject' ? where.replace('carol', 'mallory') : where);
    }
    expect(await problemsOf(id())).toEqual([]);
  });
});

describe('an order from before rows carried hashes', () => {
  const forget = async (id: string): Promise<void> => {
    await write('UPDATE dms_s_apply_order_log SET hash = NULL WHERE apply_order_id = ?', [id]);
    await write('UPDATE dms_s_apply_order SET log_hash = NULL WHERE id = ?', [id]);
  };

  it('given it ended before, then its rows carry none, and that is no problem by itself', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
    const order = await openActing(app, businessType);
    await order.does(bob, 'approve');
    await forget(order.id);
    const { body } = await app.as(root).get(`/orders/${order.id}/logs/verify`);
    expect(body).toMatchObject({ ok: true, rows: 4, unhashed: 4, problems: [] });
  });

  it('given it goes on, then its next row vouches for all before it, whose rows stay as they are', async () => {
    const { businessType } = await givenFlow(app, [
      { users: ['bob', 'carol'], mode: 'all' },
      { users: ['dave'] },
    ]);
    const order = await openActing(app, businessType);
    await order.does(bob, 'approve');
    await forget(order.id);
    const before = await logOf(order.id);
    await order.does(carol, 'approve');
    await order.does(dave, 'approve');
    const rows = await logOf(order.id);
    expect(rows.slice(0, before.length)).toEqual(before);
    expect(rows.slice(before.length).every(({ hash }) => typeof hash === 'string')).toBe(true);
    expect(await problemsOf(order.id)).toEqual([]);
    const first = at(rows[before.length]);
    for (const row of before) {
      await remove(row);
      await insert({ ...row, operation_details: 'other' });
      expect(chained(await problemsOf(order.id))).toEqual([`altered ${first}`]);
      await remove(row);
      expect(await problemsOf(order.id)).not.toEqual([]);
      await insert(row);
    }
    expect(await problemsOf(order.id)).toEqual([]);
  });
});

/** The hash of a row, made without the service: as docs/log.md says it. */
function handMade(row: LogRow, previous: string, last: boolean = true): string {
  const time = `${String(row.operation_time).replace(' ', 'T')}Z`;
  const text = JSON.stringify([
    'countersign-log-1',
    previous,
    row.apply_order_id,
    row.transition_no,
    row.seq,
    last,
    row.id,
    time,
    row.operation_user_code,
    row.operation,
    row.operation_details,
    row.operation_data,
  ]);
  return createHash('sha256').update(text).digest('hex');
}
