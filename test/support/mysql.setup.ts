import type { TestProject } from 'vitest/node';
import { startMysqlServer, type MysqlServer } from '../../scripts/mysql-server.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** The MySQL-protocol server of this run; `freshDatabase()` makes databases on it. */
    mysqlUrl: string;
  }
}

/** Both MySQL projects load this file, each on its own, and share one server through this slot. */
const slot = globalThis as { countersignMysqlServer?: Promise<MysqlServer> };

/**
 * Runs only when a MySQL project has a file to run, so that `vitest run --project unit` starts no server.
 * vitest tears its projects down together at the end, which is why the first of them may stop the server.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const isFirst = slot.countersignMysqlServer === undefined;
  slot.countersignMysqlServer ??= startMysqlServer({ inMemory: true });
  const server = await slot.countersignMysqlServer;
  if (isFirst) process.stdout.write(`MySQL-protocol server: ${server.origin}\n`);
  process.env.TEST_MYSQL_URL = server.url;
  project.provide('mysqlUrl', server.url);
  return server.stop;
}
