import { Injectable, Logger } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';
import { SharedClock } from '../database/shared-clock.js';
import { Metrics } from '../observability/metrics.js';
import { TimersQueue } from './timers.queue.js';

/** Whether time does what it should: what this process fired, and what waits in the database when somebody scrapes. */
@Injectable()
export class TimersMetrics {
  private readonly logger = new Logger('timers');
  private readonly firings: Counter;
  private readonly failures: Counter;
  private readonly lateness: Histogram;
  private readonly waiting: Gauge;
  private readonly oldest: Gauge;
  private counting: Promise<void> | undefined;

  constructor(
    metrics: Metrics,
    private readonly queue: TimersQueue,
    private readonly clock: SharedClock,
  ) {
    const registers = [metrics.registry];
    this.firings = new Counter({
      name: 'countersign_timers_fired_total',
      help: 'Timers of orders that this process fired: reminders, due times, levels of an escalation.',
      registers,
    });
    this.failures = new Counter({
      name: 'countersign_timer_failures_total',
      help: 'Attempts to fire a timer that failed in this process; it is tried again later.',
      registers,
    });
    this.lateness = new Histogram({
      name: 'countersign_timer_late_seconds',
      help: 'How long after its moment a timer was found.',
      buckets: [0.5, 1, 2, 5, 15, 60, 300, 1_800, 7_200],
      registers,
    });
    this.waiting = new Gauge({
      name: 'countersign_timers_due',
      help: 'Orders whose timer is due and has not fired, those that failed and are tried again included.',
      registers,
      collect: () => this.count(),
    });
    this.oldest = new Gauge({
      name: 'countersign_timer_oldest_due_age_seconds',
      help: 'How long the timer that is due longest has waited; 0 when none is due.',
      registers,
      collect: () => this.count(),
    });
  }

  /** @param late how long after its moment, in seconds */
  fired(late: number): void {
    this.firings.inc();
    this.lateness.observe(late);
  }

  failed(): void {
    this.failures.inc();
  }

  /** Both gauges ask for it in one scrape, and neither may be read before it is done. */
  private count(): Promise<void> {
    this.counting ??= this.collect().finally(() => {
      this.counting = undefined;
    });
    return this.counting;
  }

  private async collect(): Promise<void> {
    try {
      const now = await this.clock.now();
      const { count, oldest } = await this.queue.backlog(now);
      this.waiting.set(count);
      this.oldest.set(oldest === null ? 0 : Math.max(0, now - oldest) / 1000);
    } catch (error) {
      // The other metrics are worth having, above all while the database is away.
      this.waiting.reset();
      this.oldest.reset();
      this.logger.warn({ err: error }, 'the timers that are due cannot be counted right now');
    }
  }
}
