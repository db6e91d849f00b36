import { Module } from '@nestjs/common';
import { ApproversModule } from '../approvers/approvers.module.js';
import { CalendarsModule } from '../calendars/calendars.module.js';
import { DelegationsModule } from '../delegations/delegations.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { OperationLogModule } from '../operation-log/operation-log.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { CopiesRepository } from './copies.repository.js';
import { ObjectOrdersRepository } from './object-orders.repository.js';
import { ObjectOrdersService } from './object-orders.service.js';
import { OpeningRepository } from './opening.repository.js';
import { OpeningService } from './opening.service.js';
import { OpeningStages } from './opening.stages.js';
import { OrderActionsController } from './order-actions.controller.js';
import { OrderActionsService } from './order-actions.service.js';
import { OrderListsRepository } from './order-lists.repository.js';
import { OrderCallbacksService } from './order-callbacks.service.js';
import { OrderCommands } from './order.commands.js';
import { OrderDesk } from './order.desk.js';
import { OrderMovesService } from './order-moves.service.js';
import { OrderOutsideService } from './order-outside.service.js';
import { OrderPeople } from './order.people.js';
import { OrderPlansService } from './order-plans.service.js';
import { OrderResolvers } from './order.resolvers.js';
import { OrderTimersService } from './order-timers.service.js';
import { OrderTransitions } from './order.transitions.js';
import { OrdersController } from './orders.controller.js';
import { OrdersRepository } from './orders.repository.js';
import { OrdersService } from './orders.service.js';
import { PresentStagesRepository } from './present-stages.repository.js';
import { RecountHandler } from './recount.handler.js';
import { SeatsRepository } from './seats.repository.js';
import { TimersRepository } from './timers.repository.js';

@Module({
  imports: [
    ApproversModule,
    CalendarsModule,
    DelegationsModule,
    DirectoryModule,
    OperationLogModule,
    OutboxModule,
  ],
  controllers: [OrderActionsController, OrdersController],
  providers: [
    CopiesRepository,
    ObjectOrdersRepository,
    ObjectOrdersService,
    OpeningRepository,
    OpeningService,
    OpeningStages,
    OrderActionsService,
    OrderCallbacksService,
    OrderCommands,
    OrderDesk,
    OrderListsRepository,
    OrderMovesService,
    OrderOutsideService,
    OrderPeople,
    OrderPlansService,
    OrderResolvers,
    OrderTimersService,
    OrderTransitions,
    OrdersRepository,
    OrdersService,
    PresentStagesRepository,
    RecountHandler,
    SeatsRepository,
    TimersRepository,
  ],
  exports: [
    ObjectOrdersService,
    OpeningService,
    OrderActionsService,
    OrderCallbacksService,
    OrderMovesService,
    OrderOutsideService,
    OrderPlansService,
    OrderTimersService,
    OrdersService,
  ],
})
export class OrdersModule {}
