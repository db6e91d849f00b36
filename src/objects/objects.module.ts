import { Module } from '@nestjs/common';
import { BusinessTypesModule } from '../business-types/business-types.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { OperationLogModule } from '../operation-log/operation-log.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { AutoRunService } from './auto-run.service.js';
import { ObjectApprovalsService } from './object-approvals.service.js';
import { ObjectRunsRepository } from './object-runs.repository.js';
import { ObjectsController } from './objects.controller.js';

/** What business modules ask about their objects: docs/objects.md. */
@Module({
  imports: [BusinessTypesModule, DirectoryModule, OperationLogModule, OrdersModule],
  controllers: [ObjectsController],
  providers: [AutoRunService, ObjectApprovalsService, ObjectRunsRepository],
})
export class ObjectsModule {}
