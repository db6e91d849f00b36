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
import { ProviderConnections } from './provider-connections.js';
import { VendorClient } from './vendor.client.js';
import { VendorTokens } from './vendor.tokens.js';
import { WebhookTeller } from './webhook/webhook.teller.js';

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
    WebhookTeller,
    ProviderConnections,
    VendorClient,
    VendorTokens,
  ],
  exports: [ProvidersService],
})
export class ProvidersModule implements OnModuleInit {
  constructor(
    private readonly handlers: DeliveryHandlers,
    private readonly telling: TellingHandler,
  ) {}

  onModuleInit(): void {
    this.handlers.register(this.telling);
  }
}
