import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import { Problems } from '../http/problem.docs.js';
import { HandoverView, HandOverWork, LeaverPath } from './handovers.dto.js';
import { HandoversService } from './handovers.service.js';

@ApiTags('Directory')
@Permit('team_admin')
@Controller('directory/users')
export class HandoversController {
  constructor(private readonly handovers: HandoversService) {}

  @Post(':userCode/handover')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Hand over the open work of somebody who leaves; tells first what would come of it',
    description:
      'Every place that the person holds by name on the open step of an order of the team goes to somebody else, each ' +
      'order by itself and with an outcome of its own. What the person is asked through groups, as a leader or as a ' +
      'stand-in is listed under `others`, and stays.',
  })
  @ApiOkResponse({ type: HandoverView })
  @Problems('validation_failed', 'not_found')
  handOver(
    @Caller() caller: Principal,
    @Param() path: LeaverPath,
    @Body() dto: HandOverWork,
  ): Promise<HandoverView> {
    return this.handovers.handOver(asUser(caller), path.userCode, dto);
  }
}
