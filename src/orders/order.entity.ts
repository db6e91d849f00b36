import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** One request travelling through a copy of its template (requirement 003, 申请单信息表). */
export interface OrderRow {
  id: string;
  applyTemplateId: string;
  businessType: string;
  applyStatus: string;
  userCode: string;
  accCode: string | null;
  remark: string | null;
  businessKey: string | null;
  title: string | null;
  templateName: string;
  autoApprove: string;
  hasExecute: number;
  /** 1 when the applicant was a system administrator at opening. */
  applicantSystemAdmin: number;
  /** JSON object */
  variables: string | null;
  /** The business type's id at opening: whose callbacks the order goes through. */
  businessTypeId: string | null;
  /** What a business module, or an administrator who gave a callback up, said when that rejected the order. */
  error: string | null;
  /** none, consecutive or all */
  dedupe: string;
  /** 1 when the business module is asked before the first step. */
  hasCheck: number;
  /** JSON, while it waits for its applicant: who returned it, from where, and where it goes on. */
  returned: string | null;
  /** JSON: the last decision, while nobody has acted on it. */
  takeBack: string | null;
  urgedAt: Date | null;
  /** 1 when it no longer counts for its business object. */
  detached: number;
  /** Committed commands so far. */
  version: number;
  templateVersion: number | null;
  /** 1: nobody decides two steps. */
  distinctApprovers: number;
  /** Of its last log row; null where no row carries one. */
  logHash: string | null;
  /** Under which topic the order's end is told; null: nobody waits for it. */
  endedTopic: string | null;
  /** The provider in which it is shown besides; null: none. */
  mirrorId: string | null;
  createTime: Date;
  updateTime: Date;
}

export const orderEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<OrderRow>({
    name: 'Order',
    tableName: 'dms_s_apply_order',
    columns: {
      id: c.id(),
      applyTemplateId: c.varchar('apply_template_id', 64),
      businessType: c.varchar('business_type', 125),
      applyStatus: c.code('apply_status'),
      userCode: c.varchar('user_code', 64),
      accCode: c.varchar('acc_code', 64, { nullable: true }),
      remark: c.text('remark', { nullable: true }),
      businessKey: c.varchar('business_key', 128, { nullable: true }),
      title: c.varchar('title', 255, { nullable: true }),
      templateName: c.varchar('template_name', 64, { default: '' }),
      autoApprove: c.varchar('auto_approve', 32, { default: 'through_applicant_node' }),
      hasExecute: c.tinyint('has_execute', { default: 0 }),
      applicantSystemAdmin: c.tinyint('applicant_system_admin', { default: 0 }),
      variables: c.text('variables', { nullable: true }),
      businessTypeId: c.varchar('business_type_id', 64, { nullable: true }),
      error: c.text('error', { nullable: true }),
      dedupe: c.varchar('dedupe', 16, { default: 'none' }),
      hasCheck: c.tinyint('has_check', { default: 0 }),
      returned: c.text('returned', { nullable: true }),
      takeBack: c.text('take_back', { nullable: true }),
      urgedAt: c.datetime('urged_at', { nullable: true }),
      detached: c.tinyint('detached', { default: 0 }),
      version: c.int('version', { default: 1 }),
      templateVersion: c.int('template_version', { nullable: true }),
      distinctApprovers: c.tinyint('distinct_approvers', { default: 0 }),
      logHash: c.varchar('log_hash', 64, { nullable: true }),
      endedTopic: c.varchar('ended_topic', 32, { nullable: true }),
      mirrorId: c.varchar('mirror_id', 64, { nullable: true }),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
    indices: [
      { name: 'ix_order_applicant', columns: ['userCode', 'id'] },
      { name: 'ix_order_team', columns: ['accCode', 'id'] },
      { name: 'ix_order_business_key', columns: ['businessKey', 'id'] },
      { name: 'ix_order_status', columns: ['applyStatus', 'id'] },
    ],
  });
};
