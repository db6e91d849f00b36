import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freshMysqlDatabase } from '../../scripts/mysql-server.mjs';

export type TestDialect = 'sqlite' | 'mysql';

export interface FreshDatabase {
  /** As `DATABASE_URL` takes it: `sqlite:<path>` or `mysql://…`. */
  readonly url: string;
  /** Removes the database and everything in it; close its connections first. */
  drop(): Promise<void>;
}

/** The dialect that the running vitest project is for. */
export const testDialect: TestDialect = process.env.TEST_DIALECT === 'mysql' ? 'mysql' : 'sqlite';

/** An empty database of one's own: a file in a new folder, or a randomly named schema on this run's server. */
export async function freshDatabase(dialect: TestDialect = testDialect): Promise<FreshDatabase> {
  if (dialect === 'sqlite') {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-sqlite-'));
    return {
      url: `sqlite:${join(folder, 'test.db')}`,
      drop: () => rm(folder, { recursive: true, force: true }),
    };
  }
  const server = process.env.TEST_MYSQL_URL;
  if (!server)
    throw new Error('TEST_MYSQL_URL is not set: only the mysql projects of vitest.config.ts have a server');
  return freshMysqlDatabase(server);
}

export { freshMysqlDatabase };
