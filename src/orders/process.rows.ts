import { insertRows, places, type Tx } from '../database/sql.js';
import { dueAtOf } from '../engine/clocks.js';
import { auditObjectTypeCodes, auditStatusCodes } from '../engine/codes.js';
import type { StepState } from '../engine/order-state.js';
import type { OrderRecord } from './order.record.js';

export const processTable = 'dms_s_apply_order_process';

/** Rows of steps that come, or come anew: one statement. */
export async function insertSteps(
  tx: Tx,
  record: OrderRecord,
  steps: readonly StepState[],
  time: string,
): Promise<void> {
  const ids = new Map(record.steps.map(({ applyStep, id }) => [applyStep, id]));
  if (steps.length === 0) return;
  await insertRows(
    tx,
    processTable,
    [
      'id',
      'apply_order_id',
      'apply_step',
      'audit_status',
      'audit_object_type',
      'audit_object',
      'audit_msg',
      'audit_user_code',
      'node_id',
      'node_name',
      'approval_mode',
      'required_approvals',
      'people',
      'min_approvals',
      'finding',
      'condition_text',
      'reason',
      'node_version',
      'timing',
      'clock',
      'due_at',
      'create_time',
      'update_time',
    ],
    steps.map((step) => [
      ids.get(step.applyStep) ?? '',
      record.head.id,
      step.applyStep,
      auditStatusCodes[step.auditStatus],
      auditObjectTypeCodes[step.auditObjectType],
      step.auditObject.join(','),
      step.auditMsg,
      step.auditUserCode ?? '',
      step.nodeId,
      step.nodeName,
      step.approvalMode,
      step.requiredApprovals,
      step.people.length > 0 ? JSON.stringify(step.people) : null,
      step.minApprovals ?? null,
      step.finding ? JSON.stringify(step.finding) : null,
      step.condition,
      step.reason,
      step.nodeVersion ?? null,
      step.timing ? JSON.stringify(step.timing) : null,
      step.clock ? JSON.stringify(step.clock) : null,
      dueAtOf(step),
      time,
      time,
    ]),
  );
}

/** Takes the rows of steps away that another version of the template has not, or otherwise. */
export async function deleteSteps(tx: Tx, orderId: string, steps: readonly number[]): Promise<void> {
  if (steps.length === 0) return;
  await tx.run(
    `DELETE FROM ${processTable} WHERE apply_order_id = ? AND apply_step IN (${places(steps.length)})`,
    [orderId, ...steps],
  );
}
