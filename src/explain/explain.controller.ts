import { Controller, Get, Headers, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import type { Principal } from '../auth/principal.js';
import { LanguageQuery, languageOf } from '../http/language.js';
import { Problems } from '../http/problem.docs.js';
import { ExplanationView } from './explain.dto.js';
import { ExplainService } from './explain.service.js';

@ApiTags('Orders')
@Permit('member', 'service')
@Controller('orders')
export class ExplainController {
  constructor(private readonly explanations: ExplainService) {}

  @Get(':id/explain')
  @ApiOperation({
    summary: 'Tell why an order is where it is: for every step which rule decided, and upon what',
  })
  @ApiOkResponse({ type: ExplanationView })
  @Problems('validation_failed', 'not_found')
  explain(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Query() { lang }: LanguageQuery,
    @Headers('accept-language') accepted: string | undefined,
  ): Promise<ExplanationView> {
    return this.explanations.explain(caller, id, languageOf(lang, accepted));
  }
}
