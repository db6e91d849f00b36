import { Injectable } from '@nestjs/common';
import type { TeamScope } from '../auth/principal.js';
import { teamClause } from '../auth/team-clause.js';
import { Database } from '../database/database.js';
import { databaseNow, fromDbTime, toDbTime } from '../database/dialect.js';
import { places, type Sql, type SqlValue, type Tx } from '../database/sql.js';
import type { PageWindow } from '../http/pagination.js';

/** Where a delivery is: `awaiting` has been accepted and not answered; the last four need nothing more by themselves. */
export const deliveryStates = [
  'pending',
  'sending',
  'awaiting',
  'succeeded',
  'failed',
  'cancelled',
  'abandoned',
] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** A delivery as administrators see it. */
export interface DeliveryRecord {
  readonly id: string;
  readonly topic: string;
  readonly orderId: string;
  readonly accCode: string | null;
  readonly state: DeliveryState;
  /** What the target answered: yes, no, or nothing that counts. */
  readonly result: boolean | null;
  readonly lastError: string | null;
  /** When it is tried again, its claim ends, or its answer is missed; null when nothing is left to do. */
  readonly dueAt: Date | null;
  readonly createTime: Date;
  readonly updateTime: Date;
}

export interface DeliveryAttempt {
  readonly attempt: number;
  readonly startedAt: Date;
  readonly durationMs: number | null;
  readonly status: number | null;
  readonly outcome: string;
  readonly error: string | null;
  readonly answer: string | null;
}

export interface DeliveryFilter {
  readonly state?: DeliveryState;
  readonly orderId?: string;
  readonly topic?: string;
}

/** How many deliveries of a topic are in a state, and since when the oldest is there. */
export interface Backlog {
  readonly topic: string;
  readonly state: string;
  readonly count: number;
  readonly oldest: Date;
}

interface Row {
  readonly id: string;
  readonly topic: string;
  readonly apply_order_id: string;
  readonly acc_code: string | null;
  readonly state: DeliveryState;
  readonly result: number | null;
  readonly last_error: string | null;
  readonly due_at: number | string | null;
  readonly create_time: Date | string;
  readonly update_time: Date | string | null;
}

const table = 'dms_s_apply_delivery';
const columns =
  'id, topic, apply_order_id, acc_code, state, result, last_error, due_at, create_time, update_time';
/** States in which a delivery still needs somebody. */
const unfinished: readonly DeliveryState[] = ['pending', 'sending', 'awaiting', 'failed'];

/** Deliveries as people see and steer them; the queue's own work is in {@link DeliveryQueue}. */
@Injectable()
export class DeliveriesRepository {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async list(scope: TeamScope, filter: DeliveryFilter, window: PageWindow): Promise<DeliveryRecord[]> {
    const team = teamClause(scope, 'acc_code');
    const conditions = [`1 = 1${team.sql}`];
    const values: SqlValue[] = [...team.values];
    const narrow = (column: string, value: string | undefined) => {
      if (value === undefined) return;
      conditions.push(`${column} = ?`);
      values.push(value);
    };
    narrow('state', filter.state);
    narrow('apply_order_id', filter.orderId);
    narrow('topic', filter.topic);
    if (window.after !== null) {
      conditions.push('id < ?');
      values.push(window.after);
    }
    const rows = await this.database.rows<Row>(
      `SELECT ${columns} FROM ${table} WHERE ${conditions.join(' AND ')} ORDER BY id DESC LIMIT ${window.take}`,
      values,
    );
    return rows.map(toRecord);
  }

  async find(scope: TeamScope, id: string, sql: Sql = this.database): Promise<DeliveryRecord | null> {
    const team = teamClause(scope, 'acc_code');
    const [row] = await sql.rows<Row>(`SELECT ${columns} FROM ${table} WHERE id = ?${team.sql}`, [
      id,
      ...team.values,
    ]);
    return row ? toRecord(row) : null;
  }

  /** The newest delivery of an order under a topic. Whoever asks holds the order's lock. */
  async latest(tx: Tx, orderId: string, topic: string): Promise<DeliveryRecord | null> {
    const [row] = await tx.rows<Row>(
      `SELECT ${columns} FROM ${table} WHERE apply_order_id = ? AND topic = ? ORDER BY id DESC LIMIT 1`,
      [orderId, topic],
    );
    return row ? toRecord(row) : null;
  }

