import { Module } from '@nestjs/common';
import { BusinessTypesModule } from '../business-types/business-types.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { CallbackHandler } from './callback.handler.js';
import { CallbackTicketsService } from './callback-tickets.service.js';
import { CallbacksController } from './callbacks.controller.js';
import { CallbacksService } from './callbacks.service.js';
import { DeliveriesController } from './deliveries.controller.js';
import { DeliveriesService } from './deliveries.service.js';
import { LarkAnswersController } from './lark-answers.controller.js';

@Module({
  imports: [BusinessTypesModule, OrdersModule, OutboxModule],
  controllers: [CallbacksController, DeliveriesController, LarkAnswersController],
  providers: [CallbackHandler, CallbackTicketsService, CallbacksService, DeliveriesService],
  exports: [CallbackTicketsService, CallbacksService],
})
export class CallbacksModule {}
