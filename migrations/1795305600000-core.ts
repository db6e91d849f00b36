import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, insertOnce, type TableDefinition } from './tables.js';

/**
 * The tables of the approval core. The five of requirement 003 keep every column with the name, type and nullability
 * given there; further columns on them are nullable or have a default.
 */
const tables: readonly TableDefinition[] = [
  {
    name: 'dms_s_apply_template_process_node',
    columns: {
      id: 'varchar(64) NOT NULL',
      template_node_type: 'char(1) NOT NULL',
      template_node_name: 'varchar(64) NOT NULL',
      audit_object: 'text NOT NULL',
      audit_object_type: 'char(1) NOT NULL',
      user_code: 'varchar(64)',
      acc_code: 'varchar(64)',
      remark: 'text',
      approval_mode: "varchar(16) NOT NULL DEFAULT 'any'",
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['id'],
    indexes: [{ name: 'ix_node_team', columns: ['acc_code', 'id'] }],
  },
  {
    name: 'dms_s_apply_template_node_object',
    columns: {
      node_id: 'varchar(64) NOT NULL',
      position: 'int NOT NULL',
      object_code: 'varchar(64) NOT NULL',
    },
    primaryKey: ['node_id', 'position'],
    indexes: [{ name: 'ix_node_object_code', columns: ['object_code'] }],
    foreignKeys: [
      {
        name: 'fk_node_object_node',
        columns: ['node_id'],
        table: 'dms_s_apply_template_process_node',
        references: ['id'],
        onDelete: 'CASCADE',
      },
    ],
  },
  {
    name: 'dms_s_apply_template',
    columns: {
      id: 'varchar(64) NOT NULL',
      template_name: 'varchar(64) NOT NULL',
      template_type: 'char(1) NOT NULL',
      acc_code: 'varchar(64)',
      template_node_id: 'varchar(2048) NOT NULL',
      business_type: 'text',
      remark: 'text',
      auto_approve: "varchar(32) NOT NULL DEFAULT 'through_applicant_node'",
      dedupe: "varchar(16) NOT NULL DEFAULT 'none'",
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['id'],
    indexes: [{ name: 'ix_template_team', columns: ['acc_code', 'id'] }],
  },
  {
    name: 'dms_s_apply_template_stage',
    columns: {
      template_id: 'varchar(64) NOT NULL',
      stage_no: 'tinyint unsigned NOT NULL',
      node_id: 'varchar(64) NOT NULL',
      condition_text: 'text',
    },
    primaryKey: ['template_id', 'stage_no'],
    indexes: [{ name: 'ix_template_stage_node', columns: ['node_id'] }],
    foreignKeys: [
      {
        name: 'fk_template_stage_template',
        columns: ['template_id'],
        table: 'dms_s_apply_template',
        references: ['id'],
        onDelete: 'CASCADE',
      },
      {
        name: 'fk_template_stage_node',
        columns: ['node_id'],
        table: 'dms_s_apply_template_process_node',
        references: ['id'],
        onDelete: 'RESTRICT',
      },
    ],
  },
  {
    name: 'dms_s_apply_business_type',
    columns: {
      id: 'varchar(64) NOT NULL',
      scope: 'varchar(64) NOT NULL',
      code: 'varchar(125) NOT NULL',
      name: 'varchar(128) NOT NULL',
      object_type: 'varchar(64)',
      check_url: 'varchar(2048)',
      execute_url: 'varchar(2048)',
      callback_mode: "varchar(8) NOT NULL DEFAULT 'sync'",
      field_mapping: 'text',
      sealed_secret: 'text NOT NULL',
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['id'],
    indexes: [{ name: 'uq_business_type_code', columns: ['scope', 'code'], unique: true }],
  },
  {
    name: 'dms_s_apply_template_binding',
    columns: {
      acc_code: 'varchar(64) NOT NULL',
      business_type: 'varchar(125) NOT NULL',
      template_id: 'varchar(64) NOT NULL',
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['acc_code', 'business_type'],
    indexes: [{ name: 'ix_binding_template', columns: ['template_id'] }],
    foreignKeys: [
      {
        name: 'fk_binding_template',
        columns: ['template_id'],
        table: 'dms_s_apply_template',
        references: ['id'],
        onDelete: 'RESTRICT',
      },
    ],
  },
  {
    name: 'dms_s_apply_user',
    columns: {
      user_code: 'varchar(64) NOT NULL',
      name: 'varchar(128) NOT NULL',
      acc_code: 'varchar(64)',
      department: 'varchar(64)',
      email: 'varchar(254)',
      roles: 'text NOT NULL',
      active: 'tinyint unsigned NOT NULL DEFAULT 1',
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['user_code'],
    indexes: [{ name: 'ix_user_team', columns: ['acc_code', 'user_code'] }],
  },
  {
    name: 'dms_s_apply_group',
    columns: {
      scope: 'varchar(64) NOT NULL',
      code: 'varchar(64) NOT NULL',
      name: 'varchar(128) NOT NULL',
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['scope', 'code'],
  },
  {
    name: 'dms_s_apply_group_member',
    columns: {
      scope: 'varchar(64) NOT NULL',
      group_code: 'varchar(64) NOT NULL',
      user_code: 'varchar(64) NOT NULL',
    },
    primaryKey: ['scope', 'group_code', 'user_code'],
    indexes: [{ name: 'ix_group_member_user', columns: ['user_code'] }],
    foreignKeys: [
      {
        name: 'fk_group_member_group',
        columns: ['scope', 'group_code'],
        table: 'dms_s_apply_group',
        references: ['scope', 'code'],
        onDelete: 'CASCADE',
      },
    ],
  },
  {
    name: 'dms_s_apply_api_key',
    columns: {
      id: 'varchar(64) NOT NULL',
      name: 'varchar(128) NOT NULL',
      key_hash: 'varchar(64) NOT NULL',
      business_types: 'text',
      user_code: 'varchar(64) NOT NULL',
      create_time: 'datetime NOT NULL',
    },
    primaryKey: ['id'],
  },
  {
    name: 'dms_s_apply_api_key_team',
    columns: {
      api_key_id: 'varchar(64) NOT NULL',
      acc_code: 'varchar(64) NOT NULL',
    },
    primaryKey: ['api_key_id', 'acc_code'],
    indexes: [{ name: 'ix_api_key_team', columns: ['acc_code', 'api_key_id'] }],
    foreignKeys: [
      {
        name: 'fk_api_key_team_key',
        columns: ['api_key_id'],
        table: 'dms_s_apply_api_key',
        references: ['id'],
        onDelete: 'CASCADE',
      },
    ],
  },
  {
    name: 'dms_s_apply_order',
    columns: {
      id: 'varchar(64) NOT NULL',
      apply_template_id: 'varchar(64) NOT NULL',
      business_type: 'varchar(125) NOT NULL',
      apply_status: 'char(1) NOT NULL',
      user_code: 'varchar(64) NOT NULL',
      acc_code: 'varchar(64)',
      remark: 'text',
      business_key: 'varchar(128)',
      title: 'varchar(255)',
      template_name: "varchar(64) NOT NULL DEFAULT ''",
      auto_approve: "varchar(32) NOT NULL DEFAULT 'through_applicant_node'",
      has_execute: 'tinyint unsigned NOT NULL DEFAULT 0',
      applicant_system_admin: 'tinyint unsigned NOT NULL DEFAULT 0',
      variables: 'text',
      version: 'int NOT NULL DEFAULT 1',
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['id'],
    indexes: [
      { name: 'ix_order_applicant', columns: ['user_code', 'id'] },
      { name: 'ix_order_team', columns: ['acc_code', 'id'] },
      { name: 'ix_order_business_key', columns: ['business_key', 'id'] },
    ],
  },
  {
    name: 'dms_s_apply_order_process',
    columns: {
      id: 'varchar(64) NOT NULL',
      apply_order_id: 'varchar(64) NOT NULL',
      apply_step: 'tinyint unsigned NOT NULL',
      audit_status: 'char(1) NOT NULL',
      audit_object_type: 'char(1) NOT NULL',
      audit_object: 'text NOT NULL',
      audit_msg: 'text',
      audit_user_code: 'varchar(64) NOT NULL',
      node_id: "varchar(64) NOT NULL DEFAULT ''",
      node_name: "varchar(64) NOT NULL DEFAULT ''",
      approval_mode: "varchar(16) NOT NULL DEFAULT 'any'",
      required_approvals: 'int NOT NULL DEFAULT 1',
      people: 'mediumtext',
      condition_text: 'text',
      reason: 'varchar(255)',
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['id'],
    indexes: [{ name: 'uq_order_process_step', columns: ['apply_order_id', 'apply_step'], unique: true }],
  },
  {
    name: 'dms_s_apply_order_assignee',
    columns: {
      subject: 'varchar(140) NOT NULL',
      state: 'tinyint unsigned NOT NULL',
      apply_order_id: 'varchar(64) NOT NULL',
      apply_step: 'tinyint unsigned NOT NULL',
      candidate: 'tinyint unsigned NOT NULL',
      decision: 'char(1)',
      capacity: 'varchar(16)',
      audit_msg: 'text',
      decided_by: 'varchar(64)',
      decided_at: 'datetime',
      on_behalf_of: 'varchar(64)',
      barred_user_code: "varchar(64) NOT NULL DEFAULT ''",
      acc_code: 'varchar(64)',
      business_type: 'varchar(125) NOT NULL',
      business_key: 'varchar(128)',
      title: 'varchar(255)',
      template_id: 'varchar(64) NOT NULL',
      template_name: 'varchar(64) NOT NULL',
      user_code: 'varchar(64) NOT NULL',
      node_name: 'varchar(64) NOT NULL',
      create_time: 'datetime NOT NULL',
    },
    primaryKey: ['subject', 'state', 'apply_order_id', 'apply_step'],
    indexes: [
      {
        name: 'uq_order_assignee_reviewer',
        columns: ['apply_order_id', 'apply_step', 'subject'],
        unique: true,
      },
      { name: 'ix_order_assignee_decided', columns: ['decided_by', 'apply_order_id'] },
    ],
  },
  {
    name: 'dms_s_apply_order_log',
    columns: {
      id: 'varchar(64) NOT NULL',
      apply_order_id: 'varchar(64) NOT NULL',
      operation_user_code: 'varchar(64) NOT NULL',
      operation_details: 'text NOT NULL',
      operation_time: 'datetime NOT NULL',
      operation: "varchar(64) NOT NULL DEFAULT ''",
      operation_data: 'mediumtext',
      transition_no: 'int NOT NULL DEFAULT 0',
      seq: 'int NOT NULL DEFAULT 0',
    },
    primaryKey: ['id'],
    indexes: [
      { name: 'uq_order_log_transition', columns: ['apply_order_id', 'transition_no', 'seq'], unique: true },
    ],
  },
  {
    name: 'dms_s_apply_delivery',
    columns: {
      id: 'varchar(64) NOT NULL',
      topic: 'varchar(32) NOT NULL',
      apply_order_id: 'varchar(64) NOT NULL',
      acc_code: 'varchar(64)',
      state: 'varchar(16) NOT NULL',
      payload: 'mediumtext NOT NULL',
      create_time: 'datetime NOT NULL',
    },
    primaryKey: ['id'],
    indexes: [
      { name: 'uq_delivery_order_topic', columns: ['apply_order_id', 'topic'], unique: true },
      { name: 'ix_delivery_state', columns: ['state', 'id'] },
    ],
  },
  {
    name: 'dms_s_apply_idempotency',
    columns: {
      principal: 'varchar(160) NOT NULL',
      idempotency_key: 'varchar(255) NOT NULL',
      fingerprint: 'varchar(64) NOT NULL',
      token: 'varchar(64) NOT NULL',
      status: 'int',
      answer: 'mediumtext',
      sealed: 'tinyint unsigned NOT NULL DEFAULT 0',
      create_time: 'datetime NOT NULL',
    },
    primaryKey: ['principal', 'idempotency_key'],
    indexes: [{ name: 'ix_idempotency_age', columns: ['create_time'] }],
  },
];

/** The ids of what every installation starts with; fixed, so that tools and tests can name them. */
const systemNodeId = '00000000-0000-7000-8000-000000000001';
const systemTemplateId = '00000000-0000-7000-8000-000000000002';

/** Tables, the system node (a system administrator reviews) and the system default template made of it. */
export class Core1795305600000 implements MigrationInterface {
  readonly name = 'Core1795305600000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of tables) await createTable(runner, table);
    const now = '2026-11-22 00:00:00';
    await runner.query(
      `${insertOnce(runner)} dms_s_apply_template_process_node
         (id, template_node_type, template_node_name, audit_object, audit_object_type, create_time, update_time)
       VALUES (?, '0', '系统管理员审批', 'system_admin', '2', ?, ?)`,
      [systemNodeId, now, now],
    );
    await runner.query(
      `${insertOnce(runner)} dms_s_apply_template_node_object (node_id, position, object_code) VALUES (?, 0, 'system_admin')`,
      [systemNodeId],
    );
    await runner.query(
      `${insertOnce(runner)} dms_s_apply_template
         (id, template_name, template_type, template_node_id, create_time, update_time)
       VALUES (?, '系统默认流程', '0', ?, ?, ?)`,
      [systemTemplateId, systemNodeId, now, now],
    );
    await runner.query(
      `${insertOnce(runner)} dms_s_apply_template_stage (template_id, stage_no, node_id) VALUES (?, 1, ?)`,
      [systemTemplateId, systemNodeId],
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of tables.toReversed()) await runner.query(`DROP TABLE ${table.name}`);
  }
}
