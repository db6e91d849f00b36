import { Injectable } from '@nestjs/common';
import type { TeamScope } from '../auth/principal.js';
import { teamClause } from '../auth/team-clause.js';
import { Database } from '../database/database.js';
import { fromDbTime } from '../database/dialect.js';
import { places, type SqlValue } from '../database/sql.js';
import { applyStatusCodes, nameOf } from '../engine/codes.js';
import type { ApplyStatus } from '../engine/vocabulary.js';
import type { OrderSummary } from './orders.dto.js';

/** What a list of orders may be narrowed to. */
export interface OrderFilter {
  readonly applyStatus?: ApplyStatus;
  readonly businessType?: string;
  readonly businessKey?: string;
  /** Only what counts for one business object of a team, whose flows are of these types; none of them: nothing. */
  readonly ofObject?: {
    readonly team: string | null;
    readonly businessTypes: readonly string[];
    readonly objectId: string;
  };
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
    const mine: Condition[] = applicant === null ? [] : [['o.user_code = ?', applicant]];
    return this.select(
      'dms_s_apply_order o',
      scope,
      [...mine, ...conditions(filter, 'o.id', after)],
      'o.id',
      take,
    );
  }

  /** Orders that a row of another table ties to a person, walked along the index of those rows, newest order first. */
  tiedTo(
    tie: OrderTie,
    scope: TeamScope,
    userCode: string,
    filter: OrderFilter,
    take: number,
    after: string | null,
  ): Promise<OrderSummary[]> {
    const { table, person } = ties[tie];
    const key = 't.apply_order_id';
    const where: Condition[] = [[`t.${person} = ?`, userCode], ...conditions(filter, key, after)];
    return this.select(`${table} t JOIN dms_s_apply_order o ON o.id = ${key}`, scope, where, key, take);
  }

  private async select(
    from: string,
    scope: TeamScope,
    where: readonly Condition[],
    key: string,
    take: number,
  ): Promise<OrderSummary[]> {
    const team = teamClause(scope, 'o.acc_code');
    // Distinct: one person may have decided several steps of an order.
    const rows = await this.database.rows<Row>(
      `SELECT DISTINCT ${columns}, ${key} AS sort_key FROM ${from}
        WHERE 1 = 1${where.map(([sql]) => ` AND ${sql}`).join('')}${team.sql} ORDER BY ${key} DESC LIMIT ${take}`,
      [...where.flatMap(([, ...values]) => values), ...team.values],
    );
    return rows.map(toSummary);
  }
}

/** `decided`: a step of it; `copied`: was sent a copy. */
type OrderTie = 'decided' | 'copied';
const ties = {
  decided: { table: 'dms_s_apply_order_assignee', person: 'decided_by' },
  copied: { table: 'dms_s_apply_order_cc', person: 'user_code' },
} as const satisfies Record<OrderTie, { table: string; person: string }>;

type Condition = readonly [sql: string, ...values: SqlValue[]];

/** @param key the column by which the list is sorted */
function conditions(filter: OrderFilter, key: string, after: string | null): Condition[] {
  const wanted: readonly (readonly [string, SqlValue | undefined])[] = [
    ['o.apply_status = ?', filter.applyStatus && applyStatusCodes[filter.applyStatus]],
    ['o.business_type = ?', filter.businessType],
    ['o.business_key = ?', filter.businessKey],
    [`${key} < ?`, after ?? undefined],
  ];
  const plain = wanted.filter((condition): condition is [string, SqlValue] => condition[1] !== undefined);
  if (!filter.ofObject) return plain;
  const { team, businessTypes, objectId } = filter.ofObject;
  // By its length too: MySQL takes a key with one more blank for the same, and it is another object's.
  const about: Condition = ['o.business_key = ? AND LENGTH(o.business_key) = LENGTH(?)', objectId, objectId];
  return [...plain, about, countingFor(team, businessTypes)];
}

/**
 * Orders `o` of one team and of these types that still count for their business objects. The team stands in an
 * expression, so that the index of business keys is walked and not the team's, which SQLite would take.
 * @param team null: of none
 */
export function countingFor(team: string | null, businessTypes: readonly string[]): Condition {
  if (businessTypes.length === 0) return ['1 = 0'];
  return [
    `o.detached = 0 AND COALESCE(o.acc_code, '') = ? AND o.business_type IN (${places(businessTypes.length)})`,
    team ?? '',
    ...businessTypes,
  ];
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
