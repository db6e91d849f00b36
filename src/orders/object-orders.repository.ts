import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { places, type Sql, type SqlValue, type Tx } from '../database/sql.js';
import { applyStatusCodes, auditStatusCodes, nameOf } from '../engine/codes.js';
import type { OrderEvent } from '../engine/events.js';
import type { ApplyStatus, AuditStatus, Subject } from '../engine/vocabulary.js';
import { countingFor } from './order-lists.repository.js';

/** The flows that objects of one kind go through in a team. */
export interface ObjectFlows {
  /** Null: the platform. */
  readonly team: string | null;
  readonly businessTypes: readonly string[];
}

/** The newest order of a business object in one of its flows. */
export interface NewestOrder {
  readonly id: string;
  readonly businessKey: string;
  readonly businessType: string;
  readonly applyStatus: ApplyStatus;
}

/** Everything that is said of an object's newest order on a page of objects. */
export interface ObjectStanding extends NewestOrder {
  readonly applicant: string;
  /** Why it was rejected without a reviewer. */
  readonly error: string | null;
  /** The last decision, or what has undone it since; null before the first one. */
  readonly last: DecisiveEvent | null;
  readonly steps: readonly { applyStep: number; nodeName: string; auditStatus: AuditStatus }[];
  /** Whose turn it is: people, groups and roles, as many as a page shows. */
  readonly asked: readonly Subject[];
  /** Who may not decide although they are in such a group; empty for nobody. */
  readonly barred: string;
}

const decisions = [
  'step.voted',
  'step.voted_against',
  'step.approved',
  'step.rejected',
  'order.returned',
  'step.decision_taken_back',
  'order.resubmitted',
  'order.reopened',
] as const satisfies readonly OrderEvent['type'][];
export type DecisiveEvent = Extract<OrderEvent, { type: (typeof decisions)[number] }>;

interface Row {
  readonly id: string;
  readonly business_key: string;
  readonly business_type: string;
  readonly apply_status: string;
}

interface StandingRow extends Row {
  readonly user_code: string;
  readonly error: string | null;
  readonly last_event: string | null;
  readonly apply_step: number;
  readonly node_name: string;
  readonly audit_status: string;
  readonly subject: string | null;
  readonly barred_user_code: string | null;
}

const columns = 'o.id, o.business_key, o.business_type, o.apply_status';

/** How many of those who are asked a page shows. */
export const shownApprovers = 20;

/**
 * Orders by their business objects. Every statement starts at the index of business keys, and takes the team; orders
 * that were detached from their object do not count.
 */
@Injectable()
export class ObjectOrdersRepository {
  constructor(private readonly database: Database) {}

  /** The newest order of each object and flow. */
  async newest(sql: Sql, flows: ObjectFlows, keys: readonly string[]): Promise<NewestOrder[]> {
    const newest = newestOf(flows, keys);
    const rows = await sql.rows<Row>(
      `SELECT ${columns} FROM (${newest.sql}) newest JOIN dms_s_apply_order o ON o.id = newest.id`,
      newest.values,
    );
    return rows.map(toNewest).filter((order) => keys.includes(order.businessKey));
  }

