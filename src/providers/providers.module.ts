import { Module, type OnModuleInit } from '@nestjs/common';
import { OrdersModule } from '../orders/orders.module.js';
import { DeliveryHandlers } from '../outbox/delivery-handler.port.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { ApprovalProviders } from './provider.port.js';
import { ProviderMessagesRepository } from './provider-messages.repository.js';
import { ProviderSettingsService } from './provider-settings.service.js';
import { ProvidersController } from './providers.controller.js';
import { ProvidersRepository } from './providers.repository.js';
import { ProvidersService } from './providers.service.js';
import { TellingHandler } from './telling.handler.js';
import { WebhookProvider } from './webhook.provider.js';

/** Outside approval systems: where they are, what they are told, and whose answers count. */
@Module({
  imports: [OrdersModule, OutboxModule],
  controllers: [ProvidersController],
  providers: [
    ApprovalProviders,
    ProviderMessagesRepository,
    ProviderSettingsService,
    ProvidersRepository,
    ProvidersService,
    TellingHandler,
    WebhookProvider,
  ],
  exports: [ProvidersService],
})
export class ProvidersModule implements OnModuleInit {
  constructor(
    private readonly handlers: DeliveryHandlers,
    private readonly kinds: ApprovalProviders,
    private readonly telling: TellingHandler,
    private readonly webhooks: WebhookProvider,
  ) {}

  onModuleInit(): void {
    this.handlers.register(this.telling);
    this.kinds.register(this.webhooks);
  }
}
