import { Injectable } from '@nestjs/common';
import type { TeamScope } from '../../auth/principal.js';
import { teamClause } from '../../auth/team-clause.js';
import { Database } from '../../database/database.js';
import { fromDbTime } from '../../database/dialect.js';
import type { SqlValue } from '../../database/sql.js';
import { applyStatusCodes, nameOf } from '../../engine/codes.js';
import type { PageWindow } from '../../http/pagination.js';
import type { Mode, RequestState } from '../vocabulary.js';
import { type Standing, standsAt, type StatusFilter } from './request.standing.js';

/** What a list of held requests may be narrowed to. */
export interface RequestFilter {
  readonly status?: StatusFilter;
  readonly method?: string;
  /** The beginning of the path, as on the wire. */
  readonly path?: string;
  readonly userCode?: string;
  readonly actionId?: string;
  readonly provider?: string;
  /** The key of a gate. */
  readonly gate?: string;
  readonly orderId?: string;
}

/** A held request as people may see it: nothing of what is sealed. */
export interface RequestRecord extends Standing {
  readonly id: string;
  readonly orderId: string;
  readonly accCode: string | null;
  readonly actionId: string;
  readonly actionName: string;
  readonly provider: string;
  /** The key of its gate; null once that is gone. */
  readonly gate: string | null;
  readonly userCode: string;
  readonly mode: Mode;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** As on the wire: it may hold secrets. */
  readonly query: string;
  readonly upstream: string | null;
  readonly contentType: string | null;
  readonly bodyBytes: number;
  readonly requestHash: string;
  readonly error: string | null;
  readonly responseStatus: number | null;
  readonly createTime: Date;
  readonly updateTime: Date;
}

interface Row {
  readonly id: string;
  readonly apply_order_id: string;
  readonly acc_code: string | null;
  readonly action_id: string;
  readonly action_name: string;
  readonly provider: string;
  readonly gate_key: string | null;
  readonly user_code: string;
  readonly state: RequestState;
  readonly mode: Mode;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly upstream: string | null;
  readonly content_type: string | null;
  readonly body_bytes: number;
  readonly request_hash: string;
  readonly error: string | null;
  readonly response_status: number | null;
  readonly ends_at: number | string | null;
  readonly create_time: Date | string;
  readonly update_time: Date | string;
  readonly apply_status: string | null;
}

const columns = `r.id, r.apply_order_id, r.acc_code, r.action_id, r.action_name, r.provider, g.gate_key, r.user_code,
  r.state, r.mode, r.method, r.host, r.path, r.query, r.upstream, r.content_type, r.body_bytes, r.request_hash,
  r.error, r.response_status, r.ends_at, r.create_time, r.update_time, o.apply_status`;

/** The outer joins keep the sequence: requests are walked along their own index, newest first. */
const tables = `dms_s_apply_approve_request r
  LEFT JOIN dms_s_apply_order o ON o.id = r.apply_order_id
  LEFT JOIN dms_s_apply_gate g ON g.id = r.gate_id`;

/**
 * Held requests as people see them, newest first, by keyset over their ids (UUIDv7). Columns are taken by name: what is
 * sealed does not come along.
 */
@Injectable()
export class RequestListsRepository {
  constructor(private readonly database: Database) {}

  /**
   * @param applicant only this person's; null: everybody's
   * @param now milliseconds of the shared clock
   */
  async list(
    scope: TeamScope,
    applicant: string | null,
    filter: RequestFilter,
    window: Pick<PageWindow, 'take' | 'after'>,
    now: number,
  ): Promise<RequestRecord[]> {
    const team = teamClause(scope, 'r.acc_code');
    const where = [`1 = 1${team.sql}`];
    const values: SqlValue[] = [...team.values];
    const narrow = (condition: string, ...given: readonly (SqlValue | undefined)[]) => {
      const present = given.filter((value) => value !== undefined && value !== null);
      if (present.length === 0) return;
      where.push(condition);
      values.push(...present);
    };
    narrow('r.user_code = ?', applicant);
    narrow('r.user_code = ?', filter.userCode);
    narrow('r.method = ?', filter.method);
    // Not LIKE: SQLite's does not tell capitals from small letters, and nothing has to be escaped here.
    narrow('INSTR(r.path, ?) = 1', filter.path);
    narrow('r.action_id = ?', filter.actionId);
    narrow('r.provider = ?', filter.provider);
    narrow('g.gate_key = ?', filter.gate);
    narrow('r.apply_order_id = ?', filter.orderId);
    narrow('r.id < ?', window.after);
    if (filter.status) {
      const [condition, given] = standsAt(filter.status, now);
      narrow(condition, ...given);
    }
    const rows = await this.database.rows<Row>(
      `SELECT ${columns} FROM ${tables} WHERE ${where.join(' AND ')} ORDER BY r.id DESC LIMIT ${window.take}`,
      values,
    );
    return rows.map(toRecord);
  }

  async find(scope: TeamScope, id: string): Promise<RequestRecord | null> {
    const team = teamClause(scope, 'r.acc_code');
    const [row] = await this.database.rows<Row>(
      `SELECT ${columns} FROM ${tables} WHERE r.id = ?${team.sql}`,
      [id, ...team.values],
    );
    return row ? toRecord(row) : null;
  }
}

const toRecord = (row: Row): RequestRecord => ({
  id: row.id,
  orderId: row.apply_order_id,
  accCode: row.acc_code,
  actionId: row.action_id,
  actionName: row.action_name,
  provider: row.provider,
  gate: row.gate_key,
  userCode: row.user_code,
  state: row.state,
  mode: row.mode,
  method: row.method,
  host: row.host,
  path: row.path,
  query: row.query,
  upstream: row.upstream,
  contentType: row.content_type,
  bodyBytes: row.body_bytes,
  requestHash: row.request_hash,
  error: row.error,
  responseStatus: row.response_status,
  // MySQL's driver tells a bigint as a text.
  endsAt: row.ends_at === null ? null : Number(row.ends_at),
  applyStatus: row.apply_status === null ? null : nameOf(applyStatusCodes, row.apply_status),
  createTime: fromDbTime(row.create_time),
  updateTime: fromDbTime(row.update_time),
});
