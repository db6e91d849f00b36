import { Injectable, Logger } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Metrics } from '../../observability/metrics.js';
import { RequestsRepository } from '../keeping/requests.repository.js';
import type { RequestState } from '../vocabulary.js';

/** The states that somebody, or the service, still has to do something about. */
const counted = ['waiting', 'approved', 'executing', 'unknown'] as const satisfies readonly RequestState[];

/** How many held requests are where, asked of the database when somebody scrapes: the same on every replica. */
@Injectable()
export class RequestsMetrics {
  private readonly logger = new Logger('gate');
  private readonly held: Gauge<'state'>;

  constructor(
    metrics: Metrics,
    private readonly requests: RequestsRepository,
  ) {
    this.held = new Gauge({
      name: 'countersign_approve_requests',
      help: 'Held requests that wait, are under way, or whose outcome is unknown, by state.',
      labelNames: ['state'],
      registers: [metrics.registry],
      collect: () => this.count(),
    });
  }

  private async count(): Promise<void> {
    try {
      const counts = await this.requests.counts(counted);
      for (const state of counted) this.held.labels(state).set(counts.get(state) ?? 0);
    } catch (error) {
      // The other metrics are worth having, above all while the database is away.
      this.logger.warn({ err: error }, 'held requests cannot be counted right now');
    }
  }
}
