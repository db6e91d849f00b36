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
import {
  BusinessTypeOwner,
  BusinessTypePage,
  BusinessTypeView,
  CallbackSecret,
  CreateBusinessType,
  CreatedBusinessType,
  ListBusinessTypes,
  PingAnswers,
  RotateSecret,
  UpdateBusinessType,
} from './business-types.dto.js';
import { BusinessTypesService } from './business-types.service.js';
import { PingService } from './ping.service.js';

@ApiTags('Business types')
@Permit('team_admin')
@Controller('business-types')
export class BusinessTypesController {
  constructor(
    private readonly types: BusinessTypesService,
    private readonly pings: PingService,
  ) {}

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
  @ApiOperation({
    summary: 'Give the callbacks a new secret',
    description:
      'The answer shows it this once. For `overlap`, callbacks carry two signatures, of the new secret and of the ' +
      'old one; of several rotations within an overlap the newest two secrets count. A body is not needed.',
  })
  @ApiBody({ type: RotateSecret, required: false })
  @ApiOkResponse({ type: CallbackSecret })
  @Problems('validation_failed', 'not_found')
  rotateSecret(
    @Caller() caller: Principal,
    @Param('code') code: string,
    @Query() owner: BusinessTypeOwner,
    @Body() dto: RotateSecret,
  ): Promise<CallbackSecret> {
    return this.types.rotateSecret(asUser(caller), code, owner, dto);
  }

  @Post(':code/ping')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Send a signed test message to the addresses of a business type',
    description:
      'At once and without retries, `{"type": "ping", "timestamp": …, "data": {"business_type", "acc_code"}}` goes to ' +
      '`checkUrl` and `executeUrl`, whichever are set, in the standard format. A module must ignore message types that ' +
      'it does not know, this one included: answer 2xx and do nothing. An address that does not answer is told in ' +
      '`items`, not as an error.',
  })
  @ApiOkResponse({ type: PingAnswers })
  @Problems('validation_failed', 'not_found')
  ping(
    @Caller() caller: Principal,
    @Param('code') code: string,
    @Query() owner: BusinessTypeOwner,
  ): Promise<PingAnswers> {
    return this.pings.ping(asUser(caller), code, owner);
  }
}
