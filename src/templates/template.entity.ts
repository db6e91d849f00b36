import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** An ordered list of stages that orders copy (requirement 003, 申请单模板表). */
export interface TemplateRow {
  id: string;
  templateName: string;
  /** 0 system, 1 custom */
  templateType: string;
  accCode: string | null;
  /** The stages' nodes, comma-separated, for tools that know this schema; the service reads {@link TemplateStageRow}. */
  templateNodeId: string;
  /** The bound business types, comma-separated; the service reads the bindings. */
  businessType: string | null;
  remark: string | null;
  autoApprove: string;
  dedupe: string;
  /** Counts its saved states. */
  version: number;
  /** 1: nobody decides two steps of an order. */
  distinctApprovers: number;
  createTime: Date;
  updateTime: Date;
}

export const templateEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<TemplateRow>({
    name: 'Template',
    tableName: 'dms_s_apply_template',
    columns: {
      id: c.id(),
      templateName: c.varchar('template_name', 64),
      templateType: c.code('template_type'),
      accCode: c.varchar('acc_code', 64, { nullable: true }),
      templateNodeId: c.varchar('template_node_id', 2048),
      businessType: c.text('business_type', { nullable: true }),
      remark: c.text('remark', { nullable: true }),
      autoApprove: c.varchar('auto_approve', 32, { default: 'through_applicant_node' }),
      dedupe: c.varchar('dedupe', 16, { default: 'none' }),
      version: c.int('version', { default: 1 }),
      distinctApprovers: c.tinyint('distinct_approvers', { default: 0 }),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
    indices: [{ name: 'ix_template_team', columns: ['accCode', 'id'] }],
  });
};
