import { Module } from '@nestjs/common';
import { BusinessTypesModule } from '../business-types/business-types.module.js';
import { TemplatesModule } from '../templates/templates.module.js';
import { BindingsController } from './bindings.controller.js';
import { BindingsRepository } from './bindings.repository.js';
import { BindingsService } from './bindings.service.js';
import { TemplateBusinessTypesController } from './template-business-types.controller.js';

@Module({
  imports: [BusinessTypesModule, TemplatesModule],
  controllers: [BindingsController, TemplateBusinessTypesController],
  providers: [BindingsRepository, BindingsService],
  exports: [BindingsService],
})
export class BindingsModule {}
