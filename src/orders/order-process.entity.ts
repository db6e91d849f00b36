import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** One step of one order (requirement 003, 申请单审核流程表). */
export interface OrderProcessRow {
  id: string;
  applyOrderId: string;
  applyStep: number;
  auditStatus: string;
  auditObjectType: string;
  auditObject: string;
  auditMsg: string | null;
  /** Empty until somebody decided: the column allows no NULL. */
  auditUserCode: string;
  nodeId: string;
  nodeName: string;
  approvalMode: string;
  requiredApprovals: number;
  /** JSON list: whom an open step asks, where it asks people. */
  people: string | null;
  minApprovals: number | null;
  /** JSON: how the stage finds its people beyond the codes, where it says anything special. */
  finding: string | null;
  conditionText: string | null;
  reason: string | null;
  nodeVersion: number | null;
  /** JSON: when the stage is due, and what happens then. */
  timing: string | null;
  /** JSON: how far its time has run. */
  clock: string | null;
  /** When the open step is due, in milliseconds since 1970. */
  dueAt: number | null;
  createTime: Date;
  updateTime: Date;
}

export const orderProcessEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<OrderProcessRow>({
    name: 'OrderProcess',
    tableName: 'dms_s_apply_order_process',
    columns: {
      id: c.id(),
      applyOrderId: c.varchar('apply_order_id', 64),
      applyStep: c.tinyint('apply_step'),
      auditStatus: c.code('audit_status'),
      auditObjectType: c.code('audit_object_type'),
      auditObject: c.text('audit_object'),
      auditMsg: c.text('audit_msg', { nullable: true }),
      auditUserCode: c.varchar('audit_user_code', 64),
      nodeId: c.varchar('node_id', 64, { default: '' }),
      nodeName: c.varchar('node_name', 64, { default: '' }),
      approvalMode: c.varchar('approval_mode', 16, { default: 'any' }),
      requiredApprovals: c.int('required_approvals', { default: 1 }),
      people: c.longText('people', { nullable: true }),
      minApprovals: c.int('min_approvals', { nullable: true }),
      finding: c.text('finding', { nullable: true }),
      conditionText: c.text('condition_text', { nullable: true }),
      reason: c.varchar('reason', 255, { nullable: true }),
      nodeVersion: c.int('node_version', { nullable: true }),
      timing: c.text('timing', { nullable: true }),
      clock: c.text('clock', { nullable: true }),
      dueAt: c.bigint('due_at', { nullable: true }),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
    indices: [
      { name: 'uq_order_process_step', columns: ['applyOrderId', 'applyStep'], unique: true },
      { name: 'ix_order_process_due', columns: ['dueAt'] },
    ],
  });
};
