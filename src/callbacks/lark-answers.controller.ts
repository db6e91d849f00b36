import { Body, Controller, HttpCode, Post, type RawBodyRequest, Req } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { type AuthenticatedRequest, Permit } from '../auth/permit.js';
import { withAnswerOf } from '../database/unit-of-work.js';
import { Envelope, enveloped } from '../http/envelope.js';
import { Problems } from '../http/problem.docs.js';
import type { CallbackKind } from '../orders/order-callbacks.service.js';
import { LateAnswer, LateAnswerView } from './callbacks.dto.js';
import { CallbacksService } from './callbacks.service.js';

class EnvelopedLateAnswer extends Envelope {
  @ApiProperty({ type: LateAnswerView })
  resp: LateAnswerView;
}

type Incoming = RawBodyRequest<AuthenticatedRequest>;

const description =
  'Requirement 001, 回调结构. `ticket_id` is the one that was asked about, `approval_code|instance_code|task_id`; the id of ' +
  'the order will do as well. With an API key or a token as for `/callbacks/…`, or signed with the secret of the business ' +
  'type (Standard Webhooks) instead. The first answer wins; the same again is answered 200, another one 409 ' +
  '`already_decided`; a ticket in whose place another one was asked about is answered 409 `not_awaited`.';

const signature = {
  name: 'webhook-signature',
  required: false,
  description: 'With `webhook-id` and `webhook-timestamp`: in place of a credential.',
};

@ApiTags('Callbacks')
@Permit('service', 'team_admin', 'signed')
@Controller('lark')
export class LarkAnswersController {
  constructor(private readonly callbacks: CallbacksService) {}

  @Post('check/callback')
  @HttpCode(200)
  @ApiOperation({ summary: 'Answer a check later (检查节点回调地址)', description })
  @ApiHeader(signature)
  @ApiOkResponse({ type: EnvelopedLateAnswer })
  @Problems('validation_failed', 'not_found', 'already_decided', 'order_closed', 'not_awaited')
  check(@Req() request: Incoming, @Body() dto: LateAnswer): Promise<EnvelopedLateAnswer> {
    return this.answer('check', request, dto);
  }

  @Post('execute/callback')
  @HttpCode(200)
  @ApiOperation({ summary: 'Answer an execution later (执行节点回调地址)', description })
  @ApiHeader(signature)
  @ApiOkResponse({ type: EnvelopedLateAnswer })
  @Problems('validation_failed', 'not_found', 'already_decided', 'order_closed', 'not_awaited')
  execute(@Req() request: Incoming, @Body() dto: LateAnswer): Promise<EnvelopedLateAnswer> {
    return this.answer('execute', request, dto);
  }

  private answer(
    kind: CallbackKind,
    { principal, headers, rawBody = Buffer.alloc(0) }: Incoming,
    dto: LateAnswer,
  ): Promise<EnvelopedLateAnswer> {
    return withAnswerOf(enveloped<LateAnswerView>, () =>
      principal
        ? this.callbacks.answer(principal, kind, dto)
        : this.callbacks.answerSigned({ headers, rawBody }, kind, dto),
    );
  }
}
