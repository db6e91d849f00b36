import { Module } from '@nestjs/common';
import { DepartmentsController } from './departments.controller.js';
import { DepartmentsRepository } from './departments.repository.js';
import { DepartmentsService } from './departments.service.js';
import { DirectoryRepository } from './directory.repository.js';
import { DirectoryService } from './directory.service.js';
import { GroupsController } from './groups.controller.js';
import { GroupsRepository } from './groups.repository.js';
import { GroupsService } from './groups.service.js';
import { MembershipChanges } from './membership-changes.port.js';
import { PositionsService } from './positions.service.js';
import { UsersController } from './users.controller.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

/**
 * Who the people are, which groups they form and which departments they are in: kept by {@link UsersService},
 * {@link GroupsService} and {@link DepartmentsService}, asked by others through {@link DirectoryService}; who wants to
 * know of memberships that end registers with {@link MembershipChanges}.
 */
@Module({
  controllers: [UsersController, GroupsController, DepartmentsController],
  providers: [
    DepartmentsRepository,
    DepartmentsService,
    DirectoryRepository,
    DirectoryService,
    GroupsRepository,
    GroupsService,
    MembershipChanges,
    PositionsService,
    UsersRepository,
    UsersService,
  ],
  exports: [DirectoryService, MembershipChanges, PositionsService],
})
export class DirectoryModule {}
