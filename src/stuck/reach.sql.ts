import type { Dialect } from '../database/dialect.js';

/**
 * Who is behind the open seats of an order `o`, as SQL: the rules of the directory (`directory.repository.ts`) for many
 * orders at once. `anybody`: a seat has a person behind it at all. `active`: one who is not inactive; whom the directory
 * does not list counts as active, and what another team lists says nothing. `able`: one whose decision would count.
 */
type Reach = 'anybody' | 'active' | 'able';

const text = (dialect: Dialect, ...parts: readonly string[]): string =>
  dialect === 'mysql' ? `CONCAT(${parts.join(', ')})` : `(${parts.join(' || ')})`;

/** Whether a listed person `u` exists for the order's team. */
const listedHere = '(o.acc_code IS NULL OR u.acc_code IS NULL OR u.acc_code = o.acc_code)';

/** Whether an order has an open seat `a` behind which somebody is. */
export function seatedBy(dialect: Dialect, reach: Reach): string {
  const member = (scope: string, code: string) => `EXISTS (
      SELECT 1 FROM dms_s_apply_group_member m LEFT JOIN dms_s_apply_user u ON u.user_code = m.user_code
       WHERE m.scope = ${scope} AND m.group_code = ${code}
         AND (u.user_code IS NULL OR (${reach === 'anybody' ? '' : 'u.active = 1 AND '}${listedHere}))
         ${reach === 'able' ? `AND ${eligible(dialect, 'm.user_code')}` : ''})`;
  // A group's code holds no slash, so what is left of the subject names the group only where the rest is its scope.
  const ownPrefix = text(dialect, "'g:'", 'o.acc_code', "'/'");
  return `EXISTS (SELECT 1 FROM dms_s_apply_order_assignee a
    WHERE a.apply_order_id = o.id AND a.apply_step > 0 AND a.state = 1 AND (
      a.subject = 'r:system_admin'
      OR (a.subject LIKE 'u:%' AND ${person(dialect, reach)})
      OR (a.subject LIKE 'g:%' AND (
        ${member("''", `REPLACE(a.subject, 'g:/', '')`)}
        OR ${member('o.acc_code', `REPLACE(a.subject, ${ownPrefix}, '')`)}))
      OR (a.subject LIKE 'r:%' AND EXISTS (
        SELECT 1 FROM dms_s_apply_user_role r JOIN dms_s_apply_user u ON u.user_code = r.user_code
         WHERE r.role = SUBSTR(a.subject, 3) AND ${listedHere}
           ${reach === 'anybody' ? '' : 'AND u.active = 1'}
           ${reach === 'able' ? `AND ${eligible(dialect, 'u.user_code')}` : ''}))))`;
}

function person(dialect: Dialect, reach: Reach): string {
  if (reach === 'anybody') return '1 = 1';
  const active = `NOT EXISTS (SELECT 1 FROM dms_s_apply_user u
        WHERE u.user_code = SUBSTR(a.subject, 3) AND u.active = 0
          AND (u.acc_code IS NULL OR u.acc_code = o.acc_code))`;
  return reach === 'active' ? active : `${active} AND ${eligible(dialect, 'SUBSTR(a.subject, 3)')}`;
}

/**
 * Whether a person's decision on the step of `a` would count: the applicant's does not under `never`, nor does that of
 * somebody through a group whose own place on the step was given away. Where nobody decides two steps, whoever may not is
 * not asked in the first place: such steps ask people by name.
 */
function eligible(dialect: Dialect, userCode: string): string {
  return `(${userCode} <> a.barred_user_code
      AND NOT EXISTS (SELECT 1 FROM dms_s_apply_order_assignee own
        WHERE own.apply_order_id = a.apply_order_id AND own.apply_step = a.apply_step
          AND own.subject = ${text(dialect, "'u:'", userCode)}
          AND own.gone IN ('handed_over', 'left', 'delegated')))`;
}

/** Why nobody can decide an order `o` under review; null when somebody can. */
export const unreachable = (dialect: Dialect): string =>
  `CASE WHEN o.apply_status <> '2' OR ${seatedBy(dialect, 'able')} THEN NULL
        WHEN ${seatedBy(dialect, 'active')} THEN 'nobody_eligible'
        WHEN ${seatedBy(dialect, 'anybody')} THEN 'everyone_inactive'
        ELSE 'nobody_asked' END`;
