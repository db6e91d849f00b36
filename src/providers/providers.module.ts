import { Module, type OnModuleInit } from '@nestjs/common';
import { BusinessTypesModule } from '../business-types/business-types.module.js';
import { CallbacksModule } from '../callbacks/callbacks.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { OperationLogModule } from '../operation-log/operation-log.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { DeliveryHandlers } from '../outbox/delivery-handler.port.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { DingTalkClient } from './dingtalk/dingtalk.client.js';
import { DingTalkFinding } from './dingtalk/dingtalk.finding.js';
import { DingTalkProvider } from './dingtalk/dingtalk.provider.js';
import { FormFieldsService } from './forms/form-fields.service.js';
import { FormSettingsService } from './forms/form-settings.service.js';
import { FormsController } from './forms/forms.controller.js';
import { FormsRepository } from './forms/forms.repository.js';
import { FormsService } from './forms/forms.service.js';
import { IdentitiesController } from './identities/identities.controller.js';
import { IdentitiesRepository } from './identities/identities.repository.js';
import { IdentitiesService } from './identities/identities.service.js';
import { IdentitySettingsService } from './identities/identity-settings.service.js';
import { LarkClient } from './lark/lark.client.js';
import { LarkProvider } from './lark/lark.provider.js';
import { ActionContext } from './lark-mirror/action-context.js';
import { LarkActionsController } from './lark-mirror/lark-actions.controller.js';
import { LarkActionsService } from './lark-mirror/lark-actions.service.js';
import { LarkMirrorHandler } from './lark-mirror/lark-mirror.handler.js';
import { MirrorDefinitionsService } from './lark-mirror/mirror-definitions.service.js';
import { MirrorPeopleService } from './lark-mirror/mirror-people.service.js';
import { MirrorTurnsRepository } from './lark-mirror/mirror-turns.repository.js';
import { ApprovalsController } from './lark-ticket/approvals.controller.js';
import { ApprovalsService } from './lark-ticket/approvals.service.js';
import { ProblemDialects } from '../http/problem-dialect.port.js';
import { OptionsDialect } from './lark-ticket/options.dialect.js';
import { OptionsController } from './lark-ticket/options.controller.js';
import { OptionsService } from './lark-ticket/options.service.js';
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
import { Sweeping } from './outside/sweeping.js';
import { SweepingHandler } from './outside/sweeping.handler.js';
import { MessagesService } from './messages.service.js';
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
  imports: [
    BusinessTypesModule,
    CallbacksModule,
    DirectoryModule,
    OperationLogModule,
    OrdersModule,
    OutboxModule,
  ],
  controllers: [
    ApprovalsController,
    FormsController,
    IdentitiesController,
    IncomingController,
    LarkActionsController,
    OptionsController,
    OutsideApprovalsController,
    ProvidersController,
  ],
  providers: [
    ActionContext,
    ApprovalProviders,
    ApprovalsService,
    Beginnings,
    DingTalkClient,
    DingTalkFinding,
    DingTalkProvider,
    EarlierApplication,
    FormFieldsService,
    FormSettingsService,
    FormsRepository,
    FormsService,
    IdentitiesRepository,
    IdentitiesService,
    IdentitySettingsService,
    IncomingService,
    LarkActionsService,
    LarkClient,
    LarkMirrorHandler,
    LarkProvider,
    Looking,
    MirrorDefinitionsService,
    MirrorPeopleService,
    MessagesService,
    MirrorTurnsRepository,
    ObservingHandler,
    OptionsService,
    OutsideApprovalsRepository,
    OutsideApprovalsService,
    OutsideCourse,
    OutsideHandler,
    ProviderMessagesRepository,
    ProviderSettingsService,
    ProvidersRepository,
    ProvidersService,
    Sweeping,
    SweepingHandler,
    TellingHandler,
    WebhookProvider,
    WebhookTeller,
    WeComClient,
    WeComProvider,
    ProviderConnections,
    VendorClient,
    VendorTokens,
  ],
  exports: [MessagesService, ProvidersService],
})
export class ProvidersModule implements OnModuleInit {
  constructor(
    private readonly handlers: DeliveryHandlers,
    private readonly telling: TellingHandler,
    private readonly dialects: ProblemDialects,
    private readonly kinds: ApprovalProviders,
    private readonly webhooks: WebhookProvider,
  ) {}

  onModuleInit(): void {
    this.handlers.register(this.telling);
    this.dialects.register(new OptionsDialect());
    this.kinds.register(this.webhooks);
  }
}
