import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  addColumns,
  createTable,
  dropColumns,
  dropIndex,
  createIndex,
  type TableDefinition,
} from './tables.js';

const tables: readonly TableDefinition[] = [
  {
    name: 'dms_s_apply_delivery_attempt',
    columns: {
      delivery_id: 'varchar(64) NOT NULL',
      attempt_no: 'int NOT NULL',
      started_at: 'datetime NOT NULL',
      duration_ms: 'int',
      status: 'int',
      outcome: 'varchar(16) NOT NULL',
      error: 'varchar(512)',
      answer: 'text',
    },
    primaryKey: ['delivery_id', 'attempt_no'],
    foreignKeys: [
      {
        name: 'fk_delivery_attempt_delivery',
        columns: ['delivery_id'],
        table: 'dms_s_apply_delivery',
        references: ['id'],
        onDelete: 'CASCADE',
      },
    ],
  },
  {
    name: 'dms_s_apply_subscription',
    columns: {
      id: 'varchar(64) NOT NULL',
      scope: 'varchar(64) NOT NULL',
      name: 'varchar(128) NOT NULL',
      channel: 'varchar(16) NOT NULL',
      events: 'text NOT NULL',
      business_types: 'text',
      url: 'varchar(2048)',
      recipients: 'text',
      language: "varchar(8) NOT NULL DEFAULT 'zh'",
      active: 'tinyint unsigned NOT NULL DEFAULT 1',
      sealed_secret: 'text',
      sealed_previous_secret: 'text',
      previous_secret_until: 'datetime',
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['id'],
    indexes: [{ name: 'ix_subscription_scope', columns: ['scope', 'active'] }],
  },
];

const businessTypeColumns = {
  callback_format: "varchar(16) NOT NULL DEFAULT 'standard'",
  check_fail_mode: "varchar(8) NOT NULL DEFAULT 'closed'",
  callback_deadline: 'int NOT NULL DEFAULT 86400',
  sealed_previous_secret: 'text',
  previous_secret_until: 'datetime',
};

const orderColumns = {
  business_type_id: 'varchar(64)',
  error: 'text',
};

/** Due times are milliseconds since 1970 by the database's clock: replicas need not agree on theirs. */
const deliveryColumns = {
  cause: "varchar(160) NOT NULL DEFAULT ''",
  target: "varchar(80) NOT NULL DEFAULT ''",
  due_at: 'bigint',
  attempts: 'int NOT NULL DEFAULT 0',
  failures: 'int NOT NULL DEFAULT 0',
  claim_token: 'varchar(64)',
  result: 'tinyint unsigned',
  last_error: 'varchar(512)',
  update_time: 'datetime',
};

/** Deliveries that are sent, retried, answered and steered; their attempts; who subscribes to events. */
export class Callbacks1795392000000 implements MigrationInterface {
  readonly name = 'Callbacks1795392000000';

  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, 'dms_s_apply_business_type', businessTypeColumns);
    await addColumns(runner, 'dms_s_apply_order', orderColumns);
    await addColumns(runner, 'dms_s_apply_delivery', deliveryColumns);
    // What waited for a worker that was not there yet is due at once.
    await runner.query(
      `UPDATE dms_s_apply_delivery SET due_at = 0, update_time = create_time WHERE state = 'pending'`,
    );
    await createIndex(runner, 'dms_s_apply_delivery', {
      name: 'uq_delivery_cause',
      columns: ['apply_order_id', 'topic', 'cause'],
      unique: true,
    });
    await dropIndex(runner, 'dms_s_apply_delivery', 'uq_delivery_order_topic');
    await createIndex(runner, 'dms_s_apply_delivery', {
      name: 'ix_delivery_due',
      columns: ['state', 'due_at'],
    });
    await createIndex(runner, 'dms_s_apply_delivery', {
      name: 'ix_delivery_target',
      columns: ['state', 'target', 'due_at'],
    });
    await createIndex(runner, 'dms_s_apply_delivery', {
      name: 'ix_delivery_team',
      columns: ['acc_code', 'id'],
    });
    for (const table of tables) await createTable(runner, table);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of tables.toReversed()) await runner.query(`DROP TABLE ${table.name}`);
    await dropIndex(runner, 'dms_s_apply_delivery', 'ix_delivery_team');
    await dropIndex(runner, 'dms_s_apply_delivery', 'ix_delivery_target');
    await dropIndex(runner, 'dms_s_apply_delivery', 'ix_delivery_due');
    // Before, an order had one delivery a topic: what tells subscribers has no place there.
    await runner.query(`DELETE FROM dms_s_apply_delivery WHERE cause <> ''`);
    await createIndex(runner, 'dms_s_apply_delivery', {
      name: 'uq_delivery_order_topic',
      columns: ['apply_order_id', 'topic'],
      unique: true,
    });
    await dropIndex(runner, 'dms_s_apply_delivery', 'uq_delivery_cause');
    await dropColumns(runner, 'dms_s_apply_delivery', Object.keys(deliveryColumns));
    await dropColumns(runner, 'dms_s_apply_order', Object.keys(orderColumns));
    await dropColumns(runner, 'dms_s_apply_business_type', Object.keys(businessTypeColumns));
  }
}
