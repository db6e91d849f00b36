import { Module, type OnModuleInit } from '@nestjs/common';
import { DirectoryModule } from '../directory/directory.module.js';
import { OperationLogModule } from '../operation-log/operation-log.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { DeliveryHandlers } from '../outbox/delivery-handler.port.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { EmailHandler } from './email.handler.js';
import { FanOutHandler } from './fan-out.handler.js';
import { Mailer } from './mailer.js';
import { MessageHandler } from './message.handler.js';
import { Parcels } from './parcels.js';
import { ParkedHandler } from './parked.handler.js';
import { Recipients } from './recipients.js';
import { SubscriptionsController } from './subscriptions.controller.js';
import { SubscriptionsRepository } from './subscriptions.repository.js';
import { SubscriptionsService } from './subscriptions.service.js';
import { TrialService } from './trial.service.js';
import { WebhookHandler } from './webhook.handler.js';
import { WebhookSender } from './webhook.sender.js';

/** News of orders to subscribers, by webhook, e-mail and messages, over the same outbox as the callbacks. */
@Module({
  imports: [DirectoryModule, OperationLogModule, OrdersModule, OutboxModule, ProvidersModule],
  controllers: [SubscriptionsController],
  providers: [
    EmailHandler,
    FanOutHandler,
    Mailer,
    MessageHandler,
    Parcels,
    ParkedHandler,
    Recipients,
    SubscriptionsRepository,
    SubscriptionsService,
    TrialService,
    WebhookHandler,
    WebhookSender,
  ],
})
export class NotificationsModule implements OnModuleInit {
  constructor(
    private readonly handlers: DeliveryHandlers,
    private readonly fanOut: FanOutHandler,
    private readonly webhooks: WebhookHandler,
    private readonly emails: EmailHandler,
    private readonly messages: MessageHandler,
    private readonly parked: ParkedHandler,
  ) {}

  onModuleInit(): void {
    const all = [this.fanOut, this.webhooks, this.emails, this.messages, this.parked];
    for (const handler of all) this.handlers.register(handler);
  }
}
