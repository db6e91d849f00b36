import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import { SecretAnswer } from '../http/idempotency.interceptor.js';
import type { Page } from '../http/pagination.js';
import { Problems } from '../http/problem.docs.js';
import { ApiKeyPage, type ApiKeyView, ApiKeyWithSecret, CreateApiKey, ListApiKeys } from './api-keys.dto.js';
import { ApiKeysService } from './api-keys.service.js';

@ApiTags('API keys')
@Permit('team_admin')
@Controller('api-keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Post()
  @SecretAnswer()
  @ApiOperation({ summary: 'Make a service account; its key is shown this once' })
  @ApiCreatedResponse({ type: ApiKeyWithSecret })
  @Problems('validation_failed', 'not_found')
  create(@Caller() caller: Principal, @Body() dto: CreateApiKey): Promise<ApiKeyWithSecret> {
    return this.keys.create(asUser(caller), dto);
  }

  @Get()
  @ApiOperation({ summary: 'List the service accounts of the team, newest first' })
  @ApiOkResponse({ type: ApiKeyPage })
  @Problems('validation_failed', 'not_found')
  list(@Caller() caller: Principal, @Query() query: ListApiKeys): Promise<Page<ApiKeyView>> {
    return this.keys.list(asUser(caller), query);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Withdraw a key at once; orders that it opened stay' })
  @ApiNoContentResponse()
  @Problems('not_found')
  remove(@Caller() caller: Principal, @Param('id') id: string): Promise<void> {
    return this.keys.remove(asUser(caller), id);
  }
}
