import { Injectable } from '@nestjs/common';
import { OperationLogService } from '../operation-log/operation-log.service.js';
import { eventsTopic } from '../orders/order-callbacks.service.js';
import { OrdersService } from '../orders/orders.service.js';
import type { AttemptResult, ClaimedDelivery, DeliveryHandler } from '../outbox/delivery-handler.port.js';
import { OutboxService } from '../outbox/outbox.service.js';
import { announcementsOf } from './announcements.js';
import { type Packed, Parcels } from './parcels.js';

/** Makes what happened to an order known to its subscribers. */
@Injectable()
export class FanOutHandler implements DeliveryHandler {
  readonly topics = [eventsTopic];

  constructor(
    private readonly log: OperationLogService,
    private readonly orders: OrdersService,
    private readonly parcels: Parcels,
    private readonly outbox: OutboxService,
  ) {}

  async attempt({ orderId, payload, sentAt }: ClaimedDelivery): Promise<AttemptResult> {
    const { transition } = payload as { readonly transition: number };
    const order = await this.orders.forService(orderId);
    const history = order ? await this.log.history(orderId, transition) : [];
    if (!order || history.at(-1)?.number !== transition) {
      return {
        outcome: 'failed',
        permanent: true,
        error: `order ${orderId} has no transition ${transition}`,
      };
    }
    const { accCode, businessType } = order.head;
    const source = { orderId, team: accCode, businessType, cause: String(transition), time: sentAt };
    return fannedOut(await this.parcels.of(announcementsOf(history, order.head), source), this.outbox);
  }
}

/** The end of a delivery that has become those of its subscribers. */
export const fannedOut = ({ deliveries, unheard }: Packed, outbox: OutboxService): AttemptResult => ({
  outcome: 'succeeded',
  // What was said is in the deliveries; only that somebody could not be told is worth keeping.
  forget: unheard.length === 0,
  answer: [`notifications: ${deliveries.length}`, ...unheard].join('\n'),
  settle: (tx) => outbox.enqueue(tx, deliveries),
});
