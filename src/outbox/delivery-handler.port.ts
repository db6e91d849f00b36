import { Injectable } from '@nestjs/common';
import type { Tx } from '../database/sql.js';

/** A delivery that this process has claimed: nobody else sends it until the claim's lease ends. */
export interface ClaimedDelivery {
  /** The `webhook-id`: the same on every attempt. */
  readonly id: string;
  readonly topic: string;
  readonly orderId: string;
  readonly accCode: string | null;
  readonly cause: string;
  readonly target: string;
  readonly payload: unknown;
  readonly createTime: Date;
  /** From 1, over the whole life of the delivery. */
  readonly attempt: number;
  /** Now, by the database's clock: what a signature is dated with, whatever this machine thinks. */
  readonly sentAt: Date;
}

/** What an attempt met, for the record. */
interface Exchange {
  /** The HTTP status, when there was one. */
  readonly status?: number;
  /** The answer's body, or the beginning of it. */
  readonly answer?: string;
}

/** What came of one attempt. */
export type AttemptResult = Exchange &
  (
    | {
        readonly outcome: 'succeeded';
        /** What the target answered, where that matters later. */
        readonly result?: boolean;
        /** Nobody will ask for it any more: its row goes with its success. */
        readonly forget?: boolean;
        /** Carried out in the transaction that records the success, once. */
        readonly settle?: (tx: Tx) => Promise<void>;
      }
    | {
        /** The target has taken it over and will answer later. */
        readonly outcome: 'accepted';
        /** Milliseconds until the answer is missed. */
        readonly deadline: number;
      }
    | {
        readonly outcome: 'failed';
        /** What went wrong, for people. Holds no secret. */
        readonly error: string;
        /** Milliseconds that the target asked for, at least. */
        readonly retryAfter?: number;
        /** Whether another attempt is pointless: the delivery is parked at once. */
        readonly permanent?: true;
        /** Carried out in the transaction that records the failure; the delivery is then given up, not tried again. */
        readonly settle?: (tx: Tx) => Promise<void>;
      }
  );

/** Carries deliveries of some topics out of the house. Features register theirs; the outbox knows none of them. */
export interface DeliveryHandler {
  readonly topics: readonly string[];

  /** One attempt, outside any transaction. Throwing counts as a failed attempt whose cause is logged. */
  attempt(delivery: ClaimedDelivery, signal: AbortSignal): Promise<AttemptResult>;

  /**
   * Locks what {@link AttemptResult.settle} or {@link parked} will change. Runs before the delivery's own row is
   * touched, so that everybody locks in one order.
   */
  lock?(tx: Tx, delivery: Pick<ClaimedDelivery, 'id' | 'topic' | 'orderId'>): Promise<unknown>;

  /** In the transaction that parks a delivery: whom else that concerns. */
  parked?(tx: Tx, delivery: Pick<ClaimedDelivery, 'id' | 'topic' | 'orderId'>, error: string): Promise<void>;
}

/** Who carries which topic. */
@Injectable()
export class DeliveryHandlers {
  private readonly byTopic = new Map<string, DeliveryHandler>();

  /** @throws Error when a topic has a handler already. */
  register(handler: DeliveryHandler): void {
    for (const topic of handler.topics) {
      if (this.byTopic.has(topic)) throw new Error(`topic ${topic} has two handlers`);
      this.byTopic.set(topic, handler);
    }
  }

  /** Every topic that somebody carries. */
  topics(): string[] {
    return [...this.byTopic.keys()];
  }

  of(topic: string): DeliveryHandler | undefined {
    return this.byTopic.get(topic);
  }
}
