import { Injectable } from '@nestjs/common';
import { toDbTime } from '../database/dialect.js';
import { insertRows, type Tx } from '../database/sql.js';
import { Ids } from '../runtime/ids.js';

/** A call that has to leave the house because of what a transaction does. */
export interface Delivery {
  readonly topic: 'order.check' | 'order.execute';
  readonly orderId: string;
  readonly accCode: string | null;
  readonly payload: object;
  readonly time: Date;
}

/**
 * The transactional queue: a delivery is written by the transaction that causes it, so that neither exists without the
 * other. One delivery for an order and topic, by unique key.
 */
@Injectable()
export class OutboxService {
  constructor(private readonly ids: Ids) {}

  async enqueue(tx: Tx, deliveries: readonly Delivery[]): Promise<void> {
    await insertRows(
      tx,
      'dms_s_apply_delivery',
      ['id', 'topic', 'apply_order_id', 'acc_code', 'state', 'payload', 'create_time'],
      deliveries.map((delivery) => [
        this.ids.next(),
        delivery.topic,
        delivery.orderId,
        delivery.accCode,
        'pending',
        JSON.stringify(delivery.payload),
        toDbTime(delivery.time),
      ]),
    );
  }
}
