import { Module, type OnModuleInit } from '@nestjs/common';
import { CallbacksModule } from '../callbacks/callbacks.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { OperationLogModule } from '../operation-log/operation-log.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { DeliveryHandlers } from '../outbox/delivery-handler.port.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { DingTalkClient } from './dingtalk/dingtalk.client.js';
import { DingTalkFinding } from './dingtalk/dingtalk.finding.js';
import { DingTalkProvider } from './dingtalk/dingtalk.provider.js';
import { FormsService } from './forms/forms.service.js';
import { IdentitiesService } from './identities/identities.service.js';
import { LarkClient } from './lark/lark.client.js';
import { LarkProvider } from './lark/lark.provider.js';
import { Beginnings } from './outside/beginnings.js';
import { IncomingController } from './outside/incoming.controller.js';
import { IncomingService } from './outside/incoming.service.js';
import { Looking } from './outside/looking.js';
import { ObservingHandler } from './outside/observing.handler.js';
import { OutsideApprovalsController } from './outside/outside-approvals.controller.js';
import { OutsideApprovalsService } from './outside/outside-approvals.service.js';
import { OutsideApprovalsRepository } from './outside/outside-approvals.repository.js';
import { OutsideCourse } from './outside/outside.course.js';
import { OutsideHandler } from './outside/outside.handler.js';
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
import { WebhookProvider } from './webhook/webhook.provider.js';
import { WebhookTeller } from './webhook/webhook.teller.js';
import { EarlierApplication } from './wecom/wecom-earlier.js';
import { WeComClient } from './wecom/wecom.client.js';
import { WeComProvider } from './wecom/wecom.provider.js';

/** Outside approval systems: where they are, what they are told, and whose answers count. */
@Module({
  imports: [CallbacksModule, DirectoryModule, OperationLogModule, OrdersModule, OutboxModule],
  controllers: [IncomingController, OutsideApprovalsController, ProvidersController],
  providers: [
    ApprovalProviders,
    Beginnings,
    DingTalkClient,
    DingTalkFinding,
    DingTalkProvider,
    EarlierApplication,
    FormsService,
    IdentitiesService,
    IncomingService,
    LarkClient,
    LarkProvider,
    Looking,
    ObservingHandler,
    OutsideApprovalsRepository,
    OutsideApprovalsService,
    OutsideCourse,
    OutsideHandler,
    ProviderMessagesRepository,
    ProviderSettingsService,
    ProvidersRepository,
    ProvidersService,
    TellingHandler,
    WebhookProvider,
    WebhookTeller,
    WeComClient,
    WeComProvider,
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
    private readonly kinds: ApprovalProviders,
    private readonly webhooks: WebhookProvider,
  ) {}

  onModuleInit(): void {
    this.handlers.register(this.telling);
    this.kinds.register(this.webhooks);
  }
}
