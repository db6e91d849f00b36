import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../../auth/permit.js';
import type { Principal } from '../../auth/principal.js';
import { Problems } from '../../http/problem.docs.js';
import { OutsideApprovals } from './outside-approvals.dto.js';
import { OutsideApprovalsService } from './outside-approvals.service.js';

@ApiTags('Orders')
@Controller('orders')
export class OutsideApprovalsController {
  constructor(private readonly approvals: OutsideApprovalsService) {}

  @Get(':id/outside')
  @Permit('member', 'service')
  @ApiOperation({
    summary: 'How an order stands in the outside system that decides it',
    description:
      'As it was seen last; empty for an order that people decide here. Whoever may read the order may read this.',
  })
  @ApiOkResponse({ type: OutsideApprovals })
  @Problems('not_found')
  list(@Caller() caller: Principal, @Param('id') id: string): Promise<OutsideApprovals> {
    return this.approvals.ofOrder(caller, id);
  }
}
