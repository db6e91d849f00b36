import { Inject, Injectable, Logger } from '@nestjs/common';
import { setTimeout as pause } from 'node:timers/promises';
import { CONFIG, type Config } from '../config/config.js';
import { DatabaseUnavailable } from '../database/errors.js';
import type { Tx } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { Alarm } from '../observability/alarm.js';
import { Metrics } from '../observability/metrics.js';
import { Clock } from '../runtime/clock.js';
import { aroundJitter } from '../runtime/jitter.js';
import { type AttemptResult, type DeliveryHandler, DeliveryHandlers } from './delivery-handler.port.js';
import {
  type AttemptRecord,
  type Claim,
  DeliveryQueue,
  type DueDelivery,
  type Outcome,
} from './delivery.queue.js';
import { ParkedDeliveries } from './parked-deliveries.port.js';
import { nextPause } from './retry-schedule.js';

/** Pauses between tries to record an outcome while the database is away (milliseconds). */
const recordPause = 500;
/** A stopping process does not wait for a database that is away. */
const triesWhenStopping = 3;

/** An attempt that is over, on its way into the tables. */
interface Finished {
  readonly claim: Claim;
  readonly handler: DeliveryHandler;
  readonly outcome: Outcome;
  readonly record: AttemptRecord;
  readonly settle: ((tx: Tx) => Promise<void>) | undefined;
  readonly forget: boolean;
  /** Whether parking it is told to nobody but the log: telling has failed before. */
  readonly untold?: true;
}

