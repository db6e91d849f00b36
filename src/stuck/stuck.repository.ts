import { Injectable } from '@nestjs/common';
import type { TeamScope } from '../auth/principal.js';
import { teamClause } from '../auth/team-clause.js';
import { Database } from '../database/database.js';
import { places, type Sql, type SqlValue } from '../database/sql.js';
import { applyStatusCodes } from '../engine/codes.js';
import type { ApplyStatus } from '../engine/vocabulary.js';
import { seatedBy, unreachable } from './reach.sql.js';
import type { StuckReason } from './stuck.dto.js';

/** What the list may be narrowed to. */
export interface StuckFilter {
  readonly applyStatus?: ApplyStatus;
  readonly businessType?: string;
  readonly businessKey?: string;
}

/** Why nobody can decide. */
export type Unreachable = Extract<StuckReason, 'nobody_asked' | 'everyone_inactive' | 'nobody_eligible'>;

/** An order, its open step, and what holds it; read at another moment than its id, so that nothing may hold it any more. */
export interface StuckRow {
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
  readonly urged_at: Date | string | null;
  readonly apply_step: number | null;
  readonly node_name: string | null;
  readonly due_at: number | string | null;
  readonly step_time: Date | string | null;
  readonly unreachable: Unreachable | null;
}

/** The newest check or execution of an order that waits for it, or what asks an outside system for it, parked. */
export interface ParkedRow {
  readonly id: string;
  readonly order_id: string;
  readonly topic: string;
  readonly last_error: string | null;
  readonly parked_at: Date | string;
}

const orderTable = 'dms_s_apply_order';
const processTable = 'dms_s_apply_order_process';
const { initiating, in_review: inReview, executing } = applyStatusCodes;

/** That a delivery `d` is parked, and none was sent after it. */
const isParked = `d.state = 'failed' AND NOT EXISTS (
  SELECT 1 FROM dms_s_apply_delivery n
   WHERE n.apply_order_id = d.apply_order_id AND n.topic = d.topic AND n.id > d.id)`;

/** That an order `o` waits for the answer to a delivery of this topic; a returned one waits for its applicant. */
const waitsFor = {
  'order.check': `o.apply_status = '${initiating}' AND o.returned IS NULL`,
  'order.execute': `o.apply_status = '${executing}'`,
  'order.outside': `o.apply_status = '${inReview}' AND o.returned IS NULL`,
} as const;
const awaitedTopics = Object.keys(waitsFor) as (keyof typeof waitsFor)[];

/**
 * The orders that one kind of reason holds: what comes behind FROM, with what the list is narrowed to in front of what
 * is dear, since databases judge conditions in their order.
 */
const held = {
  unreachable: (narrow: string, able: string): string =>
    `${orderTable} o WHERE o.apply_status = '${inReview}'${narrow} AND NOT ${able}`,
  parked: (narrow: string, topic: keyof typeof waitsFor): string =>
    `${orderTable} o WHERE ${waitsFor[topic]}${narrow} AND EXISTS (
       SELECT 1 FROM dms_s_apply_delivery d
        WHERE d.apply_order_id = o.id AND d.topic = '${topic}' AND ${isParked})`,
  /** Its first value is the moment. */
  overdue: (narrow: string): string =>
    `${processTable} p JOIN ${orderTable} o ON o.id = p.apply_order_id
      WHERE p.due_at <= ? AND p.audit_status = '2' AND o.apply_status = '${inReview}'${narrow}`,
};

/** Which orders are stuck. Only orders under way are looked at, along the index of their status or of their due time. */
@Injectable()
export class StuckRepository {
  constructor(private readonly database: Database) {}

