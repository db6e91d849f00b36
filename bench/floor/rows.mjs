// @ts-check
/** What the floor's statements have in common: the words of the columns, the log, and an order as it is answered. */
import { v7 } from 'uuid';

/** @typedef {[sql: string, values: (string | number | null)[]]} Statement */
/** @typedef {Record<string, any>} Row */
/** @typedef {{statements: Statement[], answer: object}} Work what to send, and what to answer once it is committed */

/** @type {Map<string, string>} */
const inserts = new Map();

/**
 * @param {string} target table and columns: `name (a, b)`
 * @param {(string | number | null)[][]} rows at least one
 * @returns {Statement}
 */
export function insert(target, rows) {
  const key = `${target} ${rows.length}`;
  let sql = inserts.get(key);
  if (sql === undefined) {
    const places = rows.map((row) => `(${row.map(() => '?').join(', ')})`).join(', ');
    sql = `INSERT INTO ${target} VALUES ${places}`;
    inserts.set(key, sql);
  }
  return [sql, rows.flat()];
}

/**
 * @param {string} orderId @param {string} userCode @param {string} time @param {number} transition
 * @param {[details: string, event: {type: string}][]} events
 */
export const log = (orderId, userCode, time, transition, events) =>
  insert(
    'dms_s_apply_order_log (id, apply_order_id, operation_user_code, operation_details, operation_time, operation,' +
      ' operation_data, transition_no, seq)',
    events.map(([details, event], seq) => {
      const data = JSON.stringify(event);
      return [v7(), orderId, userCode, details, time, event.type, data, transition, seq];
    }),
  );

/** @param {number} applyStep */
export const inReview = (applyStep) => ({
  type: 'step.in_review',
  applyStep,
  requiredApprovals: 1,
  people: [],
});

/** @param {string} id @param {Row} order @param {Row[]} steps with the columns that `lockSql` gives them */
export const orderView = (id, order, steps) => ({
  id,
  businessType: order.business_type,
  businessKey: order.business_key,
  title: order.title,
  applyTemplateId: order.apply_template_id,
  templateName: order.template_name,
  applyStatus: orderStatuses[order.apply_status],
  userCode: order.user_code,
  accCode: order.acc_code,
  remark: order.remark,
  variables: JSON.parse(order.variables),
  error: order.error,
  version: order.version,
  createTime: iso(order.create_time),
  updateTime: iso(order.update_time),
  steps: steps.map((step) => ({
    id: step.step_id,
    applyStep: step.apply_step,
    nodeName: step.node_name,
    auditStatus: stepStatuses[step.audit_status],
    auditObjectType: 'user',
    auditObject: step.audit_object.split(','),
    approvalMode: step.approval_mode,
    requiredApprovals: step.required_approvals,
    auditUserCode: step.audit_user_code || null,
    auditMsg: step.step_msg,
    reason: step.reason,
    assignees: [
      {
        userCode: step.subject.slice(2),
        decision: step.decision && 'approved',
        auditMsg: step.audit_msg,
        decidedAt: step.decided_at && iso(step.decided_at),
        onBehalfOf: step.on_behalf_of,
      },
    ],
    createTime: iso(step.step_create_time),
    updateTime: iso(step.step_update_time),
  })),
});

/** @type {Record<string, string>} */
const orderStatuses = { 2: 'in_review', 6: 'completed' };
/** @type {Record<string, string>} */
const stepStatuses = { 1: 'waiting', 2: 'in_review', 4: 'approved' };

/** UTC, whole seconds, as the columns hold it. */
export const now = () => new Date().toISOString().slice(0, 19).replace('T', ' ');

/** @param {string} time */
export const iso = (time) => `${time.replace(' ', 'T')}.000Z`;
