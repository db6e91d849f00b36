import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { SharedClock } from '../database/shared-clock.js';
import { OrderTimersService } from '../orders/order-timers.service.js';
import { aroundJitter } from '../runtime/jitter.js';
import { TimersMetrics } from './timers.metrics.js';
import { type DueOrder, TimersQueue } from './timers.queue.js';

/**
 * The pause between two looks (milliseconds), about: replicas should not look all at once. Shorter than the shortest
 * length, or a reminder one second before the due time would be overtaken by it.
 */
const pauseBetween = 500;
/** How many orders one look sees, and how many are worked on at once. */
const batch = 200;
const atOnce = 4;
/** How many timers of one order fire before the next order has its turn. */
const maxInRow = 20;

/**
 * Looks whose moment has come, by the clock that all replicas share, and has the timers of those orders fired. Every
 * replica runs one: that a timer fires once is the doing of the order's row lock and of its own clock, and whoever
 * comes second finds nothing to do. What was due while no process ran is found by the first look.
 */
@Injectable()
export class TimersWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('timers');
  private running: Promise<void> | undefined;
  private stopped = false;
  private endPause: () => void = () => undefined;

  constructor(
    private readonly queue: TimersQueue,
    private readonly timers: OrderTimersService,
    private readonly clock: SharedClock,
    private readonly metrics: TimersMetrics,
  ) {}

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  /** Begins nothing more, and lets the transactions under way end. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.endPause();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      let more = false;
      try {
        more = await this.look();
      } catch (error) {
        // A database that is away comes back, and the timers are still there.
        this.logger.warn({ err: error }, 'the timers cannot be read right now');
      }
      if (!more) await this.pause(aroundJitter(pauseBetween, 0.2));
    }
  }

  /** @returns whether there may be more at once. */
  private async look(): Promise<boolean> {
    const now = await this.clock.now();
    const due = await this.queue.due(now, batch);
    const open = due.values();
    const workThrough = async (): Promise<void> => {
      for (const order of open) {
        if (this.stopped) return;
        await this.fireAll(order, now);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, workThrough));
    return due.length === batch;
  }

  /** Never throws: an order that fails is put off, and holds up no other. */
  private async fireAll(order: DueOrder, now: number): Promise<void> {
    const { orderId } = order;
    try {
      for (let fired = 0; fired < maxInRow && !this.stopped; fired++) {
        if (!(await this.timers.fire(orderId))) {
          // Rows of an order whose own clock knows of none would be found again every second.
          if (fired === 0 && (await this.queue.putOff(order, now))) {
            this.logger.warn({ order: orderId }, 'a timer found nothing to do on its order');
          }
          return;
        }
        this.metrics.fired(Math.max(0, now - order.dueAt) / 1000);
      }
    } catch (error) {
      this.metrics.failed();
      this.logger.error({ err: error, order: orderId }, 'a timer failed; it is tried again later');
      await this.putOff(order, now);
    }
  }

  private async putOff(order: DueOrder, now: number): Promise<void> {
    try {
      await this.queue.putOff(order, now);
    } catch (error) {
      this.logger.warn({ err: error, order: order.orderId }, 'a timer could not be put off');
    }
  }

  private async pause(milliseconds: number): Promise<void> {
    if (this.stopped) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.endPause = () => undefined;
  }
}
