import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { Database } from '../../database/database.js';
import { forUpdate, toDbTime, wholeSecond } from '../../database/dialect.js';
import { places, type Sql, type SqlValue, type Tx } from '../../database/sql.js';
import { Clock } from '../../runtime/clock.js';
import type { RequestRow } from '../requests/request.entity.js';
import type { RequestState } from '../vocabulary.js';
import { RequestSeals } from './request.seals.js';

/** What a transition changes of a request. */
export interface RequestChange {
  readonly state: RequestState;
  readonly live?: string | null;
  /** Milliseconds of the shared clock; null: the state does not end by itself. */
  readonly endsAt: number | null;
  readonly token?: string | null;
  readonly error?: string | null;
  readonly responseStatus?: number | null;
  readonly sealedResponse?: Buffer | null;
}

const columns = {
  state: 'state',
  live: 'live',
  endsAt: 'ends_at',
  token: 'token',
  error: 'error',
  responseStatus: 'response_status',
  sealedResponse: 'sealed_response',
} as const satisfies Record<keyof RequestChange, string>;

/** Why nothing is sent of a row that somebody without the key has changed. */
export const alteredWords =
  'the stored request was altered, or SECRETS_KEY is another one; it is not executed';

/** How a request ends that is not executed. @param now milliseconds of the shared clock */
export const failedFor = (error: string, { resultTtl }: RequestRow, now: number): RequestChange => ({
  state: 'failed',
  endsAt: now + resultTtl * 1000,
  error,
});

/** What the column for errors holds. */
const maxError = 512;

/** Rows of held requests, for the service itself: whatever their team. */
@Injectable()
export class RequestsRepository {
  constructor(
    private readonly database: Database,
    private readonly seals: RequestSeals,
    private readonly clock: Clock,
  ) {}

  async find(id: string, sql: Sql = this.database): Promise<RequestRow | null> {
    return this.one(sql, { id });
  }

  async ofOrder(orderId: string, sql: Sql = this.database): Promise<RequestRow | null> {
    return this.one(sql, { applyOrderId: orderId });
  }

  /** The request that a repeat with one of these fingerprints means; the oldest, should there be several. */
  async live(fingerprints: readonly string[], sql: Sql = this.database): Promise<RequestRow | null> {
    const [row] = await sql.repository<RequestRow>('ApproveRequest').find({
      where: { live: In([...fingerprints]) },
      order: { id: 'ASC' },
      take: 1,
    });
    return row ? numbered(row) : null;
  }

  /** Whoever brings a request of an order on comes through here first. */
  async lock(tx: Tx, orderId: string): Promise<void> {
    await tx.rows(
      `SELECT id FROM dms_s_apply_approve_request WHERE apply_order_id = ?${forUpdate(this.database.dialect)}`,
      [orderId],
    );
  }

  /**
   * Whether an action and a gate are there still; they stay so until the transaction ends. Whoever deletes either locks the
   * action's row; holding does not exclude holding.
   */
  async holdRules(tx: Tx, actionId: string, gateId: string): Promise<boolean> {
    const share = this.database.dialect === 'mysql' ? ' LOCK IN SHARE MODE' : '';
    const [action] = await tx.rows<{ readonly alive: number | null }>(
      `SELECT alive FROM dms_s_apply_approve_action WHERE id = ?${share}`,
      [actionId],
    );
    if (action?.alive !== 1) return false;
    return (await tx.rows(`SELECT id FROM dms_s_apply_gate WHERE id = ?${share}`, [gateId])).length > 0;
  }

  /** Who owns an action, deleted or not; null when there is none. */
  async scopeOfAction(sql: Sql, actionId: string): Promise<string | null> {
    const [row] = await sql.rows<{ readonly scope: string }>(
      'SELECT scope FROM dms_s_apply_approve_action WHERE id = ?',
      [actionId],
    );
    return row?.scope ?? null;
  }

  /** Whether an action, and the gate through which a request came, are there still. */
  async isRuled({ actionId, gateId }: RequestRow): Promise<boolean> {
    const rows = await this.database.rows(
      `SELECT 1 FROM dms_s_apply_approve_action a, dms_s_apply_gate g
        WHERE a.id = ? AND a.alive = 1 AND g.id = ?`,
      [actionId, gateId],
    );
    return rows.length > 0;
  }

  /** @throws a duplicate-key error when a request with the same fingerprint is live */
  async insert(tx: Tx, row: Omit<RequestRow, 'mac'>): Promise<RequestRow> {
    const sealed = { ...row, mac: this.seals.macOf(row) };
    await tx.repository<RequestRow>('ApproveRequest').insert(sealed);
    return sealed;
  }

  /**
   * Brings a request on, if it still is as it was read. One that was altered by hand fails, wherever it was to go: the new
   * keyed hash must not vouch for what was altered.
   * @returns the request as it is now; null when somebody else was first
   */
  async change(tx: Tx, row: RequestRow, wanted: RequestChange): Promise<RequestRow | null> {
    const now = wholeSecond(this.clock.now());
    const change = this.seals.isSound(row) ? wanted : failedFor(alteredWords, row, now.getTime());
    const error = change.error === undefined ? row.error : (change.error?.slice(0, maxError) ?? null);
    const after = { ...row, ...change, error, updateTime: now };
    const mac = this.seals.macOf(after);
    const set = Object.entries(columns) as [keyof RequestChange, string][];
    const values = set.map(([field]) => after[field] as SqlValue);
    const found = await tx.run(
      `UPDATE dms_s_apply_approve_request SET ${set.map(([, column]) => `${column} = ?`).join(', ')},
        mac = ?, update_time = ? WHERE id = ? AND state = ? AND mac = ?`,
      [...values, mac, toDbTime(now), row.id, row.state, row.mac],
    );
    return found === 1 ? { ...after, mac } : null;
  }

  /** How many requests are in each of these states. */
  async counts(states: readonly RequestState[]): Promise<Map<string, number>> {
    const rows = await this.database.rows<{ readonly state: string; readonly count: number | string }>(
      `SELECT state, COUNT(*) AS count FROM dms_s_apply_approve_request
        WHERE state IN (${places(states.length)}) GROUP BY state`,
      states,
    );
    return new Map(rows.map(({ state, count }) => [state, Number(count)]));
  }

  /** Lets go of credentials whose time is over, or that nobody needs any more. */
  async forgetCredentials(tx: Tx, id: string): Promise<void> {
    await tx.run('UPDATE dms_s_apply_approve_request SET sealed_credentials = NULL WHERE id = ?', [id]);
  }

  private async one(sql: Sql, where: { id: string } | { applyOrderId: string }): Promise<RequestRow | null> {
    const row = await sql.repository<RequestRow>('ApproveRequest').findOneBy(where);
    return row && numbered(row);
  }
}

const numbered = (row: RequestRow): RequestRow => ({
  ...row,
  credentialsUntil: numberOf(row.credentialsUntil),
  endsAt: numberOf(row.endsAt),
});

/** MySQL's driver tells a bigint as a text. */
const numberOf = (value: number | string | null): number | null => (value === null ? null : Number(value));
