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

/** How many calls run at once in this process, whatever their targets. */
const maxInFlight = 128;
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
      let pause = maxPause;
      try {
        const worked = await this.look();
        if (worked) continue;
        pause = Math.min(maxPause, (await this.queue.nextDueIn()) ?? maxPause);
      } catch (error) {
        // A database that is away comes back; whatever else it is, the queue keeps it.
        this.logger.warn({ err: error }, 'the queue of deliveries cannot be read or claimed right now');
      }
      await this.pause(pause);
    }
  }

  /** One look at the queue. @returns whether something was done, so that there may be more at once. */
  private async look(): Promise<boolean> {
    const now = this.clock.elapsed();
    const free = maxInFlight - this.inFlight.size;
    const topics = this.handlers.topics();
    if (topics.length === 0) return false;
    const due = await this.queue.due(topics, this.gate.closed(now), batch);
    const lost = due.filter((delivery) => delivery.state === 'sending');
    if (lost.length > 0) await this.rescue(lost);
    for (const delivery of due) if (delivery.state === 'awaiting') await this.miss(delivery);
    const chosen = this.choose(due, free, now);
    if (chosen.length === 0) return lost.length > 0;
    const claim = { token: this.ids.next(), lease: this.config.callback.lease, time: this.clock.now() };
    const claims = await this.unitOfWork.run((tx) => this.queue.claim(tx, chosen, claim));
    for (const claimed of claims) this.start(claimed);
    // Another process was first: it has what we saw, and there may be more behind it.
    if (claims.length === 0) await this.pause(fullJitter(contendedPause));
    return true;
  }

  /** As many of each target as may run, and of all together. */
  private choose(due: readonly DueDelivery[], free: number, now: number): string[] {
    const left = new Map<string, number>();
    const chosen: string[] = [];
    for (const { id, state, target } of due) {
      if (chosen.length >= free) break;
      if (state !== 'pending') continue;
      const room = left.get(target) ?? this.gate.free(target, now);
      left.set(target, room - 1);
      if (room > 0) chosen.push(id);
    }
    return chosen;
  }

  private start(claim: Claim): void {
    this.gate.started(claim.target);
    const startedAt = this.clock.elapsed();
    const call = this.settlement
      .carryOut(claim, this.interrupt.signal)
      .then(
        (succeeded) => succeeded,
        () => false,
      )
      .then((succeeded) => {
        const now = this.clock.elapsed();
        this.gate.finished(claim.target, succeeded, now - startedAt, now);
        this.inFlight.delete(key(claim));
        this.ring();
      });
    this.inFlight.set(key(claim), call);
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
