import { Module } from '@nestjs/common';
import { CalendarsModule } from '../calendars/calendars.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { RecomputingController } from './recomputing.controller.js';
import { RecomputingRepository } from './recomputing.repository.js';
import { RecomputingService } from './recomputing.service.js';
import { TimersMetrics } from './timers.metrics.js';
import { TimersQueue } from './timers.queue.js';
import { TimersWorker } from './timers.worker.js';

/** Has time do to orders what their stages say, and reckons anew after a calendar was changed. */
@Module({
  imports: [CalendarsModule, OrdersModule],
  controllers: [RecomputingController],
  providers: [RecomputingRepository, RecomputingService, TimersMetrics, TimersQueue, TimersWorker],
})
export class TimersModule {}
