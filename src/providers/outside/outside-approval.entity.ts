import { EntitySchema } from 'typeorm';
import { columnsOf } from '../../database/columns.js';
import type { Dialect } from '../../database/dialect.js';

/** One approval of an order at a provider. */
export interface OutsideApprovalRow {
  id: string;
  applyOrderId: string;
  providerId: string;
  /** From 1; an order that asks again, because it was resubmitted or reopened, has a further one. */
  round: number;
  /** `here`: we asked for it. `there`: somebody began it at the provider, and the order came of it. */
  origin: string;
  /** `asking` until the provider has taken it on; then `pending`, and at last how it ended. */
  state: string;
  externalId: string | null;
  formCode: string | null;
  /** Which delivery asks, while it does. */
  askedBy: string | null;
  /** JSON: the tasks there that are ours to answer. */
  tasks: string | null;
  /** JSON: how it was seen last. */
  seen: string | null;
  seenAt: Date | null;
  createTime: Date;
  updateTime: Date;
}

export const outsideApprovalEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<OutsideApprovalRow>({
    name: 'OutsideApproval',
    tableName: 'dms_s_apply_outside_approval',
    columns: {
      id: c.id(),
      applyOrderId: c.varchar('apply_order_id', 64),
      providerId: c.varchar('provider_id', 64),
      round: c.int('round'),
      origin: c.varchar('origin', 8),
      state: c.varchar('state', 16),
      externalId: c.varchar('external_id', 128, { nullable: true }),
      formCode: c.varchar('form_code', 128, { nullable: true }),
      askedBy: c.varchar('asked_by', 64, { nullable: true }),
      tasks: c.text('tasks', { nullable: true }),
      seen: c.longText('seen', { nullable: true }),
      seenAt: c.datetime('seen_at', { nullable: true }),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
    indices: [
      { name: 'uq_outside_order', columns: ['applyOrderId', 'round'], unique: true },
      { name: 'uq_outside_external', columns: ['providerId', 'externalId'], unique: true },
      { name: 'ix_outside_state', columns: ['providerId', 'state'] },
    ],
  });
};
