import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../database/database.js';
import { toDbTime } from '../database/dialect.js';
import type { Finding } from '../operation-log/operation-log.service.js';
import { VerificationService } from './verification.service.js';

/** How many orders one statement looks at, whether they have changed or not. */
const stretch = 2_000;
/** Orders whose log was broken are looked at again each time, so many at most: they are kept in one column. */
const maxRemembered = 1_000;
/** Replicas stamp orders by their own clocks, and a commit comes after its stamp. */
const overlap = 60 * 60 * 1000;
/** How far the first verification looks back. */
const firstPeriod = 24 * 60 * 60 * 1000;

/** What came of a verification; times in milliseconds since 1970. */
export interface NightlyResult {
  readonly startedAt: number;
  readonly endedAt: number;
  /** How many orders were verified. */
  readonly orders: number;
  /** How many of them are broken. */
  readonly broken: number;
  /** Which; not all, when they are very many. */
  readonly orderIds: readonly string[];
}

/** Verifies the orders that changed since the last time, and those that were broken then. */
@Injectable()
export class NightlyService {
  private readonly logger = new Logger('audit');

  constructor(
    private readonly verification: VerificationService,
    private readonly database: Database,
  ) {}

  /**
   * @param now by the database's clock
   * @param stopped asked between two orders; true ends it without a result
   */
  async run(now: number, last: NightlyResult | null, stopped: () => boolean): Promise<NightlyResult | null> {
    const since = (last?.startedAt ?? now - firstPeriod) - overlap;
    const seen = new Set<string>();
    const broken: string[] = [];
    const look = async (ids: readonly string[]): Promise<void> => {
      for (const id of ids) {
        if (stopped()) return;
        if (seen.has(id)) continue;
        seen.add(id);
        if (!(await this.stands(id))) broken.push(id);
        // SQLite answers at once, and would leave nobody else a turn.
        await new Promise(setImmediate);
      }
    };
    await look(last?.orderIds ?? []);
    for await (const ids of this.changedSince(since)) {
      if (stopped()) break;
      await look(ids);
    }
    if (stopped()) return null;
    return {
      startedAt: now,
      endedAt: now,
      orders: seen.size,
      broken: broken.length,
      orderIds: broken.slice(0, maxRemembered),
    };
  }

  /** Whether nothing is wrong with an order's log; says so, loudly, when something is. */
  private async stands(orderId: string): Promise<boolean> {
    try {
      const { ok, problems } = await this.verification.verifyForService(orderId);
      if (!ok) this.warn(orderId, problems);
      return ok;
    } catch (error) {
      this.logger.error({ orderId, err: error }, 'the log of an order cannot be verified');
      return false;
    }
  }

  private warn(orderId: string, problems: readonly Finding[]): void {
    // What a detail quotes stays in the database: this line goes to whoever reads logs.
    const told = problems.map(({ detail: _, ...where }) => where);
    this.logger.error({ orderId, problems: told }, 'the log of an order is not as it was written');
  }

  /**
   * Walks along the orders by their key: an index on the time of the last change would be written by every decision, to
   * be read once a night.
   */
  private async *changedSince(since: number): AsyncGenerator<readonly string[]> {
    const time = toDbTime(new Date(since));
    for (let after = ''; ;) {
      const [last] = await this.database.rows<{ readonly id: string }>(
        `SELECT id FROM dms_s_apply_order WHERE id > ? ORDER BY id LIMIT 1 OFFSET ${stretch - 1}`,
        [after],
      );
      const upTo = last ? ' AND id <= ?' : '';
      const rows = await this.database.rows<{ readonly id: string }>(
        `SELECT id FROM dms_s_apply_order WHERE id > ?${upTo} AND update_time >= ? ORDER BY id`,
        [after, ...(last ? [last.id] : []), time],
      );
      yield rows.map(({ id }) => id);
      if (!last) return;
      after = last.id;
      await new Promise(setImmediate);
    }
  }
}
