import { Injectable, Logger } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Metrics } from '../observability/metrics.js';
import { JobsRepository } from './jobs.repository.js';
import { verifyJob } from './nightly.runner.js';
import type { NightlyResult } from './nightly.service.js';

/** What the last verification found, asked of the database when somebody scrapes: the same on every replica. */
@Injectable()
export class NightlyMetrics {
  private readonly logger = new Logger('audit');
  private readonly problems: Gauge;
  private readonly verified: Gauge;
  private reading: Promise<void> | undefined;

  constructor(
    metrics: Metrics,
    private readonly jobs: JobsRepository,
  ) {
    const registers = [metrics.registry];
    this.problems = new Gauge({
      name: 'countersign_log_chain_problems',
      help: 'Orders whose log the last verification found broken.',
      registers,
      collect: () => this.read(),
    });
    this.verified = new Gauge({
      name: 'countersign_log_verified_timestamp_seconds',
      help: 'When the last verification of the logs ended; 0 before the first.',
      registers,
      collect: () => this.read(),
    });
  }

  /** Both gauges ask for it in one scrape, and neither may be read before it is done. */
  private read(): Promise<void> {
    this.reading ??= this.collect().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async collect(): Promise<void> {
    try {
      const result = (await this.jobs.find(verifyJob))?.result;
      if (!result) return;
      const { broken, endedAt } = JSON.parse(result) as NightlyResult;
      this.problems.set(broken);
      this.verified.set(endedAt / 1000);
    } catch (error) {
      // The other metrics are worth having, above all while the database is away.
      this.logger.warn({ err: error }, 'the last verification of the logs cannot be read right now');
    }
  }
}
