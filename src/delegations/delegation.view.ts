import type { DelegationRow } from './delegation.entity.js';
import type { DelegationState, DelegationView } from './delegations.dto.js';

/** The list behind the column; codes hold no comma. */
export const typesOfColumn = (column: string | null): string[] | null => column?.split(',') ?? null;

export function stateOf(
  { startsAt, endsAt, revokedAt }: Pick<DelegationRow, 'startsAt' | 'endsAt' | 'revokedAt'>,
  now: Date,
): DelegationState {
  if (revokedAt !== null) return 'revoked';
  if (endsAt <= now) return 'ended';
  return startsAt <= now ? 'active' : 'planned';
}

export const toView = (row: DelegationRow, now: Date): DelegationView => ({
  id: row.id,
  accCode: row.scope || null,
  fromUserCode: row.fromUser,
  toUserCode: row.toUser,
  startsAt: row.startsAt,
  endsAt: row.endsAt,
  businessTypes: typesOfColumn(row.businessTypes),
  condition: row.conditionText,
  redelegate: row.redelegate === 1,
  remark: row.remark,
  state: stateOf(row, now),
  createdBy: row.createdBy,
  revokedAt: row.revokedAt,
  createTime: row.createTime,
  updateTime: row.updateTime,
});
