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
import {
  CreatedGate,
  CreateGate,
  GatePage,
  GateSecret,
  GateView,
  ListGates,
  UpdateGate,
} from './gates.dto.js';
import { GatesService } from './gates.service.js';

@ApiTags('Gates')
@Permit('team_admin')
@Controller('gates')
export class GatesController {
  constructor(private readonly gates: GatesService) {}

  @Post()
  @SecretAnswer()
  @ApiOperation({
    summary: 'Make a gate; the answer shows the secret of its proxy this once',
    description:
      "A place where requests come by, and are held when an approve action names them. A team's gate is for people of " +
      'the team; at one of the platform, people of any team come by.',
  })
  @ApiCreatedResponse({ type: CreatedGate })
  @Problems('validation_failed', 'not_found', 'already_exists')
  create(@Caller() caller: Principal, @Body() dto: CreateGate): Promise<CreatedGate> {
    return this.gates.create(asUser(caller), dto);
  }

  @Get()
  @ApiOperation({ summary: "List the team's gates, newest first; for system administrators all" })
  @ApiOkResponse({ type: GatePage })
  @Problems('validation_failed', 'not_found')
  list(@Caller() caller: Principal, @Query() query: ListGates): Promise<Page<GateView>> {
    return this.gates.list(asUser(caller), query);
  }

  @Get(':key')
  @ApiOperation({ summary: 'Read a gate' })
  @ApiOkResponse({ type: GateView })
  @Problems('not_found')
  get(@Caller() caller: Principal, @Param('key') key: string): Promise<GateView> {
    return this.gates.get(asUser(caller), key);
  }

  @Patch(':key')
  @ApiOperation({
    summary: 'Change a gate; its key and its adapter stay',
    description: 'Requests that are held already keep the upstream that they were held for.',
  })
  @ApiOkResponse({ type: GateView })
  @Problems('validation_failed', 'not_found')
  update(@Caller() caller: Principal, @Param('key') key: string, @Body() dto: UpdateGate): Promise<GateView> {
    return this.gates.update(asUser(caller), key, dto);
  }

  @Delete(':key')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a gate with no request under way' })
  @ApiNoContentResponse()
  @Problems('not_found', 'in_use')
  remove(@Caller() caller: Principal, @Param('key') key: string): Promise<void> {
    return this.gates.remove(asUser(caller), key);
  }

  @Post(':key/rotate-secret')
  @HttpCode(200)
  @SecretAnswer()
  @ApiOperation({
    summary: 'Give the proxy a new secret',
    description:
      'The answer shows it this once. The old one ends at once: the proxy is refused until it has the new one.',
  })
  @ApiOkResponse({ type: GateSecret })
  @Problems('not_found')
  rotateSecret(@Caller() caller: Principal, @Param('key') key: string): Promise<GateSecret> {
    return this.gates.rotateSecret(asUser(caller), key);
  }
}
