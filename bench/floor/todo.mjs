// @ts-check
/** The newest open work of a person. */
import { iso } from './rows.mjs';

/** @typedef {import('./rows.mjs').Row} Row */
/** @typedef {import('./rows.mjs').Statement} Statement */
/** @typedef {import('../floor.mjs').Caller} Caller */

export const groupsSql = `SELECT m.scope, m.group_code FROM dms_s_apply_group_member m
  WHERE m.user_code = ? AND NOT EXISTS
    (SELECT 1 FROM dms_s_apply_user u WHERE u.user_code = m.user_code
      AND u.active = 0 AND (u.acc_code IS NULL OR u.acc_code = ?))`;

/** @param {Caller} caller @param {Row[]} groups rows of {@link groupsSql} */
export const subjectsOf = ({ userCode }, groups) => [
  `u:${userCode}`,
  ...groups.map(({ scope, group_code: code }) => `g:${scope}/${code}`),
];

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
