import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import { Problems } from '../http/problem.docs.js';
import { SimulateTemplate, Simulation } from './simulations.dto.js';
import { SimulationsService } from './simulations.service.js';

@ApiTags('Templates')
@Permit('team_admin')
@Controller('templates')
export class SimulationsController {
  constructor(private readonly simulations: SimulationsService) {}

  @Post(':id/simulate')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Try a change of a template on past orders: the path then and now of each, stored nowhere',
  })
  @ApiOkResponse({ type: Simulation })
  @Problems('validation_failed', 'not_found', 'condition_invalid')
  simulate(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: SimulateTemplate,
  ): Promise<Simulation> {
    return this.simulations.simulate(asUser(caller), id, dto);
  }
}
