import { Module } from '@nestjs/common';
import { CalendarsModule } from '../calendars/calendars.module.js';
import { NodesModule } from '../nodes/nodes.module.js';
import { VersionsModule } from '../versions/versions.module.js';
import { TemplateVersionsController } from './template-versions.controller.js';
import { TemplateVersionsService } from './template-versions.service.js';
import { TemplatesController } from './templates.controller.js';
import { TemplatesRepository } from './templates.repository.js';
import { TemplatesService } from './templates.service.js';

@Module({
  imports: [CalendarsModule, NodesModule, VersionsModule],
  controllers: [TemplatesController, TemplateVersionsController],
  providers: [TemplatesRepository, TemplatesService, TemplateVersionsService],
  exports: [TemplatesService],
})
export class TemplatesModule {}
