import { type ChainedRow, chainStart, digestOf, hashOf } from './chain.js';

/** A row of the log as the table holds it, whoever wrote it there. */
export interface StoredRow extends ChainedRow {
  readonly hash: string | null;
}

/** What the columns of a stored row are, for {@link toStoredRow}. */
export const storedColumns =
  'id, apply_order_id, operation_user_code, operation, operation_details, operation_time, operation_data,' +
  ' transition_no, seq, hash';

export interface StoredSqlRow {
  readonly id: string;
  readonly apply_order_id: string;
  readonly operation_user_code: string;
  readonly operation: string;
  readonly operation_details: string;
  readonly operation_time: Date | string;
  readonly operation_data: string | null;
  readonly transition_no: number;
  readonly seq: number;
  readonly hash: string | null;
}

export const toStoredRow = (row: StoredSqlRow): StoredRow => ({
  id: row.id,
  orderId: row.apply_order_id,
  transition: row.transition_no,
  seq: row.seq,
  userCode: row.operation_user_code,
  operation: row.operation,
  details: row.operation_details,
  time: timeText(row.operation_time),
  data: row.operation_data,
  hash: row.hash,
});

/** The moment as it is hashed. What a hand has written where SQLite takes any text stays what it is: no hash fits it. */
function timeText(value: Date | string): string {
  if (typeof value === 'string') return `${value.replace(' ', 'T')}Z`;
  return Number.isNaN(value.getTime()) ? 'no moment' : `${value.toISOString().slice(0, 19)}Z`;
}

/** Whether a row is the last of its transition, among rows in their sequence. */
export const isLast = (rows: readonly ChainedRow[], index: number): boolean =>
  rows[index + 1]?.transition !== rows[index]?.transition;

/**
 * What the next row chains to when the order does not say: the digest of all the rows that it has.
 * @param rows of one order, in their sequence
 */
export const chainedOver = (rows: readonly StoredRow[]): string =>
  rows.reduce(
    (previous, row, index) => (row.hash === null ? digestOf : hashOf)(row, previous, isLast(rows, index)),
    chainStart,
  );
