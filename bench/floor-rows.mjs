// @ts-check
/**
 * The floor's statements, and the rows and answers they are about: shared by both databases, which only differ in how a
 * statement is sent. Orders of one path: steps of type `any` decided by a person each, no conditions, no callbacks.
 */
import { v7 } from 'uuid';

/** @typedef {{businessType: string, businessKey?: string, title?: string, remark?: string, variables?: object}} OpenRequest */
/** @typedef {[sql: string, values: (string | number | null)[]]} Statement */
/** @typedef {Record<string, any>} Row */
/** @typedef {import('./floor.mjs').Caller} Caller */

const systemTemplateId = '00000000-0000-7000-8000-000000000002';

/** Template, steps, reviewers and applicant as of one moment. */
export const snapshotSql = `SELECT bt.scope, bt.check_url, bt.execute_url, t.id AS template_id, t.template_name,
    t.auto_approve, s.stage_no, n.id AS node_id, n.template_node_name, n.approval_mode, ob.object_code,
    ou.active AS object_active, ou.acc_code AS object_team, au.active AS applicant_active, au.acc_code AS applicant_team
  FROM dms_s_apply_business_type bt
  LEFT JOIN dms_s_apply_template_binding b ON b.acc_code = ? AND b.business_type = bt.code
  JOIN dms_s_apply_template t ON t.id = COALESCE(b.template_id, ?)
  JOIN dms_s_apply_template_stage s ON s.template_id = t.id
  JOIN dms_s_apply_template_process_node n ON n.id = s.node_id
  JOIN dms_s_apply_template_node_object ob ON ob.node_id = n.id
  LEFT JOIN dms_s_apply_user ou ON n.audit_object_type = '0' AND ou.user_code = ob.object_code
  LEFT JOIN dms_s_apply_user au ON au.user_code = ?
  WHERE bt.code = ? AND bt.scope IN ('', ?)
  ORDER BY bt.scope DESC, s.stage_no, ob.position`;

/** @param {Caller} caller @param {OpenRequest} request */
export const snapshotValues = ({ userCode, team }, { businessType }) => [
  team,
  systemTemplateId,
  userCode,
  businessType,
  team,
];

/** The order with its steps and reviewers, locked; MySQL adds FOR UPDATE. */
export const lockSql = `SELECT o.apply_template_id, o.business_type, o.apply_status, o.user_code, o.acc_code, o.remark,
    o.business_key, o.title, o.template_name, o.has_execute, o.variables, o.version, o.create_time,
    (SELECT u.active FROM dms_s_apply_user u WHERE u.user_code = ?) AS actor_active,
    p.id AS step_id, p.apply_step, p.audit_status, p.audit_object_type, p.audit_object, p.audit_msg AS step_msg,
    p.audit_user_code, p.node_name, p.approval_mode, p.required_approvals, p.reason,
    p.create_time AS step_create_time, p.update_time AS step_update_time,
    a.subject, a.decision, a.audit_msg, a.decided_at, a.on_behalf_of
  FROM dms_s_apply_order o
  JOIN dms_s_apply_order_process p ON p.apply_order_id = o.id
  JOIN dms_s_apply_order_assignee a ON a.apply_order_id = p.apply_order_id AND a.apply_step = p.apply_step
  WHERE o.id = ? AND o.acc_code = ? ORDER BY p.apply_step`;

export const groupsSql = `SELECT m.scope, m.group_code FROM dms_s_apply_group_member m
  WHERE m.user_code = ? AND NOT EXISTS
    (SELECT 1 FROM dms_s_apply_user u WHERE u.user_code = m.user_code AND u.active = 0)`;

/**
 * The newest open work of a person and their groups: one part a subject, each read in the order of the primary key.
 * @param {Caller} caller @param {string[]} subjects @param {string | null} after @param {number} take
 * @returns {Statement}
 */
