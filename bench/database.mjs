// @ts-check
/** The databases of a run, and plain SQL on them beside the servers: for bulk data, checks and counters. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { freshMysqlDatabase, startMysqlServer } from '../scripts/mysql-server.mjs';
import { Sqlite } from './sqlite.mjs';

/** @typedef {'mysql' | 'sqlite'} Dialect */

/**
 * @typedef {object} BenchDatabase
 * @property {Dialect} dialect
 * @property {string} url as DATABASE_URL has it
 * @property {string} scratch a folder for the files of its servers
 * @property {(sql: string, values?: unknown[]) => Promise<Record<string, any>[]>} rows
 * @property {(sql: string) => Promise<void>} run
 * @property {() => Promise<void>} drop
 */

/**
 * @typedef {object} DatabaseServer
 * @property {Dialect} dialect
 * @property {() => Promise<BenchDatabase>} database makes a new, empty database
 * @property {() => Promise<string>} version in words, for the report
 * @property {() => Promise<void>} stop
 */

/** @param {Dialect} dialect @returns {Promise<DatabaseServer>} */
export async function startDatabaseServer(dialect) {
  if (dialect === 'sqlite') {
    const version = `SQLite ${String(new Sqlite(':memory:').prepare('SELECT sqlite_version()').pluck().get())}`;
    return { dialect, database: sqliteDatabase, version: async () => version, stop: async () => {} };
  }
  const server = await startMysqlServer();
  return {
    dialect,
    database: () => mysqlDatabase(server.url),
    version: () => mysqlVersion(server.url),
    stop: server.stop,
  };
}

const newScratch = () => mkdtemp(join(tmpdir(), 'countersign-bench-'));

/** @returns {Promise<BenchDatabase>} */
async function sqliteDatabase() {
  const scratch = await newScratch();
  const path = join(scratch, 'bench.sqlite');
  /** @type {import('better-sqlite3').Database | undefined} */
  let opened;
  const connection = () => {
    if (opened) return opened;
    // On first use, after a service has made the file and its tables.
    opened = new Sqlite(path, { fileMustExist: true, timeout: 10_000 });
    // Only this connection's bulk copies are not worth a flush each.
    opened.pragma('synchronous = OFF');
    opened.pragma('cache_size = -262144');
    return opened;
  };
  return {
    dialect: 'sqlite',
    url: `sqlite:${path}`,
    scratch,
    rows: async (sql, values = []) => /** @type {any[]} */ (connection().prepare(sql).all(values)),
    run: async (sql) => void connection().exec(sql),
    drop: async () => {
      opened?.close();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

/** @param {string} baseUrl @returns {Promise<BenchDatabase>} */
async function mysqlDatabase(baseUrl) {
  const scratch = await newScratch();
  const { url, drop } = await freshMysqlDatabase(baseUrl);
  const connection = await createConnection({ uri: url, dateStrings: true });
  return {
    dialect: 'mysql',
    url,
    scratch,
    rows: async (sql, values = []) => /** @type {any[]} */ ((await connection.query(sql, values))[0]),
    run: async (sql) => void (await connection.query(sql)),
    drop: async () => {
      await connection.end();
      await drop();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

/** @param {string} url */
async function mysqlVersion(url) {
  const connection = await createConnection(url);
  try {
    const [rows] = await connection.query(
      'SELECT VERSION() AS version, @@innodb_flush_log_at_trx_commit AS flushed, @@innodb_buffer_pool_size AS pool',
    );
    const [row] = /** @type {{version: string, flushed: number, pool: number}[]} */ (rows);
    if (!row) throw new Error('the server does not tell its version');
    return (
      `${/mariadb/i.test(row.version) ? 'MariaDB' : 'MySQL'} ${row.version.split('-')[0]}, buffer pool ` +
      `${Math.round(row.pool / 2 ** 20)} MiB, innodb_flush_log_at_trx_commit=${row.flushed}`
    );
  } finally {
    await connection.end();
  }
}
