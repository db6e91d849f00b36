import { Module } from '@nestjs/common';
import { DirectoryModule } from '../directory/directory.module.js';
import { OperationLogModule } from '../operation-log/operation-log.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { OpeningRepository } from './opening.repository.js';
import { OpeningService } from './opening.service.js';
import { OrderListsRepository } from './order-lists.repository.js';
import { OrderCallbacksService } from './order-callbacks.service.js';
import { OrderCommands } from './order.commands.js';
import { OrderPeople } from './order.people.js';
import { OrderTransitions } from './order.transitions.js';
import { OrdersController } from './orders.controller.js';
import { OrdersRepository } from './orders.repository.js';
import { OrdersService } from './orders.service.js';

@Module({
  imports: [DirectoryModule, OperationLogModule, OutboxModule],
  controllers: [OrdersController],
  providers: [
    OpeningRepository,
    OpeningService,
    OrderCallbacksService,
    OrderCommands,
    OrderListsRepository,
    OrderPeople,
    OrderTransitions,
    OrdersRepository,
    OrdersService,
  ],
  exports: [OrderCallbacksService, OrdersService],
})
export class OrdersModule {}
