import { Module } from '@nestjs/common';
import { BusinessTypesController } from './business-types.controller.js';
import { BusinessTypesRepository } from './business-types.repository.js';
import { BusinessTypesService } from './business-types.service.js';
import { CallbackTargetsService } from './callback-targets.service.js';
import { FormTypesService } from './form-types.service.js';
import { PingService } from './ping.service.js';

@Module({
  controllers: [BusinessTypesController],
  providers: [
    BusinessTypesRepository,
    BusinessTypesService,
    CallbackTargetsService,
    FormTypesService,
    PingService,
  ],
  exports: [BusinessTypesService, CallbackTargetsService, FormTypesService],
})
export class BusinessTypesModule {}
