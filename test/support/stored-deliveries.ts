import type { Database } from '../../src/database/database.js';
import { databaseNow } from '../../src/database/dialect.js';

/** A delivery as its row holds it. */
export interface StoredDelivery {
  readonly id: string;
  readonly topic: string;
  readonly orderId: string;
  readonly state: string;
  readonly attempts: number;
  readonly failures: number;
  /** 1 yes, 0 no, null nothing yet. */
  readonly result: number | null;
  /** Milliseconds since 1970 by the database's clock. */
  readonly dueAt: number | null;
  readonly claimToken: string | null;
}

/** The deliveries of an order, or all of them, in the order in which they were stored. */
export async function storedDeliveries(database: Database, orderId?: string): Promise<StoredDelivery[]> {
  // MySQL's bigint may come as a text.
  const rows = await database.rows<Omit<StoredDelivery, 'dueAt'> & { dueAt: number | string | null }>(
    `SELECT id, topic, apply_order_id AS orderId, state, attempts, failures, result, due_at AS dueAt,
            claim_token AS claimToken
       FROM dms_s_apply_delivery${orderId === undefined ? '' : ' WHERE apply_order_id = ?'} ORDER BY id`,
    orderId === undefined ? [] : [orderId],
  );
  return rows.map((row) => ({ ...row, dueAt: row.dueAt === null ? null : Number(row.dueAt) }));
}

/** The only delivery of an order. @throws Error when there is none, or more. */
export async function storedDelivery(database: Database, orderId: string): Promise<StoredDelivery> {
  const [delivery, ...others] = await storedDeliveries(database, orderId);
  if (!delivery || others.length > 0) throw new Error(`order ${orderId} has not exactly one delivery`);
  return delivery;
}

/** What came of each recorded attempt of an order's deliveries, in their order. */
export async function attemptOutcomes(database: Database, orderId: string): Promise<string[]> {
  const rows = await database.rows<{ outcome: string }>(
    `SELECT a.outcome FROM dms_s_apply_delivery_attempt a JOIN dms_s_apply_delivery d ON d.id = a.delivery_id
      WHERE d.apply_order_id = ? ORDER BY d.id, a.attempt_no`,
    [orderId],
  );
  return rows.map((row) => row.outcome);
}

/** Now by the database's clock, in milliseconds since 1970. */
export async function databaseTime(database: Database): Promise<number> {
  const [row] = await database.rows<{ now: number }>(`SELECT ${databaseNow(database.dialect)} AS now`);
  return Number(row?.now);
}
