import { ApiProperty } from '@nestjs/swagger';
import { Moment } from '../../http/fields.js';
import { outsideStatuses } from '../provider.port.js';
import type { OutsideState } from './outside-approvals.repository.js';

const taskStatuses = ['pending', 'approved', 'rejected', 'transferred', 'ended'] as const;
const states: readonly OutsideState[] = ['asking', ...outsideStatuses, 'cancelled'];

export class OutsideTaskView {
  @ApiProperty({ example: '7351219381' })
  id: string;

  @ApiProperty({ type: String, nullable: true, example: '直属上级' })
  nodeName: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Whose it is; null for people nobody has named.',
  })
  userCode: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: "The provider's id of the person.",
    example: 'b613t51g',
  })
  externalId: string | null;

  @ApiProperty({ enum: [...taskStatuses], example: 'approved' })
  status: (typeof taskStatuses)[number];

  @ApiProperty({ type: String, nullable: true })
  comment: string | null;

  @Moment({ nullable: true })
  endedAt: string | null;

  @ApiProperty({
    type: String,
    enum: ['check', 'execute'],
    nullable: true,
    description: 'Of the check node or execute node that this service answers; null for tasks of people.',
  })
  ours: 'check' | 'execute' | null;
}

export class OutsideApprovalView {
  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  id: string;

  @ApiProperty({ description: 'The code of the provider; empty when it is gone.', example: 'feishu' })
  provider: string;

  @ApiProperty({ description: '`there`: somebody began it at the provider.', enum: ['here', 'there'] })
  origin: 'here' | 'there';

  @ApiProperty({ enum: [...states], example: 'pending' })
  state: OutsideState;

  @ApiProperty({ type: String, nullable: true, description: 'Its id there, as soon as it is known.' })
  externalId: string | null;

  @ApiProperty({ type: String, nullable: true })
  formCode: string | null;

  @ApiProperty({ type: [OutsideTaskView], description: 'As they were seen last.' })
  tasks: readonly OutsideTaskView[];

  @Moment({ nullable: true, description: 'When it was looked at last.' })
  seenAt: Date | null;

  @Moment()
  createTime: Date;
}

export class OutsideApprovals {
  @ApiProperty({
    type: [OutsideApprovalView],
    description: 'Oldest first; one for each time that it was asked for.',
  })
  items: readonly OutsideApprovalView[];
}