  /**
   * The newest `take` stuck orders before the order `after`.
   * @param overdueBy due by this moment is overdue (milliseconds since 1970)
   */
  async ids(
    scope: TeamScope,
    filter: StuckFilter,
    overdueBy: number,
    take: number,
    after: string | null,
  ): Promise<string[]> {
    const narrow = narrowed(scope, filter, after);
    const branches: readonly (readonly [from: string, values: readonly SqlValue[]])[] = [
      [held.unreachable(narrow.sql, this.able), []],
      ...awaitedTopics.map((topic) => [held.parked(narrow.sql, topic), []] as const),
      [held.overdue(narrow.sql), [overdueBy]],
    ];
    const parts = branches.map(
      ([from], index) =>
        `SELECT * FROM (SELECT o.id FROM ${from} ORDER BY o.id DESC LIMIT ${take}) part${index}`,
    );
    const rows = await this.database.rows<{ readonly id: string }>(
      `${parts.join(' UNION ')} ORDER BY id DESC LIMIT ${take}`,
      branches.flatMap(([, values]) => [...values, ...narrow.values]),
    );
    return rows.map(({ id }) => id);
  }

  details(ids: readonly string[]): Promise<StuckRow[]> {
    if (ids.length === 0) return Promise.resolve([]);
    return this.database.rows(
      `SELECT o.id, o.business_type, o.business_key, o.title, o.apply_template_id, o.template_name, o.apply_status,
              o.user_code, o.acc_code, o.create_time, o.urged_at,
              p.apply_step, p.node_name, p.due_at, p.update_time AS step_time,
              ${unreachable(this.database.dialect)} AS unreachable
         FROM ${orderTable} o
         LEFT JOIN ${processTable} p ON p.apply_order_id = o.id AND p.audit_status = '2'
        WHERE o.id IN (${places(ids.length)})`,
      ids,
    );
  }

  parked(ids: readonly string[]): Promise<ParkedRow[]> {
    if (ids.length === 0) return Promise.resolve([]);
    const waits = awaitedTopics.map((topic) => `(d.topic = '${topic}' AND ${waitsFor[topic]})`);
    return this.database.rows(
      `SELECT d.id, d.apply_order_id AS order_id, d.topic, d.last_error,
              COALESCE(d.update_time, d.create_time) AS parked_at
         FROM dms_s_apply_delivery d JOIN ${orderTable} o ON o.id = d.apply_order_id
        WHERE d.apply_order_id IN (${places(ids.length)}) AND (${waits.join(' OR ')}) AND ${isParked}`,
      ids,
    );
  }

  /** How many orders of the installation are stuck, for each reason that there is. */
  async counts(sql: Sql, overdueBy: number): Promise<Map<StuckReason, number>> {
    const parked = awaitedTopics.map((topic) => `SELECT o.id FROM ${held.parked('', topic)}`);
    const rows = await sql.rows<{ readonly reason: StuckReason; readonly orders: number | string }>(
      `SELECT reason, COUNT(*) AS orders FROM (
         SELECT ${unreachable(this.database.dialect)} AS reason FROM ${held.unreachable('', this.able)}
         UNION ALL SELECT 'delivery_parked' AS reason FROM (${parked.join(' UNION ALL ')}) parked
         UNION ALL SELECT 'overdue' AS reason FROM ${held.overdue('')}
       ) found WHERE reason IS NOT NULL GROUP BY reason`,
      [overdueBy],
    );
    return new Map(rows.map(({ reason, orders }) => [reason, Number(orders)]));
  }

  private get able(): string {
    return seatedBy(this.database.dialect, 'able');
  }
}

function narrowed(
  scope: TeamScope,
  filter: StuckFilter,
  after: string | null,
): { readonly sql: string; readonly values: readonly SqlValue[] } {
  // An expression, so that the index of the status is walked and not the team's, which holds all that have ended.
  const team = teamClause(scope, `COALESCE(o.acc_code, '')`);
  const wanted: readonly (readonly [string, SqlValue | undefined])[] = [
    ['o.id < ?', after ?? undefined],
    ['o.apply_status = ?', filter.applyStatus && applyStatusCodes[filter.applyStatus]],
    ['o.business_type = ?', filter.businessType],
    ['o.business_key = ?', filter.businessKey],
  ];
  const plain = wanted.filter((condition): condition is [string, SqlValue] => condition[1] !== undefined);
  return {
    sql: plain.map(([condition]) => ` AND ${condition}`).join('') + team.sql,
    values: [...plain.map(([, value]) => value), ...team.values],
  };
}
