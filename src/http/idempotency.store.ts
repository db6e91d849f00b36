import { Injectable } from '@nestjs/common';
import { Sealer } from '../config/sealer.js';
import { toDbTime } from '../database/dialect.js';
import { classify } from '../database/errors.js';
import type { Tx } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import type { IdempotencyRow } from './idempotency.entity.js';
import { Problem } from './problem.js';

const table = 'dms_s_apply_idempotency';
/** How long an answer is kept (contract: 24 hours). */
const keptFor = 24 * 60 * 60 * 1000;
/** A request in flight for longer belongs to a process that died; its key may be taken over. */
const lease = 60 * 1000;

/** A POST with an Idempotency-Key. */
export interface KeyedRequest {
  /** Whose key it is: keys of two callers never meet. */
  readonly principal: string;
  readonly key: string;
  /** SHA-256 of method, path and body. */
  readonly fingerprint: string;
}

/** Either the right to run the request once, or the answer that it got before. */
export type Reservation =
  | { readonly kind: 'run'; readonly token: string }
  | { readonly kind: 'answered'; readonly status: number; readonly answer: unknown };

/** Records of POSTs with an Idempotency-Key and of their answers. */
@Injectable()
export class IdempotencyStore {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly sealer: Sealer,
  ) {}

  /** @throws Problem 422 when the key was used for another request, 409 while the first one is in flight. */
  async reserve(request: KeyedRequest): Promise<Reservation> {
    const token = this.ids.next();
    try {
      return await this.unitOfWork.run((tx) => this.claim(tx, request, token));
    } catch (error) {
      // Two first requests met on the primary key: the other one is in flight.
      if (classify(error) === 'duplicate') throw inFlight();
      throw error;
    }
  }

  /**
   * Stores the answer, in the transaction that it reports on.
   * @throws Problem 409 when another process has taken the key over; the transaction must not commit then.
   */
  async complete(
    tx: Tx,
    request: KeyedRequest,
    token: string,
    status: number,
    answer: unknown,
    secret: boolean,
  ): Promise<void> {
    const json = JSON.stringify(answer ?? null);
    const stored = secret ? this.sealer.seal(json, sealContext(request)) : json;
    const found = await tx.run(
      `UPDATE ${table} SET status = ?, answer = ?, sealed = ?
        WHERE principal = ? AND idempotency_key = ? AND token = ? AND status IS NULL`,
      [status, stored, secret ? 1 : 0, request.principal, request.key, token],
    );
    if (found !== 1) throw inFlight();
  }

  /** Frees the key after a request that failed: nothing was stored, so the same key may try again. */
  async release(request: KeyedRequest, token: string): Promise<void> {
    await this.unitOfWork.run((tx) =>
      tx.run(
        `DELETE FROM ${table} WHERE principal = ? AND idempotency_key = ? AND token = ? AND status IS NULL`,
        [request.principal, request.key, token],
      ),
    );
  }

  /** Deletes what is older than 24 hours. */
  async forgetOld(): Promise<void> {
    const oldest = new Date(this.clock.now().getTime() - keptFor);
    await this.unitOfWork.run((tx) =>
      tx.run(`DELETE FROM ${table} WHERE create_time < ?`, [toDbTime(oldest)]),
    );
  }

  private async claim(tx: Tx, request: KeyedRequest, token: string): Promise<Reservation> {
    const { principal, key, fingerprint } = request;
    const rows = tx.repository<IdempotencyRow>('Idempotency');
    const earlier = await rows.findOneBy({ principal, idempotencyKey: key });
    const now = this.clock.now();
    const age = earlier ? now.getTime() - earlier.createTime.getTime() : 0;
    if (earlier && age < keptFor) {
      if (earlier.fingerprint !== fingerprint) {
        throw new Problem(
          'idempotency_key_reused',
          'this Idempotency-Key was used for another request; take a new one',
        );
      }
      if (earlier.status !== null)
        return { kind: 'answered', status: earlier.status, answer: this.answerOf(earlier, request) };
      if (age < lease) throw inFlight();
    }
    if (earlier) {
      // Only as it was read: meanwhile the late first request may have stored its answer, or another one taken over.
      const freed = await tx.run(
        `DELETE FROM ${table} WHERE principal = ? AND idempotency_key = ? AND token = ?
            AND status IS ${earlier.status === null ? '' : 'NOT '}NULL`,
        [principal, key, earlier.token],
      );
      if (freed === 0) throw inFlight();
    }
    await tx.run(
      `INSERT INTO ${table} (principal, idempotency_key, fingerprint, token, create_time) VALUES (?, ?, ?, ?, ?)`,
      [principal, key, fingerprint, token, toDbTime(now)],
    );
    return { kind: 'run', token };
  }

  private answerOf(row: IdempotencyRow, request: KeyedRequest): unknown {
    const stored = row.answer ?? 'null';
    return JSON.parse(row.sealed === 1 ? this.sealer.open(stored, sealContext(request)) : stored);
  }
}

const sealContext = (request: KeyedRequest): string => `idempotency/${request.principal}/${request.key}`;

const inFlight = (): Problem =>
  new Problem(
    'request_in_flight',
    'the first request with this Idempotency-Key is still in flight; try again',
    {
      headers: { 'retry-after': '1' },
    },
  );
