import { Body, Controller, HttpCode, Param, Post, type RawBodyRequest, Req } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Permit } from '../../auth/permit.js';
import { Problems } from '../../http/problem.docs.js';
import { ProviderAnswer, ProviderAnswered } from './provider-answers.dto.js';
import { ProviderAnswersService } from './provider-answers.service.js';

@ApiTags('Providers')
@Controller('change_approve_request_status')
export class ProviderAnswersController {
  constructor(private readonly answers: ProviderAnswersService) {}

  @Post(':approve_request_id')
  @Permit('public')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Tell how an outside approval system has decided on a held request',
    description:
      'For providers, with or without a slash at the end. No token: the message is signed with the secret of the ' +
      "request's provider (Standard Webhooks). `pass` approves every step of the order that is left, `deny` rejects it, " +
      'with the power of a system administrator and under the name `provider:<code>`. The same answer again is ' +
      'answered 200 again. After 409 `not_in_review` send it again in a while; after `not_awaited` the policy of the ' +
      'order wants another person for the step that is open; what was approved before stays so. What is not signed ' +
      'as it must be is answered 401, whether there is such a request or not.',
  })
  @ApiParam({ name: 'approve_request_id', example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  @ApiHeader({
    name: 'webhook-id',
    description:
      'The same on every attempt of this message; it counts for one request. At most 191 characters.',
  })
  @ApiHeader({ name: 'webhook-timestamp', description: 'Unix seconds, within five minutes of our clock.' })
  @ApiHeader({ name: 'webhook-signature', description: '`v1,…`, several with a blank between them.' })
  @ApiOkResponse({ type: ProviderAnswered })
  @Problems(
    'validation_failed',
    'already_decided',
    'order_closed',
    'not_in_review',
    'not_awaited',
    'payload_too_large',
  )
  answer(
    @Param('approve_request_id') id: string,
    @Req() { headers, rawBody = Buffer.alloc(0) }: RawBodyRequest<FastifyRequest>,
    @Body() dto: ProviderAnswer,
  ): Promise<ProviderAnswered> {
    return this.answers.answer(id, { headers, rawBody }, dto);
  }
}
