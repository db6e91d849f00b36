import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import { Problems } from '../http/problem.docs.js';
import { MoveOrders, MovesView } from './moves.dto.js';
import { MovesService } from './moves.service.js';

@ApiTags('Templates')
@Permit('team_admin')
@Controller('templates')
export class MovesController {
  constructor(private readonly moves: MovesService) {}

  @Post(':id/move-orders')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Move open orders to the present version of their template; tells first what would come of it',
    description:
      'Each order by itself, with an outcome of its own: it stays as it is, moves, or conflicts. What was walked stays; ' +
      'what lies ahead becomes that of the present version. See docs/versions.md.',
  })
  @ApiOkResponse({ type: MovesView })
  @Problems('validation_failed', 'not_found')
  moveOrders(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: MoveOrders,
  ): Promise<MovesView> {
    return this.moves.moveOrders(asUser(caller), id, dto);
  }
}
