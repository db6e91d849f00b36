import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NightlyRunner, nextTime, verifyJob } from '../../src/audit/nightly.runner.js';
import { startApp, type TestApp } from '../support/harness.js';
import { ann, created, givenFlow } from '../support/world.js';
import { testDialect } from '../support/fresh-database.js';

/** The nightly verification of all logs, whichever replica does it. */
let app: TestApp;
let replica: TestApp;
let businessType: string;
const lines: string[] = [];
const onLog = (line: string) => lines.push(line);
const at = 150;
beforeAll(async () => {
  app = await startApp({ onLog });
  // One process a file on SQLite: the replica is the same one.
  replica = testDialect === 'mysql' ? await startApp({ onLog, databaseUrl: app.databaseUrl }) : app;
  ({ businessType } = await givenFlow(app, [{ users: ['bob'] }]));
});
afterAll(async () => {
  if (replica !== app) await replica.close();
  await app.close();
});

const opened = async (): Promise<string> =>
  String((await created(app.as(ann), '/orders', { businessType })).id);

const look = (which: TestApp) => which.get(NightlyRunner).look(at);

const due = () =>
  app.database.writer.query('UPDATE dms_s_apply_job SET due_at = 1 WHERE name = ?', [verifyJob]);

const alter = (id: string, text: string) =>
  app.database.writer.query(
    'UPDATE dms_s_apply_order_log SET operation_user_code = ? WHERE apply_order_id = ? AND transition_no = 1 AND seq = 0',
    [text, id],
  );

async function metric(name: string, which: TestApp): Promise<number> {
  const text = await (await fetch(`${which.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

const complaints = () =>
  lines
    .map((line) => JSON.parse(line) as { level: string | number; orderId?: string; problems?: object[] })
    .filter(({ orderId }) => orderId !== undefined);

describe('the verification of every night', () => {
  it('given a new database, then it is planned, and not yet due', async () => {
    expect(await Promise.all([look(app), look(replica)])).toEqual([null, null]);
    expect(await look(app)).toBeNull();
    expect(await metric('countersign_log_verified_timestamp_seconds', app)).toBe(0);
  });

  it('given it is due, then one replica does it, and both tell what came of it', async () => {
    const broken = await opened();
    await opened();
    await alter(broken, 'mallory');
    await app.database.writer.query(
      "UPDATE dms_s_apply_order_assignee SET audit_msg = 'a word of bob' WHERE apply_order_id = ?",
      [broken],
    );
    await due();
    const results = await Promise.all([look(app), look(replica), look(app), look(replica)]);
    const [result, ...more] = results.filter((one) => one !== null);
    expect(more).toEqual([]);
    expect(result).toMatchObject({ orders: 2, broken: 1, orderIds: [broken] });
    expect(complaints()).toMatchObject([
      {
        orderId: broken,
        problems: [
          { kind: 'altered', transition: 1, seq: 0, place: null },
          { kind: 'state', transition: null, place: 'order.steps.1.seats.u:bob.auditMsg' },
        ],
      },
    ]);
    // Where it is, and not what stands there.
    expect(lines.join()).not.toContain('a word of bob');
    for (const which of [app, replica]) {
      expect(await metric('countersign_log_chain_problems', which)).toBe(1);
      expect(await metric('countersign_log_verified_timestamp_seconds', which)).toBeGreaterThan(1e9);
    }
    expect(await look(replica)).toBeNull();
  });

  it('given a broken order that has not changed since, then it is looked at again until it stands', async () => {
    // All of it lies long behind.
    await app.database.writer.query("UPDATE dms_s_apply_order SET update_time = '2020-01-01 00:00:00'");
    await due();
    expect(await look(replica)).toMatchObject({ orders: 1, broken: 1 });
    await alter(complaints()[0]?.orderId ?? '', 'ann');
    await app.database.writer.query('UPDATE dms_s_apply_order_assignee SET audit_msg = NULL');
    await due();
    expect(await look(app)).toMatchObject({ orders: 1, broken: 0 });
    expect(await metric('countersign_log_chain_problems', replica)).toBe(0);
    await due();
    expect(await look(app)).toMatchObject({ orders: 0, broken: 0 });
  });

  it('given it breaks off, then it is due again, soon', async () => {
    await app.database.writer.query(
      "UPDATE dms_s_apply_job SET due_at = 1, result = 'no JSON' WHERE name = ?",
      [verifyJob],
    );
    const before = Date.now();
    await expect(look(app)).rejects.toThrow();
    const [job] = await app.database.rows<{ due_at: number | string }>('SELECT due_at FROM dms_s_apply_job');
    expect(Number(job?.due_at)).toBeLessThan(before + 60 * 60_000);
  });

  it('given a time of day, then the next one is today or tomorrow', () => {
    const midnight = Date.UTC(2026, 10, 22);
    expect(nextTime(at, midnight)).toBe(Date.UTC(2026, 10, 22, 2, 30));
    expect(nextTime(at, Date.UTC(2026, 10, 22, 2, 30))).toBe(Date.UTC(2026, 10, 23, 2, 30));
    expect(nextTime(0, midnight)).toBe(Date.UTC(2026, 10, 23));
  });
});
