import { createRequire } from 'node:module';
import { DataSource, type EntitySchema, type MixedList } from 'typeorm';
import type { DatabaseConfig } from '../config/config.js';
import { migrations } from '#migrations';
import { sqliteDriver } from './sqlite-driver.js';

const require = createRequire(import.meta.url);

/** Every table of the service, described for one dialect. */
export type EntitySchemas = readonly EntitySchema[];

const shared = (entities: EntitySchemas) => ({
  entities: [...entities] as MixedList<EntitySchema>,
  migrations,
  migrationsTableName: 'dms_s_apply_migration',
  migrationsTransactionMode: 'each' as const,
  synchronize: false,
  logging: false,
});

/**
 * The SQLite data source that writes, or the one that only reads. TypeORM shares one connection among all
 * transactions of a data source, so reads get a connection of their own: WAL shows them committed rows only.
 */
export function sqliteDataSource(path: string, entities: EntitySchemas, mode: 'write' | 'read'): DataSource {
  return new DataSource({
    ...shared(entities),
    type: 'better-sqlite3',
    driver: sqliteDriver,
    database: path,
    readonly: mode === 'read',
    enableWAL: mode === 'write',
    timeout: 5_000,
    statementCacheSize: 500,
    prepareDatabase: (db: { pragma(text: string): void }) => {
      // FULL: an answered request survives a power cut, not only a crash of the process.
      if (mode === 'write') db.pragma('synchronous = FULL');
    },
  });
}

/**
 * The pooled data source of a MySQL-protocol server. MariaDB is named as such to TypeORM, whose schema comparison
 * otherwise takes MariaDB's own column types for drift.
 * @param flavour what {@link probeServer} found.
 */
export function mysqlDataSource(
  config: Extract<DatabaseConfig, { dialect: 'mysql' }>,
  flavour: 'mysql' | 'mariadb',
  entities: EntitySchemas,
): DataSource {
  const target = new URL(config.url);
  return new DataSource({
    ...shared(entities),
    type: flavour,
    driver: sessionDriver(),
    host: target.hostname,
    port: target.port ? Number(target.port) : 3306,
    username: decodeURIComponent(target.username),
    password: decodeURIComponent(target.password),
    database: decodeURIComponent(target.pathname.slice(1)),
    charset: 'utf8mb4_bin',
    timezone: 'Z',
    poolSize: config.poolSize,
    extra: { enableKeepAlive: true, maxIdle: config.poolSize },
  });
}

/** What a session needs before its first statement; queued by mysql2 ahead of it on every new connection. */
const sessionSettings = [
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO'",
  // A wait for a row that lasts this long is a conflict to retry, not a request to hold.
  'SET SESSION innodb_lock_wait_timeout = 10',
];

interface CallbackConnection {
  query(sql: string, done: (error: Error | null) => void): void;
  destroy(): void;
}
interface CallbackPool {
  on(event: 'connection', listener: (connection: CallbackConnection) => void): void;
}

/** mysql2, with the session settings on every connection that its pool opens (it has no option for that). */
function sessionDriver(): object {
  const mysql = require('mysql2') as { createPool(options: object): CallbackPool };
  return {
    ...mysql,
    createPool: (options: object): CallbackPool => {
      const pool = mysql.createPool(options);
      pool.on('connection', (connection) => {
        for (const setting of sessionSettings) {
          connection.query(setting, (error) => {
            // A connection without its settings must not serve: it would read and lock by other rules.
            if (error) connection.destroy();
          });
        }
      });
      return pool;
    },
  };
}
