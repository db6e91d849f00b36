import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiBody,
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
import { ProviderSettingsService } from './provider-settings.service.js';
import {
  CreatedProvider,
  CreateProvider,
  ListProviders,
  ProviderOwner,
  ProviderPage,
  ProviderPing,
  ProviderSecret,
  ProviderView,
  RotateProviderSecret,
  UpdateProvider,
} from './providers.dto.js';

@ApiTags('Providers')
@Permit('team_admin')
@Controller('providers')
export class ProvidersController {
  constructor(private readonly providers: ProviderSettingsService) {}

  @Post()
  @SecretAnswer()
  @ApiOperation({
    summary: 'Register an outside approval system; the answer shows its secret this once',
    description:
      'Approve actions name it by its code: it is told of the requests that they hold, and answers at ' +
      '`/change_approve_request_status/{approve_request_id}/`.',
  })
  @ApiCreatedResponse({ type: CreatedProvider })
  @Problems('validation_failed', 'not_found', 'already_exists')
  create(@Caller() caller: Principal, @Body() dto: CreateProvider): Promise<CreatedProvider> {
    return this.providers.create(asUser(caller), dto);
  }

  @Get()
  @ApiOperation({
    summary: 'List the providers of the team and of the platform, newest first',
    description: "A team's own provider shadows the platform's of the same code: a team sees each code once.",
  })
  @ApiOkResponse({ type: ProviderPage })
  @Problems('validation_failed', 'not_found')
  list(@Caller() caller: Principal, @Query() query: ListProviders): Promise<Page<ProviderView>> {
    return this.providers.list(asUser(caller), query);
  }

  @Get(':code')
  @ApiOperation({ summary: 'Read a provider' })
  @ApiOkResponse({ type: ProviderView })
  @Problems('validation_failed', 'not_found')
  get(
    @Caller() caller: Principal,
    @Param('code') code: string,
    @Query() owner: ProviderOwner,
  ): Promise<ProviderView> {
    return this.providers.get(asUser(caller), code, owner);
  }

  @Patch(':code')
  @ApiOperation({
    summary: 'Change a provider; what is still to be told goes to its new address',
  })
  @ApiOkResponse({ type: ProviderView })
  @Problems('validation_failed', 'not_found')
  update(
    @Caller() caller: Principal,
    @Param('code') code: string,
    @Query() owner: ProviderOwner,
    @Body() dto: UpdateProvider,
  ): Promise<ProviderView> {
    return this.providers.update(asUser(caller), code, owner, dto);
  }

  @Delete(':code')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a provider that no approve action names',
    description: 'Requests that it was told of wait on: the people of their orders decide them.',
  })
  @ApiNoContentResponse()
  @Problems('validation_failed', 'not_found', 'in_use')
  remove(
    @Caller() caller: Principal,
    @Param('code') code: string,
    @Query() owner: ProviderOwner,
  ): Promise<void> {
    return this.providers.remove(asUser(caller), code, owner);
  }

  @Post(':code/rotate-secret')
  @HttpCode(200)
  @SecretAnswer()
  @ApiOperation({
    summary: 'Give a provider a new secret',
    description:
      'The answer shows it this once. For `overlap`, the provider is told under two signatures, of the new secret and ' +
      'of the old one, and may answer under either; of several rotations within an overlap the newest two secrets ' +
      'count. A body is not needed.',
  })
  @ApiBody({ type: RotateProviderSecret, required: false })
  @ApiOkResponse({ type: ProviderSecret })
  @Problems('validation_failed', 'not_found')
  rotateSecret(
    @Caller() caller: Principal,
    @Param('code') code: string,
    @Query() owner: ProviderOwner,
    @Body() dto: RotateProviderSecret,
  ): Promise<ProviderSecret> {
    return this.providers.rotateSecret(asUser(caller), code, owner, dto);
  }

  @Post(':code/ping')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Send a signed test message to a provider',
    description:
      'At once and without retries, `{"type": "ping", "timestamp": …, "data": {"provider", "acc_code"}}`. A provider ' +
      'answers 2xx and does nothing, as with every type that it does not know. One that does not answer is told in ' +
      '`error`, not as an error.',
  })
  @ApiOkResponse({ type: ProviderPing })
  @Problems('validation_failed', 'not_found')
  ping(
    @Caller() caller: Principal,
    @Param('code') code: string,
    @Query() owner: ProviderOwner,
  ): Promise<ProviderPing> {
    return this.providers.ping(asUser(caller), code, owner);
  }
}
