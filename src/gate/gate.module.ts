import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { BusinessTypesModule } from '../business-types/business-types.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { OperationLogModule } from '../operation-log/operation-log.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { ApproveActionsController } from './actions/actions.controller.js';
import { ActionsRepository } from './actions/actions.repository.js';
import { ActionsService } from './actions/actions.service.js';
import { ApproveActionsOpenApiController } from './actions/openapi.controller.js';
import { OpenApiService } from './actions/openapi.service.js';
import { Answers } from './doors/answers.js';
import { Callers } from './doors/callers.js';
import { Doors } from './doors/doors.js';
import { Passage } from './doors/passage.js';
import { CourseHandler } from './execution/course.handlers.js';
import { ExecutionHandler } from './execution/execution.handler.js';
import { IdentityController } from './execution/identity.controller.js';
import { IdentityTokens } from './execution/identity.tokens.js';
import { GatesController } from './gates/gates.controller.js';
import { GatesRepository } from './gates/gates.repository.js';
import { GatesService } from './gates/gates.service.js';
import { ApprovalProof } from './keeping/approval.proof.js';
import { KeeperService } from './keeping/keeper.service.js';
import { KeptResponses } from './keeping/kept-responses.js';
import { PassesService } from './keeping/passes.service.js';
import { RequestCourse } from './keeping/request.course.js';
import { RequestHolding } from './keeping/request.holding.js';
import { RequestSeals } from './keeping/request.seals.js';
import { RequestsRepository } from './keeping/requests.repository.js';
import { ProviderAnswersController } from './requests/provider-answers.controller.js';
import { ProviderAnswersRepository } from './requests/provider-answers.repository.js';
import { ProviderAnswersService } from './requests/provider-answers.service.js';
import { RequestListsRepository } from './requests/request-lists.repository.js';
import { RequestsController } from './requests/requests.controller.js';
import { RequestsMetrics } from './requests/requests.metrics.js';
import { RequestsService } from './requests/requests.service.js';
import { ResponsesService } from './requests/responses.service.js';
import { RulesService } from './rules.service.js';

/** Holds HTTP requests until they are approved, then runs each exactly once (requirement 000). */
@Module({
  imports: [
    AuditModule,
    BusinessTypesModule,
    DirectoryModule,
    OperationLogModule,
    OrdersModule,
    OutboxModule,
    ProvidersModule,
  ],
  controllers: [
    ApproveActionsController,
    ApproveActionsOpenApiController,
    GatesController,
    IdentityController,
    ProviderAnswersController,
    RequestsController,
  ],
  providers: [
    ActionsRepository,
    ActionsService,
    Answers,
    ApprovalProof,
    Callers,
    CourseHandler,
    Doors,
    ExecutionHandler,
    GatesRepository,
    GatesService,
    IdentityTokens,
    KeeperService,
    KeptResponses,
    OpenApiService,
    Passage,
    PassesService,
    ProviderAnswersRepository,
    ProviderAnswersService,
    RequestCourse,
    RequestHolding,
    RequestListsRepository,
    RequestSeals,
    RequestsMetrics,
    RequestsRepository,
    RequestsService,
    ResponsesService,
    RulesService,
  ],
})
export class GateModule {}
