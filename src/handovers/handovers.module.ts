import { Module } from '@nestjs/common';
import { DelegationsModule } from '../delegations/delegations.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { HandoversController } from './handovers.controller.js';
import { HandoversRepository } from './handovers.repository.js';
import { HandoversService } from './handovers.service.js';

@Module({
  imports: [DelegationsModule, DirectoryModule, OrdersModule],
  controllers: [HandoversController],
  providers: [HandoversRepository, HandoversService],
})
export class HandoversModule {}
