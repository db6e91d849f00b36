import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { databaseNow, forUpdate, fromDbTime, toDbTime } from '../database/dialect.js';
import { insertRows, places, type SqlValue, type Tx } from '../database/sql.js';
import type { ClaimedDelivery } from './delivery-handler.port.js';

const table = 'dms_s_apply_delivery';
const attemptTable = 'dms_s_apply_delivery_attempt';
/** What the columns for errors and the beginning of an answer hold. */
const maxError = 512;
const maxAnswer = 1_024;

/** A delivery whose time has come: to be sent, to be freed from a lost claim, or to be given up waiting for. */
export interface DueDelivery {
  readonly id: string;
  readonly topic: string;
  readonly orderId: string;
  readonly state: 'pending' | 'sending' | 'awaiting';
  readonly target: string;
}

/** A delivery under this process's claim. */
export interface Claim extends ClaimedDelivery {
  readonly token: string;
  /** Failed attempts so far, of those that count. */
  readonly failures: number;
}

/** What an attempt leaves of its delivery. */
export interface Outcome {
  /** `abandoned`: the handler has settled the failure, and nobody need act. */
  readonly state: 'pending' | 'awaiting' | 'succeeded' | 'failed' | 'abandoned';
  /** Milliseconds from now until it is due again; null when nothing is left to do. */
  readonly dueIn: number | null;
  readonly failures: number;
  readonly result: boolean | null;
  readonly error: string | null;
}

/** What the record of an attempt holds. */
export interface AttemptRecord {
  readonly startedAt: Date;
  /** Null when the process ended before it could tell. */
  readonly durationMs: number | null;
  readonly status: number | null;
  readonly outcome: 'succeeded' | 'accepted' | 'failed' | 'lost' | 'interrupted';
  readonly error: string | null;
  readonly answer: string | null;
}

interface Row {
  readonly id: string;
  readonly topic: string;
  readonly apply_order_id: string;
  readonly acc_code: string | null;
  readonly cause: string;
  readonly target: string;
  readonly payload: string;
  readonly create_time: Date | string;
  readonly attempts: number;
  readonly failures: number;
  readonly update_time: Date | string | null;
  /** A text on MySQL, where it is a bigint. */
  readonly now: number | string;
}

const columns =
  'id, topic, apply_order_id, acc_code, cause, target, payload, create_time, attempts, failures, update_time';

/**
 * The queue's statements. `due_at` says when a delivery next needs somebody, by its state: `pending` to be sent,
 * `sending` to be freed when its claim's lease has ended, `awaiting` when its answer is missed. All of it is the
 * database's clock.
 */
@Injectable()
export class DeliveryQueue {
  private readonly now: string;
  private readonly mysql: boolean;

  constructor(private readonly database: Database) {
    this.now = databaseNow(database.dialect);
    this.mysql = database.dialect === 'mysql';
  }

  /**
   * Deliveries that are due to be sent, longest due first. Committed rows only, without a lock: the claim makes sure.
   * @param closed targets of which nothing may be sent now; thousands of deliveries may wait for them
   */
  due(topics: readonly string[], closed: readonly string[], limit: number): Promise<DueDelivery[]> {
    // With ranges between the closed targets an index passes over what waits for them; NOT IN would read it all.
    const open = between(closed.toSorted(byBytes));
    return this.database.rows<DueDelivery>(
      `SELECT id, topic, apply_order_id AS orderId, state, target FROM ${table}${this.by(closed.length > 0 ? 'ix_delivery_target' : 'ix_delivery_due')}
        WHERE state = 'pending' AND due_at <= ${this.now} AND topic IN (${places(topics.length)})${open.sql}
        ORDER BY due_at, id LIMIT ${limit}`,
      [...topics, ...open.values],
    );
  }

