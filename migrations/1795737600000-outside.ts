import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, createTable, dropColumns, type TableDefinition } from './tables.js';

const tables: readonly TableDefinition[] = [
  {
    // Who a person is at a provider.
    name: 'dms_s_apply_identity',
    columns: {
      provider_id: 'varchar(64) NOT NULL',
      user_code: 'varchar(64) NOT NULL',
      external_id: 'varchar(128) NOT NULL',
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['provider_id', 'user_code'],
    indexes: [{ name: 'uq_identity_external', columns: ['provider_id', 'external_id'], unique: true }],
  },
  {
    // How a business type looks at a provider.
    name: 'dms_s_apply_provider_form',
    columns: {
      id: 'varchar(64) NOT NULL',
      provider_id: 'varchar(64) NOT NULL',
      form_code: 'varchar(128) NOT NULL',
      name: 'varchar(128) NOT NULL',
      business_type_id: 'varchar(64) NOT NULL',
      acc_code: 'varchar(64)',
      relation: 'text',
      fields: 'text',
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['id'],
    indexes: [
      { name: 'uq_provider_form', columns: ['provider_id', 'form_code'], unique: true },
      { name: 'uq_provider_form_type', columns: ['provider_id', 'business_type_id'], unique: true },
    ],
  },
  {
    // One approval of an order at a provider; a resubmitted order has another one.
    name: 'dms_s_apply_outside_approval',
    columns: {
      id: 'varchar(64) NOT NULL',
      apply_order_id: 'varchar(64) NOT NULL',
      provider_id: 'varchar(64) NOT NULL',
      round: 'int NOT NULL',
      origin: 'varchar(8) NOT NULL',
      state: 'varchar(16) NOT NULL',
      external_id: 'varchar(128)',
      form_code: 'varchar(128)',
      asked_by: 'varchar(64)',
      tasks: 'text',
      seen: 'mediumtext',
      seen_at: 'datetime',
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['id'],
    indexes: [
      { name: 'uq_outside_order', columns: ['apply_order_id', 'round'], unique: true },
      { name: 'uq_outside_external', columns: ['provider_id', 'external_id'], unique: true },
      { name: 'ix_outside_state', columns: ['provider_id', 'state'] },
    ],
  },
  {
    // What providers have sent, so that the same thing sent again is known; kept for 30 days.
    name: 'dms_s_apply_provider_event',
    columns: {
      provider_id: 'varchar(64) NOT NULL',
      event_id: 'varchar(160) NOT NULL',
      type: 'varchar(64) NOT NULL',
      external_id: 'varchar(128)',
      create_time: 'datetime NOT NULL',
    },
    primaryKey: ['provider_id', 'event_id'],
    indexes: [{ name: 'ix_provider_event_age', columns: ['create_time'] }],
  },
  {
    // Under which name a business module knows a callback, other than by the order's id.
    name: 'dms_s_apply_callback_ticket',
    columns: {
      ticket_id: 'varchar(191) NOT NULL',
      apply_order_id: 'varchar(64) NOT NULL',
      kind: 'varchar(8) NOT NULL',
      body: 'mediumtext',
      create_time: 'datetime NOT NULL',
    },
    primaryKey: ['ticket_id'],
    indexes: [{ name: 'ix_callback_ticket_order', columns: ['apply_order_id', 'kind'] }],
  },
];

/** Outside approval systems: who decides the orders of a business type, and what is known of them there. */
export class Outside1795737600000 implements MigrationInterface {
  readonly name = 'Outside1795737600000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of tables) await createTable(runner, table);
    await addColumns(runner, 'dms_s_apply_provider', { settings: 'text', sealed_credentials: 'text' });
    await addColumns(runner, 'dms_s_apply_business_type', {
      provider_id: 'varchar(64)',
      provider_code: 'varchar(64)',
      mirror_id: 'varchar(64)',
      mirror_code: 'varchar(64)',
      execute_mode: 'varchar(8)',
    });
    await addColumns(runner, 'dms_s_apply_order', { mirror_id: 'varchar(64)' });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropColumns(runner, 'dms_s_apply_order', ['mirror_id']);
    await dropColumns(runner, 'dms_s_apply_business_type', [
      'provider_id',
      'provider_code',
      'mirror_id',
      'mirror_code',
      'execute_mode',
    ]);
    await dropColumns(runner, 'dms_s_apply_provider', ['settings', 'sealed_credentials']);
    for (const { name } of tables.toReversed()) await runner.query(`DROP TABLE IF EXISTS ${name}`);
  }
}
