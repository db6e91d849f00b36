import { Module } from '@nestjs/common';
import { VersionsModule } from '../versions/versions.module.js';
import { NodeVersionsController } from './node-versions.controller.js';
import { NodeVersionsService } from './node-versions.service.js';
import { NodesController } from './nodes.controller.js';
import { NodesRepository } from './nodes.repository.js';
import { NodesService } from './nodes.service.js';

@Module({
  imports: [VersionsModule],
  controllers: [NodesController, NodeVersionsController],
  providers: [NodesRepository, NodesService, NodeVersionsService],
  exports: [NodesService],
})
export class NodesModule {}
