import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, type TableDefinition } from './tables.js';

const tables: readonly TableDefinition[] = [
  {
    // A business type as Feishu knows it (三方审批定义), and the secrets by which Feishu's quick actions are known.
    name: 'dms_s_apply_mirror_definition',
    columns: {
      provider_id: 'varchar(64) NOT NULL',
      business_type_id: 'varchar(64) NOT NULL',
      approval_code: 'varchar(128)',
      sealed_secrets: 'text NOT NULL',
      fingerprint: 'varchar(64)',
      create_time: 'datetime NOT NULL',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['provider_id', 'business_type_id'],
  },
  {
    // An order as it is shown in Feishu: which version, and who is showing it at this moment.
    name: 'dms_s_apply_mirror_order',
    columns: {
      apply_order_id: 'varchar(64) NOT NULL',
      wanted: 'int NOT NULL',
      shown: 'int NOT NULL',
      stamp: 'bigint NOT NULL',
      sender: 'varchar(64)',
      sender_until: 'bigint',
      unsure: 'varchar(64)',
      update_time: 'datetime NOT NULL',
    },
    primaryKey: ['apply_order_id'],
  },
];

/** Orders that live here, shown in Feishu for people to decide there. */
export class LarkMirror1795737600002 implements MigrationInterface {
  readonly name = 'LarkMirror1795737600002';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of tables) await createTable(runner, table);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const { name } of tables.toReversed()) await runner.query(`DROP TABLE IF EXISTS ${name}`);
  }
}
