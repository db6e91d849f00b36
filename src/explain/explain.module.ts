import { Module } from '@nestjs/common';
import { OperationLogModule } from '../operation-log/operation-log.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { ExplainController } from './explain.controller.js';
import { ExplainService } from './explain.service.js';

/** Why orders are where they are (docs/explain.md). */
@Module({
  imports: [OperationLogModule, OrdersModule],
  controllers: [ExplainController],
  providers: [ExplainService],
})
export class ExplainModule {}
