import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../../auth/permit.js';
import type { Principal } from '../../auth/principal.js';
import { Problems } from '../../http/problem.docs.js';
import { keeperOf } from '../keeper.js';
import { ImportDirectory, ImportOutcome } from './import.dto.js';
import { ImportService } from './import.service.js';

@ApiTags('Directory')
@Permit('team_admin', 'directory')
@Controller('directory/import')
export class ImportController {
  constructor(private readonly imports: ImportService) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'Import people, groups and departments of one source, all or nothing; or try it' })
  @ApiOkResponse({ type: ImportOutcome })
  @Problems('validation_failed', 'not_found', 'version_conflict', 'mass_deactivation', 'payload_too_large')
  run(@Caller() caller: Principal, @Body() dto: ImportDirectory): Promise<ImportOutcome> {
    return this.imports.run(keeperOf(caller), dto);
  }
}
