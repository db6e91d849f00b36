import { EntitySchema } from 'typeorm';
import { columnsOf } from '../database/columns.js';
import type { Dialect } from '../database/dialect.js';

/**
 * One row for each team that has ever delegated: what writers of its delegations lock. The delegations themselves cannot
 * be locked before there is one, and two that are made at once must not make a circle.
 */
export interface DelegationScopeRow {
  scope: string;
}

export const delegationScopeEntity = (dialect: Dialect) => {
  const c = columnsOf(dialect);
  return new EntitySchema<DelegationScopeRow>({
    name: 'DelegationScope',
    tableName: 'dms_s_apply_delegation_scope',
    columns: { scope: c.varchar('scope', 64, { primary: true }) },
  });
};
