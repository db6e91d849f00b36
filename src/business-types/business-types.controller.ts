import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
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
import {
  BusinessTypeOwner,
  BusinessTypePage,
  BusinessTypeView,
  CallbackSecret,
  CreateBusinessType,
  CreatedBusinessType,
  ListBusinessTypes,
  UpdateBusinessType,
} from './business-types.dto.js';
import { BusinessTypesService } from './business-types.service.js';

@ApiTags('Business types')
@Permit('team_admin')
@Controller('business-types')
export class BusinessTypesController {
  constructor(private readonly types: BusinessTypesService) {}

  @Post()
  @SecretAnswer()
  @ApiOperation({ summary: 'Make a business type; the answer shows the secret of its callbacks this once' })
  @ApiCreatedResponse({ type: CreatedBusinessType })
  @Problems('validation_failed', 'already_exists')
  create(@Caller() caller: Principal, @Body() dto: CreateBusinessType): Promise<CreatedBusinessType> {
    return this.types.create(asUser(caller), dto);
  }

  @Get()
  @ApiOperation({
    summary: 'List the business types of the team and of the platform, newest first',
    description: "A team's own type shadows the platform's of the same code: a team sees each code once.",
  })
  @ApiOkResponse({ type: BusinessTypePage })
  @Problems('validation_failed')
  list(@Caller() caller: Principal, @Query() query: ListBusinessTypes): Promise<Page<BusinessTypeView>> {
    return this.types.list(asUser(caller), query);
  }

  @Get(':code')
  @ApiOperation({ summary: 'Read a business type' })
  @ApiOkResponse({ type: BusinessTypeView })
  @Problems('validation_failed', 'not_found')
  get(
    @Caller() caller: Principal,
    @Param('code') code: string,
    @Query() owner: BusinessTypeOwner,
  ): Promise<BusinessTypeView> {
    return this.types.get(asUser(caller), code, owner);
  }

  @Patch(':code')
  @ApiOperation({ summary: 'Change a business type; orders under way keep their copy' })
  @ApiOkResponse({ type: BusinessTypeView })
  @Problems('validation_failed', 'not_found')
  update(
    @Caller() caller: Principal,
    @Param('code') code: string,
    @Query() owner: BusinessTypeOwner,
    @Body() dto: UpdateBusinessType,
  ): Promise<BusinessTypeView> {
    return this.types.update(asUser(caller), code, owner, dto);
  }

  @Delete(':code')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a business type that no binding needs' })
  @ApiNoContentResponse()
  @Problems('validation_failed', 'not_found', 'in_use')
  remove(
    @Caller() caller: Principal,
    @Param('code') code: string,
    @Query() owner: BusinessTypeOwner,
  ): Promise<void> {
    return this.types.remove(asUser(caller), code, owner);
  }

  @Post(':code/rotate-secret')
  @HttpCode(200)
  @SecretAnswer()
  @ApiOperation({ summary: 'Give the callbacks a new secret; the old one ends at once' })
  @ApiOkResponse({ type: CallbackSecret })
  @Problems('validation_failed', 'not_found')
  rotateSecret(
    @Caller() caller: Principal,
    @Param('code') code: string,
    @Query() owner: BusinessTypeOwner,
  ): Promise<CallbackSecret> {
    return this.types.rotateSecret(asUser(caller), code, owner);
  }
}
