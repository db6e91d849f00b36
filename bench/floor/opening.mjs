// @ts-check
/** Opening an order of one path: steps of type `any` decided by a person each, no conditions, no callbacks. */
import { v7 } from 'uuid';
import { inReview, insert, iso, logStatement, now, statuses } from './rows.mjs';

/** @typedef {{businessType: string, businessKey?: string, title?: string, remark?: string, variables?: object}} OpenRequest */
/** @typedef {import('./rows.mjs').Row} Row */
/** @typedef {import('./rows.mjs').Statement} Statement */
/** @typedef {import('../floor.mjs').Caller} Caller */

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

/**
 * @param {Caller} caller @param {OpenRequest} request @param {Row[]} all rows of {@link snapshotSql}
 * @returns {import('./rows.mjs').Work}
 */
export function opening(caller, request, all) {
  const [first] = all;
  if (!first || first.applicant_active === 0 || (first.applicant_team ?? caller.team) !== caller.team) {
    throw new Error('no such business type, or the applicant may not apply');
  }
  const time = now();
  const id = v7();
  /** @type {Row[]} */
  const steps = all
    .filter((row) => row.scope === first.scope)
    .map((row) => {
      if (row.object_active === 0 || (row.object_team ?? caller.team) !== caller.team)
        throw new Error('no reviewer');
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
      [
        id,
        first.template_id,
        businessType,
        '2',
        userCode,
        team,
        remark,
        businessKey,
        title,
        first.template_name,
      ].concat([first.auto_approve, JSON.stringify(variables), 1, time, time]),
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
        [
          step.subject,
          step.stage_no === 1 ? 1 : 0,
          id,
          step.stage_no,
          1,
          team,
          businessType,
          businessKey,
          title,
        ].concat([first.template_id, first.template_name, userCode, step.template_node_name, time]),
      ),
    ],
    logStatement(id, userCode, time, 1, [
      [`opened by ${userCode} with ${steps.length} step(s): ${path}`, opened],
      ['step 1 is under review', inReview(1)],
    ]),
  ];
  const answer = {
    ...{
      id,
      businessType,
      businessKey,
      title,
      applyTemplateId: first.template_id,
      templateName: first.template_name,
    },
    ...{ applyStatus: 'in_review', userCode, accCode: team, remark, variables, version: 1 },
    ...{ createTime: iso(time), updateTime: iso(time) },
    steps: steps.map((step) => ({
      ...{ id: step.id, applyStep: step.stage_no, nodeName: step.template_node_name },
      ...{ auditStatus: statuses[step.status], auditObjectType: 'user', auditObject: [step.object_code] },
      ...{
        approvalMode: step.approval_mode,
        requiredApprovals: 1,
        auditUserCode: null,
        auditMsg: null,
        reason: null,
      },
      assignees: [undecided(step.object_code)],
      ...{ createTime: iso(time), updateTime: iso(time) },
    })),
  };
  return { statements, answer };
}

/** @param {string} userCode */
const undecided = (userCode) => ({
  userCode,
  decision: null,
  auditMsg: null,
  decidedAt: null,
  onBehalfOf: null,
});
