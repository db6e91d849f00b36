import { Controller, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import { Problems } from '../http/problem.docs.js';
import { RecomputedOrders, RecomputePath, RecomputeTeam } from './recomputing.dto.js';
import { RecomputingService } from './recomputing.service.js';

@ApiTags('Calendars')
@Permit('team_admin')
@Controller('calendars')
export class RecomputingController {
  constructor(private readonly recomputing: RecomputingService) {}

  @Post(':code/recompute')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Reckon anew when the open steps are due that run by this calendar; an outcome for each order',
  })
  @ApiOkResponse({ type: RecomputedOrders })
  @Problems('validation_failed', 'not_found')
  recompute(
    @Caller() caller: Principal,
    @Param() path: RecomputePath,
    @Query() query: RecomputeTeam,
  ): Promise<RecomputedOrders> {
    return this.recomputing.recompute(asUser(caller), path.code, query.accCode);
  }
}