  /** The recorded attempts of deliveries, oldest first. */
  async attemptsOf(
    ids: readonly string[],
    sql: Sql = this.database,
  ): Promise<ReadonlyMap<string, readonly DeliveryAttempt[]>> {
    const byDelivery = new Map<string, DeliveryAttempt[]>(ids.map((id) => [id, []]));
    if (ids.length === 0) return byDelivery;
    const rows = await sql.rows<{
      readonly delivery_id: string;
      readonly attempt_no: number;
      readonly started_at: Date | string;
      readonly duration_ms: number | null;
      readonly status: number | null;
      readonly outcome: string;
      readonly error: string | null;
      readonly answer: string | null;
    }>(
      `SELECT delivery_id, attempt_no, started_at, duration_ms, status, outcome, error, answer
         FROM dms_s_apply_delivery_attempt WHERE delivery_id IN (${places(ids.length)})
        ORDER BY delivery_id, attempt_no`,
      ids,
    );
    for (const row of rows) {
      byDelivery.get(row.delivery_id)?.push({
        attempt: row.attempt_no,
        startedAt: fromDbTime(row.started_at),
        durationMs: row.duration_ms,
        status: row.status,
        outcome: row.outcome,
        error: row.error,
        answer: row.answer,
      });
    }
    return byDelivery;
  }

  /** An answer that came by another way than the call's own: whatever is under way no longer counts. */
  async answered(tx: Tx, id: string, result: boolean, time: Date): Promise<void> {
    await tx.run(
      `UPDATE ${table} SET state = 'succeeded', result = ?, due_at = NULL, claim_token = NULL, last_error = NULL,
              update_time = ? WHERE id = ?`,
      [Number(result), toDbTime(time), id],
    );
  }

  /** Due at once, with the whole retry schedule before it. @returns false when it is in none of the states any more. */
  async redeliver(tx: Tx, id: string, from: readonly DeliveryState[], time: Date): Promise<boolean> {
    const found = await tx.run(
      `UPDATE ${table} SET state = 'pending', due_at = 0, failures = 0, result = NULL, claim_token = NULL,
              update_time = ? WHERE id = ? AND state IN (${places(from.length)})`,
      [toDbTime(time), id, ...from],
    );
    return found === 1;
  }

  /** Ends it for good; a call under way no longer counts. @returns false when nothing was left to give up. */
  async abandon(tx: Tx, id: string, time: Date): Promise<boolean> {
    const found = await tx.run(
      `UPDATE ${table} SET state = 'abandoned', due_at = NULL, claim_token = NULL, update_time = ?
        WHERE id = ? AND state IN (${places(unfinished.length)})`,
      [toDbTime(time), id, ...unfinished],
    );
    return found === 1;
  }

  /** What waits, or is parked, by topic and state; what nobody has tried because its time is still to come does not wait. */
  async backlog(): Promise<Backlog[]> {
    const rows = await this.database.rows<{
      readonly topic: string;
      readonly state: string;
      readonly count: number | string;
      readonly oldest: Date | string;
    }>(
      `SELECT topic, state, COUNT(*) AS count, MIN(create_time) AS oldest FROM ${table}
        WHERE state IN (${places(unfinished.length)})
          AND NOT (state = 'pending' AND attempts = 0 AND due_at > ${databaseNow(this.database.dialect)})
        GROUP BY topic, state`,
      unfinished,
    );
    return rows.map((row) => ({ ...row, count: Number(row.count), oldest: fromDbTime(row.oldest) }));
  }
}

const toRecord = (row: Row): DeliveryRecord => ({
  id: row.id,
  topic: row.topic,
  orderId: row.apply_order_id,
  accCode: row.acc_code,
  state: row.state,
  result: row.result === null ? null : row.result === 1,
  lastError: row.last_error,
  // Due at once is stored as 0.
  dueAt:
    row.due_at === null
      ? null
      : new Date(Math.max(Number(row.due_at), fromDbTime(row.create_time).getTime())),
  createTime: fromDbTime(row.create_time),
  updateTime: fromDbTime(row.update_time ?? row.create_time),
});
