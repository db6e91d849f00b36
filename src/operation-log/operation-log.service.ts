import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { fromDbTime, toDbTime } from '../database/dialect.js';
import { insertRows, type Sql, type SqlValue, type Tx } from '../database/sql.js';
import type { OrderEvent } from '../engine/events.js';
import { type Page, pageOf, type PageWindow } from '../http/pagination.js';
import { Ids } from '../runtime/ids.js';
import { type ChainedRow, chainStart, hashOf, storable } from './chain.js';
import { checkChain, type Finding, type FindingKind, findingKinds, type OrderMark } from './chain-check.js';
import { describe } from './describe.js';
import { chainedOver, storedColumns, type StoredRow, type StoredSqlRow, toStoredRow } from './stored-row.js';

export { findingKinds };
export type { Finding, FindingKind, OrderMark, StoredRow };

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

/** The rows of one transition, made before anything is stored: the order keeps the hash of the last of them. */
export interface NewRows {
  readonly values: readonly (readonly SqlValue[])[];
  /** The id of the first row, by which the commit can be confirmed. */
  readonly firstId: string;
  /** Of the last row. */
  readonly hash: string;
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
  'hash',
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

  /**
   * The rows of one transition, each with its hash. Stores nothing.
   * @param previous the hash of the order's last row; {@link chainStart} for its first transition
   */
  rowsOf(transition: Transition, previous: string = chainStart): NewRows {
    const time = toDbTime(transition.time);
    const lastSeq = transition.events.length - 1;
    let hash = previous;
    const values = transition.events.map((event, seq): SqlValue[] => {
      const row: ChainedRow = {
        id: this.ids.next(),
        orderId: transition.orderId,
        transition: transition.number,
        seq,
        userCode: storable(transition.userCode),
        operation: event.type,
        details: storable(shorten(describe(event))),
        time: `${time.replace(' ', 'T')}Z`,
        data: JSON.stringify(event),
      };
      hash = hashOf(row, hash, seq === lastSeq);
      return [
        row.id,
        row.orderId,
        row.userCode,
        row.details,
        time,
        row.operation,
        row.data,
        row.transition,
        seq,
        hash,
      ];
    });
    return { values, firstId: String(values[0]?.[0]), hash };
  }

  /** Adds rows that were made by {@link rowsOf}. */
  append(tx: Tx, { values }: NewRows): Promise<void> {
    return insertRows(tx, table, columns, values);
  }

  /** What an order's next row chains to whose earlier rows are from before there were hashes; read once an order. */
  async chainedOver(tx: Tx, orderId: string): Promise<string> {
    return chainedOver(await this.storedIn(tx, orderId));
  }

  /** Every row of an order as the table holds it, in sequence. */
  stored(orderId: string): Promise<StoredRow[]> {
    return this.storedIn(this.database, orderId);
  }

  /** What is wrong with the chain of an order's rows, as {@link stored} gives them. */
  check(rows: readonly StoredRow[], order: OrderMark): Finding[] {
    return checkChain(rows, order);
  }

  private async storedIn(sql: Sql, orderId: string): Promise<StoredRow[]> {
    const rows = await sql.rows<StoredSqlRow>(
      `SELECT ${storedColumns} FROM ${table} WHERE apply_order_id = ? ORDER BY transition_no, seq`,
      [orderId],
    );
    return rows.map(toStoredRow);
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
