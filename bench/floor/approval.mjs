// @ts-check
/** Approving the open step of an order, as one of its reviewers. */
import { inReview, log, now, orderView } from './rows.mjs';

/** @typedef {import('./rows.mjs').Row} Row */
/** @typedef {import('./rows.mjs').Statement} Statement */
/** @typedef {import('../floor.mjs').Caller} Caller */

/** The order with its steps and reviewers, locked; MySQL adds FOR UPDATE. */
export const lockSql = `SELECT o.apply_template_id, o.business_type, o.apply_status, o.user_code, o.acc_code, o.remark,
    o.business_key, o.title, o.template_name, o.has_execute, o.variables, o.error, o.version, o.create_time,
    (SELECT u.active FROM dms_s_apply_user u WHERE u.user_code = ?
      AND (u.acc_code IS NULL OR u.acc_code = o.acc_code)) AS actor_active,
    p.id AS step_id, p.apply_step, p.audit_status, p.audit_object_type, p.audit_object, p.audit_msg AS step_msg,
    p.audit_user_code, p.node_name, p.approval_mode, p.required_approvals, p.reason,
    p.create_time AS step_create_time, p.update_time AS step_update_time,
    a.subject, a.decision, a.audit_msg, a.decided_at, a.on_behalf_of
  FROM dms_s_apply_order o
  JOIN dms_s_apply_order_process p ON p.apply_order_id = o.id
  JOIN dms_s_apply_order_assignee a ON a.apply_order_id = p.apply_order_id AND a.apply_step = p.apply_step
  WHERE o.id = ? AND o.acc_code = ? ORDER BY p.apply_step`;

/**
 * @param {Caller} caller @param {string} id @param {string | null} auditMsg @param {Row[]} steps rows of {@link lockSql}
 * @returns {import('./rows.mjs').Work}
 */
export function approval(caller, id, auditMsg, steps) {
  const at = steps.findIndex((step) => step.audit_status === '2');
  const [order, open, next] = [steps[0], steps[at], steps[at + 1]];
  const { userCode } = caller;
  if (!order || order.apply_status !== '2' || order.actor_active === 0) throw new Error('nothing to decide');
  if (open?.subject !== `u:${userCode}` || order.has_execute) throw new Error('not a reviewer of this step');
  const time = now();
  const step = open.apply_step;
  const version = order.version + 1;
  const approved = { type: 'step.approved', applyStep: step, userCode, auditMsg, capacity: 'assignee' };
  const words = `step ${step} is approved by ${userCode}${auditMsg ? `: ${auditMsg}` : ''}`;
  /** @type {Statement[]} */
  const statements = [
    [
      'UPDATE dms_s_apply_order SET apply_status = ?, version = ?, update_time = ? WHERE id = ? AND version = ?',
      [next ? '2' : '6', version, time, id, order.version],
    ],
    [
      `UPDATE dms_s_apply_order_process SET audit_user_code = CASE apply_step WHEN ? THEN ? ELSE audit_user_code END,
          audit_msg = CASE apply_step WHEN ? THEN ? ELSE audit_msg END,
          audit_status = CASE apply_step WHEN ? THEN '4' ELSE '2' END, update_time = ?
        WHERE apply_order_id = ? AND apply_step IN (?, ?)`,
      [step, userCode, step, auditMsg, step, time, id, step, next?.apply_step ?? step],
    ],
    [
      `UPDATE dms_s_apply_order_assignee SET decision = CASE apply_step WHEN ? THEN '1' ELSE decision END,
          decided_by = CASE apply_step WHEN ? THEN ? ELSE decided_by END,
          decided_at = CASE apply_step WHEN ? THEN ? ELSE decided_at END,
          capacity = CASE apply_step WHEN ? THEN 'assignee' ELSE capacity END,
          audit_msg = CASE apply_step WHEN ? THEN ? ELSE audit_msg END,
          state = CASE apply_step WHEN ? THEN 2 ELSE 1 END
        WHERE apply_order_id = ? AND apply_step IN (?, ?)`,
      [step, step, userCode, step, time, step, step, auditMsg, step, id, step, next?.apply_step ?? step],
    ],
    log(id, userCode, time, version, [
      [words, approved],
      next
        ? [`step ${next.apply_step} is under review`, inReview(next.apply_step)]
        : ['the order is completed', { type: 'order.completed' }],
    ]),
  ];
  const mine = { audit_status: '4', audit_user_code: userCode, step_msg: auditMsg, audit_msg: auditMsg };
  const after = steps.map((row) => {
    if (row === open) return { ...row, ...mine, decision: '1', decided_at: time, step_update_time: time };
    return row === next ? { ...row, audit_status: '2', step_update_time: time } : row;
  });
  const changed = { ...order, apply_status: next ? '2' : '6', version, update_time: time };
  return { statements, answer: orderView(id, changed, after) };
}
