// @ts-check
/** Opening an order of one path: steps of type `any` decided by a person each, no conditions, no callbacks. */
import { v7 } from 'uuid';
import { inReview, insert, log, now, orderView } from './rows.mjs';

/** @typedef {{businessType: string, businessKey?: string, title?: string, remark?: string, variables?: object}} OpenRequest */
/** @typedef {import('./rows.mjs').Row} Row */
/** @typedef {import('../floor.mjs').Caller} Caller */

const systemTemplateId = '00000000-0000-7000-8000-000000000002';

/** Template, steps, reviewers and applicant as of one moment. */
export const snapshotSql = `SELECT bt.scope, bt.id AS business_type_id, bt.check_url, bt.execute_url,
    t.id AS template_id, t.template_name, t.auto_approve, s.stage_no, n.id AS node_id, n.template_node_name, n.approval_mode, ob.object_code,
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

/**
 * @param {Caller} caller @param {OpenRequest} request @param {Row[]} snapshot rows of {@link snapshotSql}
 * @returns {import('./rows.mjs').Work}
 */
export function opening(caller, request, snapshot) {
  const [first] = snapshot;
  const { team, userCode } = caller;
  if (!first || first.applicant_active === 0 || (first.applicant_team ?? team) !== team) {
    throw new Error('no such business type, or the applicant may not apply');
  }
  const time = now();
  const id = v7();
  const order = {
    business_type: request.businessType,
    business_key: request.businessKey ?? null,
    title: request.title ?? null,
    apply_template_id: first.template_id,
    template_name: first.template_name,
    apply_status: '2',
    user_code: userCode,
    acc_code: team,
    remark: request.remark ?? null,
    error: null,
    variables: JSON.stringify(request.variables ?? {}),
    version: 1,
    create_time: time,
    update_time: time,
  };
  const steps = snapshot
    // A business type of the team comes before the platform's of the same code.
    .filter((row) => row.scope === first.scope)
    .map((row) => stepOf(row, team, time));
  const [opened, path] = [openedEvent(caller, first, steps), steps.map((step) => step.node_name).join(' → ')];
  /** @type {import('./rows.mjs').Statement[]} */
  const statements = [
    insert(
      'dms_s_apply_order (id, apply_template_id, business_type, business_type_id, apply_status, user_code, acc_code,' +
        ' remark, business_key, title, template_name, auto_approve, variables, version, create_time, update_time)',
      [
        [
          id,
          order.apply_template_id,
          order.business_type,
          first.business_type_id,
          '2',
          userCode,
          team,
          order.remark,
          order.business_key,
        ].concat([
          order.title,
          order.template_name,
          first.auto_approve,
          order.variables,
          order.version,
          time,
          time,
        ]),
      ],
    ),
    insert(
      'dms_s_apply_order_process (id, apply_order_id, apply_step, audit_status, audit_object_type, audit_object,' +
        ' audit_user_code, node_id, node_name, approval_mode, create_time, update_time)',
      steps.map((step) =>
        [step.step_id, id, step.apply_step, step.audit_status, '0', step.audit_object, ''].concat([
          step.node_id,
          step.node_name,
          step.approval_mode,
          time,
          time,
        ]),
      ),
    ),
    insert(
      'dms_s_apply_order_assignee (subject, state, apply_order_id, apply_step, candidate, acc_code, business_type,' +
        ' business_key, title, template_id, template_name, user_code, node_name, create_time)',
      steps.map((step) =>
        [
          step.subject,
          step.apply_step === 1 ? 1 : 0,
          id,
          step.apply_step,
          1,
          team,
          order.business_type,
        ].concat([
          order.business_key,
          order.title,
          order.apply_template_id,
          order.template_name,
          userCode,
          step.node_name,
          time,
        ]),
      ),
    ),
    log(id, userCode, time, 1, [
      [`opened by ${userCode} with ${steps.length} step(s): ${path}`, opened],
      ['step 1 is under review', inReview(1)],
    ]),
  ];
  return { statements, answer: orderView(id, order, steps) };
}

/**
 * A step as it is stored and answered, with the columns that a decision reads.
 * @param {Row} row of the snapshot @param {string} team @param {string} time
 * @returns {Row}
 */
function stepOf(row, team, time) {
  if (row.object_active === 0 || (row.object_team ?? team) !== team) throw new Error('nobody can review');
  return {
    step_id: v7(),
    apply_step: row.stage_no,
    audit_status: row.stage_no === 1 ? '2' : '1',
    audit_object: row.object_code,
    step_msg: null,
    audit_user_code: '',
    node_id: row.node_id,
    node_name: row.template_node_name,
    approval_mode: row.approval_mode,
    required_approvals: 1,
    reason: null,
    subject: `u:${row.object_code}`,
    decision: null,
    audit_msg: null,
    decided_at: null,
    on_behalf_of: null,
    step_create_time: time,
    step_update_time: time,
  };
}

/** @param {Caller} caller @param {Row} template @param {Row[]} steps */
const openedEvent = ({ userCode }, template, steps) => ({
  type: 'order.opened',
  applicant: userCode,
  applicantSystemAdmin: false,
  autoApprove: template.auto_approve,
  hasExecute: false,
  steps: steps.map((step) => ({
    applyStep: step.apply_step,
    nodeId: step.node_id,
    nodeName: step.node_name,
    auditObjectType: 'user',
    auditObject: [step.audit_object],
    approvalMode: step.approval_mode,
    condition: null,
    subjects: [step.subject],
  })),
});
