import { Module } from '@nestjs/common';
import { OperationLogModule } from '../operation-log/operation-log.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { AuditController } from './audit.controller.js';
import { BesideRepository } from './beside.repository.js';
import { ExportRepository } from './export.repository.js';
import { ExportService } from './export.service.js';
import { JobsRepository } from './jobs.repository.js';
import { NightlyMetrics } from './nightly.metrics.js';
import { NightlyRunner } from './nightly.runner.js';
import { NightlyService } from './nightly.service.js';
import { VerificationService } from './verification.service.js';

@Module({
  imports: [OperationLogModule, OrdersModule],
  controllers: [AuditController],
  providers: [
    BesideRepository,
    ExportRepository,
    ExportService,
    JobsRepository,
    NightlyMetrics,
    NightlyRunner,
    NightlyService,
    VerificationService,
  ],
  exports: [VerificationService],
})
export class AuditModule {}
