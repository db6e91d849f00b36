import { IntersectionType, PickType } from '@nestjs/swagger';
import { VersionView } from '../versions/versions.port.js';
import { NodeView } from './nodes.dto.js';

/** What a version of a node keeps; the team, the type and the maker never change. */
class NodeContent extends PickType(NodeView, [
  'templateNodeName',
  'auditObjectType',
  'auditObject',
  'approvalMode',
  'minApprovals',
  'restrictTo',
  'pastVacant',
  'whenNobody',
  'fallback',
  'remark',
]) {}

export class NodeVersion extends IntersectionType(VersionView, NodeContent) {}
