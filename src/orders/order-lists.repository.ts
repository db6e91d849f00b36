import { Injectable } from '@nestjs/common';
import type { TeamScope } from '../auth/principal.js';
import { teamClause } from '../auth/team-clause.js';
import { Database } from '../database/database.js';
import { fromDbTime } from '../database/dialect.js';
import type { SqlValue } from '../database/sql.js';
import { applyStatusCodes, nameOf } from '../engine/codes.js';
import type { ApplyStatus } from '../engine/vocabulary.js';
import type { OrderSummary } from './orders.dto.js';

/** What a list of orders may be narrowed to. */
export interface OrderFilter {
  readonly applyStatus?: ApplyStatus;
  readonly businessType?: string;
  readonly businessKey?: string;
}

interface Row {
  readonly id: string;
  readonly business_type: string;
  readonly business_key: string | null;
  readonly title: string | null;
  readonly apply_template_id: string;
  readonly template_name: string;
  readonly apply_status: string;
  readonly user_code: string;
  readonly acc_code: string | null;
  readonly create_time: Date | string;
}

const columns =
  'o.id, o.business_type, o.business_key, o.title, o.apply_template_id, o.template_name, o.apply_status, o.user_code, o.acc_code, o.create_time';

/** Lists of orders, newest first, by keyset over their ids (UUIDv7: the order of opening). */
@Injectable()
export class OrderListsRepository {
  constructor(private readonly database: Database) {}

  /** Orders of an applicant, or of all applicants, within the teams that exist for the caller. */
  list(
    scope: TeamScope,
    applicant: string | null,
    filter: OrderFilter,
    take: number,
    after: string | null,
  ): Promise<OrderSummary[]> {
    const team = teamClause(scope, 'o.acc_code');
    const mine =
      applicant === null ? { sql: '', values: [] } : { sql: ' AND o.user_code = ?', values: [applicant] };
    return this.select(`1 = 1${mine.sql}${team.sql}`, [...mine.values, ...team.values], filter, take, after);
  }

  /** Orders of which somebody has decided a step. */
  decidedBy(
    scope: TeamScope,
    userCode: string,
    filter: OrderFilter,
    take: number,
    after: string | null,
  ): Promise<OrderSummary[]> {
    const team = teamClause(scope, 'o.acc_code');
    const decided =
      'o.id IN (SELECT a.apply_order_id FROM dms_s_apply_order_assignee a WHERE a.decided_by = ?)';
    return this.select(`${decided}${team.sql}`, [userCode, ...team.values], filter, take, after);
  }

  private async select(
    where: string,
    values: readonly SqlValue[],
    filter: OrderFilter,
    take: number,
    after: string | null,
  ): Promise<OrderSummary[]> {
    const conditions: readonly (readonly [string, SqlValue | undefined | null])[] = [
      ['o.apply_status = ?', filter.applyStatus && applyStatusCodes[filter.applyStatus]],
      ['o.business_type = ?', filter.businessType],
      ['o.business_key = ?', filter.businessKey],
      ['o.id < ?', after],
    ];
    const given = conditions.filter(
      (condition): condition is readonly [string, SqlValue] => condition[1] != null,
    );
    const rows = await this.database.rows<Row>(
      `SELECT ${columns} FROM dms_s_apply_order o
        WHERE ${where}${given.map(([sql]) => ` AND ${sql}`).join('')} ORDER BY o.id DESC LIMIT ${take}`,
      [...values, ...given.map(([, value]) => value)],
    );
    return rows.map(toSummary);
  }
}

const toSummary = (row: Row): OrderSummary => ({
  id: row.id,
  businessType: row.business_type,
  businessKey: row.business_key,
  title: row.title,
  applyTemplateId: row.apply_template_id,
  templateName: row.template_name,
  applyStatus: nameOf(applyStatusCodes, row.apply_status),
  userCode: row.user_code,
  accCode: row.acc_code,
  createTime: fromDbTime(row.create_time),
});
