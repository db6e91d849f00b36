import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { UnitOfWork } from '../database/unit-of-work.js';

/** An order to which time does something now. */
export interface DueOrder {
  readonly orderId: string;
  /** Since when, in milliseconds since 1970. */
  readonly dueAt: number;
  /** How often it was tried in vain. */
  readonly failures: number;
}

/** Pauses before an order whose timer failed is tried again: from five seconds to an hour, each twice the one before. */
const firstPause = 5_000;
const longestPause = 3_600_000;

/** What the replicas find by, and put off; the rows themselves are the orders' own. */
@Injectable()
export class TimersQueue {
  constructor(
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Those that have waited longest. */
  async due(now: number, take: number): Promise<DueOrder[]> {
    const rows = await this.database.rows<Record<keyof DueOrder, string | number>>(
      `SELECT t.apply_order_id AS orderId, MIN(t.due_at) AS dueAt, MAX(t.failures) AS failures
         FROM dms_s_apply_timer t WHERE t.run_at <= ?
        GROUP BY t.apply_order_id ORDER BY MIN(t.run_at), t.apply_order_id LIMIT ?`,
      [now, take],
    );
    return rows.map(({ orderId, dueAt, failures }) => ({
      orderId: String(orderId),
      dueAt: Number(dueAt),
      failures: Number(failures),
    }));
  }

  /** How many orders wait for a replica, and since when the first one does. */
  async backlog(now: number): Promise<{ readonly count: number; readonly oldest: number | null }> {
    const [row] = await this.database.rows<{ count: number | string; oldest: number | string | null }>(
      `SELECT COUNT(DISTINCT t.apply_order_id) AS count, MIN(t.due_at) AS oldest
         FROM dms_s_apply_timer t WHERE t.due_at <= ?`,
      [now],
    );
    return { count: Number(row?.count ?? 0), oldest: row?.oldest == null ? null : Number(row.oldest) };
  }

  /** Has what is still due of an order tried later. @returns whether there was any */
  async putOff({ orderId, failures }: DueOrder, now: number): Promise<boolean> {
    const pause = Math.min(longestPause, firstPause * 2 ** Math.min(failures, 20));
    return this.unitOfWork.run(async (tx) => {
      const found = await tx.run(
        'UPDATE dms_s_apply_timer SET failures = failures + 1, run_at = ? WHERE apply_order_id = ? AND run_at <= ?',
        [now + pause, orderId, now],
      );
      return found > 0;
    });
  }
}
