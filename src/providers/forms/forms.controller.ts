import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { Caller, Permit } from '../../auth/permit.js';
import { asUser, type Principal } from '../../auth/principal.js';
import { SecretAnswer } from '../../http/idempotency.interceptor.js';
import type { Page } from '../../http/pagination.js';
import { Problems } from '../../http/problem.docs.js';
import { FormSettingsService } from './form-settings.service.js';
import {
  CreatedForm,
  CreateForm,
  FormOwner,
  FormPage,
  FormView,
  ListForms,
  UpdateForm,
} from './forms.dto.js';

@ApiTags('Providers')
@Permit('team_admin')
@Controller('providers/:code/forms')
export class FormsController {
  constructor(private readonly forms: FormSettingsService) {}

  @Post()
  @SecretAnswer()
  @ApiOperation({
    summary: 'Tell which form of a provider is which business type; the answer shows its secrets this once',
    description:
      'Requirement 001, the configuration per approval code. Its events are sent from now on (Feishu: subscribe). Without ' +
      '`businessType`, or with `check` or `execute`, a business type that does not exist is made, in the format ' +
      '`lark-ticket`, for this provider to decide.',
  })
  @ApiCreatedResponse({ type: CreatedForm })
  @Problems('validation_failed', 'not_found', 'already_exists', 'provider_refused')
  create(
    @Caller() caller: Principal,
    @Param('code') code: string,
    @Query() owner: FormOwner,
    @Body() dto: CreateForm,
  ): Promise<CreatedForm> {
    return this.forms.create(asUser(caller), code, owner, dto);
  }

  @Get()
  @ApiOperation({ summary: 'List the forms of a provider, newest first' })
  @ApiOkResponse({ type: FormPage })
  @Problems('validation_failed', 'not_found')
  list(
    @Caller() caller: Principal,
    @Param('code') code: string,
    @Query() query: ListForms,
  ): Promise<Page<FormView>> {
    return this.forms.list(asUser(caller), code, query);
  }

  @Get(':formCode')
  @ApiOperation({ summary: 'Read a form' })
  @ApiOkResponse({ type: FormView })
  @Problems('validation_failed', 'not_found')
  get(
    @Caller() caller: Principal,
    @Param('code') code: string,
    @Param('formCode') formCode: string,
    @Query() owner: FormOwner,
  ): Promise<FormView> {
    return this.forms.get(asUser(caller), code, formCode, owner);
  }

  @Patch(':formCode')
  @ApiOperation({
    summary: 'Change a form; orders under way are told what it says then',
    description:
      '`check` and `execute` change its business type. Tokens made for new fields are shown this once.',
  })
  @ApiOkResponse({ type: FormView })
  @Problems('validation_failed', 'not_found')
  update(
    @Caller() caller: Principal,
    @Param('code') code: string,
    @Param('formCode') formCode: string,
    @Query() owner: FormOwner,
    @Body() dto: UpdateForm,
  ): Promise<FormView> {
    return this.forms.update(asUser(caller), code, formCode, owner, dto);
  }

  @Delete(':formCode')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a form; its events are sent no longer, its business type stays',
    description: 'Refused while somebody there may still decide an approval of it.',
  })
  @ApiNoContentResponse()
  @Problems('validation_failed', 'not_found', 'in_use', 'provider_refused')
  remove(
    @Caller() caller: Principal,
    @Param('code') code: string,
    @Param('formCode') formCode: string,
    @Query() owner: FormOwner,
  ): Promise<void> {
    return this.forms.remove(asUser(caller), code, formCode, owner);
  }
}
