import { Module } from '@nestjs/common';
import { DirectoryRepository } from './directory.repository.js';
import { DirectoryService } from './directory.service.js';
import { GroupsController } from './groups.controller.js';
import { GroupsRepository } from './groups.repository.js';
import { GroupsService } from './groups.service.js';
import { UsersController } from './users.controller.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

/** Who the people are and which groups they form: kept by {@link UsersService} and {@link GroupsService}, asked by others through {@link DirectoryService}. */
@Module({
  controllers: [UsersController, GroupsController],
  providers: [
    DirectoryRepository,
    DirectoryService,
    GroupsRepository,
    GroupsService,
    UsersRepository,
    UsersService,
  ],
  exports: [DirectoryService],
})
export class DirectoryModule {}
