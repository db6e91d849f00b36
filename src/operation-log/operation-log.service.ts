import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { fromDbTime, toDbTime } from '../database/dialect.js';
import { insertRows, type Sql, type Tx } from '../database/sql.js';
import type { OrderEvent } from '../engine/events.js';
import { type Page, pageOf, type PageWindow } from '../http/pagination.js';
import { Ids } from '../runtime/ids.js';
import { describe } from './describe.js';

/** One committed command of an order: its events, in sequence. */
export interface Transition {
  readonly orderId: string;
  /** The order's version after it; 1 for the opening. */
  readonly number: number;
  readonly userCode: string;
  readonly events: readonly OrderEvent[];
  readonly time: Date;
}

/** A row of the log as it is answered. */
export interface LogEntry {
  readonly id: string;
  readonly operationUserCode: string;
  readonly operation: string;
  readonly operationDetails: string;
  readonly operationTime: Date;
  readonly transition: number;
  /** The event itself; replaying all of them rebuilds the order. */
  readonly data: OrderEvent;
}

interface Row {
  readonly id: string;
  readonly operation_user_code: string;
  readonly operation: string;
  readonly operation_details: string;
  readonly operation_time: Date | string;
  readonly operation_data: string;
  readonly transition_no: number;
  readonly seq: number;
}

const table = 'dms_s_apply_order_log';
const columns = [
  'id',
  'apply_order_id',
  'operation_user_code',
  'operation_details',
  'operation_time',
  'operation',
  'operation_data',
  'transition_no',
  'seq',
] as const;

/** `operation_details` is a text (65,535 bytes); an event with thousands of names is told in full by its data. */
const maxDetails = 8_000;

/** The append-only account of every order: rows are added by the transaction that they tell of, and never changed. */
@Injectable()
export class OperationLogService {
  constructor(
    private readonly database: Database,
    private readonly ids: Ids,
  ) {}

  /** Adds the rows of one transition. @returns the id of its first row, by which the commit can be confirmed. */
  async append(tx: Tx, transition: Transition): Promise<string> {
    const time = toDbTime(transition.time);
    const rows = transition.events.map((event, seq) => [
      this.ids.next(),
      transition.orderId,
      transition.userCode,
      shorten(describe(event)),
      time,
      event.type,
      JSON.stringify(event),
      transition.number,
      seq,
    ]);
    await insertRows(tx, table, columns, rows);
    return String(rows[0]?.[0]);
  }

  /** Whether a row exists: asked after a commit whose answer was lost. */
  async exists(sql: Sql, id: string): Promise<boolean> {
    return (await sql.rows(`SELECT id FROM ${table} WHERE id = ?`, [id])).length > 0;
  }

  /** An order's transitions from the first up to one, oldest first: what it takes to rebuild the order as it was then. */
  async history(orderId: string, upTo: number): Promise<Transition[]> {
    const rows = await this.database.rows<Row>(
      `SELECT operation_user_code, operation_time, operation_data, transition_no
         FROM ${table} WHERE apply_order_id = ? AND transition_no <= ?
        ORDER BY transition_no, seq`,
      [orderId, upTo],
    );
    const transitions = new Map<number, Transition & { readonly events: OrderEvent[] }>();
    for (const row of rows) {
      const event = JSON.parse(row.operation_data) as OrderEvent;
      const known = transitions.get(row.transition_no);
      if (known) known.events.push(event);
      else {
        transitions.set(row.transition_no, {
          orderId,
          number: row.transition_no,
          userCode: row.operation_user_code,
          events: [event],
          time: fromDbTime(row.operation_time),
        });
      }
    }
    return [...transitions.values()];
  }

  /**
   * The log of an order, oldest first. Whoever calls has made sure that the order exists for the caller.
   * @param operation only the rows of this one; null: all
   */
  async page(
    orderId: string,
    window: PageWindow,
    operation: OrderEvent['type'] | null = null,
  ): Promise<Page<LogEntry>> {
    const [transition, seq] = (window.after ?? '0:-1').split(':').map(Number) as [number, number];
    const rows = await this.database.rows<Row>(
      `SELECT id, operation_user_code, operation, operation_details, operation_time, operation_data, transition_no, seq
         FROM ${table}
        WHERE apply_order_id = ? AND (transition_no > ? OR (transition_no = ? AND seq > ?))
          ${operation === null ? '' : 'AND operation = ?'}
        ORDER BY transition_no, seq LIMIT ${window.take}`,
      [orderId, transition, transition, seq, ...(operation === null ? [] : [operation])],
    );
    return pageOf(rows, window, (row) => `${row.transition_no}:${row.seq}`, toEntry);
  }
}

const toEntry = (row: Row): LogEntry => ({
  id: row.id,
  operationUserCode: row.operation_user_code,
  operation: row.operation,
  operationDetails: row.operation_details,
  operationTime: fromDbTime(row.operation_time),
  transition: row.transition_no,
  data: JSON.parse(row.operation_data) as OrderEvent,
});

const shorten = (text: string): string =>
  text.length <= maxDetails ? text : `${text.slice(0, maxDetails)}…`;
