import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Tx } from '../database/sql.js';
import { OperationLogService } from '../operation-log/operation-log.service.js';
import { callbackTopics, eventsTopic } from '../orders/order-callbacks.service.js';
import { OrdersService } from '../orders/orders.service.js';
import type { AttemptResult, ClaimedDelivery, DeliveryHandler } from '../outbox/delivery-handler.port.js';
import { DeliveriesRepository } from '../outbox/deliveries.repository.js';
import { OutboxService } from '../outbox/outbox.service.js';
import { ParkedDeliveries, type ParkedDelivery } from '../outbox/parked-deliveries.port.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { type Announcement, copiedIn, orderFacts } from './announcements.js';
import { fannedOut } from './fan-out.handler.js';
import { texts } from './mail.texts.js';
import type { OrderFacts } from './notice.js';
import { Parcels } from './parcels.js';
import { SubscriptionsRepository } from './subscriptions.repository.js';

const parkedTopic = 'notify.parked';

/** What a delivery of {@link parkedTopic} carries. */
interface ParkedPayload {
  readonly parked: ParkedDelivery;
}

/** Callbacks are told of by the order, which knows that it waits; and of news that nobody gets there is no news. */
const toldElsewhere: ReadonlySet<string> = new Set([...Object.values(callbackTopics), eventsTopic]);

/**
 * Raises the alarm of requirement 001: that a delivery is parked is news, as `delivery.parked`. To the subscribers of the
 * order's team; where there is no order, to those of the team that the delivery belongs to, or of the platform. The order
 * itself is not told: that the outside cannot be reached has changed nothing of it.
 */
@Injectable()
export class ParkedHandler implements DeliveryHandler, OnModuleInit {
  readonly topics = [parkedTopic];

  constructor(
    private readonly parkings: ParkedDeliveries,
    private readonly subscriptions: SubscriptionsRepository,
    private readonly deliveries: DeliveriesRepository,
    private readonly orders: OrdersService,
    private readonly log: OperationLogService,
    private readonly parcels: Parcels,
    private readonly outbox: OutboxService,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  onModuleInit(): void {
    this.parkings.register((tx, parked) => this.note(tx, parked));
  }

  async attempt({ id, payload, sentAt, createTime }: ClaimedDelivery): Promise<AttemptResult> {
    const { parked } = payload as ParkedPayload;
    const { orderId, topic, error } = parked;
    const order = orderId === '' ? null : await this.orders.forService(orderId);
    const history = order ? await this.log.history(orderId, order.state.version) : [];
    const team = order
      ? order.head.accCode
      : ((await this.deliveries.find('all', parked.id))?.accCode ?? null);
    const about = order ? orderFacts(order.head, order.state) : { ...noOrder, acc_code: team };
    const { todos } = texts.en;
    const announcement: Announcement = {
      seq: 0,
      notice: {
        type: 'delivery.parked',
        timestamp: createTime.toISOString(),
        data: { ...about, delivery_id: parked.id, topic, error, what_to_do: todos[topic] ?? todos.other },
      },
      asked: [],
      copied: copiedIn(history.flatMap(({ events }) => events)),
      notAsked: null,
    };
    const source = {
      orderId,
      team,
      businessType: order?.head.businessType ?? null,
      cause: id,
      time: sentAt,
    };
    return fannedOut(await this.parcels.of([announcement], source), this.outbox);
  }

  private async note(tx: Tx, parked: ParkedDelivery): Promise<void> {
    const { topic, orderId } = parked;
    if (toldElsewhere.has(topic) || topic.startsWith('notify.')) return;
    if (!(await this.subscriptions.anybodyHears(tx))) return;
    const payload: ParkedPayload = { parked };
    await this.outbox.enqueue(tx, [
      {
        topic: parkedTopic,
        orderId,
        // Only the platform's: what comes of it is the subscribers'.
        accCode: null,
        target: 'events',
        // A delivery may be sent again, and parked again.
        cause: this.ids.next(),
        payload,
        time: this.clock.now(),
      },
    ]);
  }
}

const noOrder: Omit<OrderFacts, 'acc_code'> = {
  ticket_id: null,
  business_type: null,
  business_key: null,
  user_code: null,
  apply_status: null,
  title: null,
};
