import { Injectable } from '@nestjs/common';
import { isEnded } from '../engine/order-state.js';
import { OrdersService } from '../orders/orders.service.js';
import type { AttemptResult, ClaimedDelivery, DeliveryHandler } from '../outbox/delivery-handler.port.js';
import { ProvidersService, providerTopic, type ToldPayload } from './providers.service.js';
import { WebhookTeller } from './webhook/webhook.teller.js';

/** Tells providers what concerns them. Which one a code means, its address and its secrets are those of this moment. */
@Injectable()
export class TellingHandler implements DeliveryHandler {
  readonly topics = [providerTopic];

  constructor(
    private readonly providers: ProvidersService,
    private readonly webhooks: WebhookTeller,
    private readonly orders: OrdersService,
  ) {}

  async attempt(delivery: ClaimedDelivery, signal: AbortSignal): Promise<AttemptResult> {
    const { id, sentAt, createTime: time, orderId } = delivery;
    const { event, scope, provider, data } = delivery.payload as ToldPayload;
    const to = await this.providers.connection(scope, provider);
    if (!to) return permanently(`provider ${provider} is gone; make it again and redeliver, or abandon this`);
    const attempt = { id, sentAt, signal };
    const telling = { time, data };
    if (event === 'CANCEL_APPROVE_REQUEST') return this.webhooks.tell(to, event, telling, attempt);
    const over = await this.whyOver(orderId);
    // Nobody need act: the order was decided or withdrawn in the meantime.
    if (over !== null) return { outcome: 'failed', error: over, settle: () => Promise.resolve() };
    return this.webhooks.tell(to, event, telling, attempt);
  }

  /** Why nobody need decide an order any more; null while somebody has to. */
  private async whyOver(orderId: string): Promise<string | null> {
    const record = await this.orders.forService(orderId);
    if (!record) return 'not sent: the order is gone';
    const { applyStatus } = record.state;
    const decided = isEnded(record.state) || applyStatus === 'executing';
    return decided ? `not sent: the order is ${applyStatus}, and nothing is left to decide` : null;
  }
}

const permanently = (error: string): AttemptResult => ({ outcome: 'failed', error, permanent: true });
