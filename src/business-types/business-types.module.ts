import { Module } from '@nestjs/common';
import { BusinessTypesController } from './business-types.controller.js';
import { BusinessTypesRepository } from './business-types.repository.js';
import { BusinessTypesService } from './business-types.service.js';

@Module({
  controllers: [BusinessTypesController],
  providers: [BusinessTypesRepository, BusinessTypesService],
  exports: [BusinessTypesService],
})
export class BusinessTypesModule {}
