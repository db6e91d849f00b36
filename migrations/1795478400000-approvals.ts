import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, createTable, dropColumns, insertOnce, type TableDefinition } from './tables.js';

const tables: readonly TableDefinition[] = [
  {
    name: 'dms_s_apply_department',
    columns: {
      scope: 'varchar(64) NOT NULL',
      code: 'varchar(64) NOT NULL',
      name: 'varchar(128) NOT NULL',
      parent_code: 'varchar(64)',
      leader: 'varchar(64)',
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['scope', 'code'],
    indexes: [{ name: 'ix_department_parent', columns: ['scope', 'parent_code'] }],
  },
  {
    name: 'dms_s_apply_user_role',
    columns: { user_code: 'varchar(64) NOT NULL', role: 'varchar(64) NOT NULL' },
    primaryKey: ['user_code', 'role'],
    indexes: [{ name: 'ix_user_role_role', columns: ['role'] }],
    foreignKeys: [
      {
        name: 'fk_user_role_user',
        columns: ['user_code'],
        table: 'dms_s_apply_user',
        references: ['user_code'],
        onDelete: 'CASCADE',
      },
    ],
  },
  {
    name: 'dms_s_apply_order_cc',
    columns: {
      user_code: 'varchar(64) NOT NULL',
      apply_order_id: 'varchar(64) NOT NULL',
      copied_by: 'varchar(64) NOT NULL',
      create_time: 'datetime NOT NULL',
    },
    primaryKey: ['user_code', 'apply_order_id'],
    indexes: [{ name: 'ix_order_cc_order', columns: ['apply_order_id'] }],
  },
  {
    name: 'dms_s_apply_object_run',
    columns: {
      scope: 'varchar(64) NOT NULL',
      business_type: 'varchar(125) NOT NULL',
      object_id: 'varchar(128) NOT NULL',
      apply_order_id: 'varchar(64)',
      create_time: 'datetime NOT NULL',
    },
    primaryKey: ['scope', 'business_type', 'object_id'],
  },
];

const nodeColumns = {
  min_approvals: 'int',
  restrict_to: 'varchar(32)',
  past_vacant: 'tinyint unsigned NOT NULL DEFAULT 0',
  when_nobody: "varchar(16) NOT NULL DEFAULT 'refuse'",
  fallback_users: 'text',
};

const businessTypeColumns = { enabled: 'tinyint unsigned NOT NULL DEFAULT 1' };

const orderColumns = {
  dedupe: "varchar(16) NOT NULL DEFAULT 'none'",
  has_check: 'tinyint unsigned NOT NULL DEFAULT 0',
  returned: 'text',
  take_back: 'text',
  urged_at: 'datetime',
  detached: 'tinyint unsigned NOT NULL DEFAULT 0',
};

const processColumns = {
  min_approvals: 'int',
  finding: 'text',
};

const assigneeColumns = {
  kind: "varchar(16) NOT NULL DEFAULT 'named'",
  position: 'varchar(8)',
  given_by: 'varchar(64)',
  gone: 'varchar(16)',
};

/** Ways of finding approvers, seats that change hands, orders that come back, flows of business objects. */
export class Approvals1795478400000 implements MigrationInterface {
  readonly name = 'Approvals1795478400000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of tables) await createTable(runner, table);
    await addColumns(runner, 'dms_s_apply_template_process_node', nodeColumns);
    await addColumns(runner, 'dms_s_apply_business_type', businessTypeColumns);
    await addColumns(runner, 'dms_s_apply_order', orderColumns);
    await addColumns(runner, 'dms_s_apply_order_process', processColumns);
    await addColumns(runner, 'dms_s_apply_order_assignee', assigneeColumns);
    await runner.query(`UPDATE dms_s_apply_order_assignee SET kind = 'found' WHERE candidate = 0`);
    await runner.query(
      `UPDATE dms_s_apply_order SET has_check = 1 WHERE id IN
         (SELECT apply_order_id FROM dms_s_apply_order_log WHERE operation = 'check.requested')`,
    );
    await fillRoles(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropColumns(runner, 'dms_s_apply_order_assignee', Object.keys(assigneeColumns));
    await dropColumns(runner, 'dms_s_apply_order_process', Object.keys(processColumns));
    await dropColumns(runner, 'dms_s_apply_order', Object.keys(orderColumns));
    await dropColumns(runner, 'dms_s_apply_business_type', Object.keys(businessTypeColumns));
    await dropColumns(runner, 'dms_s_apply_template_process_node', Object.keys(nodeColumns));
    for (const table of tables.toReversed()) await runner.query(`DROP TABLE ${table.name}`);
  }
}

const rowsAtOnce = 200;

/** The rows behind the comma-separated roles of people whom the directory lists already. */
async function fillRoles(runner: QueryRunner): Promise<void> {
  const users = (await runner.query(
    `SELECT user_code AS userCode, roles FROM dms_s_apply_user WHERE roles <> ''`,
  )) as { userCode: string; roles: string }[];
  const rows = users.flatMap(({ userCode, roles }) =>
    [...new Set(roles.split(','))].map((role) => [userCode, role]),
  );
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    const part = rows.slice(from, from + rowsAtOnce);
    await runner.query(
      `${insertOnce(runner)} dms_s_apply_user_role (user_code, role) VALUES ${part.map(() => '(?, ?)').join(', ')}`,
      part.flat(),
    );
  }
}
