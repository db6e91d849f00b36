import { Injectable } from '@nestjs/common';
import { toDbTime } from '../database/dialect.js';
import { insertRows, type Tx } from '../database/sql.js';
import { Ids } from '../runtime/ids.js';
import { OutboxWake } from './outbox.wake.js';

/** A call that has to leave the house because of what a transaction does. */
export interface Delivery {
  /** Which handler carries it, at most 32 characters. */
  readonly topic: string;
  readonly orderId: string;
  readonly accCode: string | null;
  /** Whom it goes to: deliveries of one target share its fate, of different ones do not wait for each other. */
  readonly target: string;
  /** Tells deliveries of one order and topic apart; the same cause twice is a duplicate key. */
  readonly cause?: string;
  readonly payload: object;
  readonly time: Date;
  /** Not before then, in milliseconds of the shared clock; at once when left out. */
  readonly dueAt?: number;
}

/**
 * The transactional queue: a delivery is written by the transaction that causes it, so that neither exists without the
 * other. Once that is committed, the worker of this process is woken.
 */
@Injectable()
export class OutboxService {
  constructor(
    private readonly ids: Ids,
    private readonly wake: OutboxWake,
  ) {}

  async enqueue(tx: Tx, deliveries: readonly Delivery[]): Promise<void> {
    if (deliveries.length === 0) return;
    await insertRows(
      tx,
      'dms_s_apply_delivery',
      [
        'id',
        'topic',
        'apply_order_id',
        'acc_code',
        'state',
        'payload',
        'create_time',
        'cause',
        'target',
        'due_at',
        'update_time',
      ],
      deliveries.map((delivery) => [
        this.ids.next(),
        delivery.topic,
        delivery.orderId,
        delivery.accCode,
        'pending',
        JSON.stringify(delivery.payload),
        toDbTime(delivery.time),
        delivery.cause ?? '',
        delivery.target,
        delivery.dueAt ?? 0,
        toDbTime(delivery.time),
      ]),
    );
    tx.afterCommit(this.wake.now);
  }

  /** Takes back what an order still has to send or to hear under a topic: its answer no longer matters. */
  async cancel(tx: Tx, orderId: string, topic: string, time: Date): Promise<void> {
    await tx.run(
      `UPDATE dms_s_apply_delivery SET state = 'cancelled', due_at = NULL, claim_token = NULL, update_time = ?
        WHERE apply_order_id = ? AND topic = ? AND state IN ('pending', 'sending', 'awaiting', 'failed')`,
      [toDbTime(time), orderId, topic],
    );
  }

  /** Forgets what was given up of an order under a topic before this delivery: the newest failure says all that they say. */
  async forgetGivenUp(
    tx: Tx,
    { id, orderId, topic }: { readonly id: string; readonly orderId: string; readonly topic: string },
  ): Promise<void> {
    const earlier = "apply_order_id = ? AND topic = ? AND state = 'abandoned' AND id <> ?";
    await tx.run(
      `DELETE FROM dms_s_apply_delivery_attempt WHERE delivery_id IN (
        SELECT id FROM dms_s_apply_delivery WHERE ${earlier})`,
      [orderId, topic, id],
    );
    await tx.run(`DELETE FROM dms_s_apply_delivery WHERE ${earlier}`, [orderId, topic, id]);
  }
}
