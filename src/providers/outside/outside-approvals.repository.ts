import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { fromDbTime, toDbTime } from '../../database/dialect.js';
import { places, type Sql, type SqlValue, type Tx } from '../../database/sql.js';
import type { Observation, OutsideStatus } from '../provider.port.js';

const table = 'dms_s_apply_outside_approval';

/** `asking` until the provider has taken it on; `cancelled`: we need it no longer. */
export type OutsideState = 'asking' | 'cancelled' | OutsideStatus;

/** A task at the provider that is ours to answer (requirement 001, check and execute nodes). */
export interface OwnTask {
  readonly id: string;
  readonly kind: 'check' | 'execute';
  /** What we have answered; null: nothing yet. */
  readonly answer: 'approved' | 'rejected' | null;
}

/** One approval of an order at a provider. */
export interface OutsideApproval {
  readonly id: string;
  readonly orderId: string;
  readonly providerId: string;
  /** The order's transition that asked for it; 0 for one that began there. */
  readonly round: number;
  readonly origin: 'here' | 'there';
  readonly state: OutsideState;
  readonly externalId: string | null;
  readonly formCode: string | null;
  /** The delivery that asks for it, or has asked. */
  readonly askedBy: string | null;
  readonly tasks: readonly OwnTask[];
  readonly seen: Observation | null;
  readonly seenAt: Date | null;
  readonly createTime: Date;
}

/** Whether somebody there may still decide. */
export const isLive = ({ state }: Pick<OutsideApproval, 'state'>): boolean =>
  state === 'asking' || state === 'pending';

/** Under which name a provider knows an approval that we ask for. */
export const keyOf = ({ orderId, round }: Pick<OutsideApproval, 'orderId' | 'round'>): string =>
  `${orderId}.${round}`;

interface Row {
  readonly id: string;
  readonly apply_order_id: string;
  readonly provider_id: string;
  readonly round: number;
  readonly origin: string;
  readonly state: string;
  readonly external_id: string | null;
  readonly form_code: string | null;
  readonly asked_by: string | null;
  readonly tasks: string | null;
  readonly seen: string | null;
  readonly seen_at: Date | string | null;
  readonly create_time: Date | string;
}

const columns =
  'id, apply_order_id, provider_id, round, origin, state, external_id, form_code, asked_by, tasks, seen, seen_at, create_time';

/** What changes of a row. */
export type OutsideChange = Partial<
  Pick<OutsideApproval, 'state' | 'externalId' | 'formCode' | 'tasks' | 'seen' | 'seenAt'>
>;

/** Rows of approvals at providers. Whoever writes one holds the lock of its order. */
@Injectable()
export class OutsideApprovalsRepository {
  constructor(private readonly database: Database) {}

  async find(id: string, sql: Sql = this.database): Promise<OutsideApproval | null> {
    return this.one(sql, 'id = ?', [id]);
  }

  /** The newest of an order; null when it has none. */
  latestOf(orderId: string, sql: Sql = this.database): Promise<OutsideApproval | null> {
    return this.one(sql, 'apply_order_id = ? ORDER BY create_time DESC, round DESC, id DESC LIMIT 1', [
      orderId,
    ]);
  }

  /** All of an order, oldest first. */
  async allOf(orderId: string): Promise<OutsideApproval[]> {
    const rows = await this.database.rows<Row>(
      `SELECT ${columns} FROM ${table} WHERE apply_order_id = ? ORDER BY create_time, round, id`,
      [orderId],
    );
    return rows.map(toApproval);
  }

  byExternal(
    providerId: string,
    externalId: string,
    sql: Sql = this.database,
  ): Promise<OutsideApproval | null> {
    return this.one(sql, 'provider_id = ? AND external_id = ?', [providerId, externalId]);
  }

