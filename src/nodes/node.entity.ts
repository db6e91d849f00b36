import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** A shared node: one reviewing desk, reused by many templates (requirement 003, 申请单模版流程节点表). */
export interface NodeRow {
  id: string;
  /** 0 system, 1 custom */
  templateNodeType: string;
  templateNodeName: string;
  /**
   * The codes, comma-separated, for tools that know this schema; the service queries {@link NodeObjectRow}. Of a resolver
   * the address, which has no such row; empty for an applicant's choice without candidates.
   */
  auditObject: string;
  /** 0 user, 1 group, 2 role, 3 leader, 4 applicant_choice, 5 resolver */
  auditObjectType: string;
  userCode: string | null;
  accCode: string | null;
  remark: string | null;
  approvalMode: string;
  /** For the mode `threshold`. */
  minApprovals: number | null;
  restrictTo: string | null;
  /** 1: a leader's post that is vacant is passed upwards. */
  pastVacant: number;
  whenNobody: string;
  /** User codes, comma-separated, for `whenNobody` `fallback`. */
  fallbackUsers: string | null;
  /** Counts its saved states. */
  version: number;
  createTime: Date;
  updateTime: Date;
}

export const nodeEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<NodeRow>({
    name: 'Node',
    tableName: 'dms_s_apply_template_process_node',
    columns: {
      id: c.id(),
      templateNodeType: c.code('template_node_type'),
      templateNodeName: c.varchar('template_node_name', 64),
      auditObject: c.text('audit_object'),
      auditObjectType: c.code('audit_object_type'),
      userCode: c.varchar('user_code', 64, { nullable: true }),
      accCode: c.varchar('acc_code', 64, { nullable: true }),
      remark: c.text('remark', { nullable: true }),
      approvalMode: c.varchar('approval_mode', 16, { default: 'any' }),
      minApprovals: c.int('min_approvals', { nullable: true }),
      restrictTo: c.varchar('restrict_to', 32, { nullable: true }),
      pastVacant: c.tinyint('past_vacant', { default: 0 }),
      whenNobody: c.varchar('when_nobody', 16, { default: 'refuse' }),
      fallbackUsers: c.text('fallback_users', { nullable: true }),
      version: c.int('version', { default: 1 }),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
    indices: [{ name: 'ix_node_team', columns: ['accCode', 'id'] }],
  });
};
