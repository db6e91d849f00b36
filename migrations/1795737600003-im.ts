import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, dropColumns } from './tables.js';

/** Subscriptions whose news goes to people through an app of Feishu, DingTalk or WeCom. */
export class Im1795737600003 implements MigrationInterface {
  readonly name = 'Im1795737600003';

  up(runner: QueryRunner): Promise<void> {
    return addColumns(runner, 'dms_s_apply_subscription', {
      provider_id: 'varchar(64)',
      provider_code: 'varchar(64)',
    });
  }

  down(runner: QueryRunner): Promise<void> {
    return dropColumns(runner, 'dms_s_apply_subscription', ['provider_id', 'provider_code']);
  }
}
