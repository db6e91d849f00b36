import { ApiProperty } from '@nestjs/swagger';
import { type ApplyStatus, applyStatuses } from '../engine/vocabulary.js';
import { Code, Flag, Text } from '../http/fields.js';

/** What a business module answers to a check or an execution, later (requirement 001, 回调结构). */
export class LateAnswer {
  @Code(191, {
    description:
      'The `ticket_id` of the callback: the id of the order, or in the format `lark-ticket` the name of the task there.',
    example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30',
  })
  ticket_id: string;

  @Flag({ description: 'true: yes, go on; false: no, the order is rejected.', example: true })
  result: boolean;

  @Text(2000, {
    optional: true,
    nullable: true,
    description: 'Words for the log when the result is true.',
    example: '检查成功。',
  })
  msg?: string | null;

  @Text(2000, {
    optional: true,
    nullable: true,
    description: 'Why not, when the result is false; the applicant reads it.',
  })
  error?: string | null;
}

export class LateAnswerView {
  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  ticket_id: string;

  @ApiProperty({ description: 'The answer that counts: the first one.', example: true })
  result: boolean;

  @ApiProperty({ enum: [...applyStatuses], description: 'Where the order is now.', example: 'in_review' })
  apply_status: ApplyStatus;
}
