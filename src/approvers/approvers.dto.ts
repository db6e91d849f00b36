import { ApiProperty } from '@nestjs/swagger';
import { IsObject } from 'class-validator';
import {
  type NodeObjectType,
  nodeObjectTypes,
  type NobodyPolicy,
  nobodyPolicies,
  type Restriction,
  restrictions,
} from '../engine/vocabulary.js';
import { Code, Codes, field, Flag, OneOf, Text, Texts, Verbatim } from '../http/fields.js';

/** Either a node, or `auditObjectType` and `auditObject` and what goes with them; `approvers.rules.ts` says it in full. */
export class ResolveApprovers {
  @Code(64, {
    description: 'Who would apply.',
    example: 'ann',
  })
  userCode: string;

  @Code(64, {
    optional: true,
    special: true,
    description: 'A node of the team or of the platform, instead of the four fields that follow.',
    example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30',
  })
  nodeId?: string;

  @OneOf(nodeObjectTypes, {
    optional: true,
    description: 'How reviewers are found, as in a node. API keys try resolvers out by `nodeId` only.',
    example: 'leader',
  })
  auditObjectType?: NodeObjectType;

  @Texts(
    { min: 0, max: 200, length: 2048 },
    { optional: true, description: 'What the type asks for, as in a node.', example: ['1'] },
  )
  auditObject?: string[];

  @OneOf(restrictions, {
    optional: true,
    nullable: true,
    special: true,
    description: 'Of `user`, `group` and `role`, as in a node.',
    example: 'department',
  })
  restrictTo?: Restriction | null;

  @Flag({ optional: true, special: true, description: 'Of `leader`, as in a node.', example: true })
  pastVacant?: boolean;

  @Code(64, {
    optional: true,
    special: true,
    description: 'The team of the application; for system administrators and for API keys of several teams.',
    example: 't1',
  })
  accCode?: string;

  @Codes(
    { min: 0, max: 200, length: 64 },
    {
      optional: true,
      special: true,
      description: 'Of `applicant_choice`: whom the applicant would choose.',
      example: ['bob'],
    },
  )
  chosenApprovers?: string[];

  @Code(125, {
    optional: true,
    special: true,
    description: 'Of `resolver`, which needs it: the business type whose secret signs the question.',
    example: 'data-export',
  })
  businessType?: string;

  @Text(128, {
    optional: true,
    nullable: true,
    special: true,
    description: 'Of `resolver`: what it would be told.',
    example: 'EXP-2026-0042',
  })
  businessKey?: string | null;

  @field(
    {
      optional: true,
      special: true,
      description: 'Of `resolver`: what it would be told.',
      example: { amount: 12800 },
    },
    { type: 'object', additionalProperties: true },
    IsObject(),
  )
  @Verbatim()
  variables?: Record<string, unknown>;
}

export class ApproverView {
  @ApiProperty({ example: 'bob' })
  userCode: string;

  @ApiProperty({
    description: 'Why this person is found, in words.',
    example: 'leader of department fin (level 1 above ann)',
  })
  reason: string;
}

export class ResolvedApprovers {
  @ApiProperty({
    type: [ApproverView],
    description: 'Who would be asked, each once; empty: nobody is found.',
  })
  approvers: readonly ApproverView[];

  @ApiProperty({
    enum: [...nobodyPolicies],
    description: 'What the node does when nobody is found; `refuse` without a node.',
  })
  whenNobody: NobodyPolicy;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why the business system gave no answer; then `whenNobody` does not apply.',
    example: null,
  })
  problem: string | null;
}
