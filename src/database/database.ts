import type Sqlite from 'better-sqlite3';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DataSource, ObjectLiteral, QueryRunner, Repository } from 'typeorm';
import { type Config, ConfigError } from '../config/config.js';
import { mysqlDataSource, sqliteDataSource, type EntitySchemas } from './data-source.js';
import type { Dialect } from './dialect.js';
import { classify, DatabaseUnavailable } from './errors.js';
import { migrate } from './migrate.js';
import { probeServer } from './probe.js';
import { sqliteDriver } from './sqlite-driver.js';
import { QueryRunnerSql, type Sql, type SqlValue } from './sql.js';
import { transactionUnderWay } from './transaction-scope.js';

/** What `entities.ts` gives: the descriptions of all tables for a dialect. */
export type EntitySchemasFor = (dialect: Dialect) => EntitySchemas;

/**
 * The connections of one process. As a {@link Sql} it reads committed rows; everything that writes goes through the
 * unit of work.
 */
export class Database implements Sql {
  private constructor(
    readonly dialect: Dialect,
    readonly writer: DataSource,
    private readonly reader: DataSource,
    private readonly acquireTimeout: number,
    private readonly fileLock: Sqlite.Database | null,
  ) {}

  /**
   * Connects and runs the pending migrations.
   * @throws ConfigError for a setting that cannot work; DatabaseUnavailable when nothing answers.
   */
  static async open(config: Config, entitiesFor: EntitySchemasFor): Promise<Database> {
    const { database } = config;
    if (database.dialect === 'sqlite') return Database.openSqlite(database.path, entitiesFor('sqlite'));
    const { flavour } = await probeServer(database.url);
    const source = mysqlDataSource(database, flavour, entitiesFor('mysql'));
    await source.initialize();
    try {
      await migrate(source);
    } catch (error) {
      await source.destroy();
      throw error;
    }
    return new Database('mysql', source, source, database.acquireTimeout, null);
  }

  private static async openSqlite(path: string, entities: EntitySchemas): Promise<Database> {
    const lock = lockFile(path);
    try {
      const writer = sqliteDataSource(path, entities, 'write');
      await writer.initialize().catch((error: unknown) => {
        throw unusableFile(error);
      });
      await migrate(writer);
      const reader = sqliteDataSource(path, entities, 'read');
      await reader.initialize();
      return new Database('sqlite', writer, reader, 0, lock);
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  async rows<T>(sql: string, values: readonly SqlValue[] = []): Promise<T[]> {
    return this.read((runner) => new QueryRunnerSql(runner).rows<T>(sql, values));
  }

  repository<T extends ObjectLiteral>(entity: string): Repository<T> {
    refuseInsideTransaction();
    return this.reader.getRepository<T>(entity);
  }

  /**
   * A query runner of the writing data source, connected.
   * @throws DatabaseUnavailable when no connection is free in time: a pool without a deadline hangs for ever when
   * every holder waits for one more.
   */
  async acquire(source: DataSource = this.writer): Promise<QueryRunner> {
    const runner = source.createQueryRunner();
    if (this.dialect === 'sqlite') return runner;
    let timer: NodeJS.Timeout | undefined;
    const late = Symbol('late');
    const connecting = runner.connect();
    const deadline = new Promise<typeof late>((resolve) => {
      timer = setTimeout(() => resolve(late), this.acquireTimeout);
    });
    try {
      if ((await Promise.race([connecting, deadline])) !== late) return runner;
    } catch (error) {
      throw new DatabaseUnavailable('the database cannot be reached', false, { cause: error });
    } finally {
      clearTimeout(timer);
    }
    // The connection may still come: it must go back to the pool then.
    void connecting.then(
      () => runner.release(),
      () => undefined,
    );
    throw new DatabaseUnavailable('no database connection became free in time');
  }

  /** Whether the database answers a trivial question right now. */
  async ping(): Promise<void> {
    await this.rows('SELECT 1 AS one');
  }

  async close(): Promise<void> {
    if (this.reader !== this.writer && this.reader.isInitialized) await this.reader.destroy();
    if (this.writer.isInitialized) await this.writer.destroy();
    this.fileLock?.close();
  }

  private async read<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    refuseInsideTransaction();
    const runner = await this.acquire(this.reader);
    try {
      return await work(runner);
    } catch (error) {
      if (classify(error) === 'unreachable') {
        throw new DatabaseUnavailable('the connection to the database was lost', false, { cause: error });
      }
      throw error;
    } finally {
      // SQLite shares one runner; releasing it would make it unusable.
      if (this.dialect === 'mysql') await runner.release();
    }
  }
}

/** A read beside the transaction under way would not see its rows, and could wait for a connection that it holds. */
function refuseInsideTransaction(): void {
  if (transactionUnderWay())
    throw new Error('inside a transaction, read through it (tx), not through the database');
}

/**
 * One process a file: SQLite's readers and writers of another process would pass our queue of writers. The lock is an
 * exclusive transaction on a file beside it, which the operating system frees when the process ends, however it ends.
 * @throws ConfigError when another process serves the file, or the folder cannot be written.
 */
function lockFile(path: string): Sqlite.Database {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const lock = new sqliteDriver(`${path}.lock`, { timeout: 0 });
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    throw unusableFile(error);
  }
}

function unusableFile(error: unknown): ConfigError {
  const code = (error as { code?: string }).code ?? 'unknown error';
  const why = code.startsWith('SQLITE_BUSY')
    ? 'another process serves this SQLite file; stop it, or use MySQL for several replicas'
    : `the SQLite file cannot be opened for writing (${code})`;
  return new ConfigError(`DATABASE_URL: ${why}.`);
}