export function todoStatement({ userCode, team }, subjects, after, take) {
  const part = `SELECT apply_order_id, business_type, business_key, title, template_id, template_name, user_code, acc_code,
      create_time FROM dms_s_apply_order_assignee
    WHERE subject = ? AND state = 1${after === null ? '' : ' AND apply_order_id < ?'} AND barred_user_code <> ?
      AND acc_code = ? ORDER BY apply_order_id DESC LIMIT ${take}`;
  const sql = subjects.map((_, index) => `SELECT * FROM (${part}) p${index}`).join(' UNION ALL ');
  const values = subjects.flatMap((subject) => [subject, ...(after === null ? [] : [after]), userCode, team]);
  return [`${sql} ORDER BY apply_order_id DESC LIMIT ${take}`, values];
}

/** @param {Row} row @returns {object} an entry of the to-do list */
export const listed = (row) => ({
  id: row.apply_order_id,
  businessType: row.business_type,
  businessKey: row.business_key,
  title: row.title,
  applyTemplateId: row.template_id,
  templateName: row.template_name,
  applyStatus: 'in_review',
  userCode: row.user_code,
  accCode: row.acc_code,
  createTime: iso(row.create_time),
});

/**
 * @param {Caller} caller @param {OpenRequest} request @param {Row[]} all rows of {@link snapshotSql}
 * @returns {{statements: Statement[], answer: object}}
 */
export function opening(caller, request, all) {
  const [first] = all;
  if (!first || first.applicant_active === 0 || (first.applicant_team ?? caller.team) !== caller.team) {
    throw new Error('no such business type, or the applicant may not apply');
  }
  const time = now();
  const id = v7();
  const steps = all
    .filter((row) => row.scope === first.scope)
    .map((row) => {
      if (row.object_active === 0 || (row.object_team ?? caller.team) !== caller.team) throw new Error('no reviewer');
      return { ...row, id: v7(), subject: `u:${row.object_code}`, status: row.stage_no === 1 ? '2' : '1' };
    });
  const variables = request.variables ?? {};
  const opened = {
    type: 'order.opened',
    applicant: caller.userCode,
    applicantSystemAdmin: false,
    autoApprove: first.auto_approve,
    hasExecute: false,
    steps: steps.map((step) => ({
      applyStep: step.stage_no,
      nodeId: step.node_id,
      nodeName: step.template_node_name,
      auditObjectType: 'user',
      auditObject: [step.object_code],
      approvalMode: step.approval_mode,
      condition: null,
      subjects: [step.subject],
    })),
  };
  const path = steps.map((step) => step.template_node_name).join(' → ');
  const { businessType, businessKey = null, title = null, remark = null } = request;
  const { team, userCode } = caller;
  /** @type {Statement[]} */
  const statements = [
    [
      insert(
        'dms_s_apply_order (id, apply_template_id, business_type, apply_status, user_code, acc_code, remark, business_key, title, template_name, auto_approve, variables, version, create_time, update_time)',
        15,
        1,
      ),
      [id, first.template_id, businessType, '2', userCode, team, remark, businessKey, title, first.template_name].concat(
        [first.auto_approve, JSON.stringify(variables), 1, time, time],
      ),
    ],
    [
      insert(
        'dms_s_apply_order_process (id, apply_order_id, apply_step, audit_status, audit_object_type, audit_object, audit_user_code, node_id, node_name, approval_mode, create_time, update_time)',
        12,
        steps.length,
      ),
      steps.flatMap((step) =>
        [step.id, id, step.stage_no, step.status, '0', step.object_code, '', step.node_id].concat([
          step.template_node_name,
          step.approval_mode,
          time,
          time,
        ]),
      ),
    ],
    [
      insert(
        'dms_s_apply_order_assignee (subject, state, apply_order_id, apply_step, candidate, acc_code, business_type, business_key, title, template_id, template_name, user_code, node_name, create_time)',
        14,
        steps.length,
      ),
      steps.flatMap((step) =>
        [step.subject, step.stage_no === 1 ? 1 : 0, id, step.stage_no, 1, team, businessType, businessKey, title].concat(
          [first.template_id, first.template_name, userCode, step.template_node_name, time],
        ),
      ),
    ],
    logStatement(id, userCode, time, 1, [
      [`opened by ${userCode} with ${steps.length} step(s): ${path}`, opened],
      ['step 1 is under review', inReview(1)],
    ]),
  ];
  const answer = {
    ...{ id, businessType, businessKey, title, applyTemplateId: first.template_id, templateName: first.template_name },
    ...{ applyStatus: 'in_review', userCode, accCode: team, remark, variables, version: 1 },
    ...{ createTime: iso(time), updateTime: iso(time) },
    steps: steps.map((step) => ({
      ...{ id: step.id, applyStep: step.stage_no, nodeName: step.template_node_name },
      ...{ auditStatus: statuses[step.status], auditObjectType: 'user', auditObject: [step.object_code] },
      ...{ approvalMode: step.approval_mode, requiredApprovals: 1, auditUserCode: null, auditMsg: null, reason: null },
      assignees: [undecided(step.object_code)],
      ...{ createTime: iso(time), updateTime: iso(time) },
    })),
  };
  return { statements, answer };
}

