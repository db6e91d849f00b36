import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { toDbTime } from '../database/dialect.js';
import type { Sql, Tx } from '../database/sql.js';
import type { CallbackKind } from '../orders/order-callbacks.service.js';
import { Clock } from '../runtime/clock.js';

const table = 'dms_s_apply_callback_ticket';

/** A name under which a business module knows a callback, and what the call says. */
export interface CallbackTicket {
  readonly ticketId: string;
  /** What the call says instead of the order's variables. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Names of callbacks other than the order's id: requirement 001's `approval_code|instance_code|task_id`. */
@Injectable()
export class CallbackTicketsService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Gives an order's next check or execution a name; the same again changes nothing.
   * @param ticketId at most 191 characters
   */
  async name(tx: Tx, orderId: string, kind: CallbackKind, { ticketId, body }: CallbackTicket): Promise<void> {
    const known = await tx.rows(`SELECT ticket_id FROM ${table} WHERE ticket_id = ?`, [ticketId]);
    if (known.length > 0) return;
    await tx.run(
      `INSERT INTO ${table} (ticket_id, apply_order_id, kind, body, create_time) VALUES (?, ?, ?, ?, ?)`,
      [ticketId, orderId, kind, JSON.stringify(body), toDbTime(this.clock.now())],
    );
  }

  /**
   * The name of an order's present check or execution: the last that was given; null: the order's id. Numbers of tasks
   * ascend, which tells those of one second apart.
   */
  async of(orderId: string, kind: CallbackKind, sql: Sql = this.database): Promise<CallbackTicket | null> {
    const [row] = await sql.rows<{ readonly ticketId: string; readonly body: string | null }>(
      `SELECT ticket_id AS ticketId, body FROM ${table} WHERE apply_order_id = ? AND kind = ?
        ORDER BY create_time DESC, LENGTH(ticket_id) DESC, ticket_id DESC LIMIT 1`,
      [orderId, kind],
    );
    return row
      ? {
          ticketId: row.ticketId,
          body: row.body === null ? {} : (JSON.parse(row.body) as Record<string, unknown>),
        }
      : null;
  }

  /** The order behind a name; null for a name that nobody has given to such a callback. */
  async orderOf(ticketId: string, kind: CallbackKind, sql: Sql = this.database): Promise<string | null> {
    const [row] = await sql.rows<{ readonly orderId: string; readonly ticketId: string }>(
      `SELECT apply_order_id AS orderId, ticket_id AS ticketId FROM ${table} WHERE ticket_id = ? AND kind = ?`,
      [ticketId, kind],
    );
    // MySQL ignores trailing blanks where it compares.
    return row?.ticketId === ticketId ? row.orderId : null;
  }
}
