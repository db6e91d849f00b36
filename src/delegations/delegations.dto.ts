import { ApiProperty } from '@nestjs/swagger';
import { CONDITION_LIMITS } from '../engine/conditions/condition.js';
import { Code, Codes, Flag, Moment, MomentGiven, OneOf, Text } from '../http/fields.js';
import { PageQuery } from '../http/pagination.js';

const teamDescription = 'The team, for system administrators only; without it: orders of no team.';

/** What can be changed later as well. */
class DelegationFields {
  @Codes(
    { min: 1, max: 100, length: 125 },
    {
      optional: true,
      nullable: true,
      description: 'Only orders of these business types; null or left out: all.',
      example: ['data-export'],
    },
  )
  businessTypes?: string[] | null;

  @Text(CONDITION_LIMITS.length, {
    optional: true,
    nullable: true,
    description: "Which orders, by their variables, as a stage's condition says it; blank or left out: all.",
    example: 'amount <= 100000',
    special: true,
  })
  condition?: string | null;

  @Flag({
    optional: true,
    description:
      'Whether the stand-in may be stood in for as well while they are away themselves; false by default.',
    example: false,
  })
  redelegate?: boolean;

  @Text(255, { optional: true, nullable: true, example: '年假' })
  remark?: string | null;
}

export class CreateDelegation extends DelegationFields {
  @Code(64, { description: 'Who stands in.', example: 'u2' })
  toUserCode: string;

  @Code(64, {
    optional: true,
    description: 'For whom; the caller by default. Somebody else is named by administrators only.',
    example: 'u1',
    special: true,
  })
  fromUserCode?: string;

  @MomentGiven({
    optional: true,
    description: 'From when on; now by default, and not before now. Whole seconds.',
    example: '2026-12-24T00:00:00+08:00',
    special: true,
  })
  startsAt?: string;

  @MomentGiven({
    description: 'Until when, this moment not included; at most 366 days after the start. Whole seconds.',
    example: '2027-01-04T09:00:00+08:00',
  })
  endsAt: string;

  @Code(64, { optional: true, description: teamDescription, example: 't1', special: true })
  accCode?: string;
}

export class UpdateDelegation extends DelegationFields {
  @MomentGiven({
    optional: true,
    description: 'Another end, not before now. To end it now, delete it.',
    example: '2027-01-08T09:00:00+08:00',
  })
  endsAt?: string;
}

export class ListDelegations extends PageQuery {
  @Code(64, { optional: true, description: 'Only those from or to this person.' })
  userCode?: string;

  @OneOf(['true', 'false'], {
    optional: true,
    description: '`true`: only those in force now; `false`: only those that are not.',
  })
  active?: 'true' | 'false';

  @Code(64, { optional: true, description: 'Only those of this team; for system administrators.' })
  accCode?: string;
}

const delegationStates = ['planned', 'active', 'ended', 'revoked'] as const;
export type DelegationState = (typeof delegationStates)[number];

export class DelegationView {
  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  id: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The team; null: orders of no team.',
    example: 't1',
  })
  accCode: string | null;

  @ApiProperty({ description: 'Whose work it is.', example: 'u1' })
  fromUserCode: string;

  @ApiProperty({ description: 'Who stands in.', example: 'u2' })
  toUserCode: string;

  @Moment()
  startsAt: Date;

  @Moment({ description: 'The first moment at which it no longer holds.' })
  endsAt: Date;

  @ApiProperty({ type: [String], nullable: true, description: 'Null: all.', example: ['data-export'] })
  businessTypes: string[] | null;

  @ApiProperty({ type: String, nullable: true, example: 'amount <= 100000' })
  condition: string | null;

  @ApiProperty({ example: false })
  redelegate: boolean;

  @ApiProperty({ type: String, nullable: true, example: '年假' })
  remark: string | null;

  @ApiProperty({ enum: [...delegationStates], description: 'Where it is now.', example: 'active' })
  state: DelegationState;

  @ApiProperty({ example: 'u1' })
  createdBy: string;

  @Moment({ nullable: true })
  revokedAt: Date | null;

  @Moment()
  createTime: Date;

  @Moment()
  updateTime: Date;
}

export class DelegationPage {
  @ApiProperty({ type: [DelegationView] })
  items: readonly DelegationView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
