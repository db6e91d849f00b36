import { Module } from '@nestjs/common';
import { OrdersModule } from '../orders/orders.module.js';
import { TemplatesModule } from '../templates/templates.module.js';
import { MovesController } from './moves.controller.js';
import { MovesService } from './moves.service.js';

@Module({
  imports: [OrdersModule, TemplatesModule],
  controllers: [MovesController],
  providers: [MovesService],
})
export class MovesModule {}
