import type { Tx } from '../../database/sql.js';

/**
 * Tells every process that gates or actions change (rules.service.ts). It is the first statement of whatever changes
 * them: changes wait for each other here, before they lock anything else, and so neither meet in a deadlock nor miss
 * what the other one adds.
 */
export async function countUpRevision(tx: Tx): Promise<void> {
  const found = await tx.run('UPDATE dms_s_apply_gate_revision SET revision = revision + 1 WHERE id = 1');
  if (found !== 1) throw new Error('the revision of the gates is missing: its migration makes it');
}
