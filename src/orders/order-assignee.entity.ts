import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** A person, group or role that can decide a step, with the decision; also the inbox: the primary key puts what is open for one subject side by side, newest order last, with all that a list shows. */
export interface OrderAssigneeRow {
  /** `u:<user>`, `g:<team>/<group>` or `r:<role>` */
  subject: string;
  /** 0 not its turn, 1 open, 2 closed */
  state: number;
  applyOrderId: string;
  applyStep: number;
  /** 1 when the template's stage names it; 0 for a group's member or an administrator who decided. */
  candidate: number;
  /** How it came to the step: named, found, taken, added, consulted or acting. */
  kind: string;
  /** Why it is no longer asked: handed_over, removed, left or past. */
  gone: string | null;
  /** Of an added signature: before, with or after. */
  position: string | null;
  /** Who handed it over, added it, or asked for the opinion. */
  givenBy: string | null;
  /** 1 approved, 2 rejected */
  decision: string | null;
  capacity: string | null;
  auditMsg: string | null;
  decidedBy: string | null;
  decidedAt: Date | null;
  onBehalfOf: string | null;
  /** Who may not decide although they sit here: the applicant under `never`. */
  barredUserCode: string;
  accCode: string | null;
  businessType: string;
  businessKey: string | null;
  title: string | null;
  templateId: string;
  templateName: string;
  /** The applicant. */
  userCode: string;
  nodeName: string;
  /** When the order was opened. */
  createTime: Date;
}

export const orderAssigneeEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<OrderAssigneeRow>({
    name: 'OrderAssignee',
    tableName: 'dms_s_apply_order_assignee',
    columns: {
      subject: c.varchar('subject', 140, { primary: true }),
      state: c.tinyint('state', { primary: true }),
      applyOrderId: c.varchar('apply_order_id', 64, { primary: true }),
      applyStep: c.tinyint('apply_step', { primary: true }),
      candidate: c.tinyint('candidate'),
      kind: c.varchar('kind', 16, { default: 'named' }),
      gone: c.varchar('gone', 16, { nullable: true }),
      position: c.varchar('position', 8, { nullable: true }),
      givenBy: c.varchar('given_by', 64, { nullable: true }),
      decision: c.code('decision', { nullable: true }),
      capacity: c.varchar('capacity', 16, { nullable: true }),
      auditMsg: c.text('audit_msg', { nullable: true }),
      decidedBy: c.varchar('decided_by', 64, { nullable: true }),
      decidedAt: c.datetime('decided_at', { nullable: true }),
      onBehalfOf: c.varchar('on_behalf_of', 64, { nullable: true }),
      barredUserCode: c.varchar('barred_user_code', 64, { default: '' }),
      accCode: c.varchar('acc_code', 64, { nullable: true }),
      businessType: c.varchar('business_type', 125),
      businessKey: c.varchar('business_key', 128, { nullable: true }),
      title: c.varchar('title', 255, { nullable: true }),
      templateId: c.varchar('template_id', 64),
      templateName: c.varchar('template_name', 64),
      userCode: c.varchar('user_code', 64),
      nodeName: c.varchar('node_name', 64),
      createTime: c.datetime('create_time'),
    },
    indices: [
      { name: 'uq_order_assignee_reviewer', columns: ['applyOrderId', 'applyStep', 'subject'], unique: true },
      { name: 'ix_order_assignee_decided', columns: ['decidedBy', 'applyOrderId'] },
    ],
  });
};
