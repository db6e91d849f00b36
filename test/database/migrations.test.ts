import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { EntitySchema } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrations } from '../../migrations/index.js';
import { parseConfig } from '../../src/config/config.js';
import { mysqlDataSource, sqliteDataSource } from '../../src/database/data-source.js';
import { entitiesFor } from '../../src/entities.js';
import { freshDatabase, testDialect } from '../support/fresh-database.js';
import { startApp, type TestApp } from '../support/harness.js';
import { openDatabase, type OpenedDatabase } from '../support/open-database.js';
import { until } from '../support/signal.js';
import { columnsOf, tablesOf } from '../support/table-columns.js';

/** Names of the migrations that ran, in their order. */
const ran = async ({ database }: Pick<OpenedDatabase, 'database'>): Promise<string[]> =>
  (await database.rows<{ name: string }>('SELECT name FROM dms_s_apply_migration ORDER BY id')).map(
    (row) => row.name,
  );

const all = migrations.map((migration) => new migration().name);

describe('entities against migrations', () => {
  let opened: OpenedDatabase;
  beforeAll(async () => {
    opened = await openDatabase();
  });
  afterAll(() => opened.close());

  /** The statements by which TypeORM would make the migrated database look like these entities. */
  async function drift(entities: readonly EntitySchema[], flavour: 'mysql' | 'mariadb'): Promise<string[]> {
    const { database } = parseConfig({ DATABASE_URL: opened.url });
    const source =
      database.dialect === 'mysql'
        ? mysqlDataSource(database, flavour, entities)
        : sqliteDataSource(database.path, entities, 'read');
    await source.initialize();
    try {
      const { upQueries } = await source.driver.createSchemaBuilder().log();
      return upQueries.map((query) => query.query);
    } finally {
      await source.destroy();
    }
  }

  const flavourFound = () => (opened.database.writer.options.type === 'mariadb' ? 'mariadb' : 'mysql');

  it('agree', async () => {
    expect(await drift(entitiesFor(testDialect), flavourFound())).toEqual([]);
  });

  it.each([
    ['a column that no migration makes', { columns: { extra: { type: 'int', nullable: true } } }, /extra/],
    ['another length', { columns: { name: { type: 'varchar', length: 200 } } }, /name/],
    ['another nullability', { columns: { name: { type: 'varchar', length: 128, nullable: true } } }, /name/],
    ['another default', { columns: { active: { type: 'tinyint', default: 0 } } }, /active/],
    ['an index that no migration makes', { indices: [{ name: 'ix_new', columns: ['name'] }] }, /ix_new/],
  ] as const)('would be told apart by %s', async (_, change, told) => {
    const changed = entitiesFor(testDialect).map((entity) => {
      if (entity.options.name !== 'User') return entity;
      const columns = { ...entity.options.columns } as Record<string, object>;
      for (const [name, column] of Object.entries('columns' in change ? change.columns : {})) {
        columns[name] = { ...columns[name], ...column };
      }
      const indices = [...(entity.options.indices ?? []), ...('indices' in change ? change.indices : [])];
      return new EntitySchema({ ...entity.options, columns, indices } as typeof entity.options);
    });
    expect((await drift(changed, flavourFound())).join('\n')).toMatch(told);
  });

  it.runIf(testDialect === 'mysql')('are compared by the rules of the server that answers', async () => {
    const [row] = await opened.database.rows<{ version: string }>('SELECT VERSION() AS version');
    expect(opened.database.writer.options.type).toBe(
      /mariadb/i.test(row?.version ?? '') ? 'mariadb' : 'mysql',
    );
  });
});

describe('down and up again', () => {
  it('leaves nothing behind, and makes the same tables and rows again', async () => {
    const opened = await openDatabase();
    try {
      const { database } = opened;
      const schema = async () => {
        const tables = await tablesOf(database);
        return Promise.all(tables.map(async (table) => [table, await columnsOf(database, table)]));
      };
      const seeds = () =>
        database.rows(
          `SELECT n.id AS node_id, n.audit_object, o.object_code, t.id AS template_id, t.template_node_id, s.stage_no
             FROM dms_s_apply_template_process_node n
             JOIN dms_s_apply_template_node_object o ON o.node_id = n.id
             JOIN dms_s_apply_template_stage s ON s.node_id = n.id
             JOIN dms_s_apply_template t ON t.id = s.template_id`,
        );
      // given the tables as the start made them
      const before = { schema: await schema(), seeds: await seeds(), ran: await ran(opened) };
      expect(before.schema.length).toBeGreaterThan(10);
      expect(before.seeds).toHaveLength(1);
      expect(before.ran).toEqual(all);
      // when every migration is undone, the last one first
      for (const _ of all) await database.writer.undoLastMigration();
      // then no table is left
      expect(await tablesOf(database)).toEqual([]);
      expect(await ran(opened)).toEqual([]);
      // when they run again, then everything is as it was
      await database.writer.runMigrations();
      expect({ schema: await schema(), seeds: await seeds(), ran: await ran(opened) }).toEqual(before);
    } finally {
      await opened.close();
    }
  });
});

describe('starting on a database that another one has migrated', () => {
  it('runs nothing again', async () => {
    const fresh = await freshDatabase();
    try {
      const first = await openDatabase({ url: fresh.url });
      expect(await ran(first)).toEqual(all);
      await first.close();
      const second = await openDatabase({ url: fresh.url });
      expect(await ran(second)).toEqual(all);
      await second.close();
    } finally {
      await fresh.drop();
    }
  });
});

describe.runIf(testDialect === 'mysql')('replicas that start together on an empty database', () => {
  it('all become ready, and each migration runs once', async () => {
    const fresh = await freshDatabase();
    const apps: TestApp[] = [];
    try {
      const starts = await Promise.allSettled(
        Array.from({ length: 3 }, () => startApp({ databaseUrl: fresh.url })),
      );
      apps.push(...starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : [])));
      expect(
        starts.flatMap((start) => (start.status === 'rejected' ? [start.reason as unknown] : [])),
      ).toEqual([]);
      for (const app of apps) {
        expect((await fetch(`${app.url}/health/ready`)).status).toBe(200);
        expect(await ran(app)).toEqual(all);
      }
    } finally {
      for (const app of apps) await app.close();
      await fresh.drop();
    }
  });

  it('wait for the one that migrates, and touch nothing meanwhile', async () => {
    const fresh = await freshDatabase();
    const one: Connection = await createConnection(fresh.url);
    try {
      const count = async (sql: string): Promise<number> =>
        Number((await one.query<RowDataPacket[]>(sql))[0][0]?.n);
      // given a process that is migrating
      const name = `countersign.migrations.${new URL(fresh.url).pathname.slice(1)}`;
      expect(await count(`SELECT GET_LOCK('${name}', 0) AS n`)).toBe(1);
      // when another one starts
      const starting = openDatabase({ url: fresh.url });
      await until('somebody waits for the lock', async () =>
        Boolean(
          await count(
            `SELECT COUNT(*) AS n FROM information_schema.processlist
              WHERE db = DATABASE() AND info LIKE 'SELECT GET_LOCK%'`,
          ),
        ),
      );
      // then it has made no table, and goes on when the first one is through
      expect(
        await count('SELECT COUNT(*) AS n FROM information_schema.tables WHERE table_schema = DATABASE()'),
      ).toBe(0);
      expect(await count(`SELECT RELEASE_LOCK('${name}') AS n`)).toBe(1);
      const opened = await starting;
      expect(await ran(opened)).toEqual(all);
      await opened.close();
    } finally {
      await one.end();
      await fresh.drop();
    }
  });
});
