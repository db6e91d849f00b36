import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../../auth/permit.js';
import { asUser, type Principal } from '../../auth/principal.js';
import { Problems } from '../../http/problem.docs.js';
import { ImportedOpenApi, ImportOpenApi, OpenApiOperations, ReadOpenApi } from './openapi.dto.js';
import { OpenApiService } from './openapi.service.js';

@ApiTags('Approve actions')
@Permit('team_admin')
@Controller('approve-actions/openapi')
export class ApproveActionsOpenApiController {
  constructor(private readonly documents: OpenApiService) {}

  @Post('paths')
  @HttpCode(200)
  @ApiOperation({
    summary: 'List the operations of an OpenAPI document, to choose from',
    description: 'Nothing is stored. The document counts against `BODY_LIMIT`.',
  })
  @ApiOkResponse({ type: OpenApiOperations })
  @Problems('validation_failed', 'not_found', 'payload_too_large')
  paths(@Caller() caller: Principal, @Body() dto: ReadOpenApi): Promise<OpenApiOperations> {
    return this.documents.read(asUser(caller), dto);
  }

  @Post('import')
  @ApiOperation({
    summary: 'Make approve actions of operations of an OpenAPI document',
    description: 'All of them at once, with the same settings. What cannot be made is told in `skipped`.',
  })
  @ApiCreatedResponse({ type: ImportedOpenApi })
  @Problems('validation_failed', 'not_found', 'payload_too_large')
  import(@Caller() caller: Principal, @Body() dto: ImportOpenApi): Promise<ImportedOpenApi> {
    return this.documents.import(asUser(caller), dto);
  }
}
