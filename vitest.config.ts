import { fileURLToPath } from 'node:url';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

const sqlite = { TEST_DIALECT: 'sqlite' };
const mysql = { TEST_DIALECT: 'mysql' };
/** Starts the server when a MySQL project has a file to run, and one server for both of them. */
const mysqlSetup = ['test/support/mysql.setup.ts'];

/**
 * Each file starts its own service on its own database, and pure specs share nothing: loading the code anew for each would
 * take most of the time. What a file changes in its process it puts back (`vi.unstubAllEnvs`; spies go by themselves).
 */
const oneWorld = { isolate: false };

type Options = NonNullable<TestProjectInlineConfiguration['test']>;
const project = (name: string, options: Options): TestProjectInlineConfiguration => ({
  extends: true,
  test: { name, ...options },
});

export default defineConfig({
  resolve: { alias: { '#migrations': fileURLToPath(new URL('./migrations/index.ts', import.meta.url)) } },
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      project('unit', { include: ['src/**/*.spec.ts'], ...oneWorld }),
      project('cli', { include: ['test/cli/**/*.test.ts'] }),
      project('api-sqlite', { include: ['test/api/**/*.test.ts'], env: sqlite, ...oneWorld }),
      project('api-mysql', {
        include: ['test/api/**/*.test.ts'],
        env: mysql,
        globalSetup: mysqlSetup,
        ...oneWorld,
      }),
      // A file for one database says so in its name; the others run on both.
      project('database-sqlite', {
        include: ['test/database/**/*.test.ts'],
        exclude: ['**/*.mysql.test.ts', '**/*.oracle.test.ts'],
        env: sqlite,
        ...oneWorld,
      }),
      project('database-mysql', {
        include: ['test/database/**/*.test.ts'],
        exclude: ['**/*.sqlite.test.ts'],
        env: mysql,
        globalSetup: mysqlSetup,
        ...oneWorld,
      }),
      project('faults-sqlite', {
        include: ['test/faults/**/*.test.ts'],
        exclude: ['**/*.mysql.test.ts'],
        env: sqlite,
      }),
      project('faults-mysql', {
        include: ['test/faults/**/*.test.ts'],
        exclude: ['**/*.sqlite.test.ts'],
        env: mysql,
        globalSetup: mysqlSetup,
      }),
    ],
  },
});