/**
 * @param {Caller} caller @param {string} id @param {string | null} auditMsg @param {Row[]} steps rows of {@link lockSql}
 * @returns {{statements: Statement[], answer: object}}
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
    logStatement(id, userCode, time, version, [
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
  return { statements, answer: orderView(id, order, next ? 'in_review' : 'completed', version, time, after) };
}

/** @param {string} id @param {Row} order @param {string} applyStatus @param {number} version @param {string} time @param {Row[]} steps */
const orderView = (id, order, applyStatus, version, time, steps) => ({
  id,
  businessType: order.business_type,
  businessKey: order.business_key,
  title: order.title,
  applyTemplateId: order.apply_template_id,
  templateName: order.template_name,
  applyStatus,
  userCode: order.user_code,
  accCode: order.acc_code,
  remark: order.remark,
  variables: JSON.parse(order.variables),
  version,
  createTime: iso(order.create_time),
  updateTime: iso(time),
  steps: steps.map((step) => ({
    id: step.step_id,
    applyStep: step.apply_step,
    nodeName: step.node_name,
    auditStatus: statuses[step.audit_status],
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

/** @param {string} userCode */
const undecided = (userCode) => ({ userCode, decision: null, auditMsg: null, decidedAt: null, onBehalfOf: null });

/** @type {Record<string, string>} */
const statuses = { 1: 'waiting', 2: 'in_review', 4: 'approved' };

/** @param {number} applyStep */
const inReview = (applyStep) => ({ type: 'step.in_review', applyStep, requiredApprovals: 1, people: [] });

/**
 * @param {string} orderId @param {string} userCode @param {string} time @param {number} transition
 * @param {[details: string, event: {type: string}][]} events
 * @returns {Statement}
 */
const logStatement = (orderId, userCode, time, transition, events) => [
  insert(
    'dms_s_apply_order_log (id, apply_order_id, operation_user_code, operation_details, operation_time, operation, operation_data, transition_no, seq)',
    9,
    events.length,
  ),
  events.flatMap(([details, event], seq) =>
    [v7(), orderId, userCode, details, time, event.type, JSON.stringify(event)].concat(/** @type {any} */ ([transition, seq])),
  ),
];

/** @param {string} target @param {number} columns @param {number} rows */
const insert = (target, columns, rows) =>
  `INSERT INTO ${target} VALUES ${Array(rows).fill(`(${Array(columns).fill('?').join(', ')})`).join(', ')}`;

/** UTC, whole seconds, as the columns hold it. */
const now = () => new Date().toISOString().slice(0, 19).replace('T', ' ');

/** @param {string} time */
const iso = (time) => `${time.replace(' ', 'T')}.000Z`;
