import { Injectable } from '@nestjs/common';
import type { Principal } from '../auth/principal.js';
import { notFound, Problem } from '../http/problem.js';
import { OperationLogService, type StoredRow } from '../operation-log/operation-log.service.js';
import { type OrderRecord, OrdersService } from '../orders/orders.service.js';
import { Clock } from '../runtime/clock.js';
import type { LogVerification } from './audit.dto.js';
import { checkState } from './state-check.js';

/** More means that the order changes all the time. */
const maxReads = 10;

/** Tells whether the log of an order is as it was written, and whether the order is what its log says. */
@Injectable()
export class VerificationService {
  constructor(
    private readonly orders: OrdersService,
    private readonly log: OperationLogService,
    private readonly clock: Clock,
  ) {}

  /** @throws Problem 404, or 403 for a colleague whom the order does not concern. */
  async verify(principal: Principal, id: string): Promise<LogVerification> {
    return this.judge(await this.atOneMoment(await this.orders.readable(principal, id)));
  }

  /** For the service itself, whatever the order's team. @throws Problem 404 */
  async verifyForService(id: string): Promise<LogVerification> {
    const record = await this.orders.forService(id);
    if (!record) throw notFound(`order ${id}`);
    return this.judge(await this.atOneMoment(record));
  }

  /**
   * Order and log as they are together. Both are read again when the order went on in between: a transition changes the
   * order's version and adds its rows in one commit.
   */
  private async atOneMoment(first: OrderRecord): Promise<{ record: OrderRecord; rows: StoredRow[] }> {
    const { id } = first.head;
    let record = first;
    for (let reads = 1; reads <= maxReads; reads++) {
      const rows = await this.log.stored(id);
      const after = await this.orders.forService(id);
      if (!after) throw notFound(`order ${id}`);
      if (after.state.version === record.state.version) return { record: after, rows };
      record = after;
    }
    throw new Problem('unavailable', 'the order changes all the time; try again later');
  }

  private judge({ record, rows }: { record: OrderRecord; rows: StoredRow[] }): LogVerification {
    const { version } = record.state;
    const problems = [
      ...this.log.check(rows, { version, logHash: record.head.logHash }),
      ...checkState(rows, record),
    ];
    return {
      ok: problems.length === 0,
      rows: rows.length,
      unhashed: rows.filter(({ hash }) => hash === null).length,
      transitions: version,
      checkedAt: this.clock.now(),
      problems,
    };
  }
}
