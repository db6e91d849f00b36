import { places, type SqlValue } from '../../database/sql.js';
import { applyStatusCodes } from '../../engine/codes.js';
import type { ApplyStatus } from '../../engine/vocabulary.js';
import { type RequestState, statesUnderWay } from '../vocabulary.js';

/** What is stored of where a request stands, and how its order stands meanwhile. */
export interface Standing {
  readonly state: RequestState;
  readonly mode: string;
  /** Milliseconds of the shared clock; null: the state does not end by itself. */
  readonly endsAt: number | null;
  /** Of its order; null where there is none. */
  readonly applyStatus: ApplyStatus | null;
}

/** What lists can be narrowed to: one status, or `open`, those of which something can still become. */
export type StatusFilter = RequestState | 'open';

/**
 * Where a request stands now. What is stored follows a moment later: an order ends or is reopened, or a time is over,
 * and a handler notices. Until then the order and the clock tell. {@link standsAt} says the same in SQL.
 * @param now milliseconds of the shared clock
 */
export function statusOf({ state, mode, endsAt, applyStatus }: Standing, now: number): RequestState {
  const over = endsAt !== null && endsAt <= now;
  if (state === 'waiting' || state === 'denied') {
    if (applyStatus === 'completed') return 'approved';
    if (applyStatus === 'rejected') return 'denied';
    if (applyStatus === 'withdrawn') return over ? 'expired' : 'cancelled';
    if (state === 'waiting') return over ? 'expired' : 'waiting';
    return applyStatus === null ? 'denied' : 'waiting';
  }
  if (mode === 'retry-once' && over) {
    if (state === 'approved') return 'expired';
    if (state === 'executing') return 'unknown';
  }
  return state;
}

type Condition = readonly [sql: string, values: readonly SqlValue[]];

const { completed, rejected, withdrawn } = applyStatusCodes;
const over = '(r.ends_at IS NOT NULL AND r.ends_at <= ?)';
const follows = "r.state IN ('waiting', 'denied')";
const status = `CASE
  WHEN ${follows} AND o.apply_status = '${completed}' THEN 'approved'
  WHEN ${follows} AND o.apply_status = '${rejected}' THEN 'denied'
  WHEN ${follows} AND o.apply_status = '${withdrawn}' AND ${over} THEN 'expired'
  WHEN ${follows} AND o.apply_status = '${withdrawn}' THEN 'cancelled'
  WHEN r.state = 'waiting' AND ${over} THEN 'expired'
  WHEN r.state = 'denied' AND o.apply_status IS NOT NULL THEN 'waiting'
  WHEN r.state = 'approved' AND r.mode = 'retry-once' AND ${over} THEN 'expired'
  WHEN r.state = 'executing' AND r.mode = 'retry-once' AND ${over} THEN 'unknown'
  ELSE r.state END`;
const times = status.split('?').length - 1;

/**
 * Requests `r` that stand there, with their orders `o`, as a condition.
 * @param now milliseconds of the shared clock
 */
export function standsAt(filter: StatusFilter, now: number): Condition {
  const wanted = filter === 'open' ? statesUnderWay : [filter];
  return [`${status} IN (${places(wanted.length)})`, [...Array<number>(times).fill(now), ...wanted]];
}
