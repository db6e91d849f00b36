import { afterAll, beforeAll, expect, it } from 'vitest';
import { insertRows, type Sql, type SqlValue } from '../../src/database/sql.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { ObjectOrdersRepository } from '../../src/orders/object-orders.repository.js';
import { testDialect } from '../support/fresh-database.js';
import { startApp, type TestApp } from '../support/harness.js';
import { autoRun, givenObjectFlow, newObjectType } from '../support/objects.js';
import { ann } from '../support/world.js';

/** A page of 100 objects costs the same among a hundred orders of the team and a million: it starts at their keys. */
let app: TestApp;
let businessType: string;
beforeAll(async () => {
  app = await startApp();
  const objectType = newObjectType();
  businessType = await givenObjectFlow(app, objectType, [{ users: ['bob'] }]);
  const { orderId } = (await autoRun(app, ann, `${objectType}/first`)).body.orders[0];
  const [order] = await app.database.rows<Record<string, SqlValue>>(
    'SELECT * FROM dms_s_apply_order WHERE id = ?',
    [orderId],
  );
  const time = '2026-11-22 08:00:00';
  const rows = Array.from({ length: 3_000 }, (_, n) =>
    Object.values({
      ...order,
      id: `copy-${n}`,
      business_key: `K${n % 1_500}`,
      create_time: time,
      update_time: time,
    }),
  );
  await app.get(UnitOfWork).run((tx) => insertRows(tx, 'dms_s_apply_order', Object.keys(order ?? {}), rows));
  if (testDialect === 'mysql') await app.database.rows('ANALYZE TABLE dms_s_apply_order');
});
afterAll(() => app.close());

/** How the database would run the statements that a question sends: one line for each table it reads. */
async function planOf(
  ask: (objects: ObjectOrdersRepository, sql: Sql) => Promise<unknown>,
): Promise<string[]> {
  const sent: (readonly [string, readonly SqlValue[]])[] = [];
  const watched = {
    rows: (sql: string, values: readonly SqlValue[]) => {
      sent.push([sql, values]);
      return app.database.rows(sql, values);
    },
  } as unknown as typeof app.database;
  await ask(new ObjectOrdersRepository(watched), watched);
  expect(sent).toHaveLength(1);
  const [[sql, values]] = sent as [readonly [string, readonly SqlValue[]]];
  const plan = await app.database.rows<{ detail: string; table: string | null; key: string | null }>(
    `${testDialect === 'mysql' ? 'EXPLAIN' : 'EXPLAIN QUERY PLAN'} ${sql}`,
    values,
  );
  return plan.map(({ detail, table, key }) => detail ?? `${table} ${key}`);
}

const flows = () => ({ team: 't1', businessTypes: [businessType] });
const keys = Array.from({ length: 100 }, (_, n) => `K${n * 7}`);

it('given 100 objects, then one statement reads their orders by the index of business keys', async () => {
  const questions: ((objects: ObjectOrdersRepository, sql: Sql) => Promise<unknown>)[] = [
    (objects) => objects.standings(flows(), keys),
    (objects, sql) => objects.newest(sql, flows(), keys),
    (objects) => objects.idsOf(flows(), 'K7'),
  ];
  for (const question of questions) {
    const plan = await planOf(question);
    const orders = plan.filter((line) => /^(SEARCH|SCAN) o |^o /.test(line));
    expect(orders[0], plan.join('\n')).toBeDefined();
    for (const line of orders) expect(line).toMatch(/ix_order_business_key|PRIMARY|\(id=\?\)/);
    expect(plan.join('\n')).toContain('ix_order_business_key');
    expect(plan.join('\n')).not.toContain('ix_order_team');
  }
});
