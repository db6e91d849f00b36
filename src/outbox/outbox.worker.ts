import { setMaxListeners } from 'node:events';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { fullJitter } from '../runtime/jitter.js';
import { DeliveryHandlers } from './delivery-handler.port.js';
import { type Claim, DeliveryQueue, type DueDelivery } from './delivery.queue.js';
import { DeliverySettlement } from './delivery.settlement.js';
import { OutboxWake } from './outbox.wake.js';
import { TargetGate } from './target-gate.js';

/**
 * How many calls run at once in this process, whatever their targets; one that hangs costs a socket. The second half is
 * for targets that have few under way: those that stop answering, however many, do not take all of it.
 */
const maxInFlight = 256;
/** How many deliveries one look at the queue sees. */
const batch = 200;
/** How long a look at the queue may wait after another process took all that it saw (milliseconds). */
const contendedPause = 50;
/** The longest pause between two looks: what other processes store is found by them (milliseconds). */
const maxPause = 1_000;

/**
 * Sends what the queue holds: claims deliveries, has their handlers call the outside without any transaction, and
 * records what came of it. Every replica runs one; they share the queue by its row locks. A delivery whose process
 * died is freed when its claim's lease ends, and sent again under the same id.
 */
@Injectable()
export class OutboxWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('outbox');
  private readonly gate = new TargetGate();
  private readonly inFlight = new Map<string, Promise<void>>();
  /** Aborts the calls under way when the process cannot wait for them any longer. */
  private readonly interrupt = new AbortController();
  private running: Promise<void> | undefined;
  private stopped = false;
  private woken = false;
  /** Whether the last look left something that waits for room. */
  private hungry = false;
  /** When to look for lost claims and missed answers again. */
  private tidyAt = 0;
  private endPause: () => void = () => undefined;
  private renewal: NodeJS.Timeout | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly queue: DeliveryQueue,
    private readonly settlement: DeliverySettlement,
    private readonly handlers: DeliveryHandlers,
    private readonly wake: OutboxWake,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  onApplicationBootstrap(): void {
    // Every call under way listens: that is no leak.
    setMaxListeners(0, this.interrupt.signal);
    this.wake.listen(() => this.ring());
    this.running = this.run();
    this.renewal = setInterval(() => void this.renew(), this.config.callback.lease / 3).unref();
  }

  /** Claims nothing more; lets the calls under way end, and interrupts them when they take half of the time to stop. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.ring();
    await this.running;
    const patience = setTimeout(() => this.interrupt.abort(), this.config.shutdownTimeout / 2);
    await Promise.all(this.inFlight.values());
    clearTimeout(patience);
    clearInterval(this.renewal);
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      this.woken = false;
      try {
        if (await this.look()) continue;
      } catch (error) {
        // A database that is away comes back; whatever else it is, the queue keeps it.
        this.logger.warn({ err: error }, 'the queue of deliveries cannot be read or claimed right now');
      }
      await this.pause(maxPause);
    }
  }

  /** One look at the queue. @returns whether there may be more at once. */
  private async look(): Promise<boolean> {
    const now = this.clock.elapsed();
    const topics = this.handlers.topics();
    if (topics.length === 0) return false;
    if (now >= this.tidyAt) {
      this.tidyAt = now + maxPause;
      await this.tidy(topics);
    }
    const closed = this.gate.closed(now);
    const due = await this.queue.due(topics, closed, batch);
    const chosen = this.choose(due, now);
    this.hungry = chosen.length < due.length || due.length === batch || closed.length > 0;
    if (chosen.length === 0) return false;
    const claim = { token: this.ids.next(), lease: this.config.callback.lease, time: this.clock.now() };
    const claims = await this.unitOfWork.run((tx) => this.queue.claim(tx, chosen, claim));
    for (const claimed of claims) this.start(claimed);
    if (claims.length > 0) return due.length === batch;
    // Another process was first: it has what we saw, and there may be more behind it.
    await this.pause(fullJitter(contendedPause));
    return true;
  }

  /** Frees the deliveries of lost processes, and gives up waiting for answers that are missed. */
  private async tidy(topics: readonly string[]): Promise<void> {
    const overdue = await this.queue.overdue(topics, batch);
    const lost = overdue.filter((delivery) => delivery.state === 'sending');
    if (lost.length > 0) await this.rescue(lost);
    for (const delivery of overdue) if (delivery.state === 'awaiting') await this.miss(delivery);
  }

  /** As many of each target as may run, and of all together. */
  private choose(due: readonly DueDelivery[], now: number): string[] {
    const ofTarget = new Map<string, number>();
    const chosen: string[] = [];
    for (const { id, target } of due) {
      const busy = this.inFlight.size + chosen.length;
      if (busy >= maxInFlight) break;
      const taken = ofTarget.get(target) ?? 0;
      if (taken >= this.gate.free(target, now, busy >= maxInFlight / 2)) continue;
      ofTarget.set(target, taken + 1);
      chosen.push(id);
    }
    return chosen;
  }

  private start(claim: Claim): void {
    this.gate.started(claim.target);
    const startedAt = this.clock.elapsed();
    this.inFlight.set(key(claim), this.finish(claim, startedAt));
  }

  private async finish(claim: Claim, startedAt: number): Promise<void> {
    const { succeeded, dueIn } = await this.settlement
      .carryOut(claim, this.interrupt.signal)
      .catch((error: unknown) => {
        // Its claim's lease will end, and it is sent again.
        this.logger.error({ err: error, delivery: claim.id }, 'a delivery broke off');
        return { succeeded: false, dueIn: null };
      });
    const now = this.clock.elapsed();
    this.gate.finished(claim.target, succeeded, now - startedAt, now);
    this.inFlight.delete(key(claim));
    if (this.hungry) this.ring();
    // Later ones are found by the next look.
    if (dueIn !== null && dueIn < maxPause) setTimeout(() => this.ring(), dueIn).unref();
  }

  private async rescue(lost: readonly DueDelivery[]): Promise<void> {
    const ids = lost.map((delivery) => delivery.id);
    const freed = await this.unitOfWork.run((tx) => this.queue.rescue(tx, ids, this.clock.now()));
    if (freed > 0) this.logger.warn({ freed }, 'deliveries of a lost process are sent again');
  }

  /** One that cannot be parked right now must not hold up the others. */
  private async miss(delivery: DueDelivery): Promise<void> {
    try {
      await this.settlement.miss(delivery);
    } catch (error) {
      this.logger.error({ err: error, delivery: delivery.id }, 'a missed answer could not be parked');
    }
  }

  private async renew(): Promise<void> {
    const tokens = [...new Set([...this.inFlight.keys()].map((name) => name.split(' ', 1)[0] ?? ''))];
    if (tokens.length === 0) return;
    try {
      await this.unitOfWork.run((tx) => this.queue.renew(tx, tokens, this.config.callback.lease));
    } catch (error) {
      this.logger.warn({ err: error }, 'claims could not be renewed; others may take them over');
    }
  }

  private ring(): void {
    this.woken = true;
    this.endPause();
  }

  /** Until something rings, a target has rested, or the time is over. */
  private async pause(milliseconds: number): Promise<void> {
    if (this.woken || this.stopped) return;
    const now = this.clock.elapsed();
    const rested = (this.gate.nextOpening(now) ?? Number.POSITIVE_INFINITY) - now;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, Math.min(milliseconds, rested)));
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.endPause = () => undefined;
  }
}

/** A delivery may be claimed again while a call of an earlier, lost claim is still under way. */
const key = (claim: Claim): string => `${claim.token} ${claim.id}`;
