import type { MigrationInterface, QueryRunner } from 'typeorm';
import { keepFirstVersions } from './first-versions.js';
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
    name: 'dms_s_apply_delegation',
    columns: {
      id: 'varchar(64) NOT NULL',
      scope: 'varchar(64) NOT NULL',
      from_user: 'varchar(64) NOT NULL',
      to_user: 'varchar(64) NOT NULL',
      starts_at: 'datetime NOT NULL',
      ends_at: 'datetime NOT NULL',
      business_types: 'text',
      condition_text: 'text',
      redelegate: 'tinyint unsigned NOT NULL DEFAULT 0',
      remark: 'varchar(255)',
      created_by: 'varchar(64) NOT NULL',
      revoked_at: 'datetime',
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['id'],
    indexes: [
      { name: 'ix_delegation_period', columns: ['scope', 'ends_at'] },
      { name: 'ix_delegation_from', columns: ['scope', 'from_user', 'id'] },
      { name: 'ix_delegation_to', columns: ['scope', 'to_user', 'id'] },
    ],
  },
  {
    name: 'dms_s_apply_delegation_scope',
    columns: { scope: 'varchar(64) NOT NULL' },
    primaryKey: ['scope'],
  },
  {
    name: 'dms_s_apply_calendar',
    columns: {
      scope: 'varchar(64) NOT NULL',
      code: 'varchar(64) NOT NULL',
      name: 'varchar(128) NOT NULL',
      time_zone: 'varchar(64) NOT NULL',
      weekly: 'text NOT NULL',
      exceptions: 'mediumtext NOT NULL',
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['scope', 'code'],
  },
  {
    name: 'dms_s_apply_timer',
    columns: {
      apply_order_id: 'varchar(64) NOT NULL',
      apply_step: 'tinyint unsigned NOT NULL',
      name: 'varchar(32) NOT NULL',
      due_at: 'bigint NOT NULL',
      run_at: 'bigint NOT NULL',
      failures: 'int NOT NULL DEFAULT 0',
    },
    primaryKey: ['apply_order_id', 'apply_step', 'name'],
    indexes: [{ name: 'ix_timer_run', columns: ['run_at'] }],
  },
  {
    name: 'dms_s_apply_template_version',
    columns: {
      template_id: 'varchar(64) NOT NULL',
      version: 'int NOT NULL',
      content: 'mediumtext NOT NULL',
      saved_by: 'varchar(64) NOT NULL',
      create_time: 'datetime NOT NULL',
    },
    primaryKey: ['template_id', 'version'],
  },
  {
    name: 'dms_s_apply_node_version',
    columns: {
      node_id: 'varchar(64) NOT NULL',
      version: 'int NOT NULL',
      content: 'mediumtext NOT NULL',
      saved_by: 'varchar(64) NOT NULL',
      create_time: 'datetime NOT NULL',
    },
    primaryKey: ['node_id', 'version'],
  },
  {
    name: 'dms_s_apply_job',
    columns: {
      name: 'varchar(64) NOT NULL',
      due_at: 'bigint NOT NULL',
      result: 'text',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['name'],
  },
];

const templateColumns = {
  version: 'int NOT NULL DEFAULT 1',
  distinct_approvers: 'tinyint unsigned NOT NULL DEFAULT 0',
};

const stageColumns = { timing: 'text' };

const nodeColumns = { version: 'int NOT NULL DEFAULT 1' };

const orderColumns = {
  template_version: 'int',
  distinct_approvers: 'tinyint unsigned NOT NULL DEFAULT 0',
  log_hash: 'varchar(64)',
};

const processColumns = {
  node_version: 'int',
  timing: 'text',
  clock: 'text',
  due_at: 'bigint',
};

/** Orders under way, and steps that are due: what the list of stuck orders reads. */
const indexes = [
  { table: 'dms_s_apply_order_log', name: 'ix_order_log_time', columns: ['operation_time', 'id'] },
  { table: 'dms_s_apply_order', name: 'ix_order_status', columns: ['apply_status', 'id'] },
  { table: 'dms_s_apply_order_process', name: 'ix_order_process_due', columns: ['due_at'] },
] as const;

const logColumns = { hash: 'varchar(64)' };

/** Standing in for others, due times, versions of templates and nodes, a log that shows when it was altered. */
export class StandingInAndTime1795564800000 implements MigrationInterface {
  readonly name = 'StandingInAndTime1795564800000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of tables) await createTable(runner, table);
    await addColumns(runner, 'dms_s_apply_template', templateColumns);
    await addColumns(runner, 'dms_s_apply_template_stage', stageColumns);
    await addColumns(runner, 'dms_s_apply_template_process_node', nodeColumns);
    await addColumns(runner, 'dms_s_apply_order', orderColumns);
    await addColumns(runner, 'dms_s_apply_order_process', processColumns);
    await addColumns(runner, 'dms_s_apply_order_log', logColumns);
    for (const { table, ...index } of indexes) await createIndex(runner, table, index);
    await keepFirstVersions(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const { table, name } of indexes) await dropIndex(runner, table, name);
    await dropColumns(runner, 'dms_s_apply_order_log', Object.keys(logColumns));
    await dropColumns(runner, 'dms_s_apply_order_process', Object.keys(processColumns));
    await dropColumns(runner, 'dms_s_apply_order', Object.keys(orderColumns));
    await dropColumns(runner, 'dms_s_apply_template_process_node', Object.keys(nodeColumns));
    await dropColumns(runner, 'dms_s_apply_template_stage', Object.keys(stageColumns));
    await dropColumns(runner, 'dms_s_apply_template', Object.keys(templateColumns));
    for (const table of tables.toReversed()) await runner.query(`DROP TABLE ${table.name}`);
  }
}
