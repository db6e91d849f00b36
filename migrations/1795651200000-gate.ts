import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, createTable, dropColumns, insertOnce, type TableDefinition } from './tables.js';

const tables: readonly TableDefinition[] = [
  {
    name: 'dms_s_apply_provider',
    columns: {
      id: 'varchar(64) NOT NULL',
      scope: 'varchar(64) NOT NULL',
      code: 'varchar(64) NOT NULL',
      kind: 'varchar(16) NOT NULL',
      name: 'varchar(128) NOT NULL',
      url: 'varchar(2048) NOT NULL',
      sealed_secret: 'text NOT NULL',
      sealed_previous_secret: 'text',
      previous_secret_until: 'datetime',
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['id'],
    indexes: [{ name: 'uq_provider_code', columns: ['scope', 'code'], unique: true }],
  },
  {
    // Which request a signed answer counts for; kept for an hour.
    name: 'dms_s_apply_provider_message',
    columns: {
      provider_id: 'varchar(64) NOT NULL',
      message_id: 'varchar(191) NOT NULL',
      request_id: 'varchar(64) NOT NULL',
      create_time: 'datetime NOT NULL',
    },
    primaryKey: ['provider_id', 'message_id'],
    indexes: [{ name: 'ix_provider_message_age', columns: ['create_time'] }],
  },
  {
    name: 'dms_s_apply_gate',
    columns: {
      id: 'varchar(64) NOT NULL',
      gate_key: 'varchar(64) NOT NULL',
      scope: 'varchar(64) NOT NULL',
      name: 'varchar(128) NOT NULL',
      adapter: 'varchar(16) NOT NULL',
      upstream: 'varchar(2048)',
      identity: 'varchar(16) NOT NULL',
      user_header: 'varchar(64)',
      team_header: 'varchar(64)',
      credentials: 'varchar(16) NOT NULL',
      credentials_ttl: 'int NOT NULL',
      forwards_body: 'tinyint unsigned NOT NULL DEFAULT 0',
      secret_hash: 'varchar(64) NOT NULL',
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['id'],
    indexes: [{ name: 'uq_gate_key', columns: ['gate_key'], unique: true }],
  },
  {
    // One row: counted up by whatever changes gates or actions, so that every replica notices with one small read.
    name: 'dms_s_apply_gate_revision',
    columns: { id: 'int NOT NULL', revision: 'bigint NOT NULL' },
    primaryKey: ['id'],
  },
  {
    name: 'dms_s_apply_approve_action',
    columns: {
      id: 'varchar(64) NOT NULL',
      scope: 'varchar(64) NOT NULL',
      name: 'varchar(128) NOT NULL',
      description: 'text',
      path: 'varchar(255) NOT NULL',
      path_key: 'varchar(255) NOT NULL',
      method: 'varchar(16) NOT NULL',
      provider: 'varchar(64) NOT NULL',
      business_type: 'varchar(125) NOT NULL',
      upstream: 'varchar(2048)',
      mode: 'varchar(16) NOT NULL',
      hold: 'int NOT NULL',
      ignore_query: 'text',
      wait_ttl: 'int NOT NULL',
      pass_ttl: 'int NOT NULL',
      result_ttl: 'int NOT NULL',
      // 1, or NULL once it is deleted: the deleted ones do not count for the unique key.
      alive: 'tinyint unsigned',
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['id'],
    indexes: [
      {
        name: 'uq_approve_action',
        columns: ['scope', 'path_key', 'method', 'provider', 'alive'],
        unique: true,
      },
    ],
  },
  {
    name: 'dms_s_apply_approve_request',
    columns: {
      id: 'varchar(64) NOT NULL',
      acc_code: 'varchar(64)',
      gate_id: 'varchar(64) NOT NULL',
      action_id: 'varchar(64) NOT NULL',
      action_name: 'varchar(128) NOT NULL',
      provider: 'varchar(64) NOT NULL',
      apply_order_id: 'varchar(64) NOT NULL',
      user_code: 'varchar(64) NOT NULL',
      listed: 'tinyint unsigned NOT NULL DEFAULT 0',
      state: 'varchar(16) NOT NULL',
      mode: 'varchar(16) NOT NULL',
      hold: 'int NOT NULL',
      method: 'varchar(16) NOT NULL',
      host: 'varchar(255) NOT NULL',
      path: 'text NOT NULL',
      query: 'text NOT NULL',
      upstream: 'varchar(2048)',
      content_type: 'varchar(255)',
      body_bytes: 'int NOT NULL',
      body_hash: 'varchar(64) NOT NULL',
      request_hash: 'varchar(64) NOT NULL',
      shown_hash: 'varchar(64) NOT NULL',
      fingerprint: 'varchar(64) NOT NULL',
      live: 'varchar(64)',
      sealed_request: 'longblob',
      sealed_credentials: 'text',
      credentials_until: 'bigint',
      pass_ttl: 'int NOT NULL',
      result_ttl: 'int NOT NULL',
      ends_at: 'bigint',
      token: 'varchar(64)',
      error: 'varchar(512)',
      response_status: 'int',
      sealed_response: 'longblob',
      mac: 'varchar(64) NOT NULL',
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['id'],
    indexes: [
      { name: 'uq_approve_request_order', columns: ['apply_order_id'], unique: true },
      { name: 'uq_approve_request_live', columns: ['live'], unique: true },
      { name: 'ix_approve_request_user', columns: ['acc_code', 'user_code', 'id'] },
      { name: 'ix_approve_request_team', columns: ['acc_code', 'id'] },
      { name: 'ix_approve_request_action', columns: ['action_id', 'state'] },
      { name: 'ix_approve_request_state', columns: ['state'] },
    ],
  },
];

/** The gate: HTTP requests that are held until they are approved, and whom else that concerns. */
export class Gate1795651200000 implements MigrationInterface {
  readonly name = 'Gate1795651200000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of tables) await createTable(runner, table);
    await runner.query(`${insertOnce(runner)} dms_s_apply_gate_revision (id, revision) VALUES (1, 1)`);
    await addColumns(runner, 'dms_s_apply_order', { ended_topic: 'varchar(32)' });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropColumns(runner, 'dms_s_apply_order', ['ended_topic']);
    for (const { name } of tables.toReversed()) await runner.query(`DROP TABLE IF EXISTS ${name}`);
  }
}
