import { Module } from '@nestjs/common';
import { BusinessTypesModule } from '../business-types/business-types.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { NodesModule } from '../nodes/nodes.module.js';
import { ApproverFinder } from './approver-finder.service.js';
import { ApproverResolver } from './approver-resolver.service.js';
import { ApproversController } from './approvers.controller.js';
import { ApproversService } from './approvers.service.js';

/** Finding approvers: from the directory by {@link ApproverFinder}, from business systems by {@link ApproverResolver}. */
@Module({
  imports: [BusinessTypesModule, DirectoryModule, NodesModule],
  controllers: [ApproversController],
  providers: [ApproverFinder, ApproverResolver, ApproversService],
  exports: [ApproverFinder, ApproverResolver],
})
export class ApproversModule {}
