import { ApiProperty, PartialType } from '@nestjs/swagger';
import {
  type ApprovalMode,
  approvalModes,
  type NodeObjectType,
  nodeObjectTypes,
  type NobodyPolicy,
  nobodyPolicies,
  type Restriction,
  restrictions,
} from '../engine/vocabulary.js';
import { Code, Codes, Flag, Moment, OneOf, Text, Texts, WholeNumber } from '../http/fields.js';
import { PageQuery } from '../http/pagination.js';
import { codeLength, maxCodes, maxFallback } from './node-rules.js';

/** A list has to fit into `audit_object` (text), and so has the one address of a resolver. */
const objects = { min: 0, max: maxCodes, length: 2048 } as const;

/** Which of these fields make sense together is told by `node-rules.ts`. */
class NodeFields {
  @Text(64, { example: '财务复核' })
  templateNodeName: string;

  @OneOf(nodeObjectTypes, {
    description:
      'How the reviewers are found when an order is opened. `user`: the people named. `group`: the members of groups. ' +
      '`role`: everybody who has one of the roles. `leader`: the head of a department above the applicant. ' +
      '`applicant_choice`: whom the applicant picks. `resolver`: whom the business system answers when it is asked.',
    example: 'user',
  })
  auditObjectType: NodeObjectType;

  @Texts(objects, {
    description:
      'What the type asks for. `user`: 1 to 200 user codes. `group`: 1 to 200 group codes. `role`: 1 to 20 roles. ' +
      '`leader`: how many departments upwards, one number as text: `["1"]` is the leader of the applicant\'s own ' +
      'department, `["2"]` that of the one above, up to `["20"]`. `applicant_choice`: up to 200 user codes from whom the ' +
      'applicant picks; empty: anybody whom the directory lists for the team. `resolver`: the one http(s) address that ' +
      'answers, of at most 2048 characters; commas in it become `%2C`.',
    example: ['u1'],
  })
  auditObject: string[];

  @OneOf(approvalModes, {
    optional: true,
    description:
      'How many must agree. `any`: the first decision decides (default). `all`: everyone must approve. `threshold`: as ' +
      'many as `minApprovals` says. `sequential`: everyone, one after the other.',
    example: 'any',
  })
  approvalMode?: ApprovalMode;

  @WholeNumber(1, maxCodes, {
    optional: true,
    nullable: true,
    special: true,
    description:
      'How many approvals `threshold` asks for. Given for a new node without `approvalMode`, the mode is `threshold`; ' +
      'no other mode takes it. At most as many as there are people, where the node names them; 1 for a leader.',
    example: 2,
  })
  minApprovals?: number | null;

  @OneOf(restrictions, {
    optional: true,
    nullable: true,
    special: true,
    description:
      'Of the people found, only those close to the applicant; for `user`, `group` and `role`. `group`: who shares a ' +
      "group with the applicant. `department`: who is in the applicant's department. `department_chain`: who is in the " +
      "nearest department, from the applicant's own upwards, that has somebody. Null (default): all of them.",
    example: 'department',
  })
  restrictTo?: Restriction | null;

  @Flag({
    optional: true,
    special: true,
    description:
      'For `leader` only. True: from the department asked for, goes on upwards past posts that are vacant and past the ' +
      'applicant. False (default): exactly the post asked for.',
    example: true,
  })
  pastVacant?: boolean;

  @OneOf(nobodyPolicies, {
    optional: true,
    description:
      'What happens when nobody is found, or fewer people than `minApprovals`. `refuse` (default): the order cannot be ' +
      'opened. `skip`: the step is left out. `admin`: the administrators of the team and of the platform are asked. ' +
      '`fallback`: the people in `fallback` are.',
    example: 'refuse',
  })
  whenNobody?: NobodyPolicy;

  @Codes(
    { min: 0, max: maxFallback, length: codeLength },
    {
      optional: true,
      special: true,
      description:
        'User codes, 1 to 20: whom `whenNobody: fallback` asks. Required with it, and empty or left out with any other.',
      example: ['u9'],
    },
  )
  fallback?: string[];

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

/** What is left out stays, and the node as a whole is judged. */
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

  @ApiProperty({ enum: [...nodeObjectTypes], example: 'user' })
  auditObjectType: NodeObjectType;

  @ApiProperty({
    type: [String],
    description:
      'Codes, the number of a leader, the address of a resolver; empty: the applicant picks freely.',
    example: ['u1'],
  })
  auditObject: readonly string[];

  @ApiProperty({ enum: [...approvalModes], example: 'any' })
  approvalMode: ApprovalMode;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'How many approvals `threshold` asks for; null for the other modes.',
    example: null,
  })
  minApprovals: number | null;

  @ApiProperty({
    type: String,
    enum: [...restrictions],
    nullable: true,
    description: 'Whom of the people found it keeps; null: all.',
    example: null,
  })
  restrictTo: Restriction | null;

  @ApiProperty({
    description: "Whether a leader's post that is vacant, or the applicant's own, is passed upwards.",
    example: false,
  })
  pastVacant: boolean;

  @ApiProperty({
    enum: [...nobodyPolicies],
    description: 'What happens when nobody is found.',
    example: 'refuse',
  })
  whenNobody: NobodyPolicy;

  @ApiProperty({
    type: [String],
    description: 'Whom `whenNobody: fallback` asks; else empty.',
    example: [],
  })
  fallback: readonly string[];

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

  @ApiProperty({ minimum: 1, description: 'Counts the saved states of the node, from 1.', example: 1 })
  version: number;

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
