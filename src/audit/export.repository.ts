import { Injectable } from '@nestjs/common';
import type { TeamScope } from '../auth/principal.js';
import { teamClause } from '../auth/team-clause.js';
import { Database } from '../database/database.js';
import { fromDbTime, toDbTime } from '../database/dialect.js';
import type { SqlValue } from '../database/sql.js';
import type { ExportRow } from './export.csv.js';

/** Which rows, among the teams that exist for the caller. */
export interface ExportFilter {
  readonly scope: TeamScope;
  readonly from: Date | null;
  /** The first moment that is no longer meant. */
  readonly to: Date;
  readonly operation: string | null;
  readonly userCode: string | null;
  readonly orderId: string | null;
  readonly businessType: string | null;
}

/** One stretch of the log, in the sequence in which it was written. */
export interface ExportBatch {
  readonly rows: readonly ExportRow[];
  /** The last row that was looked at, whether it was meant or not; null at the end. */
  readonly after: ExportPlace | null;
}

interface ExportPlace {
  readonly time: string;
  readonly id: string;
}

interface Row {
  readonly operation_time: Date | string;
  readonly apply_order_id: string;
  readonly acc_code: string | null;
  readonly business_type: string;
  readonly title: string | null;
  readonly transition_no: number;
  readonly seq: number;
  readonly operation_user_code: string;
  readonly operation: string;
  readonly operation_details: string;
  readonly hash: string | null;
}

/** How many rows of the log one statement looks at. */
const stretch = 1_000;

/**
 * Reads the log by time (`ix_order_log_time`), or that of one order. Every statement looks at so many rows and no more,
 * however few of them are meant: none holds the database for long.
 */
@Injectable()
export class ExportRepository {
  constructor(private readonly database: Database) {}

  async next(filter: ExportFilter, after: ExportPlace | null): Promise<ExportBatch> {
    const base = baseOf(filter, after);
    const [last] = await this.database.rows<{
      readonly id: string;
      readonly operation_time: Date | string;
    }>(
      `SELECT l.operation_time, l.id FROM dms_s_apply_order_log l WHERE ${base.sql}
        ORDER BY l.operation_time, l.id LIMIT 1 OFFSET ${stretch - 1}`,
      base.values,
    );
    const end = last && { time: toDbTime(fromDbTime(last.operation_time)), id: last.id };
    const upTo = end ? upToSql(end) : { sql: '', values: [] };
    const more = moreOf(filter);
    const rows = await this.database.rows<Row>(
      `SELECT l.operation_time, l.apply_order_id, o.acc_code, o.business_type, o.title, l.transition_no, l.seq,
              l.operation_user_code, l.operation, l.operation_details, l.hash
         FROM dms_s_apply_order_log l JOIN dms_s_apply_order o ON o.id = l.apply_order_id
        WHERE ${base.sql}${upTo.sql}${more.sql} ORDER BY l.operation_time, l.id`,
      [...base.values, ...upTo.values, ...more.values],
    );
    return { rows: rows.map(toExportRow), after: end ?? null };
  }
}

interface Clause {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** What the index finds: behind the last row, until the end. */
function baseOf({ from, to, orderId }: ExportFilter, after: ExportPlace | null): Clause {
  const parts = ['l.operation_time < ?'];
  const values: SqlValue[] = [toDbTime(to)];
  if (orderId !== null) {
    parts.push('l.apply_order_id = ?');
    values.push(orderId);
  }
  if (after) {
    parts.push('l.operation_time >= ?', '(l.operation_time > ? OR l.id > ?)');
    values.push(after.time, after.time, after.id);
  } else if (from) {
    parts.push('l.operation_time >= ?');
    values.push(toDbTime(from));
  }
  return { sql: parts.join(' AND '), values };
}

const upToSql = ({ time, id }: ExportPlace): Clause => ({
  sql: ' AND l.operation_time <= ? AND (l.operation_time < ? OR l.id <= ?)',
  values: [time, time, id],
});

/** What is looked for among the rows that the index finds. */
function moreOf({ scope, operation, userCode, businessType }: ExportFilter): Clause {
  const team = teamClause(scope, 'o.acc_code');
  const asked = [
    ['l.operation', operation],
    ['l.operation_user_code', userCode],
    ['o.business_type', businessType],
  ] as const;
  const given = asked.filter(([, value]) => value !== null);
  return {
    sql: team.sql + given.map(([column]) => ` AND ${column} = ?`).join(''),
    values: [...team.values, ...given.map(([, value]) => value)],
  };
}

const toExportRow = (row: Row): ExportRow => ({
  operationTime: fromDbTime(row.operation_time).toISOString(),
  orderId: row.apply_order_id,
  accCode: row.acc_code,
  businessType: row.business_type,
  title: row.title,
  transition: row.transition_no,
  seq: row.seq,
  operationUserCode: row.operation_user_code,
  operation: row.operation,
  operationDetails: row.operation_details,
  hash: row.hash,
});
