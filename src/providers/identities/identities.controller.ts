import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../../auth/permit.js';
import { asUser, type Principal } from '../../auth/principal.js';
import type { Page } from '../../http/pagination.js';
import { Problems } from '../../http/problem.docs.js';
import { ProviderOwner } from '../providers.dto.js';
import {
  IdentitiesSaved,
  IdentityPage,
  IdentityPath,
  IdentityView,
  ListIdentities,
  PutIdentities,
  PutIdentity,
} from './identities.dto.js';
import { IdentitySettingsService } from './identity-settings.service.js';

@ApiTags('Providers')
@Permit('team_admin')
@Controller('providers/:code/identities')
export class IdentitiesController {
  constructor(private readonly identities: IdentitySettingsService) {}

  @Put(':userCode')
  @ApiOperation({
    summary: 'Say who a person is at a provider',
    description:
      'Whoever that is there decides as this person. Who may change the provider says it of anybody; of a provider of the ' +
      'platform, a team administrator says it of people whom the directory lists in the own team.',
  })
  @ApiOkResponse({ type: IdentityView })
  @Problems('validation_failed', 'not_found', 'already_exists')
  put(
    @Caller() caller: Principal,
    @Param() { code, userCode }: IdentityPath,
    @Query() owner: ProviderOwner,
    @Body() dto: PutIdentity,
  ): Promise<IdentityView> {
    return this.identities.put(asUser(caller), code, owner, userCode, dto);
  }

  @Put()
  @ApiOperation({
    summary: 'Say who up to 1000 people are at a provider: all of them, or none',
    description:
      'An error names every entry that is wrong by its place. Entries may exchange ids among each other; who is not named ' +
      'stays as they are.',
  })
  @ApiOkResponse({ type: IdentitiesSaved })
  @Problems('validation_failed', 'not_found', 'already_exists')
  putAll(
    @Caller() caller: Principal,
    @Param('code') code: string,
    @Query() owner: ProviderOwner,
    @Body() dto: PutIdentities,
  ): Promise<IdentitiesSaved> {
    return this.identities.putAll(asUser(caller), code, owner, dto);
  }

  @Get()
  @ApiOperation({
    summary: 'List who is who at a provider, by user code',
    description: "Of a provider of the platform, a team administrator sees the own team's people.",
  })
  @ApiOkResponse({ type: IdentityPage })
  @Problems('validation_failed', 'not_found')
  list(
    @Caller() caller: Principal,
    @Param('code') code: string,
    @Query() query: ListIdentities,
  ): Promise<Page<IdentityView>> {
    return this.identities.list(asUser(caller), code, query);
  }

  @Get(':userCode')
  @ApiOperation({ summary: 'Read who a person is at a provider' })
  @ApiOkResponse({ type: IdentityView })
  @Problems('validation_failed', 'not_found')
  get(
    @Caller() caller: Principal,
    @Param() { code, userCode }: IdentityPath,
    @Query() owner: ProviderOwner,
  ): Promise<IdentityView> {
    return this.identities.get(asUser(caller), code, owner, userCode);
  }

  @Delete(':userCode')
  @HttpCode(204)
  @ApiOperation({ summary: 'Forget who a person is at a provider; what they have decided stays decided' })
  @ApiNoContentResponse()
  @Problems('validation_failed', 'not_found')
  remove(
    @Caller() caller: Principal,
    @Param() { code, userCode }: IdentityPath,
    @Query() owner: ProviderOwner,
  ): Promise<void> {
    return this.identities.remove(asUser(caller), code, owner, userCode);
  }
}
