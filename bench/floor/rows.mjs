// @ts-check
/** What the floor's statements have in common: the words of the columns and of the log. */
import { v7 } from 'uuid';

/** @typedef {[sql: string, values: (string | number | null)[]]} Statement */
/** @typedef {Record<string, any>} Row */
/** @typedef {{statements: Statement[], answer: object}} Work what to send, and what to answer once it is committed */

/** @type {Record<string, string>} */
export const statuses = { 1: 'waiting', 2: 'in_review', 4: 'approved' };

/** @param {number} applyStep */
export const inReview = (applyStep) => ({
  type: 'step.in_review',
  applyStep,
  requiredApprovals: 1,
  people: [],
});

/**
 * @param {string} orderId @param {string} userCode @param {string} time @param {number} transition
 * @param {[details: string, event: {type: string}][]} events
 * @returns {Statement}
 */
export const logStatement = (orderId, userCode, time, transition, events) => [
  insert(
    'dms_s_apply_order_log (id, apply_order_id, operation_user_code, operation_details, operation_time, operation, operation_data, transition_no, seq)',
    9,
    events.length,
  ),
  events.flatMap(([details, event], seq) =>
    [v7(), orderId, userCode, details, time, event.type, JSON.stringify(event)].concat(
      /** @type {any} */ ([transition, seq]),
    ),
  ),
];

/** @param {string} target @param {number} columns @param {number} rows */
export const insert = (target, columns, rows) =>
  `INSERT INTO ${target} VALUES ${Array(rows)
    .fill(`(${Array(columns).fill('?').join(', ')})`)
    .join(', ')}`;

/** UTC, whole seconds, as the columns hold it. */
export const now = () => new Date().toISOString().slice(0, 19).replace('T', ' ');

/** @param {string} time */
export const iso = (time) => `${time.replace(' ', 'T')}.000Z`;
