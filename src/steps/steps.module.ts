import { Module } from '@nestjs/common';
import { DirectoryModule } from '../directory/directory.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { InboxRepository } from './inbox.repository.js';
import { StuckModule } from '../stuck/stuck.module.js';
import { StepsController } from './steps.controller.js';
import { StepsService } from './steps.service.js';

@Module({
  imports: [DirectoryModule, OrdersModule, StuckModule],
  controllers: [StepsController],
  providers: [InboxRepository, StepsService],
})
export class StepsModule {}
