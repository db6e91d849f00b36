import type { DataSource } from 'typeorm';
import { DatabaseUnavailable } from './errors.js';

const lockName = 'countersign.migrations';
const lockWaitSeconds = 120;

/**
 * Runs the pending migrations. Of several replicas that start together one runs them, the others wait for it (TypeORM
 * has no lock of its own). On SQLite the file's lock does that.
 */
export async function migrate(source: DataSource): Promise<void> {
  if (source.options.type === 'better-sqlite3') {
    await source.runMigrations();
    return;
  }
  const runner = source.createQueryRunner();
  try {
    // The name is qualified by the database: other installations on the server are none of our business.
    const name = `${lockName}.${String(source.options.database)}`.slice(0, 64);
    const [row] = (await runner.query('SELECT GET_LOCK(?, ?) AS got', [name, lockWaitSeconds])) as [
      { got: unknown },
    ];
    if (Number(row.got) !== 1) {
      throw new DatabaseUnavailable(
        `another process has been migrating for more than ${lockWaitSeconds} seconds`,
      );
    }
    try {
      await source.runMigrations();
    } finally {
      await runner.query('SELECT RELEASE_LOCK(?) AS released', [name]);
    }
  } finally {
    await runner.release();
  }
}

/** How many migrations have not run; the service is ready at 0. */
export async function pendingMigrations(source: DataSource): Promise<boolean> {
  return source.showMigrations();
}
