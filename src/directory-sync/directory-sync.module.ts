import { Module, type OnModuleInit } from '@nestjs/common';
import { DirectoryModule } from '../directory/directory.module.js';
import { ProblemDialects } from '../http/problem-dialect.port.js';
import { OpenSeatsService } from '../orders/open-seats.service.js';
import { ClaimsFollower } from './claims/claims.follower.js';
import { ImportController } from './import/import.controller.js';
import { ImportService } from './import/import.service.js';
import { ImportVersionsRepository } from './import/import-versions.repository.js';
import { GroupRowsService } from './scim/group-rows.service.js';
import { MembersService } from './scim/members.service.js';
import { ScimGroupsController, ScimUsersController } from './scim/scim.controller.js';
import { ScimDialect } from './scim/scim.problem.js';
import { ScimDiscoveryController } from './scim/scim-discovery.controller.js';
import { ScimGroupsService } from './scim/scim-groups.service.js';
import { ScimUsersService } from './scim/scim-users.service.js';

/** The directory in step with others: SCIM clients, documents that are imported, and what tokens say. */
@Module({
  imports: [DirectoryModule],
  controllers: [ImportController, ScimDiscoveryController, ScimGroupsController, ScimUsersController],
  providers: [
    ClaimsFollower,
    GroupRowsService,
    ImportService,
    ImportVersionsRepository,
    MembersService,
    OpenSeatsService,
    ScimGroupsService,
    ScimUsersService,
  ],
})
export class DirectorySyncModule implements OnModuleInit {
  constructor(private readonly dialects: ProblemDialects) {}

  onModuleInit(): void {
    this.dialects.register(new ScimDialect());
  }
}
