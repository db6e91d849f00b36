import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Gauge } from 'prom-client';
import { CONFIG, type Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { toDbTime } from '../database/dialect.js';
import { classify } from '../database/errors.js';
import { SharedClock } from '../database/shared-clock.js';
import type { Tx } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { Metrics } from '../observability/metrics.js';
import { stuckReasons } from './stuck.dto.js';
import { StuckRepository } from './stuck.repository.js';

/** How often the orders are counted, by one replica for all (milliseconds). */
const lookEvery = 60_000;
const jobName = 'stuck-orders';

/**
 * How many orders are stuck, by reason. Counting looks at every order under way, which is too much for each scrape: once
 * a minute one replica counts and leaves the figures in the database, and every replica tells those.
 */
@Injectable()
export class StuckMetrics implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('stuck');
  private readonly gauge: Gauge<'reason'>;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<unknown> = Promise.resolve();

  constructor(
    metrics: Metrics,
    private readonly stuck: StuckRepository,
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: SharedClock,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.gauge = new Gauge({
      name: 'countersign_orders_stuck',
      help: 'Orders that go no further by themselves, by reason, as counted within the last two minutes.',
      labelNames: ['reason'],
      registers: [metrics.registry],
      collect: () => this.collect(),
    });
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.looking = this.look().catch((error: unknown) => {
        this.logger.warn({ err: error }, 'stuck orders cannot be counted right now');
      });
    }, lookEvery).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  /** Counts, unless another replica did within the last minute. @returns whether it was this one */
  async look(): Promise<boolean> {
    if (!(await this.claim())) return false;
    const overdueBy = (await this.clock.now()) - this.config.stuckAfter;
    const counts = await this.stuck.counts(this.database, overdueBy);
    const result = JSON.stringify(Object.fromEntries(counts));
    await this.unitOfWork.run((tx) =>
      tx.run('UPDATE dms_s_apply_job SET result = ? WHERE name = ?', [result, jobName]),
    );
    return true;
  }

  private async claim(): Promise<boolean> {
    try {
      return await this.unitOfWork.run(async (tx) => this.claimed(tx, await this.clock.now(tx)));
    } catch (error) {
      // Another replica has made the row at this moment: it counts.
      if (classify(error) === 'duplicate') return false;
      throw error;
    }
  }

  private async claimed(tx: Tx, now: number): Promise<boolean> {
    const time = toDbTime(new Date(now));
    const found = await tx.run(
      'UPDATE dms_s_apply_job SET due_at = ?, update_time = ? WHERE name = ? AND due_at <= ?',
      [now + lookEvery, time, jobName, now],
    );
    if (found === 1) return true;
    const known = await tx.rows('SELECT name FROM dms_s_apply_job WHERE name = ?', [jobName]);
    if (known.length > 0) return false;
    await tx.run('INSERT INTO dms_s_apply_job (name, due_at, update_time) VALUES (?, ?, ?)', [
      jobName,
      now + lookEvery,
      time,
    ]);
    return true;
  }

  private async collect(): Promise<void> {
    this.gauge.reset();
    try {
      const [row] = await this.database.rows<{ readonly result: string | null }>(
        'SELECT result FROM dms_s_apply_job WHERE name = ?',
        [jobName],
      );
      if (!row?.result) return;
      const counts = JSON.parse(row.result) as Readonly<Record<string, number>>;
      for (const reason of stuckReasons) this.gauge.labels(reason).set(counts[reason] ?? 0);
    } catch (error) {
      // The other metrics are worth having, above all while the database is away.
      this.logger.warn({ err: error }, 'the count of stuck orders cannot be read right now');
    }
  }
}
