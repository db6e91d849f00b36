// @ts-check
/**
 * Orders by the hundred thousand, copied inside the database from one that the service itself has opened: whatever the
 * service stores for an order, its copies have too, except for their ids.
 */

const orderTable = 'dms_s_apply_order';
const assigneeTable = 'dms_s_apply_order_assignee';
const chunk = 10_000;

/** The first id that `n` orders share: UUIDv7s of the year 2024, so older than what a run opens. */
const prefix = '01900000-';

/** @param {number} n @param {string} seed @returns {string} the id of copy `n` of an order */
export const copyId = (n, seed) =>
  `${prefix}${Math.floor(n / 4096)
    .toString(16)
    .padStart(4, '0')}-7${(n % 4096).toString(16).padStart(3, '0')}${seed.slice(18)}`;

/**
 * Copies orders round robin: copy `n` is one of `seeds[n % seeds.length]`.
 * @param {import('./database.mjs').BenchDatabase} database
 * @param {string[]} seeds ids of the orders to copy
 * @param {number} from the first `n`, which no earlier call has used
 * @param {number} count
 * @param {'whole' | 'listed'} extent `whole`: every row of the order in every table; `listed`: the order and the
 *   assignee rows of its open step, all that the to-do list reads
 */
export async function copyOrders(database, seeds, from, count, extent) {
  const tables = extent === 'whole' ? await tablesOfOrders(database) : [orderTable, assigneeTable];
  const columns = new Map();
  for (const table of tables) columns.set(table, await columnsOf(database, table));
  for (let start = from; start < from + count; start += chunk) {
    const end = Math.min(start + chunk, from + count);
    await database.run(database.dialect === 'sqlite' ? 'BEGIN IMMEDIATE' : 'START TRANSACTION');
    for (const table of tables) {
      await database.run(
        copyStatement(database.dialect, table, columns.get(table), seeds, start, end, extent),
      );
    }
    await database.run('COMMIT');
  }
}

/** What a planner knows of tables that were filled a moment ago; waits until the files hold it too. */
export async function settle(/** @type {import('./database.mjs').BenchDatabase} */ database) {
  if (database.dialect === 'sqlite') {
    await database.run('ANALYZE');
    await database.run('PRAGMA wal_checkpoint(TRUNCATE)');
    return;
  }
  for (const table of await tablesOfOrders(database)) await database.run(`ANALYZE TABLE ${table}`);
}

/**
 * @param {import('./database.mjs').Dialect} dialect
 * @param {string} table
 * @param {string[]} columns
 * @param {string[]} seeds
 * @param {number} start
 * @param {number} end exclusive
 * @param {'whole' | 'listed'} extent
 */
function copyStatement(dialect, table, columns, seeds, start, end, extent) {
  const hex = (/** @type {string} */ number, /** @type {number} */ digits) =>
    dialect === 'sqlite'
      ? `printf('%0${digits}x', ${number})`
      : `LOWER(LPAD(HEX(${number}), ${digits}, '0'))`;
  const concat = (/** @type {string[]} */ parts) =>
    dialect === 'sqlite' ? parts.join(' || ') : `CONCAT(${parts.join(', ')})`;
  const quotient = dialect === 'sqlite' ? 'n.n / 4096' : 'n.n DIV 4096';
  // The tail of each row's own id stays: rows of one order differ in it.
  const renamed = (/** @type {string} */ column) =>
    concat([`'${prefix}'`, hex(quotient, 4), "'-7'", hex('n.n % 4096', 3), `SUBSTR(t.${column}, 19)`]);
  const values = columns.map((name) =>
    name === 'id' || name === 'apply_order_id' ? renamed(name) : `t.${name}`,
  );
  const order = table === orderTable ? 'id' : 'apply_order_id';
  const turns = table === assigneeTable && extent === 'listed' ? ' AND t.state = 1' : '';
  const flows = seeds.map((seed, k) => `SELECT ${k} AS k, '${seed}' AS seed`).join(' UNION ALL ');
  const digits = Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS d`).join(' UNION ALL ');
  return (
    `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${values.join(', ')}` +
    ` FROM (SELECT ${start} + a.d + b.d * 10 + c.d * 100 + e.d * 1000 AS n` +
    ` FROM (${digits}) a, (${digits}) b, (${digits}) c, (${digits}) e) n` +
    ` JOIN (${flows}) f ON f.k = n.n % ${seeds.length}` +
    ` JOIN ${table} t ON t.${order} = f.seed` +
    ` WHERE n.n < ${end}${turns} ORDER BY n.n`
  );
}

/** @param {import('./database.mjs').BenchDatabase} database @returns {Promise<string[]>} */
export async function tablesOfOrders(database) {
  const rows = await database.rows(
    database.dialect === 'sqlite'
      ? "SELECT m.name AS name FROM sqlite_schema m WHERE m.type = 'table' AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) c WHERE c.name = 'apply_order_id')"
      : "SELECT table_name AS name FROM information_schema.columns WHERE table_schema = DATABASE() AND column_name = 'apply_order_id'",
  );
  return [orderTable, ...rows.map((row) => row.name)];
}

/** @param {import('./database.mjs').BenchDatabase} database @param {string} table @returns {Promise<string[]>} */
export async function columnsOf(database, table) {
  const rows = await database.rows(
    database.dialect === 'sqlite'
      ? 'SELECT name AS name FROM pragma_table_info(?)'
      : 'SELECT column_name AS name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position',
    [table],
  );
  return rows.map((row) => row.name);
}