  /** Which of these ids are of approvals that are known, also of earlier ones. */
  async known(providerId: string, externalIds: readonly string[]): Promise<ReadonlySet<string>> {
    if (externalIds.length === 0) return new Set();
    const rows = await this.database.rows<{ readonly externalId: string }>(
      `SELECT external_id AS externalId FROM ${table}
        WHERE provider_id = ? AND external_id IN (${places(externalIds.length)})`,
      [providerId, ...externalIds],
    );
    return new Set(rows.map(({ externalId }) => externalId));
  }

  /** The approval that a key names, as {@link keyOf} makes it. */
  byKey(providerId: string, key: string, sql: Sql = this.database): Promise<OutsideApproval | null> {
    const [orderId = '', round = ''] = key.split('.', 2);
    if (!/^\d{1,9}$/.test(round)) return Promise.resolve(null);
    return this.one(sql, 'provider_id = ? AND apply_order_id = ? AND round = ?', [
      providerId,
      orderId,
      Number(round),
    ]);
  }

  /**
   * Whether an approval of a form is being asked for: its id there is not known yet.
   * @param since an attempt that began earlier is over by now, and asks later again or not at all
   */
  async isAsking(providerId: string, formCode: string, since: Date): Promise<boolean> {
    const rows = await this.database.rows(
      `SELECT id FROM ${table} WHERE provider_id = ? AND state = 'asking' AND form_code = ? AND update_time >= ? LIMIT 1`,
      [providerId, formCode, toDbTime(since)],
    );
    return rows.length > 0;
  }

  async insert(tx: Tx, approval: OutsideApproval): Promise<void> {
    const time = toDbTime(approval.createTime);
    const { seen, seenAt, tasks } = approval;
    await tx.run(
      `INSERT INTO ${table} (${columns}, update_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        approval.id,
        approval.orderId,
        approval.providerId,
        approval.round,
        approval.origin,
        approval.state,
        approval.externalId,
        approval.formCode,
        approval.askedBy,
        JSON.stringify(tasks),
        seen && JSON.stringify(seen),
        seenAt && toDbTime(seenAt),
        time,
        time,
      ],
    );
  }

  async update(tx: Tx, id: string, change: OutsideChange, time: Date): Promise<void> {
    const { tasks, seen, seenAt } = change;
    const set: (readonly [string, SqlValue])[] = [
      ...(change.state === undefined ? [] : [['state', change.state] as const]),
      ...(change.externalId === undefined ? [] : [['external_id', change.externalId] as const]),
      ...(change.formCode === undefined ? [] : [['form_code', change.formCode] as const]),
      ...(tasks === undefined ? [] : [['tasks', JSON.stringify(tasks)] as const]),
      ...(seen === undefined ? [] : [['seen', seen && JSON.stringify(seen)] as const]),
      ...(seenAt === undefined ? [] : [['seen_at', seenAt && toDbTime(seenAt)] as const]),
      ['update_time', toDbTime(time)],
    ];
    await tx.run(`UPDATE ${table} SET ${set.map(([column]) => `${column} = ?`).join(', ')} WHERE id = ?`, [
      ...set.map(([, value]) => value),
      id,
    ]);
  }

  private async one(sql: Sql, where: string, values: readonly SqlValue[]): Promise<OutsideApproval | null> {
    const [row] = await sql.rows<Row>(`SELECT ${columns} FROM ${table} WHERE ${where}`, values);
    return row ? toApproval(row) : null;
  }
}

const toApproval = (row: Row): OutsideApproval => ({
  id: row.id,
  orderId: row.apply_order_id,
  providerId: row.provider_id,
  round: row.round,
  origin: row.origin as OutsideApproval['origin'],
  state: row.state as OutsideState,
  externalId: row.external_id,
  formCode: row.form_code,
  askedBy: row.asked_by,
  tasks: row.tasks === null ? [] : (JSON.parse(row.tasks) as OwnTask[]),
  seen: row.seen === null ? null : (JSON.parse(row.seen) as Observation),
  seenAt: row.seen_at === null ? null : fromDbTime(row.seen_at),
  createTime: fromDbTime(row.create_time),
});
