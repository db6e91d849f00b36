import { Injectable } from '@nestjs/common';
import { isSystemAdmin, isTeamAdmin, type Principal } from '../auth/principal.js';
import { notFound, Problem } from '../http/problem.js';
import {
  type Finding,
  OperationLogService,
  type OrderMark,
  type StoredRow,
} from '../operation-log/operation-log.service.js';
import { type OrderRecord, OrdersService, UnreadableOrder } from '../orders/orders.service.js';
import { Clock } from '../runtime/clock.js';
import type { LogVerification } from './audit.dto.js';
import { type Beside, BesideRepository } from './beside.repository.js';
import { checkState, unreadable } from './state-check.js';

/** More means that the order changes all the time. */
const maxReads = 10;

/** An order, its log and what stands beside it, as they are together. */
interface Moment {
  readonly record: OrderRecord;
  readonly rows: readonly StoredRow[];
  readonly beside: Beside;
}

/** Tells whether the log of an order is as it was written, and whether the order is what its log says. */
@Injectable()
export class VerificationService {
  constructor(
    private readonly orders: OrdersService,
    private readonly log: OperationLogService,
    private readonly beside: BesideRepository,
    private readonly clock: Clock,
  ) {}

  /** @throws Problem 404, or 403 for a colleague whom the order does not concern. */
  async verify(principal: Principal, id: string): Promise<LogVerification> {
    try {
      return this.judge(await this.atOneMoment(await this.orders.readable(principal, id)));
    } catch (error) {
      // It is there for the caller; whether it concerns anybody but these, its rows can no longer tell.
      const sure = principal.kind === 'service' || isSystemAdmin(principal) || isTeamAdmin(principal);
      if (!sure) throw error;
      return this.asFarAsReadable(id, error);
    }
  }

  /** For the service itself, whatever the order's team. @throws Problem 404 */
  async verifyForService(id: string): Promise<LogVerification> {
    try {
      const record = await this.orders.forService(id);
      if (!record) throw notFound(`order ${id}`);
      return this.judge(await this.atOneMoment(record));
    } catch (error) {
      return this.asFarAsReadable(id, error);
    }
  }

  /**
   * Order and log as they are together. Both are read again when the order went on in between: a transition changes the
   * order's version and adds its rows in one commit.
   */
  private async atOneMoment(first: OrderRecord): Promise<Moment> {
    const { id } = first.head;
    let record = first;
    for (let reads = 1; reads <= maxReads; reads++) {
      const rows = await this.log.stored(id);
      const beside = await this.beside.find(id);
      const after = await this.orders.forService(id);
      if (!after) throw notFound(`order ${id}`);
      if (after.state.version === record.state.version) return { record: after, rows, beside };
      record = after;
    }
    throw new Problem('unavailable', 'the order changes all the time; try again later');
  }

  private judge({ record, rows, beside }: Moment): LogVerification {
    const mark = { version: record.state.version, logHash: record.head.logHash };
    return this.verdict(mark, rows, checkState(rows, record, beside));
  }

  /** An order that cannot be read has at least its log looked at. @throws whatever else went wrong */
  private async asFarAsReadable(id: string, error: unknown): Promise<LogVerification> {
    if (!(error instanceof UnreadableOrder)) throw error;
    const mark = await this.beside.mark(id);
    if (!mark) throw notFound(`order ${id}`);
    return this.verdict(mark, await this.log.stored(id), [unreadable(error.place)]);
  }

  private verdict(mark: OrderMark, rows: readonly StoredRow[], state: readonly Finding[]): LogVerification {
    const problems = [...this.log.check(rows, mark), ...state];
    return {
      ok: problems.length === 0,
      rows: rows.length,
      unhashed: rows.filter(({ hash }) => hash === null).length,
      transitions: mark.version,
      checkedAt: this.clock.now(),
      problems,
    };
  }
}
