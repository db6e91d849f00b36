import { Injectable, Logger } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Metrics } from '../observability/metrics.js';
import { Clock } from '../runtime/clock.js';
import { DeliveriesRepository } from './deliveries.repository.js';

/** What waits and for how long, asked of the database when somebody scrapes: the same figures on every replica. */
@Injectable()
export class OutboxMetrics {
  private readonly logger = new Logger('outbox');
  private readonly backlog: Gauge<'topic' | 'state'>;
  private readonly oldest: Gauge<'topic' | 'state'>;
  private counting: Promise<void> | undefined;

  constructor(
    metrics: Metrics,
    private readonly deliveries: DeliveriesRepository,
    private readonly clock: Clock,
  ) {
    const registers = [metrics.registry];
    const labelNames = ['topic', 'state'] as const;
    this.backlog = new Gauge({
      name: 'countersign_deliveries',
      help: 'Deliveries that wait to be sent or answered, or are parked (failed), by topic and state.',
      labelNames,
      registers,
      collect: () => this.count(),
    });
    this.oldest = new Gauge({
      name: 'countersign_delivery_oldest_age_seconds',
      help: 'Age of the oldest delivery in a state, by topic.',
      labelNames,
      registers,
      collect: () => this.count(),
    });
  }

  /** Both gauges ask for it in one scrape, and neither may be read before it is done. */
  private count(): Promise<void> {
    this.counting ??= this.collect().finally(() => {
      this.counting = undefined;
    });
    return this.counting;
  }

  private async collect(): Promise<void> {
    this.backlog.reset();
    this.oldest.reset();
    try {
      const now = this.clock.now().getTime();
      for (const { topic, state, count, oldest } of await this.deliveries.backlog()) {
        this.backlog.labels(topic, state).set(count);
        this.oldest.labels(topic, state).set(Math.max(0, (now - oldest.getTime()) / 1000));
      }
    } catch (error) {
      // The other metrics are worth having, above all while the database is away.
      this.logger.warn({ err: error }, 'the backlog of deliveries cannot be counted right now');
    }
  }
}
