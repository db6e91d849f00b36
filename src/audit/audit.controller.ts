import { Controller, Get, Param, Query, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import { Problems } from '../http/problem.docs.js';
import { LogVerification } from './audit.dto.js';
import { LogExportQuery } from './export.dto.js';
import { ExportService } from './export.service.js';
import { VerificationService } from './verification.service.js';

@ApiTags('Operation log')
@Controller()
export class AuditController {
  constructor(
    private readonly verification: VerificationService,
    private readonly exports: ExportService,
  ) {}

  @Get('orders/:id/logs/verify')
  @Permit('member', 'service')
  @ApiOperation({
    summary: 'Tell whether the log of an order is as it was written, and agrees with the order',
  })
  @ApiOkResponse({ type: LogVerification })
  @Problems('not_found')
  verify(@Caller() caller: Principal, @Param('id') id: string): Promise<LogVerification> {
    return this.verification.verify(caller, id);
  }

  @Get('logs/export')
  @Permit('team_admin', 'system_admin')
  @ApiOperation({
    summary: 'Export log rows as CSV, oldest first: of the own team; a system administrator, of all',
  })
  @ApiProduces('text/csv')
  @ApiOkResponse({
    description: 'UTF-8 with a byte-order mark; lines end with CR LF; the first line names the columns.',
    schema: { type: 'string' },
  })
  @Problems('validation_failed', 'not_found')
  export(@Caller() caller: Principal, @Query() query: LogExportQuery): Promise<StreamableFile> {
    return this.exports.csv(asUser(caller), query);
  }
}
