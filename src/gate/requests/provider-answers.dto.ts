import { ApiProperty } from '@nestjs/swagger';
import { type ApplyStatus, applyStatuses } from '../../engine/vocabulary.js';
import { Code, OneOf, Text } from '../../http/fields.js';

/** How an outside approval system has decided (requirement 000). */
export const verdicts = ['pass', 'deny'] as const;
export type Verdict = (typeof verdicts)[number];

export class ProviderAnswer {
  @Code(64, {
    optional: true,
    description:
      'The request that is decided; has to be the one of the path. It puts the request under the signature.',
    example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30',
    special: true,
  })
  approve_request_id?: string;

  @OneOf(verdicts, { description: 'Whether the request may be executed.', example: 'pass' })
  status: Verdict;

  @Text(3900, {
    optional: true,
    nullable: true,
    description: 'The words of whoever decided; the log keeps them.',
    example: '同意',
  })
  auditMsg?: string | null;

  @Code(64, {
    optional: true,
    nullable: true,
    description: 'Who decided there, for the record: the log shows it in front of the words.',
    example: 'wang',
  })
  userCode?: string | null;
}

export class ProviderAnswered {
  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  approve_request_id: string;

  @ApiProperty({ enum: [...verdicts], description: 'The verdict that stands.', example: 'pass' })
  status: Verdict;

  @ApiProperty({ enum: [...applyStatuses], description: 'Where the order is now.', example: 'completed' })
  apply_status: ApplyStatus;
}