  /** The same with what stands in their steps, seats and logs: one statement for a page of objects. */
  async standings(flows: ObjectFlows, keys: readonly string[]): Promise<ObjectStanding[]> {
    const newest = newestOf(flows, keys);
    const open = `'${auditStatusCodes.in_review}'`;
    const rows = await this.database.rows<StandingRow>(
      `WITH newest AS (${newest.sql}),
       orders AS (
         SELECT ${columns}, o.user_code, o.error,
                (SELECT l.operation_data FROM dms_s_apply_order_log l
                  WHERE l.apply_order_id = o.id AND l.operation IN (${places(decisions.length)})
                  ORDER BY l.transition_no DESC, l.seq DESC LIMIT 1) AS last_event
           FROM newest JOIN dms_s_apply_order o ON o.id = newest.id),
       seats AS (
         SELECT a.apply_order_id, a.apply_step, a.subject, a.barred_user_code,
                ROW_NUMBER() OVER (PARTITION BY a.apply_order_id ORDER BY a.subject) AS place
           FROM newest
           JOIN dms_s_apply_order_process p ON p.apply_order_id = newest.id AND p.audit_status = ${open}
           JOIN dms_s_apply_order_assignee a
             ON a.apply_order_id = p.apply_order_id AND a.apply_step = p.apply_step AND a.state = 1)
       SELECT o.*, p.apply_step, p.node_name, p.audit_status, s.subject, s.barred_user_code
         FROM orders o
         JOIN dms_s_apply_order_process p ON p.apply_order_id = o.id
         LEFT JOIN seats s
           ON s.apply_order_id = p.apply_order_id AND s.apply_step = p.apply_step AND s.place <= ${shownApprovers}
        ORDER BY o.id, p.apply_step, s.subject`,
      [...newest.values, ...decisions],
    );
    const byOrder = new Map<string, StandingRow[]>();
    for (const row of rows) {
      const known = byOrder.get(row.id);
      if (known) known.push(row);
      else byOrder.set(row.id, [row]);
    }
    return [...byOrder.values()].map(toStanding).filter((order) => keys.includes(order.businessKey));
  }

  /** Every order that counts for an object, oldest first. */
  async idsOf({ team, businessTypes }: ObjectFlows, key: string): Promise<string[]> {
    const [counting, ...values] = countingFor(team, businessTypes);
    const rows = await this.database.rows<Row>(
      `SELECT ${columns} FROM dms_s_apply_order o WHERE o.business_key = ? AND ${counting} ORDER BY o.id`,
      [key, ...values],
    );
    return rows.filter((row) => row.business_key === key).map(({ id }) => id);
  }

  /** Takes an order from its object, and locks it until the transaction ends. @returns whether it counted until now. */
  async detach(tx: Tx, id: string): Promise<boolean> {
    const found = await tx.run('UPDATE dms_s_apply_order SET detached = 1 WHERE id = ? AND detached = 0', [
      id,
    ]);
    return found === 1;
  }
}

/** The ids of the newest orders: ids are UUIDv7, so the greatest is the newest. */
function newestOf(
  { team, businessTypes }: ObjectFlows,
  keys: readonly string[],
): { readonly sql: string; readonly values: SqlValue[] } {
  const [counting, ...values] = countingFor(team, businessTypes);
  return {
    // By their lengths too: MySQL takes a key with one more blank for the same, and it is another object's.
    sql: `SELECT MAX(o.id) AS id FROM dms_s_apply_order o
           WHERE o.business_key IN (${places(keys.length)}) AND ${counting}
           GROUP BY o.business_key, LENGTH(o.business_key), o.business_type`,
    values: [...keys, ...values],
  };
}

const toNewest = (row: Row): NewestOrder => ({
  id: row.id,
  businessKey: row.business_key,
  businessType: row.business_type,
  applyStatus: nameOf(applyStatusCodes, row.apply_status),
});

/** @param rows of one order: one for each step, and for each seat of the open one. */
function toStanding(rows: readonly StandingRow[]): ObjectStanding {
  const [first] = rows as [StandingRow, ...StandingRow[]];
  return {
    ...toNewest(first),
    applicant: first.user_code,
    error: first.error,
    last: first.last_event === null ? null : (JSON.parse(first.last_event) as DecisiveEvent),
    steps: rows
      .filter((row, index) => row.apply_step !== rows[index - 1]?.apply_step)
      .map((row) => ({
        applyStep: row.apply_step,
        nodeName: row.node_name,
        auditStatus: nameOf(auditStatusCodes, row.audit_status),
      })),
    asked: rows.flatMap(({ subject }) => (subject === null ? [] : [subject])),
    barred: rows.find((row) => row.barred_user_code)?.barred_user_code ?? '',
  };
}
