import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { OperationLogModule } from '../operation-log/operation-log.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { CourseHandler } from './execution/course.handlers.js';
import { ExecutionHandler } from './execution/execution.handler.js';
import { IdentityController } from './execution/identity.controller.js';
import { IdentityTokens } from './execution/identity.tokens.js';
import { ApprovalProof } from './keeping/approval.proof.js';
import { KeeperService } from './keeping/keeper.service.js';
import { KeptResponses } from './keeping/kept-responses.js';
import { PassesService } from './keeping/passes.service.js';
import { RequestCourse } from './keeping/request.course.js';
import { RequestHolding } from './keeping/request.holding.js';
import { RequestSeals } from './keeping/request.seals.js';
import { RequestsRepository } from './keeping/requests.repository.js';
import { RequestListsRepository } from './requests/request-lists.repository.js';
import { RequestsController } from './requests/requests.controller.js';
import { RequestsService } from './requests/requests.service.js';
import { ResponsesService } from './requests/responses.service.js';

/** Holds HTTP requests until they are approved, then runs each exactly once (requirement 000). */
@Module({
  imports: [AuditModule, DirectoryModule, OperationLogModule, OrdersModule, OutboxModule, ProvidersModule],
  controllers: [IdentityController, RequestsController],
  providers: [
    ApprovalProof,
    CourseHandler,
    ExecutionHandler,
    IdentityTokens,
    KeeperService,
    KeptResponses,
    PassesService,
    RequestCourse,
    RequestHolding,
    RequestListsRepository,
    RequestSeals,
    RequestsRepository,
    RequestsService,
    ResponsesService,
  ],
})
export class GateModule {}
