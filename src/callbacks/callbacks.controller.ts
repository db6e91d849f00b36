import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import type { Principal } from '../auth/principal.js';
import { Problems } from '../http/problem.docs.js';
import { LateAnswer, LateAnswerView } from './callbacks.dto.js';
import { CallbacksService } from './callbacks.service.js';

const description =
  'For business modules that accepted the callback with 202, or whose own answer got lost. The first answer wins; the ' +
  'same again is answered 200, another one 409 `already_decided`.';

@ApiTags('Callbacks')
@Permit('service', 'team_admin')
@Controller('callbacks')
export class CallbacksController {
  constructor(private readonly callbacks: CallbacksService) {}

  @Post('check')
  @HttpCode(200)
  @ApiOperation({ summary: 'Answer the check of an order later', description })
  @ApiOkResponse({ type: LateAnswerView })
  @Problems('validation_failed', 'not_found', 'already_decided', 'order_closed', 'not_awaited')
  check(@Caller() caller: Principal, @Body() dto: LateAnswer): Promise<LateAnswerView> {
    return this.callbacks.answer(caller, 'check', dto);
  }

  @Post('execute')
  @HttpCode(200)
  @ApiOperation({ summary: 'Answer the execution of an order later', description })
  @ApiOkResponse({ type: LateAnswerView })
  @Problems('validation_failed', 'not_found', 'already_decided', 'order_closed', 'not_awaited')
  execute(@Caller() caller: Principal, @Body() dto: LateAnswer): Promise<LateAnswerView> {
    return this.callbacks.answer(caller, 'execute', dto);
  }
}
