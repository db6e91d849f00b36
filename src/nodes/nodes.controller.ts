import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import type { Page } from '../http/pagination.js';
import { Problems } from '../http/problem.docs.js';
import { CreateNode, ListNodes, NodePage, NodeView, UpdateNode } from './nodes.dto.js';
import { NodesService } from './nodes.service.js';

@ApiTags('Nodes')
@Permit('team_admin')
@Controller('nodes')
export class NodesController {
  constructor(private readonly nodes: NodesService) {}

  @Post()
  @ApiOperation({ summary: 'Make a shared node: who may review, and how many must agree' })
  @ApiCreatedResponse({ type: NodeView })
  @Problems('validation_failed')
  create(@Caller() caller: Principal, @Body() dto: CreateNode): Promise<NodeView> {
    return this.nodes.create(asUser(caller), dto);
  }

  @Get()
  @ApiOperation({ summary: 'List the nodes of the team and of the platform, newest first' })
  @ApiOkResponse({ type: NodePage })
  @Problems('validation_failed')
  list(@Caller() caller: Principal, @Query() query: ListNodes): Promise<Page<NodeView>> {
    return this.nodes.list(asUser(caller), query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a node' })
  @ApiOkResponse({ type: NodeView })
  @Problems('not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<NodeView> {
    return this.nodes.get(asUser(caller), id);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change a node; orders under way keep their copy' })
  @ApiOkResponse({ type: NodeView })
  @Problems('validation_failed', 'not_found', 'system_object')
  update(@Caller() caller: Principal, @Param('id') id: string, @Body() dto: UpdateNode): Promise<NodeView> {
    return this.nodes.update(asUser(caller), id, dto);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a node that no template uses' })
  @ApiNoContentResponse()
  @Problems('not_found', 'system_object', 'in_use')
  remove(@Caller() caller: Principal, @Param('id') id: string): Promise<void> {
    return this.nodes.remove(asUser(caller), id);
  }
}
