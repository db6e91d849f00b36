import { Module } from '@nestjs/common';
import { DeliveriesRepository } from './deliveries.repository.js';
import { DeliveryHandlers } from './delivery-handler.port.js';
import { DeliveryQueue } from './delivery.queue.js';
import { DeliverySettlement } from './delivery.settlement.js';
import { OutboxMetrics } from './outbox.metrics.js';
import { OutboxService } from './outbox.service.js';
import { OutboxWake } from './outbox.wake.js';
import { OutboxWorker } from './outbox.worker.js';
import { ParkedDeliveries } from './parked-deliveries.port.js';

@Module({
  providers: [
    DeliveriesRepository,
    DeliveryHandlers,
    DeliveryQueue,
    DeliverySettlement,
    OutboxMetrics,
    OutboxService,
    OutboxWake,
    OutboxWorker,
    ParkedDeliveries,
  ],
  exports: [DeliveriesRepository, DeliveryHandlers, OutboxService, OutboxWake, ParkedDeliveries],
})
export class OutboxModule {}
