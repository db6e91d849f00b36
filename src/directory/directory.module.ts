import { Module } from '@nestjs/common';
import { DepartmentRecordsService } from './department-records.service.js';
import { DepartmentsController } from './departments.controller.js';
import { DepartmentsRepository } from './departments.repository.js';
import { DepartmentsService } from './departments.service.js';
import { DirectorySearchService } from './directory-search.service.js';
import { DirectoryRepository } from './directory.repository.js';
import { DirectoryService } from './directory.service.js';
import { GroupRecordsService } from './group-records.service.js';
import { GroupsController } from './groups.controller.js';
import { GroupsRepository } from './groups.repository.js';
import { GroupsService } from './groups.service.js';
import { LabelRecordsService } from './label-records.service.js';
import { MembershipChanges } from './membership-changes.port.js';
import { PersonRecordsService } from './person-records.service.js';
import { PositionsService } from './positions.service.js';
import { UsersController } from './users.controller.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

/**
 * Who the people are, which groups they form and which departments they are in: kept by {@link UsersService},
 * {@link GroupsService} and {@link DepartmentsService}, asked by others through {@link DirectoryService}; who keeps many
 * at once does so through the `*-records.service`s and {@link DirectorySearchService}; who wants to know of memberships that end registers with {@link MembershipChanges}.
 */
@Module({
  controllers: [UsersController, GroupsController, DepartmentsController],
  providers: [
    DepartmentRecordsService,
    DepartmentsRepository,
    DepartmentsService,
    DirectoryRepository,
    DirectorySearchService,
    DirectoryService,
    GroupRecordsService,
    GroupsRepository,
    GroupsService,
    LabelRecordsService,
    MembershipChanges,
    PersonRecordsService,
    PositionsService,
    UsersRepository,
    UsersService,
  ],
  exports: [
    DepartmentRecordsService,
    DirectorySearchService,
    DirectoryService,
    GroupRecordsService,
    LabelRecordsService,
    MembershipChanges,
    PersonRecordsService,
    PositionsService,
  ],
})
export class DirectoryModule {}
