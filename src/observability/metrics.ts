import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

/** What Prometheus reads at /metrics. One registry for each application, so that two in one process do not meet. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  private readonly requests = new Histogram({
    name: 'countersign_http_request_duration_seconds',
    help: 'Time to answer a request, by route, method and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });

  private readonly events = new Counter({
    name: 'countersign_order_events_total',
    help: 'Events of orders that this process committed, by operation.',
    labelNames: ['operation'],
    registers: [this.registry],
  });

  private readonly deliveries = new Histogram({
    name: 'countersign_delivery_attempt_duration_seconds',
    help: 'Time that an attempt of a delivery took, by topic and outcome.',
    labelNames: ['topic', 'outcome'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30],
    registers: [this.registry],
  });

  private readonly parked = new Counter({
    name: 'countersign_deliveries_parked_total',
    help: 'Deliveries that this process gave up until an administrator acts, by topic.',
    labelNames: ['topic'],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  observeRequest(method: string, route: string, status: number, seconds: number): void {
    this.requests.labels(method, route, String(status)).observe(seconds);
  }

  observeDelivery(topic: string, outcome: string, seconds: number): void {
    this.deliveries.labels(topic, outcome).observe(seconds);
  }

  countParked(topic: string): void {
    this.parked.labels(topic).inc();
  }

  /** @param events of a transition that was committed. */
  countEvents(events: readonly { readonly type: string }[]): void {
    for (const event of events) this.events.labels(event.type).inc();
  }
}
