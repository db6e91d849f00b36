import type { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { parseConfig } from '../../src/config/config.js';
import { mysqlDataSource, sqliteDataSource } from '../../src/database/data-source.js';

/** A database as an earlier version of the service made it: with its first so many migrations. */
export async function earlierVersion(url: string, count: number): Promise<DataSource> {
  const { database } = parseConfig({ NODE_ENV: 'test', DATABASE_URL: url });
  const source =
    database.dialect === 'mysql'
      ? mysqlDataSource(database, 'mysql', [])
      : sqliteDataSource(database.path, [], 'write');
  source.setOptions({ migrations: migrations.slice(0, count) });
  await source.initialize();
  await source.runMigrations();
  return source;
}
