import { Module } from '@nestjs/common';
import { DirectoryModule } from '../directory/directory.module.js';
import { DelegationsController } from './delegations.controller.js';
import { DelegationsRepository } from './delegations.repository.js';
import { DelegationsService } from './delegations.service.js';

@Module({
  imports: [DirectoryModule],
  controllers: [DelegationsController],
  providers: [DelegationsRepository, DelegationsService],
  exports: [DelegationsService],
})
export class DelegationsModule {}