  /** Deliveries whose claim's lease has ended, and those whose answer is missed. */
  overdue(topics: readonly string[], limit: number): Promise<DueDelivery[]> {
    return this.database.rows<DueDelivery>(
      `SELECT id, topic, apply_order_id AS orderId, state, target FROM ${table}
        WHERE state IN ('sending', 'awaiting') AND due_at <= ${this.now} AND topic IN (${places(topics.length)})
        LIMIT ${limit}`,
      topics,
    );
  }

  /** Claims those of the deliveries that are still to be sent; rows that somebody else is claiming are passed over. */
  async claim(
    tx: Tx,
    ids: readonly string[],
    { token, lease, time }: { readonly token: string; readonly lease: number; readonly time: Date },
  ): Promise<Claim[]> {
    const still = `id IN (${places(ids.length)}) AND state = 'pending' AND due_at <= ${this.now}`;
    const set = `state = 'sending', claim_token = ?, due_at = ${this.now} + ?, attempts = attempts + 1, update_time = ?`;
    const values = [token, lease, toDbTime(time)];
    let rows: Row[];
    if (this.mysql) {
      const free = await tx.rows<Row>(
        `SELECT ${columns}, ${this.now} AS now FROM ${table} WHERE ${still} FOR UPDATE SKIP LOCKED`,
        ids,
      );
      if (free.length === 0) return [];
      await tx.run(`UPDATE ${table} SET ${set} WHERE id IN (${places(free.length)})`, [
        ...values,
        ...free.map((row) => row.id),
      ]);
      rows = free.map((row) => ({ ...row, attempts: row.attempts + 1 }));
    } else {
      rows = await tx.rows<Row>(
        `UPDATE ${table} SET ${set} WHERE ${still} RETURNING ${columns}, ${this.now} AS now`,
        [...values, ...ids],
      );
    }
    return rows.map((row) => toClaim(row, token));
  }

  /** Keeps claims alive while their calls are under way. */
  async renew(tx: Tx, tokens: readonly string[], lease: number): Promise<void> {
    await tx.run(
      `UPDATE ${table} SET due_at = ${this.now} + ? WHERE state = 'sending' AND claim_token IN (${places(tokens.length)})`,
      [lease, ...tokens],
    );
  }

  /**
   * Gives a claim back with what came of it.
   * @returns whether the claim still held; if not, somebody else has settled or taken over the delivery meanwhile.
   */
  async release(tx: Tx, claim: Claim, outcome: Outcome, time: Date): Promise<boolean> {
    const found = await tx.run(
      `UPDATE ${table} SET state = ?, due_at = ${this.now} + ?, failures = ?, result = ?, last_error = ?,
              claim_token = NULL, update_time = ?
        WHERE id = ? AND state = 'sending' AND claim_token = ?`,
      [
        outcome.state,
        outcome.dueIn,
        outcome.failures,
        outcome.result === null ? null : Number(outcome.result),
        shorten(outcome.error, maxError),
        toDbTime(time),
        claim.id,
        claim.token,
      ],
    );
    return found === 1;
  }

  /** Removes a delivery with its attempts: for those whose success leaves nothing to look up. */
  async forget(tx: Tx, id: string): Promise<void> {
    await tx.run(`DELETE FROM ${attemptTable} WHERE delivery_id = ?`, [id]);
    await tx.run(`DELETE FROM ${table} WHERE id = ?`, [id]);
  }

  /**
   * Adds the record of an attempt.
   * @param held whether the claim still held; if not, a rescuer may have recorded the attempt as lost, which is corrected
   */
  async record(
    tx: Tx,
    delivery: Pick<ClaimedDelivery, 'id' | 'attempt'>,
    attempt: AttemptRecord,
    held: boolean,
  ): Promise<void> {
    const values: Readonly<Record<string, SqlValue>> = {
      started_at: toDbTime(attempt.startedAt),
      duration_ms: attempt.durationMs,
      status: attempt.status,
      outcome: attempt.outcome,
      error: shorten(attempt.error, maxError),
      answer: shorten(attempt.answer, maxAnswer),
    };
    const names = Object.keys(values);
    if (!held) {
      const corrected = await tx.run(
        `UPDATE ${attemptTable} SET ${names.map((name) => `${name} = ?`).join(', ')}
          WHERE delivery_id = ? AND attempt_no = ?`,
        [...Object.values(values), delivery.id, delivery.attempt],
      );
      if (corrected > 0) return;
      const left = await tx.rows(`SELECT id FROM ${table} WHERE id = ?`, [delivery.id]);
      // Forgotten meanwhile: somebody else has recorded its success.
      if (left.length === 0) return;
    }
    await insertRows(
      tx,
      attemptTable,
      ['delivery_id', 'attempt_no', ...names],
      [[delivery.id, delivery.attempt, ...Object.values(values)]],
    );
  }

