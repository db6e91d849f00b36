import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/** Who stands in for whom, when and for what. Rows are never deleted: the log of orders names them. */
export interface DelegationRow {
  id: string;
  /** The team whose orders it is about; empty for orders of no team. */
  scope: string;
  fromUser: string;
  toUser: string;
  startsAt: Date;
  /** The first moment at which it no longer holds. */
  endsAt: Date;
  /** Comma-separated; null for all. */
  businessTypes: string | null;
  /** Over the order's variables, in the grammar of stages; null: always. */
  conditionText: string | null;
  /** 1: `toUser` may have somebody else stand in for them in this. */
  redelegate: number;
  remark: string | null;
  createdBy: string;
  revokedAt: Date | null;
  createTime: Date;
  updateTime: Date;
}

export const delegationEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<DelegationRow>({
    name: 'Delegation',
    tableName: 'dms_s_apply_delegation',
    columns: {
      id: c.id(),
      scope: c.varchar('scope', 64),
      fromUser: c.varchar('from_user', 64),
      toUser: c.varchar('to_user', 64),
      startsAt: c.datetime('starts_at'),
      endsAt: c.datetime('ends_at'),
      businessTypes: c.text('business_types', { nullable: true }),
      conditionText: c.text('condition_text', { nullable: true }),
      redelegate: c.tinyint('redelegate', { default: 0 }),
      remark: c.varchar('remark', 255, { nullable: true }),
      createdBy: c.varchar('created_by', 64),
      revokedAt: c.datetime('revoked_at', { nullable: true }),
      createTime: c.datetime('create_time'),
      updateTime: c.datetime('update_time'),
    },
    indices: [
      { name: 'ix_delegation_period', columns: ['scope', 'endsAt'] },
      { name: 'ix_delegation_from', columns: ['scope', 'fromUser', 'id'] },
      { name: 'ix_delegation_to', columns: ['scope', 'toUser', 'id'] },
    ],
  });
};
