import { Controller, Param, Post, type RawBodyRequest, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Permit } from '../../auth/permit.js';
import { Problems } from '../../http/problem.docs.js';
import { LarkActionsService } from './lark-actions.service.js';

/** Where Feishu says what people have pressed on their tasks (三方快捷审批回调). */
@ApiTags('Providers')
@Permit('public')
@Controller('lark/actions')
export class LarkActionsController {
  constructor(private readonly actions: LarkActionsService) {}

  @Post(':id')
  @ApiOperation({
    summary: 'Somebody has decided in Feishu an order that lives here',
    description:
      '三方快捷审批回调: `{"encrypt": …}`, or its fields as they are, with the token that Feishu was told when the business ' +
      'type was shown there first. The person behind the Feishu user id decides, by the rules of `POST /orders/{id}/approve` ' +
      'and `/reject`; a rejection needs a reason. Sent twice, it counts once. Whatever is refused is answered with a status ' +
      'above 400 and `{"message", "without_prefix"}`, which Feishu shows, and the order is shown there anew.',
  })
  @ApiParam({
    name: 'id',
    description: 'The id of the provider.',
    example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30',
  })
  @ApiOkResponse({ description: '`{"msg": "success"}`: it is decided.' })
  @Problems('payload_too_large')
  async press(
    @Param('id') id: string,
    @Req() { rawBody = Buffer.alloc(0) }: RawBodyRequest<FastifyRequest>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { status, body } = await this.actions.press(id, rawBody);
    await reply.status(status).send(body);
  }
}