  /** Frees deliveries whose claim's lease has ended: their process is gone, or was away for too long. */
  async rescue(tx: Tx, ids: readonly string[], time: Date): Promise<number> {
    const rows = await tx.rows<Row>(
      `SELECT ${columns} FROM ${table}
        WHERE id IN (${places(ids.length)}) AND state = 'sending' AND due_at <= ${this.now}${forUpdate(
          this.database.dialect,
        )}${this.mysql ? ' SKIP LOCKED' : ''}`,
      ids,
    );
    if (rows.length === 0) return 0;
    for (const row of rows) {
      await this.record(
        tx,
        { id: row.id, attempt: row.attempts },
        {
          startedAt: fromDbTime(row.update_time ?? row.create_time),
          durationMs: null,
          status: null,
          outcome: 'lost',
          error:
            'the process ended, or could not reach the database, before it told what came of the attempt',
          answer: null,
        },
        true,
      );
    }
    return tx.run(
      `UPDATE ${table} SET state = 'pending', claim_token = NULL, due_at = ${this.now}, update_time = ?
        WHERE id IN (${places(rows.length)})`,
      [toDbTime(time), ...rows.map((row) => row.id)],
    );
  }

  /** Gives up waiting for an answer. @returns false when it has come, or somebody else was first. */
  async miss(tx: Tx, id: string, error: string, time: Date): Promise<boolean> {
    const found = await tx.run(
      `UPDATE ${table} SET state = 'failed', due_at = NULL, last_error = ?, update_time = ?
        WHERE id = ? AND state = 'awaiting' AND due_at <= ${this.now}`,
      [error, toDbTime(time), id],
    );
    return found === 1;
  }

  /** Names the index to take: with thousands of rows in one target, a planner's guess can cost all of them. */
  private by(index: string): string {
    return this.mysql ? ` FORCE INDEX (${index})` : ` INDEXED BY ${index}`;
  }
}

/** By bytes, as both databases compare targets. */
const byBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));

/** Everything in front of, between and behind some targets; everything at all when there are none. */
function between(closed: readonly string[]): { readonly sql: string; readonly values: readonly string[] } {
  const [first] = closed;
  const last = closed.at(-1);
  if (first === undefined || last === undefined) return { sql: '', values: [] };
  const inner = closed.slice(1).map(() => '(target > ? AND target < ?)');
  return {
    sql: ` AND (${['target < ?', ...inner, 'target > ?'].join(' OR ')})`,
    values: [first, ...closed.slice(1).flatMap((target, index) => [closed[index] ?? '', target]), last],
  };
}

const toClaim = (row: Row, token: string): Claim => ({
  id: row.id,
  topic: row.topic,
  orderId: row.apply_order_id,
  accCode: row.acc_code,
  cause: row.cause,
  target: row.target,
  payload: JSON.parse(row.payload) as unknown,
  createTime: fromDbTime(row.create_time),
  attempt: row.attempts,
  sentAt: new Date(Number(row.now)),
  token,
  failures: row.failures,
});

/** By characters; what a column of that many bytes or characters certainly holds. */
function shorten(text: string | null, max: number): string | null {
  if (text === null || text.length <= max) return text;
  return `${text.slice(0, max - 1)}…`;
}
