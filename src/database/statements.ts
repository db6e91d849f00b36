import type Sqlite from 'better-sqlite3';
import type { QueryRunner } from 'typeorm';

/** What both drivers bind alike. Times are written by `toDbTime`, flags as 0 and 1. */
export type SqlValue = string | number | Uint8Array | null;

/**
 * Sends a statement straight to the driver's connection, past TypeORM's query runner: for every statement that one
 * broadcasts events, builds a result object and awaits several promises, which costs more processor time than a short
 * statement itself (`npm run bench`). Errors are the driver's own; `classify` knows them.
 */
export interface Statements {
  rows(sql: string, values: readonly SqlValue[]): Promise<unknown[]> | unknown[];
  /** @returns how many rows the statement found to change. */
  run(sql: string, values: readonly SqlValue[]): Promise<number> | number;
}

/** What mysql2's pool gives TypeORM: a connection with callbacks. */
interface MysqlConnection {
  query(sql: string, values: readonly SqlValue[], done: (error: Error | null, result: unknown) => void): void;
}

/** The statements of the connection that a query runner holds. */
export async function statementsOf(runner: QueryRunner): Promise<Statements> {
  const connection: unknown = await runner.connect();
  return runner.dataSource.options.type === 'better-sqlite3'
    ? sqliteStatements(connection as Sqlite.Database)
    : mysqlStatements(connection as MysqlConnection);
}

function mysqlStatements(connection: MysqlConnection): Statements {
  const send = <T>(sql: string, values: readonly SqlValue[]): Promise<T> =>
    new Promise((resolve, reject) => {
      connection.query(sql, values, (error, result) => (error ? reject(error) : resolve(result as T)));
    });
  return {
    rows: (sql, values) => send<unknown[]>(sql, values),
    run: async (sql, values) => (await send<{ affectedRows: number }>(sql, values)).affectedRows,
  };
}

/** Statements differ by their text only, of which there are some hundreds: bulk inserts of many sizes among them. */
const cacheSize = 500;
const caches = new WeakMap<Sqlite.Database, Map<string, Sqlite.Statement>>();

function sqliteStatements(connection: Sqlite.Database): Statements {
  const cache = caches.get(connection) ?? new Map<string, Sqlite.Statement>();
  caches.set(connection, cache);
  const prepared = (sql: string): Sqlite.Statement => {
    const known = cache.get(sql);
    if (known) return known;
    const [oldest] = cache.keys();
    if (cache.size >= cacheSize && oldest !== undefined) cache.delete(oldest);
    const statement = connection.prepare(sql);
    cache.set(sql, statement);
    return statement;
  };
  return {
    rows: (sql, values) => prepared(sql).all(...values),
    run: (sql, values) => prepared(sql).run(...values).changes,
  };
}
