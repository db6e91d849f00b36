import { Controller, HttpCode, Param, Post, type RawBodyRequest, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Permit } from '../../auth/permit.js';
import { Problems } from '../../http/problem.docs.js';
import { type OptionsAnswer, OptionsService } from './options.service.js';

type Incoming = RawBodyRequest<FastifyRequest>;

const answered = {
  description:
    '`{"code": 0, "msg": "success!", "data": {"result": {"options", "i18nResources", "hasMore", "nextPageToken"}}}`, the ' +
    'result encrypted where the field has a Key. Whatever goes wrong is told with another `code`, under 200 too, and ' +
    'within 2.5 s.',
};

/** 外部选项 of Feishu. Nobody has a credential here: the token of the widget comes with the question. */
@ApiTags('Providers')
@Permit('public')
@Controller()
export class OptionsController {
  constructor(private readonly options: OptionsService) {}

  @Post('field/:uri')
  @HttpCode(200)
  @ApiOperation({
    summary: 'The options of a widget of Feishu (外部选项)',
    description:
      'Requirement 001, `$domain/field/$uri`; also at `/field/{uri}` without a prefix. The address is shown with the form.',
  })
  @ApiParam({ name: 'uri', example: '0195f1f27c3e7bb09d0a0a2f1c1b2a30-9rQ0mJx1cVw2' })
  @ApiOkResponse(answered)
  @Problems('payload_too_large')
  byUri(@Param('uri') uri: string, @Req() { rawBody = Buffer.alloc(0) }: Incoming): Promise<OptionsAnswer> {
    return this.options.answer({ uri }, rawBody);
  }

  @Post('lark/field/:approval_code/:field_code')
  @HttpCode(200)
  @ApiOperation({ summary: 'The same, by the codes of the approval and of the field' })
  @ApiParam({ name: 'approval_code', example: '7C468A54-8745-2245-9675-08B7C63E7A85' })
  @ApiParam({ name: 'field_code', example: 'environment' })
  @ApiOkResponse(answered)
  @Problems('payload_too_large')
  byCodes(
    @Param('approval_code') approvalCode: string,
    @Param('field_code') fieldCode: string,
    @Req() { rawBody = Buffer.alloc(0) }: Incoming,
  ): Promise<OptionsAnswer> {
    return this.options.answer({ approvalCode, fieldCode }, rawBody);
  }
}
