import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { toDbTime } from '../database/dialect.js';
import { insertRows, places, type Tx } from '../database/sql.js';
import type { OrderEvent } from '../engine/events.js';
import type { OrderHead } from './order.record.js';

const table = 'dms_s_apply_order_cc';

/** Who was sent an order for information. */
@Injectable()
export class CopiesRepository {
  constructor(private readonly database: Database) {}

  /** Notes the copies that a transition sends; somebody who has one already gets no second one. */
  async add(tx: Tx, head: OrderHead, events: readonly OrderEvent[]): Promise<void> {
    for (const event of events) {
      if (event.type !== 'order.copied') continue;
      const known = await tx.rows<{ user_code: string }>(
        `SELECT user_code FROM ${table} WHERE apply_order_id = ? AND user_code IN (${places(event.userCodes.length)})`,
        [head.id, ...event.userCodes],
      );
      const has = new Set(known.map((row) => row.user_code));
      await insertRows(
        tx,
        table,
        ['user_code', 'apply_order_id', 'copied_by', 'create_time'],
        event.userCodes
          .filter((userCode) => !has.has(userCode))
          .map((userCode) => [userCode, head.id, event.userCode, toDbTime(head.updateTime)]),
      );
    }
  }

  /** Whether a person was sent a copy. */
  async has(orderId: string, userCode: string): Promise<boolean> {
    const rows = await this.database.rows(
      `SELECT 1 AS found FROM ${table} WHERE user_code = ? AND apply_order_id = ?`,
      [userCode, orderId],
    );
    return rows.length > 0;
  }
}
