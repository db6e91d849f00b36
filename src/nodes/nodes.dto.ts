import { ApiProperty, PartialType } from '@nestjs/swagger';
import { approvalModes } from '../engine/vocabulary.js';
import { Code, Codes, Moment, OneOf, Text } from '../http/fields.js';
import { PageQuery } from '../http/pagination.js';

/** Roles come with the system node only; who reviews in a team is named by person or by group. */
export const nodeObjectTypes = ['user', 'group'] as const;

/** A node's list has to fit into `audit_object` (text); longer lists of people are what groups are for. */
const objects = { min: 1, max: 200, length: 64 } as const;

class NodeFields {
  @Text(64, { example: '财务复核' })
  templateNodeName: string;

  @OneOf(nodeObjectTypes, { example: 'user' })
  auditObjectType: (typeof nodeObjectTypes)[number];

  @Codes(objects, { description: 'User codes, or group codes.', example: ['u1'] })
  auditObject: string[];

  @OneOf(approvalModes, {
    optional: true,
    description: '`any`: the first decision decides (default). `all`: everyone must approve.',
    example: 'any',
  })
  approvalMode?: (typeof approvalModes)[number];

  @Text(4000, { optional: true, nullable: true, example: '金额由财务部复核' })
  remark?: string | null;
}

export class CreateNode extends NodeFields {
  @Code(64, {
    optional: true,
    description: 'The team; for system administrators only.',
    example: 't1',
    special: true,
  })
  accCode?: string;
}

export class UpdateNode extends PartialType(NodeFields, { skipNullProperties: false }) {}

export class ListNodes extends PageQuery {
  @Code(64, { optional: true, description: 'Only this team; for system administrators.' })
  accCode?: string;
}

export class NodeView {
  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  id: string;

  @ApiProperty({ enum: ['system', 'custom'] })
  templateNodeType: 'system' | 'custom';

  @ApiProperty({ example: '财务复核' })
  templateNodeName: string;

  @ApiProperty({ enum: ['user', 'group', 'role'] })
  auditObjectType: 'user' | 'group' | 'role';

  @ApiProperty({ type: [String], example: ['u1'] })
  auditObject: string[];

  @ApiProperty({ enum: [...approvalModes] })
  approvalMode: (typeof approvalModes)[number];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Who made it; null for system nodes.',
    example: 'ann',
  })
  userCode: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The team; null for the platform.',
    example: 't1',
  })
  accCode: string | null;

  @ApiProperty({ type: String, nullable: true })
  remark: string | null;

  @Moment()
  createTime: Date;

  @Moment()
  updateTime: Date;
}

export class NodePage {
  @ApiProperty({ type: [NodeView] })
  items: readonly NodeView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
