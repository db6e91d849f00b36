import { Module } from '@nestjs/common';
import { OrdersModule } from '../orders/orders.module.js';
import { TemplatesModule } from '../templates/templates.module.js';
import { SimulationsController } from './simulations.controller.js';
import { SimulationsService } from './simulations.service.js';

@Module({
  imports: [OrdersModule, TemplatesModule],
  controllers: [SimulationsController],
  providers: [SimulationsService],
})
export class SimulationsModule {}
