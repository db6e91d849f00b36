import { Module } from '@nestjs/common';
import { OrdersModule } from '../../orders/orders.module.js';
import { ProvidersModule } from '../../providers/providers.module.js';
import { ProviderAnswersController } from './provider-answers.controller.js';
import { ProviderAnswersRepository } from './provider-answers.repository.js';
import { ProviderAnswersService } from './provider-answers.service.js';

/** Where outside approval systems answer. */
@Module({
  imports: [OrdersModule, ProvidersModule],
  controllers: [ProviderAnswersController],
  providers: [ProviderAnswersRepository, ProviderAnswersService],
})
export class ProviderAnswersModule {}
