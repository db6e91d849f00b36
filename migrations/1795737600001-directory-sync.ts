import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  addColumns,
  createIndex,
  createTable,
  dropColumns,
  dropIndex,
  type TableDefinition,
} from './tables.js';

const tables: readonly TableDefinition[] = [
  {
    // What identity providers call roles and teams, of which the directory keeps no rows of their own.
    name: 'dms_s_apply_directory_label',
    columns: {
      kind: 'varchar(16) NOT NULL',
      scope: 'varchar(64) NOT NULL',
      code: 'varchar(64) NOT NULL',
      name: 'varchar(128) NOT NULL',
      external_id: 'varchar(255)',
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['kind', 'scope', 'code'],
  },
  {
    // The last import of each source: which version it brought.
    name: 'dms_s_apply_directory_import',
    columns: {
      scope: 'varchar(64) NOT NULL',
      source: 'varchar(64) NOT NULL',
      stamp: 'bigint NOT NULL',
      version: 'varchar(64) NOT NULL',
      user_code: 'varchar(64) NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['scope', 'source'],
  },
];

const kept = { source: 'varchar(140)', external_id: 'varchar(255)' };

const columns: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  dms_s_apply_user: { ...kept, removed: 'tinyint unsigned NOT NULL DEFAULT 0' },
  dms_s_apply_group: kept,
  dms_s_apply_department: kept,
  dms_s_apply_group_member: { source: 'varchar(140)' },
  dms_s_apply_api_key: { directory: 'tinyint unsigned NOT NULL DEFAULT 0' },
};

const indexes: readonly (readonly [table: string, name: string, columns: readonly string[]])[] = [
  ['dms_s_apply_user', 'ix_user_source', ['source', 'user_code']],
  ['dms_s_apply_user', 'ix_user_external', ['external_id']],
  ['dms_s_apply_user', 'ix_user_department', ['department', 'acc_code']],
];

/** The directory in sync: who keeps which row, the names of roles and teams, the versions of imports, keys that keep the directory. */
export class DirectorySync1795737600001 implements MigrationInterface {
  readonly name = 'DirectorySync1795737600001';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of tables) await createTable(runner, table);
    for (const [table, added] of Object.entries(columns)) await addColumns(runner, table, added);
    for (const [table, name, of] of indexes) await createIndex(runner, table, { name, columns: of });
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [table, name] of indexes.toReversed()) await dropIndex(runner, table, name);
    for (const [table, added] of Object.entries(columns)) {
      await dropColumns(runner, table, Object.keys(added));
    }
    for (const { name } of tables.toReversed()) await runner.query(`DROP TABLE IF EXISTS ${name}`);
  }
}