/** One attempt of a delivery, and its consequences: success, another try, or parking. */
@Injectable()
export class DeliverySettlement {
  private readonly logger = new Logger('outbox');

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly queue: DeliveryQueue,
    private readonly handlers: DeliveryHandlers,
    private readonly parkings: ParkedDeliveries,
    private readonly unitOfWork: UnitOfWork,
    private readonly operators: Alarm,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
  ) {}

  /**
   * Has the handler call the outside, and records what came of it; while the database is away the outcome is kept, for
   * the target has heard us.
   * @returns whether the target can be said to work, and in how many milliseconds the delivery is due again.
   */
  async carryOut(
    claim: Claim,
    interrupt: AbortSignal,
  ): Promise<{ readonly succeeded: boolean; readonly dueIn: number | null }> {
    const handler = this.handlers.of(claim.topic);
    if (!handler) throw new Error(`no handler for topic ${claim.topic}`);
    const startedAt = this.clock.now();
    const began = this.clock.elapsed();
    const result = await this.attempt(handler, claim, interrupt);
    const durationMs = Math.round(this.clock.elapsed() - began);
    const what = result?.outcome ?? 'interrupted';
    this.metrics.observeDelivery(claim.topic, what, durationMs / 1000);
    const record: AttemptRecord = {
      startedAt,
      durationMs,
      status: result?.status ?? null,
      outcome: what,
      error: result?.outcome === 'failed' ? result.error : null,
      answer: result?.answer ?? null,
    };
    const outcome = result ? this.outcomeOf(claim, result) : again(claim);
    const settle = result && 'settle' in result ? result.settle : undefined;
    const forget = result?.outcome === 'succeeded' && result.forget === true;
    await this.keep(interrupt, { claim, handler, outcome, record, settle, forget });
    return { succeeded: result?.outcome !== 'failed', dueIn: outcome.dueIn };
  }

  /** Parks a delivery whose accepted call was never answered. */
  async miss(delivery: DueDelivery): Promise<void> {
    const handler = this.handlers.of(delivery.topic);
    const error = 'no answer came within the deadline';
    const missed = await this.unitOfWork.run(async (tx) => {
      await handler?.lock?.(tx, delivery);
      if (!(await this.queue.miss(tx, delivery.id, error, this.clock.now()))) return false;
      await this.tellParked(tx, handler, delivery, error);
      return true;
    });
    if (missed) this.alarm(delivery, error);
  }

  /** @returns null when it broke off because this process stops or its database is away: no failure of the target. */
  private async attempt(
    handler: DeliveryHandler,
    claim: Claim,
    interrupt: AbortSignal,
  ): Promise<AttemptResult | null> {
    try {
      const result = await handler.attempt(claim, interrupt);
      return interrupt.aborted && result.outcome === 'failed' ? null : result;
    } catch (error) {
      this.logger.error({ err: error, delivery: claim.id, topic: claim.topic }, 'an attempt broke off');
      if (interrupt.aborted || error instanceof DatabaseUnavailable) return null;
      return { outcome: 'failed', error: 'the attempt broke off on our side; the log tells why' };
    }
  }

  private outcomeOf(claim: Claim, result: AttemptResult): Outcome {
    const { failures } = claim;
    const ended = { dueIn: null, failures, result: null, error: null };
    if (result.outcome === 'succeeded')
      return { ...ended, state: 'succeeded', result: result.result ?? null };
    if (result.outcome === 'accepted') return { ...ended, state: 'awaiting', dueIn: result.deadline };
    const failed = { dueIn: null, failures: failures + 1, result: null, error: result.error };
    if (result.settle) return { ...failed, state: 'abandoned' };
    const { retrySchedule } = this.config.callback;
    const dueIn = result.permanent
      ? null
      : nextPause(failures + 1, retrySchedule, result.retryAfter, aroundJitter);
    return dueIn === null ? { ...failed, state: 'failed' } : { ...failed, state: 'pending', dueIn };
  }

  /** Records an outcome; tries for as long as the process runs, since nobody else knows of it. */
  private async keep(interrupt: AbortSignal, finished: Finished): Promise<void> {
    let now = finished;
    for (let tries = 1; ; tries++) {
      try {
        const parked = await this.unitOfWork.run((tx) => this.settle(tx, now));
        if (parked) this.alarm(now.claim, now.outcome.error ?? '');
        return;
      } catch (error) {
        const away = error instanceof DatabaseUnavailable;
        const level = away ? 'warn' : 'error';
        this.logger[level]({ err: error, delivery: now.claim.id }, 'an outcome could not be recorded');
        // Given up here, the claim's lease ends, and the delivery is sent again under its id.
        if (away ? interrupt.aborted && tries >= triesWhenStopping : now.untold) return;
        if (away) await pause(recordPause);
        else now = now === finished ? this.unsettled(finished) : { ...now, untold: true };
      }
    }
  }

  /** What is recorded instead when an outcome's consequences cannot be carried out: a failed attempt like any other. */
  private unsettled(finished: Finished): Finished {
    const error = 'the answer could not be carried out on our side; the log tells why';
    const outcome = this.outcomeOf(finished.claim, { outcome: 'failed', error });
    return {
      ...finished,
      outcome,
      record: { ...finished.record, outcome: 'failed', error },
      settle: undefined,
      forget: false,
    };
  }

  /** @returns whether this parked the delivery. */
  private async settle(tx: Tx, finished: Finished): Promise<boolean> {
    const { claim, handler, outcome, record, settle, forget } = finished;
    const parks = outcome.state === 'failed';
    if (settle || parks) await handler.lock?.(tx, claim);
    const held = await this.queue.release(tx, claim, outcome, this.clock.now());
    if (held && forget) await this.queue.forget(tx, claim.id);
    else await this.queue.record(tx, claim, record, held);
    if (!held) return false;
    await settle?.(tx);
    if (parks && !finished.untold) await this.tellParked(tx, handler, claim, outcome.error ?? '');
    return parks;
  }

  /** The order first, then whoever listens. */
  private async tellParked(
    tx: Tx,
    handler: DeliveryHandler | undefined,
    { id, topic, orderId }: Pick<DueDelivery, 'id' | 'topic' | 'orderId'>,
    error: string,
  ): Promise<void> {
    await handler?.parked?.(tx, { id, topic, orderId }, error);
    await this.parkings.tell(tx, { id, topic, orderId, error });
  }

  private alarm(delivery: Pick<DueDelivery, 'id' | 'topic' | 'orderId'>, error: string): void {
    this.metrics.countParked(delivery.topic);
    this.operators.parked(delivery);
    this.logger.error(
      { delivery: delivery.id, topic: delivery.topic, order: delivery.orderId, error },
      'a delivery is parked until an administrator acts',
    );
  }
}

/** Due at once, and not held against the target. */
const again = (claim: Claim): Outcome => ({
  state: 'pending',
  dueIn: 0,
  failures: claim.failures,
  result: null,
  error: null,
});
