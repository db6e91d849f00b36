import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { ApiKeysModule } from './api-keys/api-keys.module.js';
import { ApproversModule } from './approvers/approvers.module.js';
import { AuditModule } from './audit/audit.module.js';
import { AuthGuard } from './auth/auth.guard.js';
import { AuthModule } from './auth/auth.module.js';
import type { AuthenticatedRequest } from './auth/permit.js';
import { credentialOf } from './auth/principal.js';
import { RateLimitGuard } from './auth/rate-limit.guard.js';
import { BindingsModule } from './bindings/bindings.module.js';
import { BusinessTypesModule } from './business-types/business-types.module.js';
import { CalendarsModule } from './calendars/calendars.module.js';
import { CallbacksModule } from './callbacks/callbacks.module.js';
import { ConfigModule } from './config/config.module.js';
import type { Config } from './config/config.js';
import { DatabaseModule } from './database/database.module.js';
import type { Database } from './database/database.js';
import { UnitOfWork } from './database/unit-of-work.js';
import { DelegationsModule } from './delegations/delegations.module.js';
import { DirectoryModule } from './directory/directory.module.js';
import { DirectorySyncModule } from './directory-sync/directory-sync.module.js';
import { GateModule } from './gate/gate.module.js';
import { HandoversModule } from './handovers/handovers.module.js';
import { ExplainModule } from './explain/explain.module.js';
import { HttpModule } from './http/http.module.js';
import { IdempotencyInterceptor } from './http/idempotency.interceptor.js';
import { IdempotencyStore } from './http/idempotency.store.js';
import { ProblemFilter } from './http/problem.filter.js';
import { RequestValidation } from './http/validation.js';
import { MovesModule } from './moves/moves.module.js';
import { NodesModule } from './nodes/nodes.module.js';
import { NotificationsModule } from './notifications/notifications.module.js';
import { ObjectsModule } from './objects/objects.module.js';
import { ObservabilityModule } from './observability/observability.module.js';
import { OperationLogModule } from './operation-log/operation-log.module.js';
import { OrdersModule } from './orders/orders.module.js';
import { OutboundModule } from './outbound/outbound.module.js';
import { OutboxModule } from './outbox/outbox.module.js';
import { ProvidersModule } from './providers/providers.module.js';
import { RuntimeModule } from './runtime/runtime.module.js';
import { SimulationsModule } from './simulations/simulations.module.js';
import { StepsModule } from './steps/steps.module.js';
import { StuckModule } from './stuck/stuck.module.js';
import { TemplatesModule } from './templates/templates.module.js';
import { TimersModule } from './timers/timers.module.js';

/** The composition root. Guards run in this order: who is calling, then how often. */
@Module({})
export class AppModule {
  static with(config: Config, database: Database, abandonProcess: (reason: string) => void): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        RuntimeModule,
        DatabaseModule.with(database, abandonProcess, !config.production),
        HttpModule,
        AuthModule,
        ThrottlerModule.forRoot([{ ttl: 60_000, limit: Math.max(1, config.rateLimit) }]),
        ObservabilityModule,
        ApiKeysModule,
        DirectoryModule,
        DelegationsModule,
        NodesModule,
        BusinessTypesModule,
        CalendarsModule,
        TemplatesModule,
        BindingsModule,
        ApproversModule,
        OperationLogModule,
        OutboundModule,
        OutboxModule,
        OrdersModule,
        CallbacksModule,
        TimersModule,
        StuckModule,
        SimulationsModule,
        StepsModule,
        HandoversModule,
        MovesModule,
        ExplainModule,
        ObjectsModule,
        AuditModule,
        NotificationsModule,
        ProvidersModule,
        GateModule,
        DirectorySyncModule,
      ],
      providers: [
        { provide: APP_GUARD, useClass: AuthGuard },
        ...(config.rateLimit > 0 ? [{ provide: APP_GUARD, useClass: RateLimitGuard }] : []),
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useClass: RequestValidation },
        {
          provide: APP_INTERCEPTOR,
          inject: [IdempotencyStore, UnitOfWork],
          useFactory: (store: IdempotencyStore, unitOfWork: UnitOfWork) =>
            new IdempotencyInterceptor(store, unitOfWork, (request: AuthenticatedRequest) =>
              request.principal ? credentialOf(request.principal) : null,
            ),
        },
      ],
    };
  }
}
