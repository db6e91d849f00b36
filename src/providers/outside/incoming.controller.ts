import { Controller, Get, Param, Post, Req, Res, type RawBodyRequest } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Permit } from '../../auth/permit.js';
import { Problems } from '../../http/problem.docs.js';
import type { IncomingEvent, ProviderKind } from '../provider.port.js';
import { IncomingService } from './incoming.service.js';

type Incoming = RawBodyRequest<FastifyRequest>;

const providerParam = {
  name: 'id',
  description: 'The id of the provider.',
  example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30',
};

/** Where providers deliver what has happened there. Nobody has a token here: every kind signs in its own way. */
@ApiTags('Providers')
@Permit('public')
@Controller()
export class IncomingController {
  constructor(private readonly incoming: IncomingService) {}

  @Post('lark/callback')
  @ApiOperation({
    summary: 'Events of Feishu, of whichever provider they are',
    description:
      'Requirement 001, 事件回调. Known by signature, token and time over the exact bytes; stored once, answered within ' +
      'the time that Feishu waits, and looked into afterwards. A challenge is answered as Feishu asks.',
  })
  @ApiOkResponse({ description: '`{"msg": "success"}`, or the challenge.' })
  @Problems('payload_too_large')
  lark(@Req() request: Incoming, @Res() reply: FastifyReply): Promise<void> {
    return this.answer('lark', null, request, reply);
  }

  @Post('lark/callback/:id')
  @ApiOperation({ summary: 'Events of Feishu for one provider' })
  @ApiParam(providerParam)
  @ApiOkResponse({ description: '`{"msg": "success"}`, or the challenge.' })
  @Problems('payload_too_large')
  larkOf(@Param('id') id: string, @Req() request: Incoming, @Res() reply: FastifyReply): Promise<void> {
    return this.answer('lark', id, request, reply);
  }

  @Post('dingtalk/callback/:id')
  @ApiOperation({ summary: 'Events of DingTalk (HTTP 推送)' })
  @ApiParam(providerParam)
  @ApiOkResponse({ description: 'The encrypted word `success`.' })
  @Problems('payload_too_large')
  dingtalk(@Param('id') id: string, @Req() request: Incoming, @Res() reply: FastifyReply): Promise<void> {
    return this.answer('dingtalk', id, request, reply);
  }

  @Get('wecom/callback/:id')
  @ApiOperation({ summary: 'WeCom verifies this address' })
  @ApiParam(providerParam)
  @ApiOkResponse({ description: 'The decrypted `echostr`.' })
  @Problems()
  wecomVerifies(
    @Param('id') id: string,
    @Req() request: Incoming,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.answer('wecom', id, request, reply);
  }

  @Post('wecom/callback/:id')
  @ApiOperation({ summary: 'Events of WeCom (接收消息)' })
  @ApiParam(providerParam)
  @ApiOkResponse({ description: 'Nothing.' })
  @Problems('payload_too_large')
  wecom(@Param('id') id: string, @Req() request: Incoming, @Res() reply: FastifyReply): Promise<void> {
    return this.answer('wecom', id, request, reply);
  }

  @Post('webhook/callback/:id')
  @ApiOperation({
    summary: 'How a third party has decided on an approval',
    description:
      'Signed with the secret of the provider (Standard Webhooks): `{"type": "approval.result", "data": {"key", "status": ' +
      '"approved" | "rejected" | "withdrawn", "user"?, "comment"?}}`, with the `key` of the approval that it was asked for.',
  })
  @ApiParam(providerParam)
  @ApiOkResponse({ description: '`{"accepted": true}`' })
  @Problems('validation_failed', 'payload_too_large')
  webhook(@Param('id') id: string, @Req() request: Incoming, @Res() reply: FastifyReply): Promise<void> {
    return this.answer('webhook', id, request, reply);
  }

  private async answer(
    kind: ProviderKind,
    id: string | null,
    request: Incoming,
    reply: FastifyReply,
  ): Promise<void> {
    const { status, contentType, body } = await this.incoming.receive(kind, id, messageOf(request));
    await reply.status(status).header('content-type', contentType).send(body);
  }
}

const messageOf = ({ method, headers, query, rawBody = Buffer.alloc(0) }: Incoming): IncomingEvent => ({
  method,
  headers,
  query: Object.fromEntries(
    Object.entries((query ?? {}) as Record<string, unknown>).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : undefined,
    ]),
  ),
  rawBody,
});
