import type { DataSource } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { DatabaseUnavailable } from './errors.js';
import { migrate } from './migrate.js';

/** A MySQL-protocol server that answers GET_LOCK so, and notes what it is asked. */
function server(got: unknown, migrations: () => Promise<void> = () => Promise.resolve()) {
  const told: string[] = [];
  const source = {
    options: { type: 'mariadb', database: 'countersign' },
    createQueryRunner: () => ({
      query: (sql: string, [name]: string[]) => {
        told.push(`${sql.split('(')[0]} ${name}`);
        return Promise.resolve([{ got }]);
      },
      release: () => {
        told.push('release');
        return Promise.resolve();
      },
    }),
    runMigrations: async () => {
      told.push('migrate');
      await migrations();
    },
  };
  return { told, source: source as unknown as DataSource };
}

const lock = 'countersign.migrations.countersign';

describe(migrate.name, () => {
  it.each([[1], ['1'], [1n]])('should run the migrations under the lock, answered as %o', async (got) => {
    const { told, source } = server(got);
    await migrate(source);
    expect(told).toEqual([`SELECT GET_LOCK ${lock}`, 'migrate', `SELECT RELEASE_LOCK ${lock}`, 'release']);
  });

  it.each([[0], [null]])('should run nothing without the lock, answered as %o', async (got) => {
    const { told, source } = server(got);
    await expect(migrate(source)).rejects.toThrow(DatabaseUnavailable);
    expect(told).toEqual([`SELECT GET_LOCK ${lock}`, 'release']);
  });

  it('should let the next one in when a migration fails', async () => {
    const { told, source } = server(1, () => Promise.reject(new Error('no such table')));
    await expect(migrate(source)).rejects.toThrow('no such table');
    expect(told.slice(-2)).toEqual([`SELECT RELEASE_LOCK ${lock}`, 'release']);
  });
});
